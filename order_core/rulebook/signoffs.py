"""Who must sign what, by its content (``signoffs.toml``)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from order_core.rulebook.source import shipped


@dataclass(frozen=True)
class SignRule:
    """The parties of one kind of signature.

    Attributes:
        always: parties of every content; when: fact of the content → parties that sign on account of it.
        submitter_signs: whether whoever brought the content may sign it.
    """

    name: str
    clause: str
    always: tuple[str, ...]
    when: Mapping[str, tuple[str, ...]]
    submitter_signs: bool

    def parties(self, facts: Collection[str] = ()) -> list[str]:
        """Who must sign a content with these facts, sorted. Facts that the rule does not ask for are nothing to it."""
        found = set(self.always)
        for fact, parties in self.when.items():
            if fact in facts:
                found.update(parties)
        return sorted(found)


def read(data: Mapping[str, Any]) -> dict[str, SignRule]:
    """The rules of ``signoffs.toml``, or of a revised copy, by name."""
    return {
        name: SignRule(
            name=name,
            clause=row["clause"],
            always=tuple(row["always"]),
            when={fact: tuple(parties) for fact, parties in row.get("when", {}).items()},
            submitter_signs=row.get("submitter_signs", False),
        )
        for name, row in data.items()
    }


@lru_cache(maxsize=1)
def sign_rules() -> dict[str, SignRule]:
    """Every rule as the product ships it."""
    return read(shipped("signoffs"))
