"""The company's own days in the calendar: declared by human resources, for today or later, with a reason."""

import secrets
from collections.abc import Sequence
from datetime import date, datetime, time
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.errors import Forbidden, Invalid
from order_core.kernel.actor import Actor
from order_core.kernel.clock import Clock, recompute
from order_core.rulebook.calendar import house_calendar
from order_core.rulebook.models import CompanyDay
from order_core.rulebook.rules import CLAUSE

OWNER = "HR"


def declare(
    session: Session,
    *,
    day: date,
    intervals: Sequence[tuple[time, time]],
    reason: str,
    by: Actor,
    at: datetime,
) -> CompanyDay:
    """Say how the house works on a day: [] closes it. A later declaration of the same day replaces this one.

    Deadlines that run in working time are reckoned anew.

    Raises:
        Forbidden: somebody who is not of human resources.
        Invalid: a day that is past, intervals that overlap or end before they begin, no reason.
    """
    if not (by.kind == "person" and by.id is not None and by.department == OWNER):
        raise Forbidden("rulebook.hr_only", clause=CLAUSE)
    if day < at.astimezone(ZoneInfo(house_calendar().zone)).date():
        raise Invalid("rulebook.day_past", field="day", clause=CLAUSE)
    if not reason.strip():
        raise Invalid("rulebook.reason", field="reason", clause=CLAUSE)
    if any(end <= start for start, end in intervals) or any(b[0] < a[1] for a, b in pairwise(intervals)):
        raise Invalid("rulebook.intervals", field="intervals", clause=CLAUSE)
    declared = CompanyDay(
        day=day,
        intervals=[[start.isoformat("minutes"), end.isoformat("minutes")] for start, end in intervals],
        reason=reason.strip(),
        declared_by=by.id,
        declared_at=at,
        stamp=secrets.token_hex(8),
    )
    session.add(declared)
    session.flush()
    _reckon_anew(session)
    return declared


def _reckon_anew(session: Session) -> None:
    """Due dates of running deadlines by the calendar as it is now."""
    calendar = house_calendar(session)
    ours = (Clock.working, Clock.stopped_at.is_(None), Clock.contract.is_(None))
    for clock in session.scalars(select(Clock).where(*ours)):
        recompute(clock, calendar)
    session.flush()
