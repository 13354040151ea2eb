"""Units that orders and won quotes have promised: a new promise must not take them away (2.3.1-b, 3.1.1-a)."""

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from order_core.acquisition import agreement
from order_core.acquisition.agreement import AgreedLine
from order_core.acquisition.quote import negotiation
from order_core.acquisition.quote.models import Quote, QuoteLine
from order_core.acquisition.quote.promise import commits
from order_core.execution.models import Order, OrderLine
from order_core.execution.records import OrderRevision
from order_core.planner.situation import Demand

STANDING = ("issued", "queried", "confirmed", "executing")
NOT_DRAWN = ("draft", "cancelled")
"""States of orders that take nothing of what was agreed."""


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


@commits
def of_won_quotes(session: Session, model_code: str) -> Iterator[Demand]:
    """What won quotes promise of a model of which no order has been issued yet."""
    ordered = select(Order.id).where(Order.agreement == Quote.number, Order.state != "draft")
    waiting = select(Quote.number).where(Quote.state == "won", ~ordered.exists())
    of_model = waiting.where(Quote.lines.any(QuoteLine.model_code == model_code)).order_by(Quote.id)
    for number in session.scalars(of_model).all():
        found = negotiation.agreed(session, number)
        for line in found.lines if found else ():
            if line.model_code == model_code and line.quantity and line.due_on is not None:
                yield Demand(line.due_on, line.quantity)


@agreement.drawn
def from_agreement(session: Session, number: str, order_id: int | None) -> Iterator[AgreedLine]:
    """The lines that other orders were issued for from an agreement, before this order was if it has been."""
    issued = select(func.min(OrderRevision.id)).where(OrderRevision.order_id == Order.id).correlate(Order)
    own = session.scalar(select(func.min(OrderRevision.id)).where(OrderRevision.order_id == order_id))
    others = select(OrderLine).join(OrderLine.order).where(Order.agreement == number, Order.state.not_in(NOT_DRAWN))
    if order_id is not None:
        others = others.where(Order.id != order_id)
    if own is not None:
        others = others.where(issued.scalar_subquery() < own)
    for line in session.scalars(others.order_by(OrderLine.id)):
        yield AgreedLine(line.model_code, line.specification, line.quantity, line.unit_price or 0, line.due_on)
