"""Signals: when a figure speaks. Once for each crossing of its limits, and where a run shows what no value does.

The figure has to come back by the band before the same level may speak again (hysteresis). Run rules: L. S.
Nelson, *The Shewhart control chart: tests for special causes*, Journal of Quality Technology 16(4), 1984,
rules 1, 2, 3 and 5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Literal

Level = Literal["good", "warning", "alarm"]
LEVELS: tuple[Level, ...] = ("good", "warning", "alarm")
Period = Literal["day", "week", "month", "quarter"]


@dataclass(frozen=True)
class Figure:
    """What a formula found: ``value`` None where there is nothing to compute it from.

    ``count``: records behind it; ``newest``: time of the newest datum.
    """

    value: float | None
    count: int
    newest: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A figure's definition.

    Attributes:
        code: K-01 …; clause: what asks for it; unit: percent, days, count, money …
        formula: (session, from, to) → Figure, over the journal and the records.
        up_is_good: the direction; target, warning, alarm: in the unit, from good to bad.
        band: how far it must come back before the same level speaks again.
        owner: department.
        chart: (centre, σ) of a control chart, where run rules are to be watched.
    """

    code: str
    clause: str
    unit: str
    formula: Callable[[Any, datetime, datetime], Figure]
    up_is_good: bool
    target: float
    warning: float
    alarm: float
    owner: str
    period: Period = "month"
    band: float = 0.0
    chart: tuple[float, float] | None = None


def level(value: float, measure: Measure) -> Level:
    """Where a value lies by the measure's limits; a limit itself is still on its good side."""
    sign = 1 if measure.up_is_good else -1
    if sign * value < sign * measure.alarm:
        return "alarm"
    return "warning" if sign * value < sign * measure.warning else "good"


def levels(values: Sequence[float], measure: Measure) -> list[Level]:
    """The level after each value: worse at once, better only when the value has come back by the band."""
    sign = 1 if measure.up_is_good else -1
    state: Level = "good"
    found: list[Level] = []
    for value in values:
        reached, cleared = level(value, measure), level(value - sign * measure.band, measure)
        state = max(reached, min(state, cleared, key=LEVELS.index), key=LEVELS.index)
        found.append(state)
    return found


def crossings(values: Sequence[float], measure: Measure) -> list[tuple[int, Level]]:
    """(index, level) of each value at which the level got worse: one signal a crossing."""
    found = levels(values, measure)
    return [
        (index, now)
        for index, (was, now) in enumerate(pairwise(["good", *found]))
        if LEVELS.index(now) > LEVELS.index(was)
    ]


def runs(values: Sequence[float], centre: float, sigma: float) -> list[tuple[int, str]]:
    """(index, rule) at which a pattern is complete: ``beyond``: one value more than 3 σ from the centre;
    ``side``: nine in a row on one side; ``trend``: six in a row rising or falling; ``two_of_three``: beyond
    2 σ on one side. A run speaks when it becomes complete, not again while it lasts.
    """
    found: list[tuple[int, str]] = []
    seen = {rule: False for rule, _ in RULES}
    for index in range(len(values)):
        for rule, holds in RULES:
            now = holds(values[: index + 1], centre, sigma)
            if now and not seen[rule]:
                found.append((index, rule))
            seen[rule] = now
    return found


def spoken(values: Sequence[float], measure: Measure) -> list[tuple[int, str]]:
    """(index, level or rule) of everything that the values of a measure have to say."""
    found: list[tuple[int, str]] = [*crossings(values, measure)]
    return sorted(found + runs(values, *measure.chart)) if measure.chart else found


def _beyond(values: Sequence[float], centre: float, sigma: float) -> bool:
    return abs(values[-1] - centre) > 3 * sigma


def _side(values: Sequence[float], centre: float, _sigma: float) -> bool:
    last = values[-9:]
    return len(last) == 9 and (all(v > centre for v in last) or all(v < centre for v in last))


def _trend(values: Sequence[float], _centre: float, _sigma: float) -> bool:
    last = values[-6:]
    steps = [after - before for before, after in pairwise(last)]
    return len(last) == 6 and (all(step > 0 for step in steps) or all(step < 0 for step in steps))


def _two_of_three(values: Sequence[float], centre: float, sigma: float) -> bool:
    last = values[-3:]
    above, below = (sum(side * (v - centre) > 2 * sigma for v in last) for side in (1, -1))
    return len(last) == 3 and max(above, below) >= 2


RULES: tuple[tuple[str, Callable[[Sequence[float], float, float], bool]], ...] = (
    ("beyond", _beyond),
    ("side", _side),
    ("trend", _trend),
    ("two_of_three", _two_of_three),
)
