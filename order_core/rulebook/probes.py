"""Counts of what breaks the general clauses at this moment; each asks the database one thing."""

from datetime import datetime, timedelta

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, aliased

from order_core.clauses import probe
from order_core.kernel.case import case_classes
from order_core.kernel.journal import JournalEntry
from order_core.kernel.measure import MeasureValue
from order_core.kernel.notice import Notice
from order_core.rulebook.machines import machines

LATELY = timedelta(days=1)
"""Cases that moved within this time are compared with their journal; the doctor compares all of them."""
GRACE = timedelta(hours=1)
"""How long an unread notice may wait for the scheduler before it counts as not escalated."""


@probe("1.2")
def steps_without_an_actor(_session: Session, _at: datetime) -> int:
    """Declared steps that name nobody who may take them."""
    return sum(not step.actors for machine in machines().values() for step in machine.transitions)


@probe("1.3-b")
def states_beside_their_journal(session: Session, at: datetime) -> int:
    """Cases that moved lately and whose state is not where their journal's last entry leads."""
    found = 0
    for cls in case_classes():
        own = aliased(JournalEntry)
        of_the_case = and_(own.kind == cls.__case_kind__, own.case_id == cls.id)
        newest = select(func.max(own.seq)).where(of_the_case).correlate(cls).scalar_subquery()
        last = and_(JournalEntry.kind == cls.__case_kind__, JournalEntry.case_id == cls.id, JournalEntry.seq == newest)
        moved = select(func.count(cls.id)).outerjoin(JournalEntry, last).where(cls.changed_at > at - LATELY)
        found += session.scalar(moved.where(JournalEntry.to_state.is_distinct_from(cls.state))) or 0
    return found


@probe("1.3-c")
def handovers_nobody_looks_after(session: Session, at: datetime) -> int:
    """Notices unread past their moment that were not told one rung higher."""
    unread = select(func.count(Notice.id)).where(Notice.acknowledged_at.is_(None), Notice.escalated_at.is_(None))
    return session.scalar(unread.where(Notice.due_at <= at - GRACE, Notice.escalate_to.is_not(None))) or 0


@probe("1.3-d")
def figures_without_records(session: Session, _at: datetime) -> int:
    """Values said to be computed, though of no record, or of a datum later than the computing."""
    computed = select(func.count(MeasureValue.id)).where(MeasureValue.typed_by.is_(None))
    baseless = and_(MeasureValue.value != 0, MeasureValue.count == 0)
    return session.scalar(computed.where(baseless | (MeasureValue.newest > MeasureValue.computed_at))) or 0
