"""A technician's day as ordered stops, from his start to his end, pick-ups at depots among them.

A route does not change once it is made: what was found out about it stays true, and an old plan is kept by keeping its
routes. Its cost is known at once from how it was made; its labels are computed when somebody asks for them.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from helpdesk.dispatch.planning.labels import INFINITE, Labels, Stops, is_free, label, soft_cost
from helpdesk.dispatch.planning.problem import NEVER, Problem
from helpdesk.dispatch.planning.supply import draw, repicked

if TYPE_CHECKING:
    from helpdesk.dispatch.planning.insertion import Found, Option


class Route:
    """Made by ``empty``, ``build``, ``with_stop`` or ``without``."""

    __slots__ = (
        "arcs", "base", "cost", "first", "options", "pickup", "soft", "stops", "tech", "timed", "tried", "used",
    )  # fmt: skip

    tech: int
    stops: Stops
    arcs: list[float]
    """Cost of the way from each stop to the next; an empty route costs nothing."""
    first: int
    """The first arc into which a job may be put: behind the job that is pinned, if any."""
    pickup: int
    """Index of the first pick-up, or of the end when there is none."""
    used: dict[str, int]
    """Parts taken from the van before the first pick-up."""
    soft: float
    """Cost of overtime and lateness."""
    cost: float
    """Ways, soft costs, and what the choice of technician costs."""
    timed: Labels | None
    base: tuple[Labels, int, int] | None
    """Labels of the route it was made of, and how many stops at head and tail are the same."""
    tried: dict[int, Found]
    """The cheapest insertion of each node that was asked for."""
    options: list[Option] | None
    """Pick-ups that might be added, cheapest first; None: nobody has asked."""

    def labels(self, p: Problem) -> Labels:
        """Computed once."""
        if self.timed is None:
            if self.base is None:
                self.timed = label(p, self.tech, self.stops)
            else:
                old, head, tail = self.base
                self.timed = label(p, self.tech, self.stops, old, head, tail)
                self.base = None
        return self.timed


def empty(p: Problem, tech: int) -> Route:
    """The technician stays at home."""
    route = _bare(p, tech, (p.first_start + tech, p.first_end + tech))
    route.cost = 0.0
    return route


def build(p: Problem, tech: int, stops: Stops) -> Route | None:
    """The route through ``stops``, or None when it cannot be driven or a part is missing."""
    if len(stops) == 2:
        return empty(p, tech)
    route = _bare(p, tech, stops)
    if not _load(p, route):
        return None
    return route if _price(p, route) else None


def with_stop(p: Problem, route: Route, node: int, found: Found) -> Route:
    """The route with ``node`` put where it was ``found`` to fit."""
    cost, arc, variant, soft = found
    total = route.cost + cost
    if variant is not None:
        route = variant
    old, i = route.stops, arc + 1
    new = Route()
    new.tech, new.tried, new.options = route.tech, {}, None
    new.stops = (*old[:i], node, *old[i:])
    there, back = p.cost[old[arc]][node], p.cost[node][old[i]]
    new.arcs = [*route.arcs[:arc], there, back, *route.arcs[i:]]
    new.first, new.soft, new.cost = route.first, soft, total
    new.pickup = route.pickup + 1 if i <= route.pickup else route.pickup
    new.used = route.used
    need = p.need[node]
    if need is not None and i <= route.pickup:
        new.used = used = dict(route.used)
        for part, quantity in need:
            used[part] = used.get(part, 0) + quantity
    new.timed, new.base = None, None if route.timed is None else (route.timed, i, len(old) - i)
    return new


def without(p: Problem, route: Route, nodes: set[int]) -> Route | None:
    """The route less some jobs, and less a pick-up that has become idle; None when it cannot be driven so."""
    stops = tuple([n for n in route.stops if n not in nodes])
    if route.pickup < len(route.stops) - 1:
        return repick(p, route.tech, stops)
    if len(stops) == 2:
        return empty(p, route.tech)
    new = _bare(p, route.tech, stops)
    _load(p, new)
    if route.timed is not None:
        old = route.stops
        head = next(i for i, n in enumerate(old) if n in nodes)
        tail = next(i for i, n in enumerate(reversed(old)) if n in nodes)
        new.base = (route.timed, head, tail)
    if route.soft > 0 or not p.shortcuts_pay or not p.early.keys().isdisjoint(stops):
        return new if _price(p, new) else None
    new.cost = sum(new.arcs) + _choice(p, new)
    return new


def _bare(p: Problem, tech: int, stops: Stops) -> Route:
    """Stops and ways; no cost yet, and the van untouched."""
    route = Route()
    route.tech, route.stops, route.tried, route.options = tech, stops, {}, None
    cost = p.cost
    route.arcs = [cost[a][b] for a, b in pairwise(stops)] if len(stops) > 2 else [0.0]
    pinned = p.pinned[tech]
    route.first = stops.index(pinned) if pinned in stops else 0
    route.pickup, route.used, route.soft = len(stops) - 1, {}, 0.0
    route.timed = route.base = None
    return route


def _price(p: Problem, route: Route) -> bool:
    """Set soft costs and cost exactly; False when the route cannot be driven."""
    labels = route.labels(p)
    if labels.fed[-1] >= NEVER:
        return False
    route.soft = 0.0 if is_free(p, route.tech, labels) else soft_cost(p, route.tech, route.stops)[0]
    route.cost = sum(route.arcs) + route.soft + _choice(p, route)
    return route.soft < INFINITE


def _choice(p: Problem, route: Route) -> float:
    """What it costs that this technician does these jobs."""
    extra, jobs, tech = p.extra, p.jobs, route.tech
    return sum([extra[n][tech] for n in route.stops if n < jobs])


def _load(p: Problem, route: Route) -> bool:
    """Note what the van gives before the first pick-up; False when it lacks a part."""
    found = draw(p, route.tech, route.stops)
    if isinstance(found, int):
        return False
    route.pickup, route.used = found
    return True


def repick(p: Problem, tech: int, stops: Stops) -> Route | None:
    """The cheapest of the ways to fetch what the van lacks, if it lacks anything."""
    best = None
    for choice in repicked(p, tech, stops):
        if best is not None:
            cost = p.cost
            if sum([cost[a][b] for a, b in pairwise(choice)]) >= best.cost:
                continue
        route = build(p, tech, choice)
        if route is not None and (best is None or route.cost < best.cost):
            best = route
    return best
