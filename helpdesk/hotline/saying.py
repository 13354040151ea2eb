"""Dates and times as one says them on the telephone: no brackets, no dashes, no twenty-four hours."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time

from helpdesk.i18n import LOCALES

DAY = {"en": "EEEE d MMMM", "zh-Hant": "M月d日EEEE", "zh-Hans": "M月d日EEEE"}
HOUR = {
    "en": ("h a", "h:mm a"),
    "zh-Hant": ("ah點", "ah點mm分"),
    "zh-Hans": ("ah点", "ah点mm分"),
}
"""The full hour, and any other time."""
BETWEEN = {
    "en": "on {day} between {start} and {end}",
    "zh-Hant": "{day}{start}到{end}",
    "zh-Hans": "{day}{start}到{end}",
}


def day(on: date, language: str) -> str:
    """``Tuesday 24 November``, ``11月24日星期二``."""
    return str(format_date(on, DAY[language], locale=Locale.parse(LOCALES[language])))


def clock(moment: datetime, zone: str, language: str) -> str:
    """``1 PM``, ``下午1點30分``."""
    local = moment.astimezone(ZoneInfo(zone))
    pattern = HOUR[language][bool(local.minute)]
    return str(format_time(local.time(), pattern, locale=Locale.parse(LOCALES[language])))


def window(starts_at: datetime, ends_at: datetime, zone: str, language: str) -> str:
    """``on Tuesday 24 November between 1 PM and 3 PM``, ``11月24日星期二下午1點到下午3點``."""
    return BETWEEN[language].format(
        day=day(starts_at.astimezone(ZoneInfo(zone)).date(), language),
        start=clock(starts_at, zone, language),
        end=clock(ends_at, zone, language),
    )
