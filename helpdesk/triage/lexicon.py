"""Word lists in a small notation, compiled once.

A list holds plain words in any of the three languages, matched after ``normalise``. ``leak*`` is any word
that begins so; ``(a|b)`` either; ``smell...gas`` the second within 24 characters of the first, in one
sentence; ``(the )*`` as often as it likes, or not at all. Latin words match whole; Chinese ones anywhere.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from helpdesk.triage.language import normalise

DATA = Path(__file__).parent / "data"
GAP = r"[^.!?;。\n]{0,24}?"

_TOKEN = re.compile(r"\.\.\.|\)\*|[a-z0-9]+(?:\*[a-z0-9]*)*|\s+|.")
_LATIN = re.compile(r"[a-z0-9]")
_GRAMMAR = {"...": GAP, "(": "(?:", "|": "|", ")": ")", ")*": ")*"}


def to_regex(word: str) -> str:
    """The regular expression of one entry."""
    return "".join(_token(token) for token in _TOKEN.findall(normalise(word)))


def _token(token: str) -> str:
    if token in _GRAMMAR:
        return _GRAMMAR[token]
    if token.isspace():
        return r"\s+"
    if _LATIN.match(token):
        end = "" if token.endswith("*") else r"(?![a-z0-9])"
        return rf"(?<![a-z0-9]){token.replace('*', '[a-z]*')}{end}"
    return re.escape(token)


def compile_words(words: Iterable[str]) -> re.Pattern[str]:
    """One pattern that finds any of the entries, the longest first; never matches when there is none.

    Entries are tried only where one of them can begin, which is at few places of a text: Latin words at the
    beginning of a word.
    """
    entries = {entry: begins(normalise(word)) for word in words if (entry := to_regex(word))}
    longest = sorted(entries, key=lambda entry: (-len(entry), entry))
    branches = []
    for before, latin in ((r"(?<![a-z0-9])", True), ("", False)):
        chosen = {entry: {char for char in entries[entry] if bool(_LATIN.match(char)) is latin} for entry in longest}
        if starts := sorted(set().union(*chosen.values())):
            alternatives = "|".join(entry for entry in longest if chosen[entry])
            branches.append(f"{before}(?=[{''.join(map(re.escape, starts))}])(?:{alternatives})")
    return re.compile("|".join(branches) if branches else r"(?!)")


def begins(word: str) -> set[str]:
    """The characters that what a normalised entry finds can begin with."""
    first: set[str] = set()
    for part in _split(word):
        if part.startswith("("):
            inside = _split(part, within=1)[0]
            first |= begins(inside)
            after = part[len(inside) + 2 :]
            first |= begins(after[1:].lstrip()) if after.startswith("*") else set()
        else:
            first |= set(part[:1])
    return first


def _split(word: str, within: int = 0) -> list[str]:
    """The alternatives of a word; with ``within`` 1, what its first bracket holds."""
    parts, depth = [""], 0
    for char in word:
        if within and char == ")" and depth == 1:
            return parts
        if char == "|" and not depth:
            parts.append("")
        elif not (within and char == "(" and not depth):
            parts[-1] += char
        depth += (char == "(") - (char == ")")
    return parts


@lru_cache(maxsize=16)
def read_table(path: Path) -> dict[str, Any]:
    """A TOML file, read once."""
    with path.open("rb") as file:
        return tomllib.load(file)


def table(name: str) -> dict[str, Any]:
    """``data/<name>.toml`` of triage."""
    return read_table(DATA / f"{name}.toml")


@lru_cache(maxsize=16)
def patterns(name: str, field: str = "words") -> dict[str, re.Pattern[str]]:
    """Code → pattern of its ``field`` for each section of a table, in the table's order."""
    return {code: compile_words(row.get(field, ())) for code, row in table(name).items() if isinstance(row, dict)}


def hits(found: dict[str, re.Pattern[str]], text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, code) of every match in a normalised text, longest first where they begin together.

    A match inside a longer one does not count: 微波爐 is no 爐.
    """
    spans = sorted(
        ((match.start(), match.end(), code) for code, pattern in found.items() for match in pattern.finditer(text)),
        key=lambda span: (span[0], -span[1]),
    )
    reached = -1
    for start, end, code in spans:
        if end > reached:
            yield start, end, code
            reached = end
