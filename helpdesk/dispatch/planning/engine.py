"""The entrance: an instance in, a checked plan out."""

from __future__ import annotations

import dataclasses

from helpdesk.dispatch.planning.checker import check
from helpdesk.dispatch.planning.model import Instance
from helpdesk.dispatch.planning.plan import Plan
from helpdesk.dispatch.planning.problem import Problem
from helpdesk.dispatch.planning.search import Limit, Outcome, Progress, Search
from helpdesk.dispatch.planning.timing import whole_plan


def plan_day(
    instance: Instance,
    limit: Limit,
    *,
    seed: int | None = None,
    estimated: bool = False,
    progress: Progress | None = None,
) -> Plan:
    """The best plan found within ``limit``. ``seed`` None: the instance's own. ``estimated``: see ``roads``."""
    p = Problem(instance)
    seed = instance.seed if seed is None else seed
    return checked(p, Search(p, seed).run(limit, progress), seed, estimated=estimated)


def checked(p: Problem, outcome: Outcome, seed: int, *, estimated: bool = False) -> Plan:
    """A search's outcome as a plan that an independent checker has passed, with the objective it found.

    Raises:
        AssertionError: the checker found a broken rule, which is a fault of the search: no such plan is given out.
    """
    plan = whole_plan(p, outcome.best, seed=seed, iterations=outcome.iterations, estimated=estimated)
    verdict = check(p.instance, plan)
    assert verdict.feasible, verdict.breaches
    breakdown = {name: round(cost, 3) for name, cost in verdict.breakdown.items()}
    return dataclasses.replace(plan, objective=round(verdict.objective, 3), breakdown=breakdown)
