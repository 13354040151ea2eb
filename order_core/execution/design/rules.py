"""What a design must show before it is reviewed, when production needs it, and the figures of design work."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Literal

from order_core.workdays import WorkingCalendar

REVIEWERS = ("PRO", "QUA", "RND", "SAL")
"""Whose opinion no design is released without (3.2.2-b)."""
Stage = Literal["opened", "assigned", "planned", "designing", "in_review", "released", "withdrawn"]
STAGES: tuple[Stage, ...] = ("opened", "assigned", "planned", "designing", "in_review", "released")
"""The way of a design task (3.2.1-a to 3.2.2-c); each is read off its owner, its plan and its design."""
FINISHED = ("released", "superseded")
LIMIT, YES_NO = "limit", "yes_no"
KINDS = (LIMIT, YES_NO)


@dataclass(frozen=True)
class Need:
    """A requirement of the customer's on a line, in his own words; ``key``: the design must answer it."""

    code: str
    text: str
    key: bool


@dataclass(frozen=True, kw_only=True)
class Trait:
    """A design characteristic.

    Attributes:
        kind: ``limit``: a figure with ``target`` and at least one of ``lower`` and ``upper``; ``yes_no``: it has to
            be so, ``result`` 1 or 0.
        method: how it is verified; result: what the verification found, None: not verified yet.
        needs: codes of the requirements that it answers.
    """

    code: str
    name: str
    kind: str = LIMIT
    target: float | None = None
    lower: float | None = None
    upper: float | None = None
    unit: str = ""
    method: str = ""
    result: float | None = None
    needs: tuple[str, ...] = ()


def fault(trait: Trait) -> tuple[str, str] | None:
    """(field, rule) that a characteristic breaks however unfinished it may be, or None."""
    for field in ("code", "name"):
        if not getattr(trait, field).strip():
            return field, f"design.trait.{field}"
    if trait.kind not in KINDS:
        return "kind", "design.trait.kind"
    bounds = [bound for bound in (trait.lower, trait.target, trait.upper) if bound is not None]
    if bounds != sorted(bounds):
        return "target", "design.trait.limits"
    return None


def has_target(trait: Trait) -> bool:
    """Whether it says what is to be reached: yes, or a figure that a limit keeps."""
    limited = trait.lower is not None or trait.upper is not None
    return trait.kind == YES_NO or (trait.target is not None and limited)


def achieved(trait: Trait) -> bool:
    """Whether it was verified within its target (K-08)."""
    if trait.result is None:
        return False
    if trait.kind == YES_NO:
        return trait.result == 1
    lower, upper = trait.lower, trait.upper
    return (lower is None or trait.result >= lower) and (upper is None or trait.result <= upper)


def answers(trait: Trait, need: str) -> bool:
    """Whether a characteristic counts as the answer to a need: target and verification are there (3.2.2-a)."""
    return need in trait.needs and has_target(trait) and bool(trait.method.strip())


def untraced(needs: Iterable[Need], traits: Collection[Trait], waived: Collection[str]) -> list[Need]:
    """Key needs that no characteristic answers and nobody has waived, in their order (3.2.2-a)."""
    return [
        need
        for need in needs
        if need.key and need.code not in waived and not any(answers(trait, need.code) for trait in traits)
    ]


def stage(*, owned: bool, plan_state: str | None, design_state: str, changed: bool = False) -> Stage:
    """Where a task stands; a design ``changed`` under an approved change is not planned once more."""
    if design_state in FINISHED:
        return "released"
    if design_state == "in_review":
        return "in_review"
    if design_state == "withdrawn":
        return "withdrawn"
    if changed or plan_state in ("running", "achieved"):
        return "designing"
    if plan_state == "approved":
        return "planned"
    return "assigned" if owned else "opened"


def working_days_between(start: date, end: date, calendar: WorkingCalendar) -> int:
    """Working days after ``start`` up to and with ``end``; negative when ``end`` lies before."""
    if end < start:
        return -working_days_between(end, start, calendar)
    return sum(1 for n in range((end - start).days) if calendar.hours(start + timedelta(days=n + 1)))


def working_days_before(day: date, days: int, calendar: WorkingCalendar) -> date:
    """The latest working day after whose end ``days`` working days are left, with ``day``."""
    left = days
    while left > 0 or not calendar.hours(day):
        left -= bool(calendar.hours(day))
        day -= timedelta(days=1)
    return day


def working_days_after(day: date, days: int, calendar: WorkingCalendar) -> date:
    """The day on which ``days`` working days after ``day`` are over."""
    left = days
    while left > 0:
        day += timedelta(days=1)
        left -= bool(calendar.hours(day))
    return day


def share(good: int, of: int) -> float | None:
    """Percent, or None of nothing."""
    return 100 * good / of if of else None


def adherence(stages: Iterable[tuple[date, date | None]], today: date) -> tuple[float | None, int]:
    """Plan adherence in percent and the number of stages behind it, from (due, done on): due ones done in time."""
    due = [(by, done) for by, done in stages if by < today or (done is not None and done <= today)]
    return share(sum(1 for by, done in due if done is not None and done <= by), len(due)), len(due)


def cycle(spans: Sequence[tuple[date, date]], calendar: WorkingCalendar) -> float | None:
    """K-05: median working days from (assigned, released)."""
    days = [working_days_between(start, end, calendar) for start, end in spans]
    return float(median(days)) if days else None


def achievement(traits: Collection[Trait]) -> float | None:
    """K-08: percent of the characteristics that were verified within target."""
    return share(sum(1 for trait in traits if achieved(trait)), len(traits))


def first_pass(rounds: Collection[int]) -> float | None:
    """Percent of the released designs that needed one review only, from the number of reviews of each."""
    return share(sum(1 for count in rounds if count == 1), len(rounds))
