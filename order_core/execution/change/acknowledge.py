"""Departments that hold affected records are told and acknowledge within the clock; it climbs while they do not."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.clauses import carries
from order_core.errors import Conflict, Forbidden
from order_core.execution.change.models import ChangeNotice, ChangeRequest
from order_core.kernel import clock
from order_core.kernel.actor import Actor
from order_core.kernel.case import note
from order_core.kernel.clock import Clock
from order_core.kernel.notice import Notice, tell
from order_core.kernel.notice import acknowledge as read
from order_core.rulebook.calendar import house_calendar
from order_core.rulebook.inforce import book

TOLD_CLOCK = "T-05"
CLAUSE = "3.2.3-c"
KEY = "change.affects"


@carries("notice", "3.2.3-c")
def tell_holders(session: Session, change: ChangeRequest, held: Mapping[str, Sequence[Any]], *, at: datetime) -> None:
    """Tell each department of its open records; from now on its acknowledgement is waited for."""
    for department, records in held.items():
        rows = [{"kind": record.kind, "number": record.number} for record in records]
        change.notices.append(ChangeNotice(department=department, records=rows, told_at=at))
        policy, calendar = book(session, at).policy(TOLD_CLOCK), house_calendar(session)
        clock.start(session, change, policy, at=at, calendar=calendar, party=department)
        _tell(session, change, department, len(rows), at=at)
    session.flush()


def _tell(session: Session, change: ChangeRequest, department: str, records: int, *, at: datetime) -> None:
    params = {"number": change.number, "records": records}
    tell(session, key=KEY, at=at, about=change, department=department, params=params, everyone=True)


@carries("notice", "3.2.3-c")
def tell_since(
    session: Session, change: ChangeRequest, held: Mapping[str, Sequence[Any]], *, at: datetime
) -> list[str]:
    """Tell of what is held now and was not when holders were told: an order issued since, a part bought since.

    Returns:
        Departments that were not told before: their acknowledgement is waited for. Those that were told hear of
        their new records; their word on the change stands.
    """
    known = {notice.department: notice for notice in change.notices}
    new = {department: records for department, records in held.items() if department not in known}
    tell_holders(session, change, new, at=at)
    for department in held.keys() - new.keys():
        mine = known[department]
        rows = [{"kind": record.kind, "number": record.number} for record in held[department]]
        since = [row for row in rows if row not in mine.records]
        if since:
            mine.records = [*mine.records, *since]
            _tell(session, change, department, len(since), at=at)
    return sorted(new)


@carries("clock", "3.2.3-c")
def acknowledge(session: Session, change: ChangeRequest, remark: str, *, by: Actor, at: datetime) -> None:
    """A department has taken note, perhaps with what it does about its records; the first word stands.

    Raises:
        Forbidden: its records are not affected; Conflict: it has acknowledged before.
    """
    mine = next((n for n in change.notices if by.kind == "person" and n.department == by.department), None)
    if mine is None:
        raise Forbidden("change.not_affected", clause=CLAUSE, department=by.department or "")
    if mine.acknowledged_at is not None:
        raise Conflict("change.acknowledged", clause=CLAUSE, number=change.number)
    mine.acknowledged_at, mine.acknowledged_by, mine.remark = at, by.id, remark.strip() or None
    clock.stop(session, change, TOLD_CLOCK, at=at, calendar=house_calendar(session), party=mine.department)
    data = {"department": mine.department}
    note(session, change, "change_acknowledged", by=by, at=at, data=data, clauses=(CLAUSE,))
    for told in session.scalars(
        select(Notice)
        .where(Notice.about_kind == change.__case_kind__, Notice.about_id == change.id)
        .where(Notice.key == KEY, Notice.to_department == mine.department)
    ):
        if by.id is not None:
            read(told, person=by.id, at=at)


def escalated(session: Session, change: ChangeRequest) -> set[str]:
    """Departments whose time is over and of which somebody higher has been told."""
    rows = session.scalars(
        select(Clock)
        .where(Clock.case_kind == change.__case_kind__, Clock.case_id == change.id, Clock.policy == TOLD_CLOCK)
        .where(Clock.party.is_not(None))
    )
    return {str(row.party) for row in rows if any(reminder.kind == "breach" for reminder in row.reminders)}


def settled(session: Session, change: ChangeRequest) -> None:
    """Raise ``Conflict`` while a department has neither acknowledged nor been escalated (3.2.3-c)."""
    higher = escalated(session, change)
    waiting = [n.department for n in change.notices if n.acknowledged_at is None and n.department not in higher]
    if waiting:
        raise Conflict("change.unacknowledged", clause=CLAUSE, departments=", ".join(waiting))
