"""The twelve machines of the regulation, read from ``data/machines.json``."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import resources
from typing import Any

from order_core.kernel.machine import Machine, Transition


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    text = (resources.files("order_core.rulebook") / "data" / "machines.json").read_text(encoding="utf-8")
    return json.loads(text)  # type: ignore[no-any-return]


@lru_cache(maxsize=1)
def machines() -> dict[str, Machine]:
    """Every machine by name (Enquiry, Quote, Order … Survey)."""
    return {name: _machine(name, row) for name, row in _data()["machines"].items()}


def machine(name: str) -> Machine:
    """One machine. Raises ``KeyError`` for an unknown name."""
    return machines()[name]


def conditions() -> dict[str, str]:
    """What each named condition demands, in a sentence."""
    return dict(_data()["conditions"])


def _machine(name: str, row: dict[str, Any]) -> Machine:
    return Machine(
        name=name,
        initial=row["initial"],
        may_end=frozenset(row["may_end"]),
        transitions=tuple(
            Transition(
                step=t["step"],
                sources=tuple(t["from"]),
                target=t["to"],
                actors=tuple(t["actors"]),
                condition=t["condition"],
                clauses=tuple(t["clauses"]),
                customer_visible=t.get("customer_visible", False),
            )
            for t in row["transitions"]
        ),
    )
