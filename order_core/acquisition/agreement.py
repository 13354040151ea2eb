"""What was agreed with a customer, as a plain value: an order is issued from it and compared with it (3.1.1-a).

A won quote and a standing contract both yield one; the rooms that keep them register where to look. Of a quote each
unit is ordered once: the room that keeps orders registers what they have drawn from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy.orm import Session


@dataclass(frozen=True)
class AgreedLine:
    """One position. ``unit_price``: net, smallest unit of the agreement's currency; None: as ordered.

    ``quantity`` 0: all of it has been ordered already.
    """

    model_code: str
    specification: str
    quantity: int | None
    unit_price: int
    due_on: date | None


@dataclass(frozen=True)
class Agreement:
    """A won quote or a contract in force. ``payment_terms``, ``service_terms``: as agreed, in words.

    ``valid_from``, ``valid_until``: the days on which an order may be issued from it; None: no limit.
    ``once``: its quantities are all there is, whatever the number of orders.
    """

    number: str
    customer_id: int
    currency: str
    payment_terms: str
    service_terms: str
    lines: tuple[AgreedLine, ...]
    valid_from: date | None = None
    valid_until: date | None = None
    once: bool = False

    def in_force(self, on: date) -> bool:
        """Whether an order may be issued from it on that day."""
        return (self.valid_from or on) <= on <= (self.valid_until or on)


Source = Callable[[Session, str], Agreement | None]
SOURCES: list[Source] = []
Drawn = Callable[[Session, str, int | None], Iterable[AgreedLine]]
"""(session, number, order's id) → what other orders were issued for from it, before that order if it has been."""
DRAWN: list[Drawn] = []

Confirmers = Callable[[Session, Agreement, datetime], Iterable[str]]
"""(session, agreement, now) → the departments that will have to confirm an order that says just that (3.1.2-a)."""
CONFIRMERS: list[Confirmers] = []


def source(look: Source) -> Source:
    """Register where agreements are kept."""
    SOURCES.append(look)
    return look


def drawn(look: Drawn) -> Drawn:
    """Register where orders are kept."""
    DRAWN.append(look)
    return look


def confirmers(look: Confirmers) -> Confirmers:
    """Register who knows which departments confirm an order."""
    CONFIRMERS.append(look)
    return look


def to_confirm(session: Session, agreed: Agreement, *, at: datetime) -> list[str]:
    """The departments that an order issued from an agreement as it stands will be sent round to, sorted."""
    return sorted({party for look in CONFIRMERS for party in look(session, agreed, at)})


def find(session: Session, number: str, *, order_id: int | None = None) -> Agreement | None:
    """The agreement with this number, where there is one that an order may be issued from.

    Its quantities are those that no order had drawn yet, as ``order_id`` found them when it was issued.
    """
    found = next((found for look in SOURCES if (found := look(session, number)) is not None), None)
    if found is None or not found.once:
        return found
    return less(found, [line for look in DRAWN for line in look(session, number, order_id)])


def less(agreed: Agreement, ordered: Iterable[AgreedLine]) -> Agreement:
    """What is left of an agreement: units are drawn from the line of the same model and day, else of the model."""
    left, lines = [line.quantity for line in agreed.lines], list(ordered)
    units = [line.quantity or 0 for line in lines]
    for alike in (_same_line, _same_model):
        for m, line in enumerate(lines):
            for n, was in enumerate(agreed.lines):
                there = left[n]
                if there and alike(was, line):
                    taken = min(units[m], there)
                    units[m], left[n] = units[m] - taken, there - taken
    return replace(agreed, lines=tuple(replace(line, quantity=n) for line, n in zip(agreed.lines, left, strict=True)))


def _same_line(one: AgreedLine, other: AgreedLine) -> bool:
    return _same_model(one, other) and one.due_on == other.due_on


def _same_model(one: AgreedLine, other: AgreedLine) -> bool:
    return one.model_code == other.model_code
