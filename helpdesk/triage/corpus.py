"""The messages the engine learns from and is judged by: readable files, one message a line, read when asked for.

``data/seeds/<intent>.txt`` and ``data/dangers/<kind>.txt`` have a section a language; ``data/frozen/`` is never
trained on. A line that begins with ``#`` is a remark.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from helpdesk.triage.lexicon import DATA
from helpdesk.triage.values import APPLIANCES, HAZARDS, INTENTS, LANGUAGES, URGENCIES

NO_DANGER = "none"
_SECTION = re.compile(r"\[([\w -]+)\]")
_MARKS = " || "


@dataclass(frozen=True)
class Example:
    """One message with its label (an intent, or a kind of danger) and language."""

    text: str
    label: str
    lang: str


@dataclass(frozen=True)
class Judged(Example):
    """A frozen message with what must be read from it besides the label."""

    urgency: str = "normal"
    appliance: str = "none"
    danger: bool = field(default=False)


@lru_cache(maxsize=4)
def seeds() -> tuple[Example, ...]:
    """What the intents are learned from, in the order of ``INTENTS``."""
    return tuple(_labelled("seeds", INTENTS))


@lru_cache(maxsize=4)
def dangers() -> tuple[Example, ...]:
    """Messages of danger by kind, and hard negatives under ``none``."""
    return tuple(_labelled("dangers", (*HAZARDS, NO_DANGER)))


@lru_cache(maxsize=4)
def frozen() -> tuple[Judged, ...]:
    """Hard messages that nobody trains on."""
    return tuple(_judged(lang, section, line) for lang in LANGUAGES for section, line in _lines(f"frozen/{lang}"))


@lru_cache(maxsize=4)
def frozen_dangers() -> tuple[Example, ...]:
    """Dangers and hard negatives that nobody trains on."""
    found = [(section.split(), line) for section, line in _lines("frozen/safety")]
    return tuple(Example(line, kind, lang) for (kind, lang), line in found)


def fingerprint() -> str:
    """A digest of everything that is learned from: a model says which data it was built from."""
    digest = hashlib.sha256()
    for example in (*seeds(), *dangers()):
        digest.update(f"{example.label}\t{example.lang}\t{example.text}\n".encode())
    return digest.hexdigest()[:16]


def _labelled(folder: str, labels: tuple[str, ...]) -> Iterator[Example]:
    for label in labels:
        for lang, line in _lines(f"{folder}/{label}"):
            if lang not in LANGUAGES:
                raise ValueError(f"{folder}/{label}: no such language: {lang}")
            yield Example(line, label, lang)


def _judged(lang: str, section: str, line: str) -> Judged:
    intent, urgency = section.split()
    text, _, marks = line.partition(_MARKS)
    appliance, danger = "none", False
    for mark in marks.split():
        if mark in URGENCIES:
            urgency = mark
        elif mark in APPLIANCES:
            appliance = mark
        elif mark == "danger":
            danger = True
        else:
            raise ValueError(f"frozen/{lang}: no such mark: {mark}")
    return Judged(text, intent, lang, urgency, appliance, danger)


def _lines(name: str) -> Iterator[tuple[str, str]]:
    """(section, line) of ``data/<name>.txt``."""
    section = ""
    for line in _path(name).read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if match := _SECTION.fullmatch(line):
            section = match.group(1)
        else:
            yield section, line


def _path(name: str) -> Path:
    return DATA / f"{name}.txt"
