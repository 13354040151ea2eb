"""Parts along a route: the van gives while it has, and what it lacks must have been fetched before.

With depots that never run out, one rule is enough: no job before the first pick-up may need more than the van has.
"""

from __future__ import annotations

from helpdesk.dispatch.planning.labels import Stops
from helpdesk.dispatch.planning.problem import Problem

Loads = dict[int, dict[str, int]]
"""Index of the pick-up among the stops → part → quantity."""
Fetched = dict[tuple[int, str], int]
"""(depot node, part) → quantity."""


def draw(p: Problem, tech: int, stops: Stops) -> tuple[int, dict[str, int]] | int:
    """(index of the first pick-up or of the end, what the van gives before it); or that of the first job in want."""
    van, used = p.van[tech], dict[str, int]()
    for i, node in enumerate(stops):
        if node >= p.jobs:
            if node < p.first_start:
                return i, used
            continue
        need = p.need[node]
        if need is not None:
            for part, quantity in need:
                total = used.get(part, 0) + quantity
                if total > van.get(part, 0):
                    return i
                used[part] = total
    return len(stops) - 1, used


def loads(p: Problem, tech: int, stops: Stops) -> Loads | None:
    """What is fetched at each pick-up: whatever the van cannot give, at the first depot on the way that keeps it.

    None when a part is nowhere to be had before its job.
    """
    left, found = dict(p.van[tech]), Loads()
    for i, node in enumerate(stops):
        if p.jobs <= node < p.first_start:
            found[i] = {}
        for part, quantity in (p.need[node] if node < p.jobs else None) or ():
            short = quantity - left.get(part, 0)
            left[part] = max(-short, 0)
            if short > 0:
                source = next((at for at in found if p.keeps(stops[at], part)), None)
                if source is None:
                    return None
                found[source][part] = found[source].get(part, 0) + short
    return found


def fetched(p: Problem, tech: int, stops: Stops) -> Fetched | None:
    """What a route takes from the depots in all; None when a part is nowhere to be had before its job."""
    found = loads(p, tech, stops)
    if found is None:
        return None
    total: Fetched = {}
    for at, parts in found.items():
        for part, quantity in parts.items():
            total[stops[at], part] = total.get((stops[at], part), 0) + quantity
    return total


def repicked(p: Problem, tech: int, stops: Stops) -> list[Stops]:
    """A route with pick-ups, and what may be cheaper: none at all, or a single one at another place.

    When the route can do without, that is the only answer.
    """
    plain = tuple([n for n in stops if not p.jobs <= n < p.first_start])
    found = draw(p, tech, plain)
    if not isinstance(found, int):
        return [plain]
    places = [(i + 1, depot) for i in range(found) for depot in range(p.jobs, p.first_start)]
    return [stops, *((*plain[:i], depot, *plain[i:]) for i, depot in places)]
