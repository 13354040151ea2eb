"""Gates: what other rooms demand before an order takes a step. A room registers its demand; the order asks all.

Risk keeps an order with an untreated risk from being confirmed (6.2.1); design one without a released design
from being started; supply one whose material is not planned (3.3.1).
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from order_core.execution.models import Order

Demand = Callable[[Session, Order, datetime], None]
"""Raises ``Refusal`` where the order may not take the step."""
GATES: dict[str, list[Demand]] = {}


def gate(step: str) -> Callable[[Demand], Demand]:
    """Register a demand for a step of the Order machine (confirm, start, cancel …)."""

    def register(demand: Demand) -> Demand:
        GATES.setdefault(step, []).append(demand)
        return demand

    return register


def ask(session: Session, order: Order, step: str, at: datetime) -> None:
    """Ask every room's demand for the step. Raises the first refusal."""
    for demand in GATES.get(step, ()):
        demand(session, order, at)
