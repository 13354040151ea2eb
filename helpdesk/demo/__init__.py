"""The demo company: ten departments, the cast, customers whose units come from orders really driven through.

``load`` is idempotent: what is there already stays as it is.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels import service as channels
from helpdesk.demo import catalogue, design, history, hotline, orders, people, quotes, research, service
from helpdesk.pipeline import customers
from helpdesk.pipeline import quote_message as _customers_are_told  # noqa: F401
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
    known = people.add_customers(session)
    catalogue.add_vans_and_parts(session, staff, at=at)
    history.add_orders(session, staff, known, at=at)
    history.add_past_faults(session, staff, known, at=at)
    orders.add(session, staff, at=at)
    quotes.add_quotes(session, staff, known, at=at)
    research.add_research(session, staff, at=at)
    design.add_design_work(session, staff, known, at=at)
    service.add(session, known, at=at)
    hotline.add_roster(session, staff, at=at)
    _was_told(session, at=at)
    return True


def _was_told(session: Session, *, at: datetime) -> None:
    """Customers were told of what happened, when it happened, and their telephones have it."""
    asked = select(OutboxRow).where(OutboxRow.topic == "customer.tell", OutboxRow.state == "pending")
    for row in session.scalars(asked.order_by(OutboxRow.id)).all():
        message = customers.tell(session, row.payload, at=row.created_at)
        outbox.finish(row, at=at)
        if message is not None:
            message.sent_at = message.created_at
            channels.apply_status(session, message, "delivered", sid=None, error_code=None, at=message.created_at)
            outbox.cancel(session, f"sms:{message.id}", at=at)
