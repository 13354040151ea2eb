"""A plan in the making: one route a technician, and the jobs that are in none."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import permutations

from helpdesk.dispatch.planning.insertion import Found
from helpdesk.dispatch.planning.labels import Stops
from helpdesk.dispatch.planning.problem import Problem, Spans
from helpdesk.dispatch.planning.routes import Route, build, empty, with_stop, without
from helpdesk.dispatch.planning.supply import Fetched, fetched
from order_core.errors import Invalid

REMEMBERED = 5000
"""Routes that are kept with all that was found out about them, twice over."""

Key = tuple[int, Stops]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A plan as it was: its routes, and when tied jobs had agreed to begin."""

    routes: tuple[Route, ...]
    agreed: dict[int, Spans]
    cost: float


class Draft:
    """Changes stand until ``keep``, or are taken back by ``undo``.

    Most changes are taken back, and the same routes come again and again: those made lately are remembered by their
    stops, together with their labels and everything that was tried on them. This is worth more than any other trick.
    """

    def __init__(self, p: Problem, snapshot: Snapshot | None = None) -> None:
        self.p = p
        self.home = [-1] * p.jobs
        """Technician of each job node; -1: in no route."""
        self.agreed: dict[int, Spans] = {}
        self.taken: Counter[tuple[int, str]] = Counter()
        """(depot node, part) → quantity, where depots may run out."""
        self._young: dict[Key, Route] = {}
        self._old: dict[Key, Route] = {}
        self._load(snapshot)

    def _load(self, snapshot: Snapshot | None) -> None:
        p = self.p
        for node in p.tied:
            p.agree(node, p.windows[node])
        self.routes: list[Route] = []
        if snapshot is None:
            self.routes.extend(empty(p, tech) for tech in range(p.team))
            self._open()
        else:
            self.agreed.update(snapshot.agreed)
            for node, windows in self.agreed.items():
                p.agree(node, windows)
            self.routes.extend(snapshot.routes)
        for route in self.routes:
            for node in route.stops:
                if node < p.jobs:
                    self.home[node] = route.tech
            if p.limited and snapshot is not None:
                self.taken.update(fetched(p, route.tech, route.stops) or {})
        self.absent = {node for node in range(p.jobs) if self.home[node] < 0}
        self.cost = sum(route.cost for route in self.routes) + sum(p.prize[node] for node in self.absent)
        self._before: dict[int, Route] = {}
        self._windows: dict[int, Spans | None] = {}
        self._cost = self.cost

    def _open(self) -> None:
        """Days with nothing in them but the job that a technician is on his way to.

        Raises:
            Invalid: he cannot begin that job in time, or lacks a part that no depot gives.
        """
        p = self.p
        for tech, route in enumerate(self.routes):
            if p.pinned[tech] >= 0:
                choices = sorted(_openings(p, tech), key=lambda choice: choice.cost)
                found = next((one for one in choices if not p.limited or self._fetch(route, one)), None)
                if found is None:
                    raise pin_impossible(p, tech)
                self.routes[tech] = found

    def snapshot(self) -> Snapshot:
        """The plan as it stands."""
        return Snapshot(tuple(self.routes), dict(self.agreed), self.cost)

    def insert(self, node: int, tech: int, found: Found) -> bool:
        """Put a job into a technician's route, where it was ``found`` to fit; False when a depot has run out."""
        route = self.routes[tech]
        old = (route if found[2] is None else found[2]).stops
        cut = found[1] + 1
        key = (tech, (*old[:cut], node, *old[cut:]))
        new = self._recall(key)
        if new is None:
            new = self._remember(key, with_stop(self.p, route, node, found))
        if not self.replace(new):
            return False
        self.home[node] = tech
        self.absent.discard(node)
        self.cost -= self.p.prize[node]
        return True

    def install(self, route: Route) -> bool:
        """Give a technician a route with jobs that are in none; False when a depot has run out."""
        if not self.replace(route):
            return False
        for node in route.stops:
            if node in self.absent:
                self.home[node] = route.tech
                self.absent.discard(node)
                self.cost -= self.p.prize[node]
        return True

    def remove(self, tech: int, nodes: set[int]) -> bool:
        """Take jobs out of a technician's route; False, and nothing done, when the rest cannot be driven."""
        route = self.routes[tech]
        key = (tech, tuple([node for node in route.stops if node not in nodes]))
        new = self._recall(key)
        if new is None:
            new = without(self.p, route, nodes)
            if new is None:
                return False
            self._remember(key, new)
        if not self.replace(new):
            return False
        for node in nodes:
            self.home[node] = -1
            self.cost += self.p.prize[node]
        self.absent |= nodes
        return True

    def replace(self, route: Route) -> bool:
        """Give a technician another route with the same jobs, or let ``insert`` and ``remove`` do it with others.

        False, and nothing done, when a depot has run out of what it needs.
        """
        old = self.routes[route.tech]
        if self.p.limited and not self._fetch(old, route):
            return False
        self._before.setdefault(route.tech, old)
        self.routes[route.tech] = route
        self.cost += route.cost - old.cost
        return True

    def agree(self, node: int, windows: Spans | None) -> None:
        """A tied job begins inside ``windows`` only; None: it is free again. Routes with it are to be made anew."""
        self._windows.setdefault(node, self.agreed.get(node))
        self._agree(node, windows)

    def _agree(self, node: int, windows: Spans | None) -> None:
        if windows is None:
            self.agreed.pop(node, None)
        else:
            self.agreed[node] = windows
        self.p.agree(node, self.p.windows[node] if windows is None else windows)

    def keep(self) -> None:
        """What was changed is the plan now."""
        self._before.clear()
        self._windows.clear()
        self._cost = self.cost

    def undo(self) -> None:
        """As it was when last kept."""
        p, home = self.p, self.home
        gone = [node for tech in self._before for node in self.routes[tech].stops if node < p.jobs]
        for node in gone:
            home[node] = -1
        self.absent.update(gone)
        for node, windows in self._windows.items():
            self._agree(node, windows)
        for tech, route in self._before.items():
            if p.limited:
                self._fetch(self.routes[tech], route, anyway=True)
            self.routes[tech] = route
            for node in route.stops:
                if node < p.jobs:
                    home[node] = tech
                    self.absent.discard(node)
        self._before.clear()
        self._windows.clear()
        self.cost = self._cost

    def loosen(self) -> list[int]:
        """Let absent jobs begin sooner than told, and forget what was found out about them; those that now may."""
        loose = [node for node in sorted(self.absent) if self.p.loosen(node)]
        if loose:
            self._young, self._old = {}, {}
            for route in self.routes:
                for node in loose:
                    route.tried.pop(node, None)
        return loose

    def _fetch(self, old: Route, new: Route, *, anyway: bool = False) -> bool:
        """Book what the new route fetches instead of the old; False when it cannot be had."""
        p, taken = self.p, self.taken
        before: Fetched = fetched(p, old.tech, old.stops) or {}
        after = fetched(p, new.tech, new.stops)
        if after is None:
            return False
        for (depot, part), quantity in () if anyway else after.items():
            stock = p.stock[depot - p.jobs]
            if stock is not None and taken[depot, part] - before.get((depot, part), 0) + quantity > stock.get(part, 0):
                return False
        taken.subtract(before)
        taken.update(after)
        return True

    def _recall(self, key: Key) -> Route | None:
        """A route that was made lately."""
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is not None:
                self._young[key] = found
        return found

    def _remember(self, key: Key, route: Route) -> Route:
        """Not so what holds tied jobs: when they begin is not written on the route."""
        if not self.p.tied or self.p.tied.keys().isdisjoint(key[1]):
            if len(self._young) > REMEMBERED:
                self._old, self._young = self._young, {}
            self._young[key] = route
        return route


def _openings(p: Problem, tech: int) -> list[Route]:
    """The ways to begin with what is pinned: at once, or by way of a depot or two."""
    start, end, pinned = p.first_start + tech, p.first_end + tech, p.pinned[tech]
    depots = range(p.jobs, p.first_start)
    ways = [(), *((depot,) for depot in depots), *permutations(depots, 2)]
    made = (build(p, tech, (start, *way, pinned, end)) for way in ways)
    return [route for route in made if route is not None]


def pin_impossible(p: Problem, tech: int) -> Invalid:
    """The refusal for a technician who cannot do the job that he is on his way to."""
    job, one = p.instance.jobs[p.job_of[p.pinned[tech]]], p.instance.technicians[tech]
    return Invalid("planning.pin_impossible", field="replan.pinned", job=job.id, technician=one.id)
