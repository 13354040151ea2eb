"""The 135 requirements of the regulation: headings, our one-sentence rule, chapter and actors (``clauses.json``)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from order_core.rulebook.source import text

LANGUAGES = ("en", "zh-Hant", "zh-Hans")


@dataclass(frozen=True)
class Clause:
    """One requirement.

    Attributes:
        id: ``3.1.2-a``; chapter: ``3``.
        titles: language → heading; the Chinese is the regulation's own.
        rule: what the program enforces, in one English sentence.
        actors: departments, CUS, ALL, roles (MKT, TEC, DAT) or relations (owner, responsible, required …).
    """

    id: str
    titles: Mapping[str, str]
    rule: str
    actors: tuple[str, ...]

    @property
    def chapter(self) -> str:
        return self.id.split(".", 1)[0]


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    return json.loads(text("clauses.json"))  # type: ignore[no-any-return]


@lru_cache(maxsize=1)
def clauses() -> dict[str, Clause]:
    """Every requirement by its id, in the regulation's order."""
    return {
        key: Clause(key, {language: row[language] for language in LANGUAGES}, row["rule"], tuple(row["actors"]))
        for key, row in _data()["clauses"].items()
    }


@lru_cache(maxsize=1)
def chapters() -> dict[str, dict[str, str]]:
    """Chapter number → language → title."""
    return {number: dict(zip(LANGUAGES, titles, strict=True)) for number, titles in _data()["chapters"].items()}
