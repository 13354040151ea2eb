"""The regulation's deadlines and the house's working hours, read from ``data/clocks.toml``."""

from __future__ import annotations

import tomllib
from datetime import time, timedelta
from functools import lru_cache
from importlib import resources
from typing import Any

from order_core.kernel.clock import Policy
from order_core.workdays import WorkingCalendar

URGENT = frozenset({"emergency", "high"})


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    return tomllib.loads((resources.files("order_core.rulebook") / "data" / "clocks.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def house_calendar() -> WorkingCalendar:
    """When the after-sales department works."""
    row = _data()["calendar"]
    hours = tuple((time.fromisoformat(start), time.fromisoformat(end)) for start, end in row["hours"])
    return WorkingCalendar(row["zone"], dict.fromkeys(row["days"], hours), row["country"])


def policies() -> list[str]:
    """Codes of every deadline."""
    return [code for code in _data() if code != "calendar"]


def policy(code: str, urgency: str = "normal") -> Policy:
    """A deadline, for an urgency where the regulation tells them apart. Raises ``KeyError`` for an unknown code."""
    row = dict(_data()[code])
    if urgency in URGENT and "urgent" in row:
        row |= row["urgent"]
    return Policy(
        code=code,
        clause=row["clause"],
        budget=timedelta(minutes=row["budget"]),
        working=not row.get("elapsed", False),
        escalate_to=row["escalate_to"],
    )
