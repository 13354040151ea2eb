"""Reads of orders: what a customer may hear, what the pipeline shows."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.execution.models import ChangeRequest, Order

UNFINISHED = ("draft", "issued", "queried", "confirmed", "executing", "delivered", "rectifying")


def orders_of(session: Session, customer_id: int) -> list[Order]:
    """A customer's orders, unfinished ones first, then the newest."""
    rows = session.scalars(select(Order).where(Order.customer_id == customer_id).order_by(Order.id.desc()))
    return sorted(rows, key=lambda order: order.state not in UNFINISHED)


def pipeline(session: Session, *, limit: int = 100) -> Sequence[Order]:
    """Orders, the latest change first."""
    return session.scalars(select(Order).order_by(Order.changed_at.desc(), Order.id.desc()).limit(limit)).all()


def design_changes(session: Session, *, limit: int = 100) -> Sequence[ChangeRequest]:
    """Change requests, the newest first."""
    return session.scalars(select(ChangeRequest).order_by(ChangeRequest.id.desc()).limit(limit)).all()
