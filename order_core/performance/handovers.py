"""How long a hand-over waits: from told to acknowledged, per pair of departments, from the notices (1.3-c)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from order_core.clauses import carries
from order_core.kernel.journal import JournalEntry
from order_core.kernel.notice import Notice
from order_core.rulebook.calendar import house_calendar


@dataclass(frozen=True)
class HandOver:
    """One that was acknowledged: from whom to whom, the case's number, working hours until then."""

    giver: str
    taker: str
    number: str
    hours: float
    at: datetime


@dataclass(frozen=True)
class Delay:
    """A pair of departments: median working hours, and the records behind it, the slowest first."""

    giver: str
    taker: str
    hours: float
    records: tuple[HandOver, ...]


def acknowledged(session: Session, since: datetime, until: datetime) -> list[HandOver]:
    """Hand-overs between departments that were acknowledged in the period.

    Who gave it is the department whose step the journal has of the case at the moment of the notice.
    """
    step = (
        select(func.max(JournalEntry.id))
        .where(JournalEntry.kind == Notice.about_kind, JournalEntry.case_id == Notice.about_id)
        .where(JournalEntry.at == Notice.created_at, JournalEntry.department.is_not(None))
        .correlate(Notice)
        .scalar_subquery()
    )
    rows = session.execute(
        select(JournalEntry.department, Notice)
        .join(JournalEntry, JournalEntry.id == step)
        .where(Notice.due_at.is_not(None), Notice.to_department != JournalEntry.department)
        .where(Notice.acknowledged_at > since, Notice.acknowledged_at <= until)
        .order_by(Notice.id)
    )
    calendar = house_calendar(session)
    return [
        HandOver(
            str(giver), str(notice.to_department), str(notice.about_number),
            calendar.between(notice.created_at, at).total_seconds() / 3600, at,
        )
        for giver, notice in rows
        if (at := notice.acknowledged_at) is not None
    ]  # fmt: skip


@carries("measure", "1.3-c")
def by_pair(found: Sequence[HandOver]) -> list[Delay]:
    """The delay of each pair of departments, the slowest pair first."""
    pairs = {(one.giver, one.taker) for one in found}
    delays = []
    for giver, taker in pairs:
        own = sorted((o for o in found if (o.giver, o.taker) == (giver, taker)), key=lambda o: (-o.hours, o.number))
        delays.append(Delay(giver, taker, float(median(o.hours for o in own)), tuple(own)))
    return sorted(delays, key=lambda delay: (-delay.hours, delay.giver, delay.taker))
