"""From routes to a plan: every arrival, start and departure, lunch, and what is fetched where."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from helpdesk.dispatch.planning.labels import begin
from helpdesk.dispatch.planning.plan import Break, End, Pickup, Plan, PlannedRoute, Start, Step, Visit
from helpdesk.dispatch.planning.problem import NEVER, Problem
from helpdesk.dispatch.planning.routes import Route
from helpdesk.dispatch.planning.supply import loads

if TYPE_CHECKING:
    from helpdesk.dispatch.planning.draft import Snapshot

Times = tuple[int, int, int]
"""Arrival, start, departure."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Times by stop, home first. ``lunch``: (arc, start), or None. ``soft``: cost of overtime and lateness."""

    times: tuple[Times, ...]
    lunch: tuple[int, int] | None
    soft: float


def schedule(p: Problem, tech: int, stops: tuple[int, ...]) -> Schedule | None:
    """The cheapest schedule of a route; of equally cheap ones that with the earliest visits. None: there is none."""
    arcs = range(len(stops) - 1) if p.lunch[tech][1] >= 0 else (None,)
    found = [one for arc in arcs if (one := _with_lunch(p, tech, stops, arc)) is not None]
    return min(found, key=lambda one: (one.soft, sum(start for _, start, _ in one.times)), default=None)


def _with_lunch(p: Problem, tech: int, stops: tuple[int, ...], arc: int | None) -> Schedule | None:
    """The earliest times with lunch on one arc, or without lunch."""
    early, latest, pause = p.lunch[tech]
    leave = p.leaves[tech]
    times, soft, lunch = [(leave, leave, leave)], 0.0, None
    for i, (here, there) in enumerate(pairwise(stops)):
        arrival = leave + p.seconds[here][there]
        if i == arc:
            eats = max(leave, early)
            if eats > latest:
                return None
            lunch, arrival = (i, eats), max(arrival, early) + pause
        start = begin(p, there, arrival)
        if start >= NEVER:
            return None
        soft += p.lateness(there, start) if start > p.due[there] else 0.0
        leave = start + p.service[there]
        times.append((arrival, start, leave))
    over = leave - p.shift_end[tech]
    return Schedule(tuple(times), lunch, soft + (over * p.overtime if over > 0 else 0.0))


def planned(p: Problem, route: Route) -> PlannedRoute:
    """A route as its technician sees it."""
    tech, stops = route.tech, route.stops
    found = schedule(p, tech, stops)
    fetched = loads(p, tech, stops)
    assert found is not None, "a route of the search can be driven"
    assert fetched is not None, "a route of the search has its parts"
    departure, times, lunch = _leave_late(p, route, found)
    steps: list[Step] = [Start(departure)]
    for i, node in enumerate(stops[1:], 1):
        if lunch is not None and lunch[0] == i - 1:
            steps.append(Break(lunch[1], lunch[1] + p.lunch[tech][2]))
        steps.append(_step(p, node, times[i], fetched.get(i, {})))
    return PlannedRoute(p.instance.technicians[tech].id, tuple(steps))


def _leave_late(p: Problem, route: Route, found: Schedule) -> tuple[int, tuple[Times, ...], tuple[int, int] | None]:
    """Nobody leaves home sooner than the first stop needs, unless he has left or lunch comes first."""
    start, times = found.times[0][2], found.times
    if p.pinned[route.tech] < 0 and (found.lunch is None or found.lunch[0] > 0):
        _, begins, leaves = times[1]
        drive = p.seconds[route.stops[0]][route.stops[1]]
        start = max(start, begins - drive)
        times = (times[0], (start + drive, begins, leaves), *times[2:])
    return start, times, found.lunch


def _step(p: Problem, node: int, times: Times, parts: dict[str, int]) -> Step:
    arrival, start, leave = times
    if node >= p.first_start:
        return End(arrival)
    if node >= p.jobs:
        return Pickup(p.instance.depots[node - p.jobs].id, arrival, start, leave, parts)
    return Visit(p.instance.jobs[p.job_of[node]].id, arrival, start, leave, lead=node < len(p.instance.jobs))


def whole_plan(p: Problem, snapshot: Snapshot, **about: Any) -> Plan:
    """The plan of a snapshot; ``about``: what else is to be kept with it."""
    for node in p.tied:
        p.agree(node, snapshot.agreed.get(node, p.windows[node]))
    routes = tuple(planned(p, route) for route in snapshot.routes if len(route.stops) > 2)
    served = {p.job_of[node] for route in snapshot.routes for node in route.stops if node < p.jobs}
    left = tuple(job.id for n, job in enumerate(p.instance.jobs) if n not in served)
    return Plan(routes=routes, unserved=left, instance=p.instance.name, **about)
