"""Places that work, told twice: as the product's calendars and as plain tables that the tests count through.

A clock's life in such a place is a list of events; ``counted`` says what it reminds of, minute by minute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from order_core.kernel.clock import EventKind
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

Event = tuple[int, EventKind]
"""A minute of the place, and what happened to the clock then."""


def counted(place: Place, events: Sequence[Event], budget: int) -> dict[str, datetime]:
    """Kind of reminder → when it is due, by looking at every minute of the place."""
    marks, used, running, due = {budget * 3 // 4: "warn", budget: "breach"}, 0, False, dict[str, datetime]()
    happens = dict(events)
    for number in range(HORIZON):
        kind = happens.get(number)
        if kind == "stop":
            break
        running = kind in ("start", "resume") if kind else running
        if running and place.open[number]:
            used += 1
            if used in marks:
                due[marks[used]] = place.minute(number + 1)
    return due


@st.composite
def lives(draw: st.DrawFn) -> list[Event]:
    """A start, then pauses and resumptions in any sequence (also twice the same), and perhaps an end."""
    moments = sorted(draw(st.sets(st.integers(0, HORIZON // 2), min_size=1, max_size=7)))
    kinds: list[EventKind] = ["start"]
    kinds += [draw(st.sampled_from(("pause", "resume"))) for _ in moments[1:]]
    if len(kinds) > 1 and draw(st.booleans()):
        kinds[-1] = "stop"
    return list(zip(moments, kinds, strict=True))
