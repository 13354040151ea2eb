"""The cheapest way of putting one more job into a route, with a visit to a depot where the van lacks a part.

``glance`` bounds it from below by the detour alone, in one pass over the route; ``study`` finds it exactly, trying the
places in the order of their detour and stopping where none that follows can be cheaper. Its price is exact always, and
the least of all wherever nothing has to be fetched.
"""

from __future__ import annotations

from helpdesk.dispatch.planning.labels import INFINITE, Stops, arrivals, calm_step, end_of, opening, soft_cost
from helpdesk.dispatch.planning.problem import NEVER, Problem
from helpdesk.dispatch.planning.routes import Route, build

Found = tuple[float, int, Route | None, float]
"""(cost; arc; the route with one more pick-up that the arc belongs to, or None; soft cost of the route thereafter).

An arc of -1: the cost is only a lower bound."""


def detours(p: Problem, route: Route, node: int) -> list[float]:
    """Extra way through ``node`` on each arc of the route."""
    there = list(map(p.cost_back[node].__getitem__, route.stops))
    back = there[1:] if p.symmetric else map(p.cost[node].__getitem__, route.stops[1:])
    return [x + y - z for x, y, z in zip(there, back, route.arcs, strict=False)]


def glance(p: Problem, route: Route, node: int) -> Found:
    """A lower bound of the cost, remembered."""
    ways = detours(p, route, node)
    lower = min(ways)
    if p.need[node] is not None and route.pickup == len(route.stops) - 1 and not covers(p, route, node):
        lower = min((_bounds(p, route, node, ways, option) for option in _options(p, route)), default=INFINITE)
    found = route.tried[node] = (lower + p.extra[node][route.tech], -1, None, 0.0)
    return found


def study(p: Problem, route: Route, node: int, bound: float) -> Found:
    """The cheapest insertion below ``bound``, or else that as a lower bound; remembered."""
    extra = p.extra[node][route.tech]
    best: Found = (bound - extra, -1, None, 0.0)
    covered = covers(p, route, node)
    if covered or route.pickup < len(route.stops) - 1:
        best = _places(p, route, node, route.first if covered else max(route.first, route.pickup), best)
    if not covered:
        best = _with_pickup(p, route, node, best)
    best = route.tried[node] = (best[0] + extra, *best[1:])
    return best


def covers(p: Problem, route: Route, node: int) -> bool:
    """Whether the van still has the parts before the first pick-up."""
    need = p.need[node]
    if need is not None:
        van, used = p.van[route.tech], route.used
        for part, quantity in need:
            if van.get(part, 0) - used.get(part, 0) < quantity:
                return False
    return True


def _places(p: Problem, route: Route, node: int, first: int, best: Found) -> Found:  # noqa: C901
    """``best``, or the cheapest arc from ``first`` on. The innermost loop of all, and written out for that."""
    ways, stops, tech, labels = detours(p, route, node), route.stops, route.tech, route.labels(p)
    hungry, fed, by_hungry, by_fed = labels.hungry, labels.fed, labels.by_hungry, labels.by_fed
    free_hungry, free_fed, calm = labels.free_hungry, labels.free_fed, labels.calm_fed is labels.fed
    early, latest, pause = p.lunch[tech]
    seconds, back, s = p.seconds, p.seconds[node], p.service[node]
    lo, hi, windows, due = p.opens[node], p.closes[node], p.gaps[node], p.due[node]
    limit = best[0] + route.soft
    for i in sorted(range(first, len(ways)), key=ways.__getitem__):
        way = ways[i]
        if way >= limit:
            break
        a, b, there = hungry[i], fed[i], stops[i + 1]
        t, u = seconds[stops[i]][node], back[there]
        x, y = a + t, b + t
        if a <= latest:
            z = (max(early, x)) + pause
            if z < y:
                y = z
        if windows is None:
            x = NEVER if x > hi else max(lo, x)
            y = NEVER if y > hi else max(lo, y)
        else:
            x, y = opening(windows, x), opening(windows, y)
        plain = calm and x <= due and y <= due
        a = x + s
        x = a + u
        y += s + u
        if a <= latest:
            z = (max(early, x)) + pause
            if z < y:
                y = z
        if x > by_hungry[i + 1] and y > by_fed[i + 1]:
            continue
        if plain and (x <= free_hungry[i + 1] or y <= free_fed[i + 1]):
            limit, best = way, (way - route.soft, i, None, 0.0)
            continue
        soft = 0.0
        if plain or not _in_time(p, route, node, i):
            soft = _soft(p, tech, (*stops[: i + 1], node, *stops[i + 1 :]), i + 2, x, y, limit - way)
        if way + soft < limit:
            limit = way + soft
            best = (limit - route.soft, i, None, soft)
    return best


