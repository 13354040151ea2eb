"""Lot sizes of least cost for a row of demands: how much to make when, if a set-up costs and stock costs.

Source: Wagner & Whitin 1958. The recursion is over lines whose slopes fall and whose arguments rise, so that the
lower envelope of the lines answers it in linear time (Wagelmans, Van Hoesel & Kolen 1992). Fractions keep it exact.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Rational

from order_core.errors import Invalid

CLAUSE = "3.3.1-a"
Number = int | float | Fraction


@dataclass(frozen=True)
class Lots:
    """A plan of least cost.

    Attributes:
        lots: (n,) quantity to make in each period, in the unit of the demand.
        cost: of all set-ups and of holding, in the unit of ``setup``.
    """

    lots: tuple[Fraction, ...]
    cost: Fraction


@dataclass(frozen=True)
class _Line:
    """Cost of serving a period from a lot of ``period``, as a line over the demand so far."""

    period: int
    slope: Fraction
    base: Fraction

    def at(self, demand: Fraction) -> Fraction:
        return self.base + self.slope * demand


def lot_sizes(demand: Sequence[Number], *, setup: Number | Sequence[Number], hold: Number) -> Lots:
    """Lots of least cost that are never late.

    Args:
        demand: (n,) quantity needed in each period, 0 or more.
        setup: cost of making a lot at all; one number, or (n,) one a period.
        hold: cost of keeping one unit from a period to the next.

    Raises:
        Invalid: ``lots.empty``, ``lots.number`` (field, at: position from 1), ``lots.setup`` (rows of two lengths).
    """
    needs = _checked("demand", demand)
    setups = _checked("setup", setup) if isinstance(setup, Sequence) else _checked("setup", [setup]) * len(needs)
    (holding,) = _checked("hold", [hold])
    if not needs:
        raise Invalid("lots.empty", field="demand", clause=CLAUSE)
    if len(setups) != len(needs):
        raise Invalid("lots.setup", field="setup", clause=CLAUSE, setups=len(setups), demands=len(needs))
    cost, source = _cheapest(needs, setups, holding)
    return Lots(_plan(needs, source), cost)


def _checked(field: str, row: Sequence[Number]) -> list[Fraction]:
    for position, value in enumerate(row, 1):
        if not (isinstance(value, Rational) or math.isfinite(value)) or value < 0:
            raise Invalid("lots.number", field=field, clause=CLAUSE, at=position)
    return [Fraction(value) for value in row]


def _cheapest(needs: list[Fraction], setups: list[Fraction], hold: Fraction) -> tuple[Fraction, list[int]]:
    """Least cost of all periods; and for each period, the one whose lot serves it when it ends the horizon.

    With D and W the sums of demand and of period × demand, serving periods j … t from j costs
    ``setup[j] + hold × (W[t] - W[j-1] - j × (D[t] - D[j-1]))``: apart from ``hold × W[t]``, a line over D[t].
    """
    envelope: deque[_Line] = deque()
    total = weighted = cost = Fraction(0)
    source = []
    for period, (need, setup) in enumerate(zip(needs, setups, strict=True)):
        line = _Line(period, -hold * period, cost + setup - hold * weighted + hold * period * total)
        while len(envelope) > 1 and _needless(envelope[-2], envelope[-1], line):
            envelope.pop()
        envelope.append(line)
        total, weighted = total + need, weighted + period * need
        while len(envelope) > 1 and envelope[1].at(total) <= envelope[0].at(total):
            envelope.popleft()
        source.append(envelope[0].period)
        if need:
            cost = envelope[0].at(total) + hold * weighted
    return cost, source


def _needless(first: _Line, middle: _Line, last: _Line) -> bool:
    """Whether the middle line is nowhere below both others; slopes fall from first to last."""
    if middle.slope == last.slope:
        return last.base <= middle.base
    left = (last.base - first.base) * (first.slope - middle.slope)
    right = (middle.base - first.base) * (first.slope - last.slope)
    return left <= right


def _plan(needs: list[Fraction], source: list[int]) -> tuple[Fraction, ...]:
    lots = [Fraction(0)] * len(needs)
    last = len(needs) - 1
    while last >= 0:
        if not needs[last]:
            last -= 1
            continue
        first = source[last]
        lots[first] = sum(needs[first : last + 1], Fraction(0))
        last = first - 1
    return tuple(lots)
