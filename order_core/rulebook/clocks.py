"""The regulation's deadlines T-01 … T-31: budgets, recurrences, and moments that a rule computes (``clocks.toml``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from functools import lru_cache
from typing import Any

from order_core.kernel.clock import Policy
from order_core.rulebook.calendar import house_calendar
from order_core.rulebook.recurrence import Recurrence
from order_core.rulebook.source import shipped

__all__ = ["URGENT", "ClockRule", "clock_rules", "house_calendar", "policies", "policy", "read"]

URGENT = frozenset({"emergency", "high"})
CALENDAR = "calendar"


@dataclass(frozen=True)
class ClockRule:
    """One deadline. Exactly one of ``budget``, ``every`` and ``computed`` is given.

    Attributes:
        what: in English, for whoever reads the file; screens have ``deadline.<code>``.
        every: when it comes round; computed: name of the rule that gives the moment case by case.
        warn_at, warn_to, escalate_to, ladder: see ``kernel.clock.Policy``.
        variants: word (an urgency, a severity, a class) → the rule in that case.
    """

    code: str
    clause: str
    what: str
    budget: timedelta | None
    every: Recurrence | None
    computed: str | None
    working: bool
    warn_at: float
    warn_to: str
    escalate_to: str
    ladder: tuple[tuple[float, str], ...]
    variants: Mapping[str, ClockRule] = field(default_factory=dict)

    def variant(self, word: str) -> ClockRule:
        """The rule in a case: the one for the word itself, for everything urgent, or the usual one."""
        urgent = self.variants.get("urgent") if word in URGENT else None
        return self.variants.get(word) or urgent or self

    def policy(self) -> Policy:
        """As the kernel starts it. Raises ``ValueError`` where there is no budget to run."""
        if self.budget is None:
            raise ValueError(f"{self.code} has no budget")
        return Policy(
            code=self.code,
            clause=self.clause,
            budget=self.budget,
            working=self.working,
            warn_at=self.warn_at,
            warn_to=self.warn_to,
            escalate_to=self.escalate_to,
            ladder=self.ladder,
        )


def read(data: Mapping[str, Any]) -> dict[str, ClockRule]:
    """The deadlines of ``clocks.toml``, or of a revised copy, by code."""
    return {code: _rule(code, row) for code, row in data.items() if code != CALENDAR}


def _rule(code: str, row: Mapping[str, Any]) -> ClockRule:
    plain = {key: value for key, value in row.items() if not isinstance(value, dict)}
    variants = {word: _rule(code, {**plain, **value}) for word, value in row.items() if isinstance(value, dict)}
    working = not row.get("elapsed", False)
    return ClockRule(
        code=code,
        clause=row["clause"],
        what=row["what"],
        budget=timedelta(minutes=row["budget"]) if "budget" in row else None,
        every=_recurrence(row, working) if "every" in row else None,
        computed=row.get("computed"),
        working=working,
        warn_at=row.get("warn_at", 0.75),
        warn_to=row.get("warn_to", "owner"),
        escalate_to=row["escalate_to"],
        ladder=tuple((float(times), whom) for times, whom in row.get("ladder", ())),
        variants=variants,
    )


def _recurrence(row: Mapping[str, Any], working: bool) -> Recurrence:
    at = time.fromisoformat(row.get("at", "09:00"))
    return Recurrence.spelled(row["every"], on=row.get("on", 1), at=at, working=working)


@lru_cache(maxsize=1)
def clock_rules() -> dict[str, ClockRule]:
    """Every deadline as the product ships it."""
    return read(shipped("clocks"))


def policies() -> list[str]:
    """Codes of every deadline."""
    return list(clock_rules())


def policy(code: str, urgency: str = "normal") -> Policy:
    """A deadline as shipped, for an urgency where the regulation tells them apart.

    Raises ``KeyError`` for an unknown code, ``ValueError`` for one without a budget.
    """
    return clock_rules()[code].variant(urgency).policy()
