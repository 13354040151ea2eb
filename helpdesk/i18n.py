"""Three hand-kept languages: catalogues read from .po fragments, and the choice among them.

A locale's catalogue is the sum of ``translations/<locale>/*.po``, one fragment a feature; message ids are
dotted keys, so that English is a catalogue like the others. No compiled files: reading them takes
milliseconds once a process.
"""

from datetime import datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask_babel import Babel, Domain, format_datetime, get_locale, get_timezone

TRANSLATIONS = Path(__file__).parent / "translations"

LOCALES = {"en": "en", "zh-Hant": "zh_Hant", "zh-Hans": "zh_Hans"}
"""Language of people (BCP 47) → Babel locale."""
LANGUAGES = {locale: language for language, locale in LOCALES.items()}

_LIKELY_SCRIPT = {
    "tw": "zh-Hant", "hk": "zh-Hant", "mo": "zh-Hant", "cn": "zh-Hans", "sg": "zh-Hans", "my": "zh-Hans",
}  # fmt: skip


@lru_cache(maxsize=8)
def catalogue(locale: str) -> Translations:
    """All messages of a locale. Raises ``ValueError`` when two fragments define the same key."""
    merged: Translations = Translations()
    seen: dict[str, str] = {}
    for path in sorted((TRANSLATIONS / locale).glob("*.po")):
        with path.open("rb") as file:
            fragment = read_po(file, locale=locale)
        for message in fragment:
            if message.id and str(message.id) in seen:
                raise ValueError(f"{path.name} and {seen[str(message.id)]} both define {message.id}")
            if message.id:
                seen[str(message.id)] = path.name
        compiled = BytesIO()
        write_mo(compiled, fragment)
        compiled.seek(0)
        merged.merge(Translations(compiled))
    return merged


@lru_cache(maxsize=8)
def _catalogue_of(locale: Locale) -> Translations:
    """The same by Babel's locale: writing its name out for every word of a page costs more than the word."""
    return catalogue(str(locale))


class PoDomain(Domain):  # type: ignore[misc]
    """Flask-Babel's domain over ``catalogue``."""

    def get_translations(self) -> NullTranslations:
        locale = get_locale()
        return _catalogue_of(locale) if locale else NullTranslations()


class PoBabel(Babel):  # type: ignore[misc]
    """Flask-Babel reading .po fragments."""

    domain_instance = PoDomain()


def translate(language: str, key: str, **params: object) -> str:
    """A sentence outside a request (notices in messages, exports), in a language of people."""
    text = str(catalogue(LOCALES.get(language, "en")).gettext(key))
    return text % params if params else text


def language_of(tag: str) -> str | None:
    """A BCP 47 tag → en, zh-Hant, zh-Hans, or None: script subtag first, then the likely script.

    Bare ``zh`` is Simplified, ``yue`` Traditional (CLDR likely subtags); Werkzeug's own matcher would answer
    ``en`` for zh-HK.
    """
    parts = tag.replace("_", "-").lower().split("-")
    if parts[0] == "en":
        return "en"
    if parts[0] not in {"zh", "yue", "cmn"}:
        return None
    if "hant" in parts:
        return "zh-Hant"
    if "hans" in parts:
        return "zh-Hans"
    for part in parts[1:]:
        if part in _LIKELY_SCRIPT:
            return _LIKELY_SCRIPT[part]
    return "zh-Hant" if parts[0] == "yue" else "zh-Hans"


def best_language(accepted: list[str], default: str) -> str:
    """The first accepted tag (best first) that we speak, else the default."""
    for tag in accepted:
        language = language_of(tag)
        if language:
            return language
    return default


MANY_MOMENTS = 20_000
_moments: dict[tuple[Any, ...], str] = {}


def datetimeformat(moment: datetime, form: str | None = None, rebase: bool = True) -> str:
    """flask-babel's filter, remembered: the same moments stand on page after page, and each costs a quarter of a ms."""
    key = (moment, form, rebase, str(get_locale()), str(get_timezone()))
    found = _moments.get(key)
    if found is None:
        if len(_moments) >= MANY_MOMENTS:
            _moments.clear()
        found = _moments[key] = str(format_datetime(moment, form, rebase))
    return found
