"""What customers read and hear: one file a purpose and language under ``templates/sms`` and ``templates/voice``.

Each language is worded by hand. Templates are sandboxed and strict: a parameter that is missing is an error
here, never a hole in a message. Moments may be given as ISO text, as they come out of a JSON column.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from helpdesk.paths import template_dir

Channel = Literal["sms", "voice"]

LANGUAGES = ("en", "zh-Hant", "zh-Hans")
FALLBACK = "en"
_DAY = {
    "en": ("en_GB", "EEE d MMM"),
    "zh-Hant": ("zh_Hant", "M月d日(EEEEE)"),
    "zh-Hans": ("zh_Hans", "M月d日(EEEEE)"),
}


def day(moment: datetime | date | str, zone: str, language: str) -> str:
    """The date as one says it: ``Tue 24 Nov``, ``11月24日(二)``; a plain date knows no zone."""
    locale, pattern = _DAY[language]
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    on = moment.astimezone(ZoneInfo(zone)).date() if isinstance(moment, datetime) else moment
    return str(format_date(on, pattern, locale=locale))


def clock(moment: datetime | str, zone: str) -> str:
    """The wall clock: ``13:00``."""
    moment = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return moment.astimezone(ZoneInfo(zone)).strftime("%H:%M")


def window(starts_at: datetime | str, ends_at: datetime | str, zone: str, language: str) -> str:
    """An arrival window: ``Tue 24 Nov 13:00-15:00``. A hyphen: an en dash would make an SMS UCS-2."""
    return f"{day(starts_at, zone, language)} {clock(starts_at, zone)}-{clock(ends_at, zone)}"


def digits(text: str) -> str:
    """A number to be spoken sign by sign: ``T 1 0 2``; dashes are not spoken."""
    return " ".join(char for char in str(text) if char.isalnum())


def _one_line(value: Any) -> Any:
    """A value fits into a sentence: a name with a line break in it breaks none."""
    return " ".join(value.split()) if isinstance(value, str) else value


_hotline = "+85230000000"


def configure(*, hotline: str) -> None:
    """Say which number customers may ring."""
    global _hotline
    _hotline = hotline


def _house(language: str, two_way: bool = True) -> dict[str, Any]:
    """What every wording may ask for, whatever its purpose."""
    return {"language": language, "two_way": two_way, "hotline": _hotline}


@lru_cache(maxsize=2)
def _environment(channel: str) -> Environment:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(template_dir() / channel),
        undefined=StrictUndefined,
        finalize=_one_line,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    environment.globals.update(day=day, clock=clock, window=window, digits=digits)
    return environment


def render(
    purpose: str, language: str, params: Mapping[str, Any], channel: Channel = "sms", *, two_way: bool = True
) -> str:
    """The text of a purpose in a language (English where we do not speak it).

    ``two_way``: whether a reply would reach us; if not, a wording names the hotline instead of asking for one.

    Raises:
        jinja2.TemplateNotFound: no such purpose; jinja2.UndefinedError: a parameter is missing.
    """
    known = language if language in LANGUAGES else FALLBACK
    template = _environment(channel).get_template(f"{purpose}.{known}.txt")
    return template.render({**params, **_house(known, two_way)}).strip()


def spoken(purpose: str, language: str, params: Mapping[str, Any]) -> str:
    """What the telephone says: as ``render``, on one line."""
    return " ".join(render(purpose, language, params, channel="voice").split())


def render_source(source: str, language: str, params: Mapping[str, Any]) -> str:
    """The text of a wording that is not on file: an administrator's draft, for its preview.

    Raises:
        jinja2.TemplateError: it is no template, or asks for a parameter that the purpose does not have.
    """
    return _environment("sms").from_string(source).render({**params, **_house(language)}).strip()


def source(purpose: str, language: str, channel: Channel = "sms") -> str:
    """The wording on file, as written."""
    return (template_dir() / channel / f"{purpose}.{language}.txt").read_text(encoding="utf-8")


def placeholders(text: str) -> frozenset[str]:
    """The parameters that a wording asks for."""
    environment = _environment("sms")
    asked = meta.find_undeclared_variables(environment.parse(text))
    return frozenset(asked - set(environment.globals) - set(_house("en")))


def purposes(channel: Channel = "sms") -> list[str]:
    """Every purpose that has a wording."""
    names = (path.name.rsplit(".", 2)[0] for path in (template_dir() / channel).glob("*.txt"))
    return sorted(set(names))
