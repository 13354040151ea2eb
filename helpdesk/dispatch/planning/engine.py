"""The entrance: an instance in, a checked plan out."""

from __future__ import annotations

import dataclasses

from helpdesk.dispatch.planning.checker import Breach, check
from helpdesk.dispatch.planning.limits import Limit
from helpdesk.dispatch.planning.model import Instance
from helpdesk.dispatch.planning.plan import Plan
from helpdesk.dispatch.planning.problem import Problem
from helpdesk.dispatch.planning.search import Outcome, Progress, Search
from helpdesk.dispatch.planning.timing import whole_plan


class UnsoundPlan(Exception):
    """The checker found a broken rule in what the search made: a fault of the search. No such plan is given out."""

    def __init__(self, breaches: tuple[Breach, ...]) -> None:
        super().__init__("; ".join(f"{one.rule} {one.technician} {one.subject}".strip() for one in breaches))
        self.breaches = breaches


def plan_day(
    instance: Instance,
    limit: Limit,
    *,
    seed: int | None = None,
    estimated: bool = False,
    progress: Progress | None = None,
) -> Plan:
    """The best plan found within ``limit``, everything counted that is done here.

    ``seed`` None: the instance's own. ``estimated``: the driving times are a stand-in (``roads``).
    """
    since = limit.clock()
    p = Problem(instance)
    seed = seed_of(instance) if seed is None else seed
    outcome = Search(p, seed).run(limit, progress, since=since)
    return checked(p, outcome, instance, seed=seed, estimated=estimated)


def seed_of(instance: Instance) -> int:
    """The instance's own, or 0."""
    return instance.seed or 0


def checked(p: Problem, outcome: Outcome, instance: Instance, *, seed: int, estimated: bool = False) -> Plan:
    """A search's outcome as a plan that the checker has passed, with its objective on ``instance``.

    Raises:
        UnsoundPlan: a rule is broken.
    """
    plan = whole_plan(p, outcome.best, seed=seed, iterations=outcome.iterations, estimated=estimated)
    verdict = check(instance, plan)
    if not verdict.feasible:
        raise UnsoundPlan(verdict.breaches)
    breakdown = {name: round(cost, 3) for name, cost in verdict.breakdown.items()}
    return dataclasses.replace(plan, objective=round(verdict.objective, 3), breakdown=breakdown)
