"""What an order says about who confirms it, and for which part: ``data/confirmers.toml`` (3.1.2-a, 3.1.2-b)."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from functools import lru_cache
from importlib import resources
from typing import Any

from sqlalchemy.orm import Session

from order_core.acquisition import agreement
from order_core.acquisition.agreement import Agreement
from order_core.acquisition.days import house_day
from order_core.clauses import carries
from order_core.execution import rules
from order_core.execution.rules import Content, Difference, Line
from order_core.rulebook.inforce import book

SOMEWHERE = -1
"""The place of a line that is agreed: every order goes somewhere, the agreement does not say where."""

HOLDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "is": lambda value, wanted: value == wanted,
    "from": lambda value, least: value is not None and value >= least,
    "to": lambda value, most: value is not None and value <= most,
    "given": lambda value, wanted: bool(value) is wanted,
}


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, Any]]:
    text = (resources.files("order_core.execution") / "data" / "confirmers.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@carries("sign", "3.1.2-a")
def facts(content: Content, differences: Collection[Difference], today: date) -> set[str]:
    """What the content says that the table of signatures asks about: new_design, purchased, shipped …"""
    said = _said(content, differences, today)
    return {fact for fact, conditions in _table()["fact"].items() if any(_holds(c, said) for c in conditions)}


@agreement.confirmers
def expected(session: Session, agreed: Agreement, at: datetime) -> list[str]:
    """Who will confirm an order that says what was agreed: the same facts under the same table (2.3.2-a)."""
    lines = tuple(
        Line(was.model_code, was.specification, was.quantity or 0, was.unit_price, was.due_on, SOMEWHERE)
        for was in agreed.lines
    )
    said = Content(agreed.number, agreed.currency, agreed.payment_terms, agreed.service_terms, lines)
    return book(session, at).signoff("order_confirmation").parties(facts(said, (), house_day(at)))


@carries("sign", "3.1.2-b")
def parts(content: Content, departments: Collection[str]) -> dict[str, Any]:
    """Department → the part of the content it answers for; one that is not in the table answers for the whole."""
    fields = _table()["part"]
    return {code: rules.part(content, fields[code]) for code in sorted(departments) if code in fields}


def _said(content: Content, differences: Collection[Difference], today: date) -> list[dict[str, Any]]:
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


def _holds(condition: Mapping[str, Any], said: list[dict[str, Any]]) -> bool:
    """Whether a condition holds of anything that has its field."""
    name = condition["field"]
    ways = [(HOLDS[way], wanted) for way, wanted in condition.items() if way != "field"]
    return any(all(way(fact[name], wanted) for way, wanted in ways) for fact in said if name in fact)
