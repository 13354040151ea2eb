"""Who confirms an order and for which part of it, by the table ``data/confirmers.toml`` (3.1.2-a, 3.1.2-b)."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib import resources
from typing import Any

from order_core.clauses import carries
from order_core.execution import rules
from order_core.execution.rules import Content, Difference

HOLDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "is": lambda value, wanted: value == wanted,
    "from": lambda value, least: value is not None and value >= least,
    "to": lambda value, most: value is not None and value <= most,
    "given": lambda value, wanted: bool(value) is wanted,
}


@dataclass(frozen=True)
class Confirmer:
    """A department with its conditions (one must hold; none: always) and the fields it answers for."""

    department: str
    when: tuple[Mapping[str, Any], ...]
    part: tuple[str, ...]


@lru_cache(maxsize=1)
def table() -> tuple[Confirmer, ...]:
    """Every department that may have to confirm."""
    text = (resources.files("order_core.execution") / "data" / "confirmers.toml").read_text(encoding="utf-8")
    return tuple(
        Confirmer(department, tuple(row.get("when", ())), tuple(row["part"]))
        for department, row in tomllib.loads(text).items()
    )


@carries("sign", "3.1.2-a")
def required(content: Content, differences: Collection[Difference], today: date) -> list[str]:
    """The departments that this content asks for, in the order of their codes."""
    facts = _facts(content, differences, today)
    return sorted(row.department for row in table() if not row.when or any(_holds(c, facts) for c in row.when))


@carries("sign", "3.1.2-b")
def parts(content: Content, departments: Collection[str]) -> dict[str, Any]:
    """Department → the part of the content it answers for; one that is not in the table answers for the whole."""
    return {row.department: rules.part(content, row.part) for row in table() if row.department in departments}


def _facts(content: Content, differences: Collection[Difference], today: date) -> list[dict[str, Any]]:
    """The order's own facts, then those of each line."""
    plain = content.as_json()
    changed = {d.field for d in differences if d.field.endswith(".specification")}
    of_lines = [
        {
            **plain["lines"][n],
            "due_in": (line.due_on - today).days if line.due_on else None,
            "changed_specification": f"lines.{n + 1}.specification" in changed,
        }
        for n, line in enumerate(content.lines)
    ]
    return [{name: value for name, value in plain.items() if name != "lines"}, *of_lines]


def _holds(condition: Mapping[str, Any], facts: list[dict[str, Any]]) -> bool:
    """Whether a condition holds of anything that has its field."""
    name = condition["field"]
    ways = [(HOLDS[way], wanted) for way, wanted in condition.items() if way != "field"]
    return any(all(way(fact[name], wanted) for way, wanted in ways) for fact in facts if name in fact)
