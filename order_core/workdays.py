"""Working calendars: opening hours of a place, in its own zone, with holidays and make-up workdays.

Instants go in and come out in UTC. Opening intervals are wall-clock times of the zone, turned into instants
day by day, so that a change to or from summer time is counted as the clock on the wall showed it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

Interval = tuple[time, time]
HORIZON_DAYS = 3660
"""How far ``add`` looks before it says that the calendar never opens again."""


@lru_cache(maxsize=64)
def _public(country: str, year: int) -> tuple[frozenset[date], frozenset[date]]:
    """(holidays, make-up workdays) of a country and year, as the library knows them."""
    public = holidays.country_holidays(country, years=year)
    made_up = frozenset(getattr(public, "weekend_workdays", ()) or ())
    return frozenset(day for day in public if day.year == year), made_up


@dataclass(frozen=True)
class WorkingCalendar:
    """When a place works.

    Attributes:
        zone: IANA name.
        week: weekday (0 = Monday) → intervals; a day not named is closed.
        country: ISO code whose public holidays close and whose make-up workdays open, or None.
        exceptions: the company's own days on top: date → intervals (empty: closed).
        made_up: intervals of a make-up workday (default: Monday's).
    """

    zone: str
    week: Mapping[int, tuple[Interval, ...]]
    country: str | None = None
    exceptions: Mapping[date, tuple[Interval, ...]] = field(default_factory=dict)

    def hours(self, day: date) -> tuple[Interval, ...]:
        """The opening intervals of a day on the wall clock."""
        if day in self.exceptions:
            return self.exceptions[day]
        if self.country:
            closed, made_up = _public(self.country, day.year)
            if day in made_up:
                return self.week.get(0, ())
            if day in closed:
                return ()
        return self.week.get(day.weekday(), ())

    def open_from(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Opening intervals as instants, from ``moment`` on (the first may be cut)."""
        zone = ZoneInfo(self.zone)
        first = moment.astimezone(zone).date() - timedelta(days=1)
        for offset in range(HORIZON_DAYS):
            for starts, ends in self._instants(first + timedelta(days=offset), zone):
                if ends > moment:
                    yield max(starts, moment), ends

    def _instants(self, day: date, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
        for starts, ends in self.hours(day):
            last = datetime.combine(day + timedelta(days=1), time(0), zone) if ends == time.max else None
            opening = datetime.combine(day, starts, zone).astimezone(UTC)
            closing = (last or datetime.combine(day, ends, zone)).astimezone(UTC)
            if closing > opening:
                yield opening, closing

    def is_open(self, moment: datetime) -> bool:
        """Whether the place works at that instant (closing time itself is closed)."""
        return next(self.open_from(moment))[0] == moment.astimezone(UTC)

    def opens_after(self, moment: datetime) -> datetime:
        """The moment itself when open, else the next opening."""
        return next(self.open_from(moment))[0]

    def add(self, moment: datetime, working: timedelta) -> datetime:
        """The instant at which ``working`` time has passed since ``moment``.

        Raises:
            ValueError: the calendar does not open that long within ten years.
        """
        left = working
        for starts, ends in self.open_from(moment):
            if ends - starts >= left:
                return starts + left
            left -= ends - starts
        raise ValueError(f"no {working} of working time after {moment}")

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Working time from ``start`` to ``end``; zero when the end is not later."""
        total = timedelta(0)
        if end <= start:
            return total
        for starts, ends in self.open_from(start):
            if starts >= end:
                return total
            total += min(ends, end) - starts
        return total


ALWAYS = WorkingCalendar("UTC", {day: ((time(0), time.max),) for day in range(7)})
"""Around the clock."""
