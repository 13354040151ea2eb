"""The geometry of a quote's pictures, as plain numbers for SVG: shares of a hundred, points of a stepped line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

FULL = 100.0
WIDE, HIGH, EDGE = 300, 84, 8
"""The stepped line's box, and its margin on each side."""


@dataclass(frozen=True)
class BuildUp:
    """A price as a bar: cost, then margin (or loss, from price to cost); marks of market and need, in hundredths."""

    cost: float
    margin: float
    loss: float
    price: float
    market: float | None
    need: float | None


def build_up(price: int, cost: int, market: int | None, need: int | None) -> BuildUp:
    """The bar of a price; the largest amount with a little air to its right is the whole width."""
    largest = max(price, cost, market or 0, need or 0, 1) * 1.06

    def at(amount: int) -> float:
        return round(FULL * amount / largest, 2)

    return BuildUp(
        cost=at(min(cost, price)),
        margin=round(at(price) - at(cost), 2) if price > cost else 0.0,
        loss=round(at(cost) - at(price), 2) if cost > price else 0.0,
        price=at(price),
        market=at(market) if market else None,
        need=at(need) if need else None,
    )


@dataclass(frozen=True)
class Bar:
    """A stretch of days as a bar: where it begins, how wide it is, in hundredths; never too thin to be seen."""

    x: float
    width: float


def bar(starts: date, ends: date, first: date, last: date) -> Bar:
    """The stretch within the days from first to last."""
    days = max((last - first).days, 1)
    x = FULL * (starts - first).days / days
    width = max(FULL * (ends - starts).days / days, 1.2)
    return Bar(round(min(x, FULL - width), 2), round(width, 2))


@dataclass(frozen=True)
class Steps:
    """A stepped line: its path, and a dot for each value."""

    path: str
    dots: tuple[tuple[float, float], ...]


def steps(values: Sequence[int]) -> Steps:
    """A line that stays until the next round moves it; flat when nothing moved."""
    low, high = min(values), max(values)
    span = max(high - low, 1)
    across = (WIDE - 2 * EDGE) / max(len(values) - 1, 1)
    dots = tuple(
        (
            round(EDGE + n * across, 1),
            round(HIGH / 2 if high == low else EDGE + (HIGH - 2 * EDGE) * (high - value) / span, 1),
        )
        for n, value in enumerate(values)
    )
    path = f"M{dots[0][0]} {dots[0][1]}" + "".join(f"H{x}V{y}" for x, y in dots[1:])
    return Steps(path, dots)
