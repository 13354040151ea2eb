"""What each purpose of a message is: what one may refuse, what it needs, when it may come (``data/purposes.toml``)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from helpdesk.channels.capabilities import DATA, Capability

Scope = Literal["service", "survey", "marketing", "required", "consent"]
Way = Literal["message", "keypad", "callback", "code", "drop"]
REFUSABLE: tuple[Scope, ...] = ("service", "survey", "marketing")


@dataclass(frozen=True)
class Policy:
    """A purpose's row; the fields are explained in ``data/purposes.toml``. ``valid``: minutes, or None."""

    scope: Scope
    needs: frozenset[str]
    otherwise: Way
    night: Literal["go", "hold", "drop"]
    once: bool
    valid: int | None
    parts: int
    meanwhile: str | None


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, Any]]:
    return dict(tomllib.loads((DATA / "purposes.toml").read_text(encoding="utf-8"))["purpose"])


@lru_cache(maxsize=512)
def policy(purpose: str | None) -> Policy:
    """The policy of a purpose; None (a person's own words) has the house's general one."""
    row: dict[str, Any] = {"needs": [], "otherwise": "callback", "once": False, "valid": None, "meanwhile": None}
    for beginning in sorted(_table(), key=len):
        if (purpose or "").startswith(beginning):
            row |= _table()[beginning]
    return Policy(**{**row, "needs": frozenset(row["needs"])})


def way(rule: Policy, able: Capability) -> Way:
    """How a purpose reaches somebody: as a message, or otherwise where a message could not do what it is for."""
    return rule.otherwise if able.lacks(rule.needs) else "message"
