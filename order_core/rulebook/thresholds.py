"""Numbers that decide something, and the limits of the indicators (``thresholds.toml``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from order_core.rulebook.source import shipped

INDICATORS = "indicators"
LIMITS = ("target", "warning", "alarm")


@dataclass(frozen=True)
class Threshold:
    """One number with its unit; ``low`` … ``high``: where a revision may put it."""

    name: str
    clause: str
    value: float
    unit: str
    low: float
    high: float


@dataclass(frozen=True)
class Limits:
    """An indicator's target and the two levels at which it speaks, in its unit, from good to bad."""

    code: str
    clause: str
    unit: str
    up_is_good: bool
    target: float
    warning: float
    alarm: float


def read(data: Mapping[str, Any]) -> dict[str, Threshold]:
    """The numbers of ``thresholds.toml``, or of a revised copy, by name."""
    return {
        name: Threshold(name, row["clause"], row["value"], row["unit"], *row["between"])
        for name, row in data.items()
        if name != INDICATORS
    }


def read_limits(data: Mapping[str, Any]) -> dict[str, Limits]:
    """The indicators' limits of ``thresholds.toml``, or of a revised copy, by code."""
    return {code: Limits(code=code, **row) for code, row in data[INDICATORS].items()}


@lru_cache(maxsize=1)
def thresholds() -> dict[str, Threshold]:
    """Every number as the product ships it."""
    return read(shipped("thresholds"))
