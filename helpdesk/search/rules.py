"""Tokens of a text and of a question, on plain strings.

Chinese has no spaces: a run of its characters is found by its pairs, in one script, so that any two characters that
stand side by side can be asked for; what the pairs let through is checked against the text itself. Words of other
scripts are tokens as they are, and asked for by their beginning.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from opencc import OpenCC

LONGEST = 40
"""Characters of a token that are kept; longer ones are found by these."""
LONGEST_QUESTION = 100
MOST_TOKENS = 24
_CJK = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af\U00020000-\U0003134f"
_RUNS = re.compile(rf"([{_CJK}]+)|([^\W_{_CJK}]+)")
_TO_SIMPLIFIED = OpenCC("t2s")
SCALES = (1, 8, 64, 512)
"""Days in a window of each size: each holds eight of the one before."""
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class _Characters(dict[int, str]):
    """Character by character, so that a part of a text folds to a part of the folded text."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _TO_SIMPLIFIED.convert(chr(code)) if code > 0x2E7F else chr(code)
        return folded


_SIMPLE = _Characters()


def fold(text: str) -> str:
    """Half width, lower case, Simplified: the one spelling in which everything is compared."""
    return unicodedata.normalize("NFKC", text).casefold().translate(_SIMPLE)


def runs(text: str) -> list[tuple[bool, str]]:
    """(Chinese?, run) of a folded text; everything else only separates."""
    return [(bool(match[1]), match[1] or match[2]) for match in _RUNS.finditer(text)]


def tokens(text: str) -> list[str]:
    """What a text is found by, each once: pairs and last characters of Chinese runs, words, ends of long numbers."""
    found: dict[str, None] = {}
    for chinese, run in runs(fold(text)):
        if chinese:
            found.update((a + b, None) for a, b in pairwise(run))
            found[run[-1]] = None
        else:
            found[run[:LONGEST]] = None
            if run.isdecimal() and len(run) > 8:
                found[run[-8:]] = None
    return list(found)


def marks(kind: str, at: datetime) -> list[str]:
    """Tokens that say what a row is and in which windows of time it lies."""
    return [f"~{kind}", *(_window(n, at) for n in range(len(SCALES)))]


def _window(scale: int, at: datetime, back: int = 0) -> str:
    return f"~{'abcd'[scale]}{(at - _EPOCH).days // SCALES[scale] - back}"


@dataclass(frozen=True)
class Question:
    """What somebody asks for: (token, whether only its beginning) and the Chinese runs that must stand in the text."""

    wanted: tuple[tuple[str, bool], ...]
    phrases: tuple[str, ...]
    folded: str

    def __bool__(self) -> bool:
        return bool(self.wanted)


def question(text: str) -> Question:
    """A question from whatever was typed; false when nothing in it can be looked for."""
    folded = fold(text[:LONGEST_QUESTION])
    wanted: dict[tuple[str, bool], None] = {}
    phrases = []
    for chinese, run in runs(folded):
        if not chinese:
            wanted[run[:LONGEST], len(run) > 1] = None
            continue
        phrases.append(run)
        pairs = [a + b for a, b in pairwise(run)]
        wanted.update(((pair, False), None) for pair in pairs)
        if not pairs:
            wanted[run, True] = None
    return Question(tuple(wanted)[:MOST_TOKENS], tuple(phrases), folded.strip())


def windows(newest: datetime) -> list[tuple[str, ...]]:
    """Where to look first: the newest days, then eight times as much, and so on; at last everywhere."""
    return [(_window(n, newest), _window(n, newest, 1)) for n in range(len(SCALES))] + [()]


def in_postgresql(asked: Question, kinds: Iterable[str], window: tuple[str, ...]) -> str:
    """A ``tsquery``. Tokens hold letters and digits only, so that nothing needs escaping."""
    parts = [f"'{token}'" + (":*" if beginning else "") for token, beginning in asked.wanted]
    sets = ["(" + " | ".join(f"'{mark}'" for mark in any_of) + ")" for any_of in _sets(kinds, window)]
    return " & ".join(parts + sets)


def in_sqlite(asked: Question, kinds: Iterable[str], window: tuple[str, ...]) -> str:
    """An FTS5 ``MATCH``."""
    parts = [f'"{token}"' + ("*" if beginning else "") for token, beginning in asked.wanted]
    sets = ["(" + " OR ".join(f'"{mark}"' for mark in any_of) + ")" for any_of in _sets(kinds, window)]
    return " AND ".join(parts + sets)


def _sets(kinds: Iterable[str], window: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [found for found in (tuple(f"~{kind}" for kind in kinds), window) if found]


def holds(asked: Question, text: str) -> bool:
    """Whether the Chinese that was asked for stands in the text as it was typed: pairs alone may be apart."""
    folded = fold(text)
    return all(phrase in folded for phrase in asked.phrases)


def score(asked: Question, title: str, text: str) -> int:
    """Rank: the whole question in the title, in the text, else scattered words."""
    if asked.folded in fold(title):
        return 2
    return int(asked.folded in fold(text))
