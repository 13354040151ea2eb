"""Ruin and recreate: take a few jobs that lie close together out of a few routes, put them back otherwise, and keep
what came out if it is better, or not much worse while the search is hot (simulated annealing).

The same seed and number of iterations give the same plan. Every plan that is kept can be driven.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from math import log
from random import Random

from helpdesk.dispatch.planning.construct import construct
from helpdesk.dispatch.planning.draft import Draft, Snapshot
from helpdesk.dispatch.planning.insertion import Found, glance, study
from helpdesk.dispatch.planning.limits import TUNING, Limit, Tuning
from helpdesk.dispatch.planning.problem import Problem
from helpdesk.dispatch.planning.tied import insert_group, remove_group, settle

Progress = Callable[[float, float], None]
"""Told the fraction done and the cost of the best plan so far."""
CHECK_EVERY = 16
"""Iterations between two looks at the clock; crews take longer: a look each."""
REGRET_SHARE = 0.3
"""The part of the time after which a first plan by regret is given up for a quick one."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The best plan found, and after how many iterations the search ended."""

    best: Snapshot
    iterations: int


class Search:
    """One run on one problem."""

    def __init__(self, p: Problem, seed: int, *, start: Snapshot | None = None, tuning: Tuning = TUNING) -> None:
        self.p, self.tuning = p, tuning
        self.chance = Random(seed)
        self.draft = Draft(p, start)
        self.able = [set(able) for able in p.able]
        self.near = [
            [other for other in p.near[node] if other != node and not self.able[node].isdisjoint(self.able[other])]
            for node in range(p.jobs)
        ]
        self.close = [near[: tuning.near] for near in self.near]
        self.width = [sum(b - a for a, b in windows) for windows in p.windows]
        self._until_blink = self._blinks()
        if start is None:
            settle(self.draft)

    def run(self, limit: Limit, progress: Progress | None = None, *, since: float | None = None) -> Outcome:
        """Search until the limit is reached, counted from when its clock said ``since`` (None: now)."""
        since, iterations = limit.clock() if since is None else since, 0
        self.fill(lambda: limit.spent(since) >= REGRET_SHARE)
        draft, chance, tuning = self.draft, self.chance, self.tuning
        best = draft.snapshot()
        temperature, every = tuning.hot, 1 if self.p.tied else CHECK_EVERY
        if not self._hopeful():
            return Outcome(best, 0)
        while True:
            if iterations % every == 0 or iterations == limit.iterations:
                done = limit.done(since, iterations)
                if progress is not None:
                    progress(min(done, 1.0), best.cost)
                if done >= 1:
                    return Outcome(best, iterations)
                temperature = tuning.hot * (tuning.cold / tuning.hot) ** done
            iterations += 1
            cost = draft.cost
            if self._iterate() and draft.cost < cost - temperature * log(1 - chance.random()):
                draft.keep()
                if draft.cost < best.cost - 1e-6:
                    best = draft.snapshot()
            else:
                draft.undo()

    def fill(self, enough: Callable[[], bool] = lambda: False) -> None:
        """Put in what is absent: by regret, and quickly what is left when that takes ``enough``."""
        draft, tied = self.draft, self.p.tied
        for group in self.p.groups:
            if enough():
                break
            insert_group(draft, group)
        if not construct(draft, [node for node in draft.absent if node not in tied], enough):
            left = sorted(node for node in draft.absent if node not in tied)
            self._recreate(left, set(left))
        construct(draft, draft.loosen(), enough)
        draft.keep()

    def _hopeful(self) -> bool:
        """Whether there is anything to search: two jobs that somebody can do, or one that two can."""
        return sum(map(len, self.p.able)) > 1

    def _iterate(self) -> bool:
        """Ruin and recreate once; False when it came to nothing."""
        absent = set(self.draft.absent)
        seed = self._seed(absent)
        removed = self._ruin(seed)
        if removed is None:
            return False
        if absent:
            chance, stray = self.chance.random, self.tuning.stray
            removed += [node for node in self.p.near[seed][:30] if node in absent]
            removed += [node for node in sorted(absent) if chance() < stray and node not in removed]
        self._recreate(removed, absent)
        return True

    def _seed(self, absent: set[int]) -> int:
        """The job it begins with."""
        chance = self.chance.random
        if absent and chance() < self.tuning.begin_absent:
            return sorted(absent)[int(chance() * len(absent))]
        return int(chance() * self.p.jobs)

    def _ruin(self, seed: int) -> list[int] | None:
        """Take strings of jobs out of routes around a job; None when a route cannot be driven without them."""
        draft, tuning, chance = self.draft, self.tuning, self.chance.random
        fit = self.able[seed] if chance() < tuning.fitting else None
        wanted = min(tuning.most, tuning.least + int(self.chance.expovariate(1 / tuning.more)))
        removed: list[int] = []
        touched = set()
        for node in self.p.near[seed]:
            tech = draft.home[node]
            if tech < 0 or tech in touched or (fit is not None and tech not in fit):
                continue
            if chance() < tuning.pass_over:
                continue
            touched.add(tech)
            string = self._string(node, tech, wanted - len(removed))
            if not self._take(tech, string):
                return None
            removed += string
            if len(removed) >= wanted:
                break
        return removed

    def _string(self, node: int, tech: int, most: int) -> list[int]:
        """Consecutive jobs of a route, ``node`` among them; nothing that is pinned."""
        jobs, pinned = self.p.jobs, self.p.pinned[tech]
        if node == pinned:
            return []
        row = [stop for stop in self.draft.routes[tech].stops if stop < jobs and stop != pinned]
        chance = self.chance.random
        length = 1 + int(chance() * min(self.tuning.string, len(row), most))
        at = row.index(node)
        low, high = max(0, at - length + 1), min(at, len(row) - length)
        first = low + int(chance() * (high - low + 1))
        return row[first : first + length]

    def _take(self, tech: int, string: list[int]) -> bool:
        """Remove a string; with a tied job goes its whole group."""
        draft, tied = self.draft, self.p.tied
        if tied:
            for node in string:
                if node in tied and not remove_group(draft, tied[node]):
                    return False
            string = [node for node in string if draft.home[node] == tech]
        return not string or draft.remove(tech, set(string))

    def _recreate(self, nodes: list[int], absent: Collection[int]) -> None:
        """Put jobs in at their cheapest places, one after the other, in an order of chance."""
        p, draft = self.p, self.draft
        if p.tied:
            for group in dict.fromkeys(p.tied[node] for node in nodes if node in p.tied):
                insert_group(draft, group)
            nodes = [node for node in nodes if node not in p.tied]
        self._shuffle(nodes)
        chance, far = self.chance.random, self.tuning.far
        for node in nodes:
            anywhere = node in absent or chance() < far
            techs = p.able[node] if anywhere else self._around(node)
            barred: list[int] = []
            while True:
                tech, found = self._cheapest(node, techs, barred)
                if found is None or draft.insert(node, tech, found):
                    break
                barred.append(tech)

    def _around(self, node: int) -> set[int]:
        """Technicians who could do a job and have jobs close to it."""
        home = self.draft.home
        return {home[other] for other in self.close[node]} & self.able[node]

    def _shuffle(self, nodes: list[int]) -> None:
        p, way = self.p, self.chance.random()
        self.chance.shuffle(nodes)
        if way < 0.2:
            nodes.sort(key=p.prize.__getitem__, reverse=True)
        elif way < 0.4:
            nodes.sort(key=self.width.__getitem__)
        elif way < 0.6:
            nodes.sort(key=lambda node: len(p.able[node]))

    def _cheapest(self, node: int, techs: Collection[int], barred: list[int]) -> tuple[int, Found | None]:
        """The cheapest place below the prize. Bounds first; routes are studied in the order of their bounds."""
        p, routes, left = self.p, self.draft.routes, self._until_blink
        best, where, chosen = p.prize[node], -1, None
        pending = []
        for tech in techs:
            left -= 1
            if left <= 0:
                left = self._blinks()
                continue
            if tech in barred:
                continue
            found = routes[tech].tried.get(node)
            if found is None:
                found = glance(p, routes[tech], node)
            if found[0] < best:
                if found[1] >= 0:
                    best, where, chosen = found[0], tech, found
                else:
                    pending.append((found[0], tech))
        self._until_blink = left
        pending.sort()
        for bound, tech in pending:
            if bound >= best:
                break
            found = study(p, routes[tech], node, best)
            if found[1] >= 0:
                best, where, chosen = found[0], tech, found
        return where, chosen

    def _blinks(self) -> int:
        """How many technicians are asked until one is overlooked."""
        return int(log(1 - self.chance.random()) / log(1 - self.tuning.blink)) + 1
