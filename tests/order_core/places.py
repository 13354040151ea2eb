"""Places that work, told twice: as the product's calendars and as plain tables that the tests count through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from order_core.workdays import Interval, WorkingCalendar

MINUTE = timedelta(minutes=1)
HORIZON = 5 * 24 * 60
"""Minutes that a place is watched from its beginning."""
EVENING = time.max
DAY_SHIFT: tuple[Interval, ...] = ((time(9), time(12, 30)), (time(13, 30), time(18)))
NIGHTS: tuple[Interval, ...] = ((time(0), time(5)), (time(22), EVENING))


@dataclass(frozen=True, eq=False)
class Place:
    """Opening hours of weekdays (0 = Monday) and of single days, and the instant from which it is watched."""

    name: str
    zone: str
    week: Mapping[int, tuple[Interval, ...]]
    begins: datetime
    days: Mapping[date, tuple[Interval, ...]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return self.name

    @property
    def calendar(self) -> WorkingCalendar:
        """The same as the product's calendar."""
        return WorkingCalendar(self.zone, self.week, exceptions=self.days)

    @cached_property
    def open(self) -> list[bool]:
        """Whether it works in each minute from its beginning, by looking at the clock on its wall."""
        return [self._works(self.minute(number)) for number in range(HORIZON)]

    def minute(self, number: int) -> datetime:
        """The instant so many minutes after the beginning."""
        return self.begins + number * MINUTE

    def _works(self, moment: datetime) -> bool:
        wall = moment.astimezone(ZoneInfo(self.zone))
        hours = self.days.get(wall.date(), self.week.get(wall.weekday(), ()))
        return any(start <= wall.time() < end for start, end in hours)


PLACES = (
    Place(
        "a week in Hong Kong with a closed Tuesday",
        "Asia/Hong_Kong",
        dict.fromkeys(range(5), DAY_SHIFT),
        datetime(2026, 11, 20, 5, 0, tzinfo=UTC),
        {date(2026, 11, 24): ()},
    ),
    Place(
        "nights in Berlin when summer time ends",
        "Europe/Berlin",
        dict.fromkeys(range(7), NIGHTS),
        datetime(2026, 10, 23, 12, 0, tzinfo=UTC),
    ),
    Place(
        "nights in New York when summer time begins",
        "America/New_York",
        dict.fromkeys(range(7), NIGHTS),
        datetime(2027, 3, 12, 12, 0, tzinfo=UTC),
        {date(2027, 3, 15): ((time(1), time(6)),)},
    ),
    Place(
        "around the clock", "UTC", dict.fromkeys(range(7), ((time(0), EVENING),)), datetime(2026, 12, 30, tzinfo=UTC)
    ),
)
