"""Where the stages of design work stand on a calendar of 24 columns, and where a result lies between its limits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from order_core.execution.design.rules import Trait

COLUMNS = 24


@dataclass(frozen=True)
class Scale:
    """24 columns from ``start`` on, each ``step`` days wide."""

    start: date
    step: int

    def column(self, day: date) -> int:
        """The column of a day, from 1; a day outside is put at the edge."""
        return min(COLUMNS, max(1, (day - self.start).days // self.step + 1))

    def heads(self) -> list[date]:
        """The first day of every second column."""
        return [self.start + timedelta(days=self.step * n) for n in range(0, COLUMNS, 2)]


def scale(days: Iterable[date], today: date) -> Scale:
    """A scale on which all these days and today fit; it begins on a Monday."""
    known = [today, *days]
    start = min(known) - timedelta(days=min(known).weekday())
    length = (max(known) - start).days + 1
    return Scale(start, max(1, -(-length // COLUMNS)))


@dataclass(frozen=True)
class Planned:
    """A stage as planned and closed: ``outcome`` done | refused, None while it is open."""

    name: str
    owner: str
    due: date
    closed: date | None
    outcome: str | None


def tone(stage: Planned, today: date) -> str:
    """How a stage stands: done, refused, late or open."""
    if stage.outcome is not None:
        return "late" if stage.outcome == "done" and stage.closed and stage.closed > stage.due else stage.outcome
    return "late" if stage.due < today else "open"


@dataclass(frozen=True)
class Bar:
    """A stage on the calendar: from its first column over ``span`` columns."""

    stage: Planned
    tone: str
    column: int
    span: int


def bars(stages: Sequence[Planned], begun: date, on: Scale, today: date) -> list[Bar]:
    """Each stage from the end of the one before it to its own date, one beside the other where there is room."""
    found, free = [], on.column(begun)
    for stage in stages:
        last = on.column(stage.due)
        first = min(free, last)
        found.append(Bar(stage, tone(stage, today), first, last - first + 1))
        free = min(COLUMNS, last + 1)
    return found


def gauge(trait: Trait) -> dict[str, float] | None:
    """Places from 0 to 100 of lower, upper, target and result on a line that holds them all; None without a figure."""
    given = {"lower": trait.lower, "upper": trait.upper, "target": trait.target, "result": trait.result}
    known = [value for value in given.values() if value is not None]
    if trait.kind != "limit" or not known:
        return None
    low, high = min(known), max(known)
    width = (high - low) or abs(high) or 1.0
    low, width = low - width * 0.15, width * 1.3
    places = {name: round(100 * (value - low) / width, 1) for name, value in given.items() if value is not None}
    return {"lower": 0.0, "upper": 100.0} | places
