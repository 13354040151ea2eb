"""The lists of ``replies.toml``, compiled: what a short reply is compared with."""

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from helpdesk.triage.language import normalise
from helpdesk.triage.lexicon import compile_words, read_table

DATA = Path(__file__).parent / "data" / "replies.toml"
_PUNCTUATION = re.compile(r"[\s.,!?;:~…、。·'\"“”「」()\[\]#*\-–—]+")


def bare(text: str) -> str:
    """Normalised, without punctuation: what the lists of whole messages are compared with."""
    return _PUNCTUATION.sub(" ", normalise(text)).strip()


def table() -> dict[str, Any]:
    """The file."""
    return read_table(DATA)


@lru_cache(maxsize=1)
def phrases() -> dict[str, frozenset[str]]:
    """Dotted section → its whole messages."""
    found: dict[str, frozenset[str]] = {}
    for name, row in table().items():
        for key, value in row.items():
            if key == "words":
                found[name] = folded(value)
            elif isinstance(value, dict):
                found[f"{name}.{key}"] = folded(value["words"])
            elif name == "language":
                found[f"{name}.{key}"] = folded(value)
    return found


@lru_cache(maxsize=8)
def made_of(name: str) -> re.Pattern[str]:
    """Messages of nothing but these phrases and politeness: ``yes it works now``, ``好 謝謝``."""
    phrase, polite = (either(phrases()[key]) for key in (name, "thanks"))
    return re.compile(rf"(?:{phrase})(?:\s*(?:{phrase}|{polite}))*")


def folded(words: Iterable[str]) -> frozenset[str]:
    """A list as it is compared."""
    return frozenset(bare(word) for word in words)


@lru_cache(maxsize=8)
def anywhere(section: str) -> re.Pattern[str]:
    """Words that count inside a longer message."""
    return compile_words(table()["anywhere"][section])


def either(words: Iterable[str]) -> str:
    """Any of these, the longest first, as part of a regular expression."""
    return "|".join(sorted((re.escape(normalise(word)) for word in words), key=len, reverse=True))
