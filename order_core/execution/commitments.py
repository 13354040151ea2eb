"""Units that orders have promised and not yet delivered: a new promise must not take them away (2.3.1-b)."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.acquisition.quote.promise import commits
from order_core.execution.models import Order, OrderLine
from order_core.planner.situation import Demand

STANDING = ("issued", "queried", "confirmed", "executing")


@commits
def of_orders(session: Session, model_code: str) -> Iterator[Demand]:
    """What orders in work still have to get of a model, by the day it is due."""
    rows = session.execute(
        select(OrderLine.due_on, OrderLine.quantity)
        .join(Order, Order.id == OrderLine.order_id)
        .where(OrderLine.model_code == model_code, Order.state.in_(STANDING))
    )
    for due, units in rows:
        if due is not None:
            yield Demand(due, units)