def _in_time(p: Problem, route: Route, node: int, i: int) -> bool:
    """Whether ``node`` on arc ``i`` makes nobody late and no overtime, lunch being where that needs it."""
    labels, stops, tech = route.labels(p), route.stops, route.tech
    a, b = calm_step(p, tech, stops[i], node, labels.calm_hungry[i], labels.calm_fed[i])
    x, y = arrivals(p, tech, node, stops[i + 1], a, b)
    return x <= labels.free_hungry[i + 1] or y <= labels.free_fed[i + 1]


def _soft(p: Problem, tech: int, stops: Stops, i: int, x: int, y: int, bound: float) -> float:
    """Soft cost of a route that is reached, hungry and fed, at stop ``i``; exact below ``bound``."""
    over = end_of(p, tech, stops, i, x, y) - p.shift_end[tech]
    cost = over * p.overtime if over > 0 else 0.0
    if cost >= bound or min(map(p.due.__getitem__, stops)) >= NEVER:
        return cost
    return soft_cost(p, tech, stops)[0]


class Option:
    """A pick-up that might be added to a route, and the way it adds; the route itself is made when it is asked for."""

    __slots__ = ("arc", "depot", "made", "route", "way")

    def __init__(self, way: float, arc: int, depot: int) -> None:
        self.way, self.arc, self.depot = way, arc, depot
        self.made = False
        self.route: Route | None = None


def _options(p: Problem, route: Route) -> list[Option]:
    """Pick-ups by their way, remembered."""
    if route.options is None:
        found = [
            Option(way, arc, depot)
            for depot in range(p.jobs, p.first_start)
            for arc, way in enumerate(detours(p, route, depot))
        ]
        route.options = sorted(found, key=lambda option: option.way)
    return route.options


def _bounds(p: Problem, route: Route, node: int, ways: list[float], option: Option) -> float:
    """The least way that a pick-up and the job behind it add: both on one arc, or the job on a later one."""
    q, depot = option.arc, option.depot
    stops, cost = route.stops, p.cost
    joint = cost[stops[q]][depot] + cost[depot][node] + cost[node][stops[q + 1]] - route.arcs[q]
    later = ways[q + 1 :]
    if later:
        apart = option.way + min(later)
        return min(joint, apart)
    return joint


def _with_pickup(p: Problem, route: Route, node: int, best: Found) -> Found:
    """``best``, or what is cheaper: a pick-up, then the job.

    A later pick-up than a cheaper one that can be driven is passed over. Now and then it would have been better (the
    job lies beside the depot, somebody is late before it); looking at all of them took a third more time and found
    no better days.
    """
    frontier = NEVER if p.limited else route.pickup
    ways = detours(p, route, node)
    for option in _options(p, route):
        if option.way >= best[0]:
            break
        if option.arc >= frontier or not all(p.keeps(option.depot, part) for part, _ in p.need[node] or ()):
            continue
        if _bounds(p, route, node, ways, option) >= best[0]:
            continue
        if not option.made:
            cut = option.arc + 1
            option.made = True
            option.route = build(p, route.tech, (*route.stops[:cut], option.depot, *route.stops[cut:]))
        variant = option.route
        if variant is None:
            continue
        frontier = option.arc
        offset = variant.cost - route.cost
        if offset < best[0]:
            limit: Found = (best[0] - offset, -1, None, 0.0)
            cost, arc, _, soft = _places(p, variant, node, max(option.arc + 1, variant.first), limit)
            if arc >= 0:
                best = (cost + offset, arc, variant, soft)
    return best
