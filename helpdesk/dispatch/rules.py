"""Arrival windows, travel and feasibility on plain values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import asin, cos, radians, sin, sqrt
from zoneinfo import ZoneInfo

WINDOWS = ((time(10), time(12)), (time(13), time(15)), (time(15), time(17)), (time(17), time(19)))
"""Arrival windows of a day, in the site's own time."""
WORKDAYS = frozenset(range(6))
"""Monday to Saturday."""
LEAD = timedelta(hours=2)
"""The shortest notice at which a window is offered."""
HORIZON_DAYS = 14
HOLD = timedelta(minutes=15)
"""How long an offered window is kept for the customer who is asked."""
EARTH_KM = 6371.0
DETOUR = 1.35
SPEED_BANDS = ((4.0, 22.0), (12.0, 32.0), (1e9, 48.0))
"""(up to km, km/h): city, suburb, trunk road; concave, so a detour never saves time."""


@dataclass(frozen=True, order=True)
class Window:
    """An arrival window, UTC."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Place:
    """Degrees, WGS 84."""

    lat: float
    lon: float


@dataclass(frozen=True)
class Candidate:
    """What feasibility needs to know of a technician; ``shift`` in local time of ``zone``."""

    person_id: int
    skills: frozenset[str]
    home: Place
    radius_km: float
    days: frozenset[int]
    starts: time
    ends: time
    zone: str


def distance_km(a: Place, b: Place) -> float:
    """Road distance estimate: 1.35 × great circle."""
    half_lat, half_lon = radians(b.lat - a.lat) / 2, radians(b.lon - a.lon) / 2
    h = sin(half_lat) ** 2 + cos(radians(a.lat)) * cos(radians(b.lat)) * sin(half_lon) ** 2
    return DETOUR * 2 * EARTH_KM * asin(sqrt(h))


def travel(a: Place, b: Place) -> timedelta:
    """Driving time by speed bands: each stretch of the way at its band's speed."""
    left, done, hours = distance_km(a, b), 0.0, 0.0
    for limit, speed in SPEED_BANDS:
        stretch = min(left, limit - done)
        hours += stretch / speed
        left, done = left - stretch, limit
        if left <= 0:
            break
    return timedelta(hours=hours)


def windows(after: datetime, zone: str, days: int = HORIZON_DAYS) -> Iterator[Window]:
    """Arrival windows that start at least ``LEAD`` after ``after``, in order, on working days of the site."""
    tz = ZoneInfo(zone)
    first = after.astimezone(tz).date()
    for offset in range(days):
        day = first + timedelta(days=offset)
        if day.weekday() not in WORKDAYS:
            continue
        for starts, ends in WINDOWS:
            window = Window(_instant(day, starts, tz), _instant(day, ends, tz))
            if window.starts_at >= after + LEAD:
                yield window


def _instant(day: date, clock: time, tz: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, tz).astimezone(UTC)


def feasible(candidate: Candidate, window: Window, place: Place, appliance: str | None) -> bool:
    """Skill, territory and shift; whether the window is free is the database's to say."""
    if appliance and appliance not in candidate.skills:
        return False
    if distance_km(candidate.home, place) > candidate.radius_km:
        return False
    tz = ZoneInfo(candidate.zone)
    starts, ends = window.starts_at.astimezone(tz), window.ends_at.astimezone(tz)
    return (
        starts.weekday() in candidate.days
        and starts.date() == ends.date()
        and candidate.starts <= starts.time()
        and ends.time() <= candidate.ends
    )


def nearest_first(
    candidates: Sequence[Candidate], window: Window, place: Place, appliance: str | None
) -> list[Candidate]:
    """Feasible technicians, nearest home first; equal distances by id, so that a run can be repeated."""
    fitting = [c for c in candidates if feasible(c, window, place, appliance)]
    return sorted(fitting, key=lambda c: (distance_km(c.home, place), c.person_id))


def spread(offered: Sequence[Window], window: Window) -> bool:
    """Whether a window adds choice to those offered: at most two of the same day."""
    return sum(1 for other in offered if other.starts_at.date() == window.starts_at.date()) < 2


def reminder_at(window: Window, booked_at: datetime, zone: str) -> datetime:
    """When to remind: 18:00 the day before in the site's time, or two hours before when booked later."""
    tz = ZoneInfo(zone)
    day_before = window.starts_at.astimezone(tz).date() - timedelta(days=1)
    evening = _instant(day_before, time(18), tz)
    if evening > booked_at + timedelta(hours=1):
        return evening
    return max(booked_at, window.starts_at - timedelta(hours=2))
