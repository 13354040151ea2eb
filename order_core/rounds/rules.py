"""Periods of recurring work, on plain dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Every = Literal["day", "week", "month", "quarter", "year"]


@dataclass(frozen=True)
class Period:
    """A stretch of days, both ends included; ``key`` is unique among the periods of its kind and sorts by time."""

    key: str
    first: date
    last: date


def period_of(day: date, every: Every) -> Period:
    """The period in which a day lies; weeks are ISO weeks."""
    if every == "day":
        return Period(day.isoformat(), day, day)
    if every == "week":
        first = day - timedelta(days=day.weekday())
        year, week, _ = day.isocalendar()
        return Period(f"{year}-W{week:02d}", first, first + timedelta(days=6))
    months = {"month": 1, "quarter": 3, "year": 12}[every]
    first = date(day.year, day.month - (day.month - 1) % months, 1)
    last = _months_later(first, months) - timedelta(days=1)
    name = {"month": f"{first.year}-{first.month:02d}", "quarter": f"{first.year}-Q{(first.month + 2) // 3}"}
    return Period(name.get(every, str(first.year)), first, last)


def next_period(period: Period, every: Every) -> Period:
    """The one that follows."""
    return period_of(period.last + timedelta(days=1), every)


def _months_later(first: date, months: int) -> date:
    month = first.month - 1 + months
    return date(first.year + month // 12, month % 12 + 1, 1)
