"""The demo company: ten departments, the cast, customers whose units come from orders really driven through.

``load`` is idempotent: what is there already stays as it is.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.demo import catalogue, design, history, orders, people, quotes, research, service
from order_core.kernel import outbox
from order_core.kernel.outbox import OutboxRow
from order_core.parties.models import Person

__all__ = ["is_loaded", "load"]


def is_loaded(session: Session) -> bool:
    """Whether the company is there."""
    return session.scalar(select(Person.id).where(Person.email == people.ADMIN)) is not None


def load(session: Session, *, at: datetime) -> bool:
    """Load the demo company; False when it was there."""
    if is_loaded(session):
        return False
    staff = people.add_staff(session, at=at)
    catalogue.add_products(session)
    catalogue.add_standards(session, at=at)
    customers = people.add_customers(session)
    catalogue.add_vans_and_parts(session, staff, at=at)
    history.add_orders(session, staff, customers, at=at)
    history.add_past_faults(session, staff, customers, at=at)
    orders.add(session, staff, at=at)
    quotes.add_quotes(session, staff, customers, at=at)
    research.add_research(session, staff, at=at)
    design.add_design_work(session, staff, customers, at=at)
    service.add(session, customers, at=at)
    _was_told(session, at)
    return True


def _was_told(session: Session, at: datetime) -> None:
    """Customers were told of what happened before today; nobody is told again."""
    rows = select(OutboxRow).where(OutboxRow.topic == "customer.tell", OutboxRow.state == "pending")
    for row in session.scalars(rows):
        outbox.finish(row, at=at)
