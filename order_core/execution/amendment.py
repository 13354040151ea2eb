"""Approved changes, as plain values: an order that is confirmed changes through one alone (3.2.3).

The room that keeps change requests registers where to look; what it hands over is released, with its effect
on the date and in money, and names the order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.execution.models import Order
from order_core.execution.records import OrderRevision


@dataclass(frozen=True)
class ApprovedChange:
    """A released change that concerns an order. ``days``: working days later; ``cost``: smallest money unit."""

    number: str
    days: int
    cost: int


Source = Callable[[Session, Order], Iterable[ApprovedChange]]
SOURCES: list[Source] = []


def source(look: Source) -> Source:
    """Register where the approved changes of an order are kept."""
    SOURCES.append(look)
    return look


def approved(session: Session, order: Order) -> list[ApprovedChange]:
    """Approved changes of the order that have not been worked into it yet, in the order of their numbers."""
    used = set(session.scalars(select(OrderRevision.change).where(OrderRevision.order_id == order.id)))
    found = [change for look in SOURCES for change in look(session, order) if change.number not in used]
    return sorted(found, key=lambda change: change.number)
