"""What a change does to delivery and cost, computed: open orders replanned, the old part counted in the ledger."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from order_core.clauses import carries
from order_core.execution.change import affected, rules
from order_core.execution.change.models import ChangeRequest
from order_core.execution.change.rules import Moved
from order_core.execution.design.service import lead_days
from order_core.execution.models import Order
from order_core.kernel.ledger import StockBalance, StockLocation
from order_core.planner.promise import Promise, delay, promise
from order_core.planner.situation import Capacity, Leads, Situation
from order_core.rulebook.calendar import house_calendar

Look = Callable[[Session, str, date, datetime], Situation]
"""(session, model, first day, now) → what a promise of that model depends on."""
LOOKS: list[Look] = []
PER_DAY = 5
"""Units of a model started on a working day, where nobody has laid down what its line can do."""


def situation(look: Look) -> Look:
    """Register what is known of a model's supply; the last one registered is asked."""
    LOOKS.append(look)
    return look


@situation
def assumed(session: Session, _model: str, today: date, at: datetime) -> Situation:
    """The usual lead time and capacity, nothing in stock or under way."""
    leads = Leads(cycle=lead_days(session, at))
    return Situation(today=today, calendar=house_calendar(session), capacity=Capacity(PER_DAY), leads=leads)


def promised(order: Order) -> date:
    """The date that holds of an order without the change."""
    days = [line.due_on for line in order.lines if line.due_on is not None]
    known = order.projected_on or order.promised_on or max(days, default=None)
    return known or order.opened_at.date()


@carries("planner", "3.2.3-b")
def replanned(session: Session, change: ChangeRequest, ready_on: date, *, at: datetime) -> list[Moved]:
    """The open orders to which the change applies, each with its date before and after.

    Nothing can be made before the design is there, and what was made or is under way by the old one does not count.
    """
    found = []
    for order in affected.open_orders(session, change):
        before = promised(order)
        if _applies(change, order, before):
            again = _promise(session, change, order, ready_on, at)
            after = replace(again, on=max(before, again.on))
            days = delay(replace(again, on=before), after, house_calendar(session))
            found.append(Moved(order.number, before, after.on, days))
    return found


def _promise(session: Session, change: ChangeRequest, order: Order, ready_on: date, at: datetime) -> Promise:
    """The soonest date for an order's units of the changed model, made from the day that the design is ready."""
    assert change.model_code is not None, "it is drawn up"
    known = LOOKS[-1](session, change.model_code, ready_on, at)
    units = sum(line.quantity for line in order.lines if line.model_code == change.model_code)
    return promise(replace(known, stock=0, supplies=(), demands=()), max(1, units))


def _applies(change: ChangeRequest, order: Order, on: date) -> bool:
    """By date and order as stated; serial numbers are given when units are made, so every open order counts."""
    effectivity = change.effectivity
    if effectivity is None or effectivity.kind == "serial":
        return True
    return rules.effective(effectivity, on=on, order=order.number)


def stock_cost(session: Session, change: ChangeRequest) -> int:
    """What lies in our own places of the part that is no longer used, at what one of it is worth."""
    if change.old_item is None:
        return 0
    on_hand = session.scalar(
        select(func.coalesce(func.sum(StockBalance.on_hand), 0))
        .join(StockLocation, StockLocation.code == StockBalance.location)
        .where(StockBalance.item == change.old_item, StockLocation.external.is_(False))
    )
    return int(on_hand or 0) * (change.old_item_value or 0)
