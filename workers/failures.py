"""What becomes of work that failed: put off with a growing pause, dead in the end and said aloud."""

import logging
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.errors import Refusal
from order_core.kernel import outbox
from order_core.kernel.actor import WORKER
from order_core.kernel.case import case_classes, note
from order_core.kernel.notice import tell
from order_core.kernel.outbox import OutboxRow
from order_core.parties.models import Department, Person
from workers.runtime import transaction

log = logging.getLogger(__name__)

ERROR_CHARACTERS = 500
RESPONSIBLE = "AFS"
"""The department whose head hears of work given up (clause 5.1.2: no contact is dropped)."""


def describe(error: BaseException) -> str:
    """One line for the row and the log. Only a refusal's own text is kept: others may quote a customer."""
    if isinstance(error, Refusal):
        return f"{type(error).__name__}: {error}"[:ERROR_CHARACTERS]
    last = error.__traceback__
    while last and last.tb_next:
        last = last.tb_next
    place = f" at {last.tb_frame.f_globals.get('__name__')}:{last.tb_lineno}" if last else ""
    return f"{type(error).__name__}{place}"[:ERROR_CHARACTERS]


def put_off(row_id: int, error: BaseException) -> None:
    """Count the attempt that was rolled back and set the row's next one, in a transaction of its own."""

    def work(session: Session, at: datetime) -> None:
        row = session.get(OutboxRow, row_id, with_for_update=True)
        if row is None or row.state != "pending":
            return  # somebody else was quicker, or it was withdrawn
        row.attempts += 1
        outbox.retry_later(row, at=at, error=describe(error))
        mourn(session, row, at=at)

    log.warning("outbox %s failed: %s", row_id, describe(error), exc_info=error)
    transaction(work)


def mourn(session: Session, row: OutboxRow, *, at: datetime) -> None:
    """When a row has died: tell the head of after-sales and the administrators, and note it on its case."""
    if row.state != "dead":
        return
    log.error("outbox %s (%s) is dead: %s", row.id, row.topic, row.last_error)
    case = cause_of(session, row)
    params = {"topic": row.topic, "row": row.id}
    people = _responsible(session)
    for person in people:
        tell(session, key="outbox.dead", about=case, at=at, person=person.id, params=params)
    if not people and session.get(Department, RESPONSIBLE) is not None:
        tell(session, key="outbox.dead", about=case, at=at, department=RESPONSIBLE, params=params)
    if case is not None:
        note(session, case, "effect_dead", by=WORKER, at=at, data=params)


def cause_of(session: Session, row: OutboxRow) -> Any:
    """The case whose step asked for the row, or None."""
    for cls in case_classes():
        if cls.__case_kind__ == row.cause_kind:
            return session.get(cls, row.cause_id)
    return None


def _responsible(session: Session) -> list[Person]:
    people = session.scalars(select(Person).where(Person.active).order_by(Person.id))
    return [
        person
        for person in people
        if "admin" in person.roles or (person.head and person.department_code == RESPONSIBLE)
    ]
