"""Reads for the dispatcher's board."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.dispatch.models import Technician, Visit


def technicians(session: Session) -> list[Technician]:
    """Who can be sent, in order of van."""
    return list(session.scalars(select(Technician).where(Technician.active).order_by(Technician.van)))


def visits_on(session: Session, day: date, zone: str) -> list[Visit]:
    """Visits of a day as the zone counts it, in order of time."""
    starts = datetime.combine(day, time(0), ZoneInfo(zone))
    return list(
        session.scalars(
            select(Visit)
            .where(Visit.starts_at >= starts, Visit.starts_at < starts + timedelta(days=1))
            .where(Visit.state != "cancelled")
            .order_by(Visit.starts_at, Visit.id)
        )
    )


def next_day_with_visits(session: Session, after: datetime, zone: str) -> date | None:
    """The first day from ``after`` on that has a visit."""
    first = session.scalar(
        select(Visit.starts_at)
        .where(Visit.starts_at >= after - timedelta(hours=12), Visit.state != "cancelled")
        .order_by(Visit.starts_at)
        .limit(1)
    )
    return first.astimezone(ZoneInfo(zone)).date() if first else None
