"""What a change must state before it may be approved, to what it applies, and its figures, on plain values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

CAUSES = ("customer", "quality", "regulation", "supply", "cost", "error", "other")
"""Why a design is changed (3.2.3-a); changes are counted by it."""
ORIGINS = ("quality", "customer", "order", "other")
"""What a change was raised from."""
COSTS = ("development", "scrap", "open_work", "stock", "customer")
"""The parts of a change's cost in money (3.2.3-b): R&D's, two of production's, the ledger's, sales'."""
GIVERS = ("PRO", "SAL")
"""Who gives the effect of a change, never R&D alone (3.2.3-b)."""
SIGNERS = ("PRO", "RND", "SAL")
"""Whose signature no change is approved without, whatever the rulebook adds (3.2.3-b)."""
OPEN_ORDERS = ("draft", "issued", "queried", "confirmed", "executing")
"""States of an order that is not delivered yet."""
UNDER_WAY = ("issued", "queried", "confirmed", "executing")
"""States of an order that the customer counts on."""
EFFECTIVE_BY = ("date", "order", "serial")


@dataclass(frozen=True)
class Effectivity:
    """From where on a change applies: a date (ISO), an order's number or a serial number; ``end`` is the last one."""

    kind: str
    start: str
    end: str | None = None


def natural(text: str) -> list[tuple[bool, int, str]]:
    """A key by which ``RF-9`` comes before ``RF-10``: digits count as numbers."""
    parts = re.findall(r"\d+|\D+", text)
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


def effectivity_fault(effectivity: Effectivity) -> tuple[str, str] | None:
    """(field, rule) that a statement of effectivity breaks, or None."""
    if effectivity.kind not in EFFECTIVE_BY:
        return "effective_by", "change.effective_by"
    if not effectivity.start.strip():
        return "effective_from", "change.effective_from"
    if effectivity.kind == "date" and not all(_is_date(text) for text in (effectivity.start, effectivity.end) if text):
        return "effective_from", "change.effective_date"
    if effectivity.end and natural(effectivity.end) < natural(effectivity.start):
        return "effective_to", "change.effective_to"
    return None


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def effective(
    effectivity: Effectivity, *, on: date | None = None, order: str | None = None, serial: str | None = None
) -> bool:
    """Whether a change applies to what is made on a day, for an order, under a serial number (3.2.3-a).

    What it goes by has to be known: of a unit without serial number nothing by serial applies.
    """
    asked = {"date": on.isoformat() if on else None, "order": order, "serial": serial}[effectivity.kind]
    if asked is None or natural(asked) < natural(effectivity.start):
        return False
    return not effectivity.end or natural(asked) <= natural(effectivity.end)


@dataclass(frozen=True)
class Moved:
    """What replanning made of an open order. ``days``: working days later, 0 when it keeps its date."""

    number: str
    before: date
    after: date
    days: int


def delay(moved: Iterable[Moved]) -> int:
    """The effect of a change on delivery, in working days: the order that moves most (3.2.3-b)."""
    return max((order.days for order in moved), default=0)


def total(costs: Mapping[str, int]) -> int:
    """The effect in money, smallest unit."""
    return sum(costs.get(part, 0) for part in COSTS)


def facts(*, cost: int, management_from: float, old_item: str | None, from_quality: bool) -> set[str]:
    """What the rulebook's table of signatures wants to know of a change.

    Args:
        cost, management_from: smallest money unit.
        old_item: the part that is no longer used; from_quality: whether a quality case asked for it.
    """
    asked = {"costly": cost >= management_from, "purchased": old_item is not None, "inspected": from_quality}
    return {fact for fact, holds in asked.items() if holds}


@dataclass(frozen=True)
class Toll:
    """What an approved change cost; ``order``: the number of the order it was raised from, if any."""

    order: str | None
    cause: str
    days: int
    cost: int


def tolls(changes: Iterable[Toll]) -> tuple[int, int]:
    """Σ working days and Σ money of changes (3.2.3-b)."""
    rows = list(changes)
    return sum(row.days for row in rows), sum(row.cost for row in rows)


def by_cause(changes: Iterable[Toll]) -> dict[str, int]:
    """Changes by cause, the most frequent first (3.2.3-a)."""
    return dict(Counter(row.cause for row in changes).most_common())


def per_order(changes: Iterable[Toll], orders: int) -> float | None:
    """Changes an order, among so many orders."""
    return len(list(changes)) / orders if orders else None
