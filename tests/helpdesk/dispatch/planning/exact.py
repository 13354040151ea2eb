"""Days planned by trying everything: slow, short, and nothing of it shared with the search."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations, product

from helpdesk.dispatch.planning.checker import check
from helpdesk.dispatch.planning.mileage import Mileage
from helpdesk.dispatch.planning.model import Depot, Instance, Job, Technician
from helpdesk.dispatch.planning.plan import Break, End, Pickup, Plan, PlannedRoute, Start, Step, Visit

Stay = Job | Depot


def timed(instance: Instance, one: Technician, stays: tuple[Stay, ...], lunch: int | None) -> PlannedRoute | None:
    """The earliest times of a route with lunch on a certain way; None: some stay is over before he comes."""
    way, here, time = Mileage(instance), one.id, one.shift[0]
    steps: list[Step] = [Start(time)]
    short = _short(one, stays)
    for i, stay in enumerate((*stays, None)):
        there = f"{one.id}#end" if stay is None else stay.id
        arrival = time + int(way(here, there)[0])
        if i == lunch and one.lunch is not None:
            eats = max(time, one.lunch.earliest)
            steps.append(Break(eats, eats + one.lunch.duration))
            arrival = max(arrival + one.lunch.duration, eats + one.lunch.duration)
        if stay is None:
            steps.append(End(arrival))
            break
        spans = sorted(stay.windows) if isinstance(stay, Job) else [(stay.open, stay.close)]
        starts = [max(arrival, begins) for begins, ends in spans if arrival <= ends]
        if not starts:
            return None
        start = min(starts)
        if isinstance(stay, Job):
            time = start + stay.service_s
            steps.append(Visit(stay.id, arrival, start, time))
        else:
            time = start + stay.pickup_s
            parts = {part: n for part, n in short.items() if stay.stock is None or stay.stock.get(part, 0) > 0}
            short = {part: n for part, n in short.items() if part not in parts}
            steps.append(Pickup(stay.id, arrival, start, time, parts))
        here = there
    return PlannedRoute(one.id, tuple(steps))


def _short(one: Technician, stays: tuple[Stay, ...]) -> dict[str, int]:
    """What the jobs of a route need beyond what is in the van."""
    need: dict[str, int] = {}
    for stay in stays:
        for part, quantity in stay.parts.items() if isinstance(stay, Job) else ():
            need[part] = need.get(part, 0) + quantity
    return {part: n - one.van.get(part, 0) for part, n in need.items() if n > one.van.get(part, 0)}


def cheapest(instance: Instance, one: Technician, stays: tuple[Stay, ...]) -> tuple[float, PlannedRoute] | None:
    """The best schedule of a route by the checker's own sum, without the prizes; None: it cannot be driven."""
    served = {stay.id for stay in stays if isinstance(stay, Job)}
    left = tuple(job.id for job in instance.jobs if job.id not in served)
    best = None
    for lunch in range(len(stays) + 1) if one.lunch else (None,):
        route = timed(instance, one, stays, lunch)
        if route is not None:
            verdict = check(instance, Plan(routes=(route,), unserved=left))
            if verdict.feasible:
                cost = verdict.objective - verdict.breakdown["unserved"]
                if best is None or cost < best[0]:
                    best = cost, route
    return best


def with_pickups(instance: Instance, jobs: tuple[Job, ...]) -> Iterator[tuple[Stay, ...]]:
    """A route as it is, and with one visit to each depot at each place."""
    yield jobs
    for depot in instance.depots:
        for i in range(len(jobs)):
            yield (*jobs[:i], depot, *jobs[i:])


def optimum(instance: Instance) -> float:
    """The least objective of all plans with at most one pick-up a route, where depots do not run out."""
    team = instance.technicians
    best: dict[tuple[str, frozenset[str]], float] = {}

    def route(one: Technician, mine: tuple[Job, ...]) -> float:
        key = one.id, frozenset(job.id for job in mine)
        if key not in best:
            found = (
                cheapest(instance, one, stays)
                for order in permutations(mine)
                for stays in with_pickups(instance, order)
            )
            best[key] = min((one[0] for one in found if one), default=float("inf")) if mine else 0.0
        return best[key]

    def whole(choice: tuple[int, ...]) -> float:
        out = sum(job.prize for job, n in zip(instance.jobs, choice, strict=True) if n == len(team))
        return out + sum(
            route(one, tuple(job for job, n in zip(instance.jobs, choice, strict=True) if n == k))
            for k, one in enumerate(team)
        )

    return min(whole(choice) for choice in product(range(len(team) + 1), repeat=len(instance.jobs)))
