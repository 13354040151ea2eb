"""Which code carries which clause of the regulation, said beside the code.

Transitions and clocks name their clauses in the rulebook's data. What is carried by a rule, a measure, a guard,
a check, the ledger, a notice or the planner says so with ``carries``; ``probe`` adds how one sees that it holds.
The rulebook reads both, and a test refuses a clause that nothing carries (1.3-b).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

Word = Literal["case", "sign", "clock", "check", "plan", "measure", "notice", "stock", "guard", "planner"]
"""The nine words of the kernel, and the planner."""
Probe = Callable[[Any, datetime], int]
"""``(session, at)`` → how many records break the rule at that moment; 0: it holds. (Rules know no Session.)"""


@dataclass(frozen=True)
class Carrier:
    """A piece of the program that carries clauses; ``name``: dotted path of the function or class."""

    word: Word
    name: str
    clauses: tuple[str, ...]


CARRIERS: list[Carrier] = []
PROBES: dict[str, list[Probe]] = {}
"""Clause → how to see today that it holds."""

Carrying = TypeVar("Carrying", bound=Callable[..., Any])


def carries(word: Word, *clauses: str) -> Callable[[Carrying], Carrying]:
    """Say that the decorated function or class carries these clauses, by which of the words."""

    def declare(piece: Carrying) -> Carrying:
        CARRIERS.append(Carrier(word, f"{piece.__module__}.{piece.__qualname__}", clauses))
        return piece

    return declare


def probe(*clauses: str) -> Callable[[Probe], Probe]:
    """Register a count of the records that break these clauses now."""

    def register(count: Probe) -> Probe:
        for clause in clauses:
            PROBES.setdefault(clause, []).append(count)
        return count

    return register
