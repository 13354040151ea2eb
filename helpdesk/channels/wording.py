"""What customers read and hear: one file a purpose and language under ``templates/sms`` and ``templates/voice``."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from helpdesk.paths import template_dir

LANGUAGES = ("en", "zh-Hant", "zh-Hans")
_DAY = {
    "en": ("en_GB", "EEE d MMM"),
    "zh-Hant": ("zh_Hant", "M月d日(EEEEE)"),
    "zh-Hans": ("zh_Hans", "M月d日(EEEEE)"),
}


def day(moment: datetime, zone: str, language: str) -> str:
    """The date as one says it: ``Tue 24 Nov``, ``11月24日(二)``."""
    locale, pattern = _DAY[language]
    return str(format_date(moment.astimezone(ZoneInfo(zone)).date(), pattern, locale=locale))


def clock(moment: datetime, zone: str) -> str:
    """The wall clock: ``13:00``."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%H:%M")


def window(starts_at: datetime, ends_at: datetime, zone: str, language: str) -> str:
    """An arrival window: ``Tue 24 Nov 13:00-15:00``. A hyphen: an en dash would make an SMS UCS-2."""
    return f"{day(starts_at, zone, language)} {clock(starts_at, zone)}-{clock(ends_at, zone)}"


@lru_cache(maxsize=2)
def _environment(channel: str) -> Environment:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(template_dir() / channel),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    environment.globals.update(day=day, clock=clock, window=window)
    return environment


def render(
    purpose: str, language: str, params: dict[str, Any], channel: Literal["sms", "voice"] = "sms"
) -> str:
    """The text of a purpose in a language (English where we do not speak it).

    Raises:
        jinja2.TemplateNotFound: no such purpose; jinja2.UndefinedError: a parameter is missing.
    """
    spoken = language if language in LANGUAGES else "en"
    template = _environment(channel).get_template(f"{purpose}.{spoken}.txt")
    return " ".join(template.render(language=spoken, **params).split("\n")).strip()


def purposes(channel: Literal["sms", "voice"] = "sms") -> list[str]:
    """Every purpose that has a wording."""
    names = (path.name.rsplit(".", 2)[0] for path in (template_dir() / channel).glob("*.txt"))
    return sorted(set(names))
