"""A lint over every wording of ours: what it costs with typical names, and which character makes it dear.

A wording may take as many parts as its purpose is worth (``parts`` in ``data/purposes.toml``), with or without
replies. English is written in GSM-7; a character outside doubles the price of a message and is named.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from helpdesk.channels import samples, wording
from helpdesk.channels.capabilities import capability
from helpdesk.channels.purposes import policy
from helpdesk.channels.sms import measure, offenders

BRANCHES: dict[str, list[dict[str, Any]]] = {
    "optout.done": [{"scope": "survey"}, {"scope": "marketing"}],
    "status.ticket": [{"visit": {}}],
    "status.order": [{"on": None}],
}
"""Parameters that take a wording's other branches."""
STATE = {"en": "waiting for the visit", "zh-Hant": "等待到府", "zh-Hans": "等待上门"}
"""A state is told in the reader's language."""
CODE = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
GSM_LANGUAGES = ("en",)


def cases(purpose: str, language: str) -> Iterator[dict[str, Any]]:
    """Typical parameters for each branch of a wording."""
    usual = samples.sample(purpose)
    if "state" in usual:
        usual = {**usual, "state": STATE[language]}
    yield usual
    yield from ({**usual, **other} for other in BRANCHES.get(purpose, ()))


def named(char: str) -> str:
    """A character as one finds it: ``'–' (U+2013 EN DASH)``."""
    return f"{char!r} (U+{ord(char):04X} {unicodedata.name(char, 'unnamed')})"


def check(purpose: str, language: str) -> list[str]:
    """What is wrong with the wording of a purpose in a language, a line each."""
    found = check_source(purpose, language, wording.source(purpose, language))
    allowed = policy(purpose).parts
    for two_way in (True, False):
        for params in cases(purpose, language):
            text = wording.render(purpose, language, params, two_way=two_way)
            size = measure(text)
            if size.parts > allowed:
                found.append(f"{purpose} {language}: {size.parts} parts ({size.units} units), at most {allowed}")
    return list(dict.fromkeys(found))


def check_source(purpose: str, language: str, source: str) -> list[str]:
    """The characters of a wording, on file or a draft, that make it dear in a language that needs none of them."""
    if language not in GSM_LANGUAGES:
        return []
    return [f"{purpose} {language}: {named(char)} makes it UCS-2" for char in offenders(CODE.sub("", source))]


def every() -> list[str]:
    """What is wrong with all wordings."""
    return [
        fault for purpose in wording.purposes() for language in wording.LANGUAGES for fault in check(purpose, language)
    ]


def too_long_for(text: str, address: str) -> bool:
    """Whether a text has more parts than are delivered there."""
    return measure(text).parts > capability(address).parts
