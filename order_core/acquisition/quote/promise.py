"""The day a quantity can be promised for: what is known of a model, handed to the planner (2.3.1-b)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from order_core.acquisition.quote.models import ExpectedSupply, SupplyTerms
from order_core.kernel.ledger import StockBalance, StockLocation
from order_core.planner.promise import Promise, promise
from order_core.planner.situation import Capacity, Demand, Leads, Situation, Supply
from order_core.rulebook.clocks import house_calendar

ASSUMED = {"material_days": 10, "per_day": 5, "cycle_days": 3, "transport_days": 3}
"""Taken for a model whose terms nobody has laid down; the page says that they are assumed."""
FROM_TERMS = ("material", "capacity", "transport")
"""Reasons that rest on a model's terms."""

Commitments = Callable[[Session, str], Iterable[Demand]]
COMMITMENTS: list[Commitments] = []
"""Where units of a model are promised already; later stages register theirs."""


def commits(look: Commitments) -> Commitments:
    """Register where promised units are found."""
    COMMITMENTS.append(look)
    return look


def computed(session: Session, model_code: str, quantity: int, today: date) -> tuple[Promise, bool]:
    """(the promise, whether the model's terms were assumed) as of ``today``.

    Raises:
        Invalid: ``promise.never``: not within the planner's horizon.
    """
    terms = session.get(SupplyTerms, model_code)
    return promise(situation(session, model_code, today, terms), quantity), terms is None


def situation(session: Session, model_code: str, today: date, terms: SupplyTerms | None) -> Situation:
    """What is known of a model: free stock of the ledger, supply on its way, what is promised, days and capacity."""
    days = {name: getattr(terms, name) if terms else assumed for name, assumed in ASSUMED.items()}
    coming = session.execute(
        select(ExpectedSupply.due_on, ExpectedSupply.quantity)
        .where(ExpectedSupply.model_code == model_code, ExpectedSupply.due_on >= today)
        .order_by(ExpectedSupply.due_on, ExpectedSupply.id)
    )
    return Situation(
        today=today,
        calendar=house_calendar(session),
        stock=_free(session, model_code),
        supplies=[Supply(due, units) for due, units in coming],
        demands=[demand for look in COMMITMENTS for demand in look(session, model_code)],
        capacity=Capacity(days["per_day"]),
        leads=Leads(material=days["material_days"], cycle=days["cycle_days"], transport=days["transport_days"]),
    )


def _free(session: Session, model_code: str) -> int:
    """Units in our own warehouses that are reserved for nobody."""
    units = session.scalar(
        select(func.coalesce(func.sum(StockBalance.on_hand - StockBalance.reserved), 0))
        .join(StockLocation, StockLocation.code == StockBalance.location)
        .where(StockBalance.item == model_code, StockLocation.kind == "warehouse", ~StockLocation.external)
    )
    return int(units or 0)


def legs(found: Promise, today: date, *, assumed: bool) -> list[dict[str, object]]:
    """The promise's reasons as stretches of days, JSON: what waited for what, from when to when, how many units."""
    material = next((line.on for line in found.reasons if line.reason == "material"), today)
    begins = {"capacity": material, "transport": found.ships}
    return [
        {
            "kind": line.reason,
            "from": begins.get(line.reason, today).isoformat(),
            "to": line.on.isoformat(),
            "units": line.quantity,
            "assumed": assumed and line.reason in FROM_TERMS,
        }
        for line in found.reasons
    ]
