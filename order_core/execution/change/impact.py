"""What a change does to delivery and cost, computed: open orders replanned, the old part counted in the ledger."""

from dataclasses import replace
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from order_core.acquisition.quote.models import SupplyTerms
from order_core.acquisition.quote.promise import situation
from order_core.clauses import carries
from order_core.execution.change import affected, rules
from order_core.execution.change.models import ChangeRequest
from order_core.execution.change.rules import Moved
from order_core.execution.models import Order
from order_core.kernel.ledger import StockBalance, StockLocation
from order_core.planner.promise import accept, delay, promise
from order_core.planner.situation import Situation
from order_core.rulebook.calendar import house_calendar


def promised(order: Order) -> date:
    """The date that holds of an order without the change."""
    days = [line.due_on for line in order.lines if line.due_on is not None]
    known = order.projected_on or order.promised_on or max(days, default=None)
    return known or order.opened_at.date()


@carries("planner", "3.2.3-b")
def replanned(session: Session, change: ChangeRequest, ready_on: date) -> list[Moved]:
    """The open orders to which the change applies, each with its date before and after, in order of their numbers.

    They are promised anew one after the other, the most urgent first, as if nothing could be made before the design
    is ready; what was made or is under way by the old one does not count.
    """
    calendar = house_calendar(session)
    concerned = [(promised(order), order) for order in affected.open_orders(session, change)]
    concerned = [(before, order) for before, order in concerned if _applies(change, order, before)]
    known = _from_scratch(session, str(change.model_code), ready_on)
    found = []
    for before, order in sorted(concerned, key=lambda pair: (pair[0], pair[1].id)):
        again = promise(known, max(1, _units(order, change)))
        known = accept(known, again)
        after = max(before, again.on)
        days = delay(replace(again, on=before), replace(again, on=after), calendar)
        found.append(Moved(order.number, before, after, days))
    return sorted(found, key=lambda moved: rules.natural(moved.number))


def _from_scratch(session: Session, model_code: str, ready_on: date) -> Situation:
    """What a promise of the new design depends on: the model's days and capacity, and nothing in stock."""
    terms = session.get(SupplyTerms, model_code)
    return replace(situation(session, model_code, ready_on, terms), stock=0, supplies=(), demands=())


def _units(order: Order, change: ChangeRequest) -> int:
    return sum(line.quantity for line in order.lines if line.model_code == change.model_code)


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
