"""Recurrence: when regular work comes round, as instants of a place's calendar.

Occurrences are a fixed sequence of instants: whoever asks twice, late, or from another zone gets the same ones,
so that work keyed by its occurrence is asked for once a period.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, cast
from zoneinfo import ZoneInfo

from order_core.workdays import WorkingCalendar

Unit = Literal["day", "week", "month", "quarter", "year"]
MONTHS = {"month": 1, "quarter": 3, "year": 12}
FIRST = date(2000, 1, 3)
"""A Monday; every so many days or weeks are counted from it."""
SPELLED = re.compile(r"(?:(\d{1,3}) )?(day|week|month|quarter|year)s?")
CLOSED_FOR_GOOD = 366


@dataclass(frozen=True)
class Recurrence:
    """Every so many days, weeks, months, quarters or years.

    Attributes:
        on: weekday (1 = Monday) of a week; day of the (first) month, its last day where it has none such.
        at: time on the wall of the calendar's zone.
        working: moved to the next day on which the calendar opens at all.
    """

    unit: Unit
    count: int = 1
    on: int = 1
    at: time = time(9)
    working: bool = True

    @classmethod
    def spelled(cls, text: str, *, on: int = 1, at: time = time(9), working: bool = True) -> Recurrence:
        """Read ``month``, ``2 weeks``, ``10 days``. Raises ``ValueError`` for anything else."""
        match = SPELLED.fullmatch(text)
        count = int(match[1] or 1) if match else 0
        if match is None or count < 1:
            raise ValueError(f"no recurrence: {text!r}")
        return cls(cast(Unit, match[2]), count, on, at, working)

    def next_after(self, moment: datetime, calendar: WorkingCalendar) -> datetime:
        """The first occurrence later than ``moment``."""
        return self._occurrence(self._index_after(moment, calendar), calendar)

    def last_until(self, moment: datetime, calendar: WorkingCalendar) -> datetime:
        """The last occurrence not later than ``moment``: the one whose period it is now."""
        index = self._index_after(moment, calendar) - 1
        return self._occurrence(index, calendar)

    def _index_after(self, moment: datetime, calendar: WorkingCalendar) -> int:
        index = self._index_of(moment.astimezone(ZoneInfo(calendar.zone)).date()) + 1
        while self._occurrence(index - 1, calendar) > moment:
            index -= 1
        while self._occurrence(index, calendar) <= moment:
            index += 1
        return index

    def _index_of(self, day: date) -> int:
        if self.unit in MONTHS:
            return ((day.year - FIRST.year) * 12 + day.month - 1) // (self.count * MONTHS[self.unit])
        return (day - FIRST).days // (self.count * (7 if self.unit == "week" else 1))

    def _nominal(self, index: int) -> date:
        """The day of the index-th occurrence before it is moved."""
        if self.unit == "day":
            return FIRST + timedelta(days=index * self.count)
        if self.unit == "week":
            return FIRST + timedelta(days=7 * index * self.count + self.on - 1)
        years, month = divmod(index * self.count * MONTHS[self.unit], 12)
        year = FIRST.year + years
        return date(year, month + 1, min(self.on, monthrange(year, month + 1)[1]))

    def _occurrence(self, index: int, calendar: WorkingCalendar) -> datetime:
        day = self._nominal(index)
        if self.working:
            days = (day + timedelta(days=n) for n in range(CLOSED_FOR_GOOD))
            found = next((d for d in days if calendar.hours(d)), None)
            if found is None:
                raise ValueError(f"{calendar.zone} does not open within a year of {day}")
            day = found
        return datetime.combine(day, self.at, ZoneInfo(calendar.zone)).astimezone(UTC)
