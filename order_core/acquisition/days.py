"""Days as the house counts them: by its own wall, not by UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from order_core.rulebook.clocks import house_calendar


def house_day(at: datetime) -> date:
    """The day it is in the house at that instant."""
    return at.astimezone(ZoneInfo(house_calendar().zone)).date()


def start_of(day: date) -> datetime:
    """The instant at which a day begins in the house."""
    return datetime.combine(day, time(0), ZoneInfo(house_calendar().zone)).astimezone(UTC)


def end_of(day: date) -> datetime:
    """The instant at which a day is over in the house."""
    return datetime.combine(day + timedelta(days=1), time(0), ZoneInfo(house_calendar().zone)).astimezone(UTC)
