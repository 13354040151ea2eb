"""A step on a case with a long journal against one with a short journal: it must cost the same.

A department asks back and sales answers: two steps with all that hangs on them (signature, clocks, notices), taken
back each time, so that both orders stay as they are but for the length of their journals.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.orm import Session

from benchmarks import sides
from benchmarks.sides import Result, Work
from helpdesk import database, demo, schema
from helpdesk.now import wall
from order_core.execution import confirmation
from order_core.execution import service as orders
from order_core.execution.models import Order
from order_core.execution.papers import Edit, content
from order_core.execution.rules import Line
from order_core.kernel.case import note
from order_core.kernel.journal import JournalEntry
from order_core.parties.models import Person

LIMIT = 1.2
"""What a step on the long journal may cost, as a multiple of one on the short."""
SHORT, LONG = 10, 1_000
ROUNDS, REPEAT = 9, 30


def measure(folder: Path, *, database_url: str | None = None, say: Callable[[str], None]) -> Result:
    """Measure in an empty folder; ``database_url`` (an empty PostgreSQL database) instead of SQLite."""
    url = database_url or f"sqlite:///{folder / 'steps.sqlite3'}"
    schema.upgrade(url)
    engine = create_engine(url)
    database.configure(engine)
    with Session(engine) as session:
        database.begin(session, write=True)
        demo.load(session, at=wall())
        numbers = [_order(session, entries) for entries in (SHORT, LONG)]
        session.commit()
    small, large = (_steps(engine, number) for number in numbers)
    found = sides.compare(
        small, large, rounds=ROUNDS, repeat=REPEAT, postgresql=database_url is not None, say=say
    )  # fmt: skip
    engine.dispose()
    return found


def _person(session: Session, key: str) -> Person:
    return session.scalars(select(Person).where(Person.email == f"{key}@demo.test")).one()


def _order(session: Session, entries: int) -> str:
    """An issued order whose journal has so many entries; its number."""
    sales, at = _person(session, "sal").actor(), wall()
    order = orders.draft_from(session, "CT-0203", by=sales, at=at)
    first = content(order).lines[0]
    due = at.date().replace(year=at.year + 1)
    orders.edit(session, order, Edit([Line(**{**vars(first), "quantity": 3, "due_on": due})]), by=sales, at=at)
    orders.issue(session, order, by=sales, at=at)
    mine = (JournalEntry.kind == "Order", JournalEntry.case_id == order.id)
    known = session.scalar(select(func.count()).select_from(JournalEntry).where(*mine)) or 0
    for _ in range(entries - known):
        note(session, order, "projected", by=sales, at=at, data={"projected_on": due.isoformat()})
    return str(order.number)


def _steps(engine: Engine, number: str) -> Work:
    """Load the order, ask back, answer, take it back."""

    def work() -> None:
        with Session(engine) as session:
            database.begin(session, write=True)
            order = session.scalars(select(Order).where(Order.number == number)).one()
            at = wall()
            query = confirmation.ask_back(session, order, "?", by=_person(session, "pro").actor(), at=at)
            confirmation.answer(session, order, query, "!", by=_person(session, "sal").actor(), at=at)
            session.flush()
            session.rollback()

    return work
