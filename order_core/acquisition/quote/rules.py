"""Prices and margins in whole smallest units, exactly; where a price stands in the market; which quote is low."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from order_core.clauses import carries

CURRENCIES = ("HKD", "TWD", "CNY", "USD", "EUR")
"""Those with two decimals, as forms and documents write them."""
INPUTS = ("cost", "market", "need")
"""What a price is built from (2.3.1-a)."""
ONE = 10_000
"""Basis points of a whole."""
COMFORT_BP = 1_000
"""So far above the floor a margin is called good; between the two it is thin."""
LEVEL_BP = 200
"""A price within this distance of the market's is level with it (2.3.1-b)."""
MOST_UNITS = 1_000_000
MOST_MONEY = 10**13
LOST_REASONS = ("price", "delivery", "terms", "product", "competitor", "no_project", "other")


@dataclass(frozen=True)
class Input:
    """One of the three: an amount a unit (smallest unit; a need may have none), or words; its day and its source."""

    kind: str
    amount: int | None
    words: str
    as_of: date
    source: str


@dataclass(frozen=True)
class Priced:
    """A line as the arithmetic sees it; ``price`` and ``cost`` a unit, in the smallest unit of the currency."""

    quantity: int
    price: int
    cost: int


def margin_bp(price: int, cost: int) -> int:
    """The margin in basis points of the price, rounded down; never a hair better than it is.

    Raises:
        ValueError: a price that is not above zero has no margin.
    """
    if price <= 0:
        raise ValueError("no price")
    return (price - cost) * ONE // price


def is_below(price: int, cost: int, floor_bp: int) -> bool:
    """Whether the margin is below a floor: compared exactly, without rounding."""
    return (price - cost) * ONE < floor_bp * price


@carries("check", "2.3.1-a")
def is_low(lines: Iterable[Priced], floor_bp: int) -> bool:
    """Whether any line is below the floor: a good line does not hide a bad one."""
    return any(is_below(line.price, line.cost, floor_bp) for line in lines)


def total(lines: Iterable[Priced]) -> Priced:
    """All lines as one: what the whole costs and brings."""
    kept = tuple(lines)
    return Priced(1, sum(line.quantity * line.price for line in kept), sum(line.quantity * line.cost for line in kept))


def band(lines: Iterable[Priced], floor_bp: int) -> str:
    """``low`` (a line needs the signature), ``thin`` or ``good``."""
    kept = tuple(lines)
    if is_low(kept, floor_bp):
        return "low"
    return "thin" if is_low(kept, floor_bp + COMFORT_BP) else "good"


def position(price: int, market: int) -> str:
    """Where a price stands: ``below``, ``level`` with or ``above`` the market's."""
    if price * ONE < market * (ONE - LEVEL_BP):
        return "below"
    return "above" if price * ONE > market * (ONE + LEVEL_BP) else "level"


def missing(found: Iterable[Input]) -> tuple[str, str] | None:
    """(input, what it lacks) of the first input that is not complete; None when all three are there."""
    by_kind = {given.kind: given for given in found}
    for kind in INPUTS:
        given = by_kind.get(kind)
        if given is None:
            return kind, "input"
        if not given.source.strip():
            return kind, "source"
        if (given.amount is None) if kind != "need" else not given.words.strip():
            return kind, "input"
    return None
