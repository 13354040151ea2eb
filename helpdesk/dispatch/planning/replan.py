"""The same day once it has gone otherwise: an answer at once, then a better one.

The first answer keeps every old route as it was, with new times, takes out what no longer fits and puts that in where
it is cheapest. The search goes on from there. Whatever a customer would notice has its price in the instance
(``replan.baseline``), and what he was promised is a window that stays hard.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from helpdesk.dispatch.planning.draft import Draft
from helpdesk.dispatch.planning.engine import checked, seed_of
from helpdesk.dispatch.planning.limits import TUNING, Limit
from helpdesk.dispatch.planning.model import Instance, Replan, Told
from helpdesk.dispatch.planning.plan import Pickup, Plan, PlannedRoute, Visit
from helpdesk.dispatch.planning.problem import Problem
from helpdesk.dispatch.planning.routes import Route, build, repick
from helpdesk.dispatch.planning.search import REGRET_SHARE, Outcome, Progress, Search
from helpdesk.dispatch.planning.tied import clipped, mend, settle

GENTLE = dataclasses.replace(TUNING, hot=10.0, cold=1.0)
"""Near a good plan there is no need to shake it."""

CHANGE: dict[str, Any] = {"moved_technician": 10.0, "moved_start_per_min": 0.2, "moved_start_free_s": 900}
"""What another technician costs, and a minute beyond a quarter of an hour, in minutes of driving."""


class Replanning:
    """One proposal in the making: ``first`` answers in milliseconds, ``better`` after as long as it is given."""

    def __init__(self, instance: Instance, old: Plan, *, seed: int | None = None, limit: Limit | None = None) -> None:
        """``limit``: what may be spent in all; most of a long first answer is left out of a very short one."""
        self.limit = limit or Limit()
        self.since = self.limit.clock()
        self.given = instance
        self.instance = with_baseline(instance, old)
        self.seed = seed_of(instance) if seed is None else seed
        self.p = Problem(self.instance)
        draft = adopt(self.p, old)
        self.search = Search(self.p, self.seed, start=draft.snapshot(), tuning=GENTLE)
        self.search.fill(lambda: self.limit.spent(self.since) >= REGRET_SHARE)

    def first(self) -> Plan:
        """Old routes re-timed, what fell out put in again."""
        return self._checked(Outcome(self.search.draft.snapshot(), 0))

    def better(self, limit: Limit | None = None, progress: Progress | None = None) -> Plan:
        """The best plan found within a limit of its own, or within what is left of the whole."""
        since = self.since if limit is None else None
        return self._checked(self.search.run(limit or self.limit, progress, since=since))

    def _checked(self, outcome: Outcome) -> Plan:
        return checked(self.p, outcome, self.given, seed=self.seed)


def with_baseline(instance: Instance, old: Plan) -> Instance:
    """An instance that says nothing of what customers were told: they were told the old plan.

    Where it gives a change no price either, that is ``CHANGE``.
    """
    if instance.replan is not None and instance.replan.baseline:
        return instance
    known = {job.id for job in instance.jobs}
    told = {
        job: Told(technician, visit.start)
        for job, visits in old.visits().items()
        if job in known
        for technician, visit in visits[:1]
    }
    before = instance.replan or Replan(now=0)
    weights = instance.weights
    if not weights.moved_technician and not weights.moved_start_per_min:
        weights = dataclasses.replace(weights, **CHANGE)
    return dataclasses.replace(instance, weights=weights, replan=dataclasses.replace(before, baseline=told))


def adopt(p: Problem, old: Plan) -> Draft:
    """The old routes with new times: what is done, cancelled or out of reach is left out of them."""
    draft = Draft(p)
    settle(draft)
    members = p.members()
    index = {one.id: tech for tech, one in enumerate(p.instance.technicians)}
    for row in old.routes:
        tech = index.get(row.technician)
        if tech is not None:
            _adopt_route(draft, tech, _stops(draft, tech, row, members))
    for group in p.groups:
        mend(draft, group)
    draft.keep()
    return draft


def _stops(draft: Draft, tech: int, row: PlannedRoute, members: dict[str, list[int]]) -> list[int]:
    """Nodes of an old route that are still to be done and may still be his, pick-ups among them."""
    p = draft.p
    depots = {depot.id: p.jobs + n for n, depot in enumerate(p.instance.depots)}
    found = []
    for step in row.steps:
        if isinstance(step, Pickup) and step.depot in depots:
            found.append(depots[step.depot])
        if isinstance(step, Visit) and members.get(step.job):
            node = members[step.job].pop(0 if step.lead else -1)
            if draft.home[node] < 0 and tech in p.extra[node] and _agrees(draft, node, step.start):
                found.append(node)
    return found


def _agrees(draft: Draft, node: int, start: int) -> bool:
    """Tied jobs stay at the time they had agreed on, where that is still permitted."""
    p = draft.p
    if node not in p.tied:
        return True
    windows = clipped(p.windows[node], start, start)
    if windows:
        draft.agree(node, windows)
    return bool(windows)


def _adopt_route(draft: Draft, tech: int, wanted: list[int]) -> None:
    """All of it if it can be driven, else stop by stop what can."""
    p, opening = draft.p, draft.routes[tech]
    head, end = opening.stops[:-1], opening.stops[-1]
    route = driven(p, tech, (*head, *wanted, end))
    if route is None:
        route = opening
        for node in wanted:
            if node < p.jobs:
                longer = driven(p, tech, (*route.stops[:-1], node, end))
                route = route if longer is None else longer
    if len(route.stops) > len(opening.stops):
        draft.install(route)


def driven(p: Problem, tech: int, stops: tuple[int, ...]) -> Route | None:
    """The route, with no pick-up more than it needs."""
    plain = build(p, tech, tuple(node for node in stops if not p.jobs <= node < p.first_start))
    return plain if plain is not None else repick(p, tech, stops)
