"""Agents on the telephone: who takes calls, the legs of a call, how long they take, how each ended."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpdesk.hotline.models import CallLeg, Presence

MEASURED = timedelta(days=7)
"""Calls of this last stretch say how long one takes."""
LATEST = 50
WORKING = ("available", "busy", "wrap_up")


def on_duty(session: Session) -> int:
    """Agents who take calls now, or will when theirs is over."""
    return session.scalar(select(func.count(Presence.person_id)).where(Presence.state.in_(WORKING))) or 0


def handling(session: Session, at: datetime) -> list[timedelta]:
    """How long the latest calls occupied an agent, wrap-up included."""
    rows = session.execute(
        select(CallLeg.started_at, CallLeg.wrapped_at)
        .where(CallLeg.wrapped_at.is_not(None), CallLeg.started_at > at - MEASURED)
        .order_by(CallLeg.id.desc())
        .limit(LATEST)
    )
    return [wrapped - started for started, wrapped in rows if wrapped]
