"""Reading a short reply: an option, yes or no, a score, thanks, a wish to be left alone or to talk to a person.

A reply counts when it is the whole message but for politeness: ``2``, ``２。``, ``選2``, ``第二個``, ``the second
one``. "Not 2" and "2 or 3" are read as nothing, so that the question is put again.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

from helpdesk.triage.language import normalise
from helpdesk.triage.lexicon import compile_words, read_table
from helpdesk.triage.values import Language

DATA = Path(__file__).parent / "data" / "replies.toml"

LAST = -1
"""The option "the last one"."""
PERSON, BACK = 0, 9
"""Options that mean the same under every question."""

Scope = Literal["all", "survey", "marketing"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

_PUNCTUATION = re.compile(r"[\s.,!?;:~…、。·'\"“”「」()\[\]#*\-–—]+")
_STARS = re.compile(r"^([★⭐🌟])(?:\s*\1){0,4}$")


@dataclass(frozen=True)
class Reading:
    """What a message says when it is read as a short reply; every field is empty by itself.

    Attributes:
        option: 0 to 9, or ``LAST``.
        opt_out: what the person does not want to be sent any more; ``by_provider`` when the word was one that
            the provider takes for an opt-out whatever was meant.
        language: asked for; ``zh`` where the script is left open.
        cancel: a lone "cancel", which does not say what.
    """

    option: int | None = None
    yes: bool | None = None
    opt_out: Scope | None = None
    by_provider: bool = False
    opt_in: bool = False
    human: bool = False
    thanks: bool = False
    greeting: bool = False
    unclear: bool = False
    cancel: bool = False
    language: Language | Literal["zh"] | None = None


def read(text: str) -> Reading:
    """Read a message as a short reply."""
    words = _bare(text)
    table, said = _table(), _phrases()
    scope = next((kind for kind in SCOPES if words in said[f"opt_out.{kind}"]), None)
    by_provider = words in said["opt_out.provider"]
    return Reading(
        option=_option(normalise(text)),
        yes=True if _made_of("yes").fullmatch(words) else False if _made_of("no").fullmatch(words) else None,
        opt_out="all" if by_provider else scope,
        by_provider=by_provider,
        opt_in=words in said["opt_in"],
        human=words in said["human"] or bool(_anywhere("human").search(normalise(text))),
        thanks=bool(_made_of("thanks").fullmatch(words)),
        greeting=words in said["greeting"],
        unclear=not words or words in said["unclear"],
        cancel=words in said["cancel"],
        language=next((tag for tag in table["language"] if words in said[f"language.{tag}"]), None),
    )


def score(text: str) -> tuple[int | None, str]:
    """A score of 1 to 5 at the start of a survey's answer, and what else was written.

    ``2`` → (2, ""); ``5, but it leaks again`` → (5, "but it leaks again"); ``2 小時才到`` → (None, all of it),
    because the 2 counts hours.
    """
    stripped = text.strip()
    if stars := _STARS.match(stripped.replace("\ufe0f", "")):
        return stripped.count(stars.group(1)), ""
    if _bare(text) in _folded(_table()["score"]["full"]):
        return 5, ""
    match = _score_pattern().match(_keeping_length(stripped))
    if match is None or _counts_things(stripped[match.end("digit") :]):
        return None, stripped
    digit = next(value for value in range(1, 6) if match.group("digit") in _names(value))
    return digit, stripped[match.end() :].strip(" \t\n.,!;:、，。！；：~-—–")


def contradicts(value: int, comment: str) -> bool:
    """A good score with words that say otherwise: a person has to read it."""
    return value >= 4 and bool(_anywhere("displeased").search(normalise(comment)))


def _option(normal: str) -> int | None:
    match = _option_pattern().fullmatch(normal)
    if match is None:
        return LAST if _bare(normal) in _folded(_table()["around"]["last"]) else None
    return next(value for value in range(10) if match.group("digit") in _names(value))


def _bare(text: str) -> str:
    """Normalised, without punctuation: what the lists of whole messages are compared with."""
    return _PUNCTUATION.sub(" ", normalise(text)).strip()


def _table() -> dict[str, Any]:
    return read_table(DATA)


@lru_cache(maxsize=1)
def _phrases() -> dict[str, frozenset[str]]:
    """Dotted section → its whole messages."""
    found: dict[str, frozenset[str]] = {}
    for name, row in _table().items():
        for key, value in row.items():
            if key == "words":
                found[name] = _folded(value)
            elif isinstance(value, dict):
                found[f"{name}.{key}"] = _folded(value["words"])
            elif name == "language":
                found[f"{name}.{key}"] = _folded(value)
    return found


@lru_cache(maxsize=4)
def _made_of(name: str) -> re.Pattern[str]:
    """Messages of nothing but these phrases and politeness: ``yes it works now``, ``好 謝謝``."""
    phrase, polite = (_either(_phrases()[key]) for key in (name, "thanks"))
    return re.compile(rf"(?:{phrase})(?:\s*(?:{phrase}|{polite}))*")


def _folded(words: Iterable[str]) -> frozenset[str]:
    return frozenset(_bare(word) for word in words)


@lru_cache(maxsize=16)
def _names(value: int) -> frozenset[str]:
    return frozenset(normalise(name) for name in _table()["numbers"][str(value)])


@lru_cache(maxsize=8)
def _anywhere(section: str) -> re.Pattern[str]:
    return compile_words(_table()["anywhere"][section])


def _either(words: Iterable[str]) -> str:
    return "|".join(sorted((re.escape(normalise(word)) for word in words), key=len, reverse=True))


def _digits(values: Iterable[int]) -> str:
    return _either(name for value in values for name in _names(value))


@lru_cache(maxsize=1)
def _option_pattern() -> re.Pattern[str]:
    around = _table()["around"]
    glue = r"[\s.,!:;、。)(\]~]*"
    return re.compile(
        f"{glue}(?:(?:{_either(around['before'])}){glue})*(?P<digit>{_digits(range(10))})"
        f"{glue}(?:(?:{_either(around['after'])}){glue})*"
    )


@lru_cache(maxsize=1)
def _score_pattern() -> re.Pattern[str]:
    row = _table()["score"]
    return re.compile(
        rf"\s*(?:(?:{_either(row['before'])})\s*)?(?P<digit>{_digits(range(1, 6))})(?![0-9a-z]|\.[0-9])"
        rf"(?:\s*(?:{_either(row['after'])})(?!钟))?"
    )


def _counts_things(rest: str) -> bool:
    return bool(_anywhere("units").match(normalise(rest)))


def _keeping_length(text: str) -> str:
    """Normalised character by character, so that a match also cuts the original."""
    return "".join(folded if len(folded := normalise(char) or " ") == 1 else char for char in text)
