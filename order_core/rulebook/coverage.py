"""What enforces each clause, and whether that holds at this moment (1.3-b).

A clause is carried by declared steps that some room has bound, and by code that says so beside itself. Where one
machine serves many kinds of case, its steps alone prove nothing for a clause: they say that a step is possible, not
that this kind of case takes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from order_core import clauses as registry
from order_core.clauses import Carrier
from order_core.kernel.case import PROCEDURES
from order_core.kernel.clock import Clock
from order_core.kernel.machine import Transition
from order_core.rulebook.clauses import Clause, clauses
from order_core.rulebook.clocks import ClockRule
from order_core.rulebook.inforce import Book
from order_core.rulebook.machines import machines
from order_core.rulebook.rules import Setting
from order_core.rulebook.settings import settings

State = Literal["holds", "enforced", "late", "broken", "partly", "absent"]
STATES: tuple[State, ...] = ("holds", "enforced", "partly", "late", "broken", "absent")
SHARED = frozenset({"Issue", "Plan", "Revision", "Round"})
"""Machines of many kinds of case: here a clause needs code that says it carries it."""
PRODUCT = ("order_core", "helpdesk", "workers")


@dataclass(frozen=True)
class CitedStep:
    """A declared step that names the clause; ``bound``: some room has bound its condition."""

    machine: str
    transition: Transition
    bound: bool


@dataclass(frozen=True)
class Standing:
    """A clause as it stands.

    Attributes:
        broken: records that break it now, None where nothing counts them.
        running, late: its deadlines under way, and those of them past due.
    """

    clause: Clause
    steps: tuple[CitedStep, ...]
    carriers: tuple[Carrier, ...]
    clocks: tuple[ClockRule, ...]
    settings: tuple[Setting, ...]
    broken: int | None
    running: int
    late: int

    @property
    def carried(self) -> bool:
        """Whether anything enforces it today."""
        return bool(self.carriers) or any(step.bound and step.machine not in SHARED for step in self.steps)

    @property
    def state(self) -> State:
        """One word for it, the worst first."""
        if self.broken:
            return "broken"
        if self.late:
            return "late"
        if not self.carried:
            return "partly" if any(step.bound for step in self.steps) else "absent"
        if any(not step.bound for step in self.steps):
            return "partly"
        return "enforced" if self.broken is None else "holds"


def bound_conditions() -> frozenset[tuple[str, str]]:
    """(machine, condition) of every condition that a room of the program has bound; a step without one is free."""
    return frozenset(
        (procedure.machine.name, name)
        for procedure in PROCEDURES
        for name, function in procedure.conditions.items()
        if function.__module__.split(".")[0] in PRODUCT
    )


def cited_steps() -> dict[str, list[CitedStep]]:
    """Clause → the declared steps that name it, machine by machine."""
    bound = bound_conditions()
    used = {procedure.machine.name for procedure in PROCEDURES}
    found: dict[str, list[CitedStep]] = {}
    for name, machine in machines().items():
        for transition in machine.transitions:
            free = not transition.condition and name in used
            step = CitedStep(name, transition, free or (name, transition.condition) in bound)
            for clause in transition.clauses:
                found.setdefault(clause, []).append(step)
    return found


def carriers() -> dict[str, list[Carrier]]:
    """Clause → the code that says it carries it."""
    found: dict[str, list[Carrier]] = {}
    for carrier in registry.CARRIERS:
        if carrier.name.split(".")[0] in PRODUCT:
            for clause in carrier.clauses:
                found.setdefault(clause, []).append(carrier)
    return found


def standings(session: Session, book: Book, *, at: datetime, only: Iterable[str] | None = None) -> list[Standing]:
    """Every clause (or these) with what enforces it and how it stands at ``at``, in the regulation's order."""
    wanted = list(clauses()) if only is None else list(only)
    steps, code, clocks = cited_steps(), carriers(), _by_clause(book.clocks.values())
    numbers, by_policy = _by_clause(settings().values()), _deadlines(session, at)
    found = []
    for key in wanted:
        rules = clocks.get(key, [])
        under_way = [by_policy.get(rule.code, (0, 0)) for rule in rules]
        found.append(
            Standing(
                clause=clauses()[key],
                steps=tuple(steps.get(key, ())),
                carriers=tuple(code.get(key, ())),
                clocks=tuple(rules),
                settings=tuple(numbers.get(key, ())),
                broken=_broken(session, key, at),
                running=sum(running for running, _ in under_way),
                late=sum(late for _, late in under_way),
            )
        )
    return found


def _by_clause(things: Iterable[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for thing in things:
        found.setdefault(thing.clause, []).append(thing)
    return found


def _broken(session: Session, clause: str, at: datetime) -> int | None:
    probes = registry.PROBES.get(clause)
    return sum(count(session, at) for count in probes) if probes else None


def _deadlines(session: Session, at: datetime) -> Mapping[str, tuple[int, int]]:
    """Policy → deadlines under way, and those past due."""
    late = func.sum(case((Clock.due_at <= at, 1), else_=0))
    rows = session.execute(
        select(Clock.policy, func.count(), late).where(Clock.stopped_at.is_(None)).group_by(Clock.policy)
    )
    return {policy: (running, int(overdue or 0)) for policy, running, overdue in rows}


def past_due(session: Session, codes: Iterable[str], *, at: datetime, limit: int = 200) -> list[Clock]:
    """The deadlines of these codes that are past due now, the longest first."""
    return list(
        session.scalars(
            select(Clock)
            .where(Clock.policy.in_(list(codes)), Clock.stopped_at.is_(None), Clock.due_at <= at)
            .order_by(Clock.due_at)
            .limit(limit)
        )
    )
