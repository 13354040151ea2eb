"""What was agreed with a customer, as a plain value: an order is issued from it and compared with it (3.1.1-a).

A won quote and a standing contract both yield one; the rooms that keep them register where to look.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session


@dataclass(frozen=True)
class AgreedLine:
    """One position. ``unit_price``: net, smallest unit of the agreement's currency; None: as ordered."""

    model_code: str
    specification: str
    quantity: int | None
    unit_price: int
    due_on: date | None


@dataclass(frozen=True)
class Agreement:
    """A won quote or a contract in force. ``payment_terms``, ``service_terms``: as agreed, in words.

    ``valid_from``, ``valid_until``: the days on which an order may be issued from it; None: no limit.
    """

    number: str
    customer_id: int
    currency: str
    payment_terms: str
    service_terms: str
    lines: tuple[AgreedLine, ...]
    valid_from: date | None = None
    valid_until: date | None = None

    def in_force(self, on: date) -> bool:
        """Whether an order may be issued from it on that day."""
        return (self.valid_from or on) <= on <= (self.valid_until or on)


Source = Callable[[Session, str], Agreement | None]
SOURCES: list[Source] = []


def source(look: Source) -> Source:
    """Register where agreements are kept."""
    SOURCES.append(look)
    return look


def find(session: Session, number: str) -> Agreement | None:
    """The agreement with this number, where there is one that an order may be issued from."""
    return next((found for look in SOURCES if (found := look(session, number)) is not None), None)
