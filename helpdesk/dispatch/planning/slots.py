"""Arrival windows while the customer waits: the cheapest places for one more job in the living plans of many days.

Every way between two stops of every technician's day lies in flat arrays. One pass of numpy over those of the able
technicians gives the detour of each and says, by the labels, into which windows the job would fit. Where that is not
yet the whole truth (overtime, a part to be fetched), the one route is asked exactly before its window is offered.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from heapq import heapify, heappop, heappush

import numpy as np

from helpdesk.dispatch.planning.model import Bands, Instance, Job, Span
from helpdesk.dispatch.planning.plan import Plan, PlannedRoute
from helpdesk.dispatch.planning.rows import COLUMNS, Row
from helpdesk.dispatch.planning.sight import Flags, Sight, Slot
from helpdesk.dispatch.planning.travel import Ints

Day = date
OFFERS = 3
A_DAY = 2
"""Windows of one day among those offered."""
TRIES = 4
"""Uncertain technicians who are asked exactly for one window before it is given up."""
ASKED = 24
"""Uncertain technicians who are asked for all the windows of an answer; then those that are certain have to do."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A window that a technician can keep, and what it adds to the cost of his day."""

    day: Day
    window: Span
    technician: str
    cost: float


class Book:
    """The living plans of several days, which share the weights. ``bands``: how ways to a new place are estimated;
    None: as the first day does."""

    def __init__(self, days: Mapping[Day, tuple[Instance, Plan]], bands: Bands | None = None) -> None:
        self.rows: list[Row] = []
        self.days = list(days)
        self.bands = bands or _bands(days)
        self._at: dict[tuple[Day, str], int] = {}
        for day, (instance, plan) in days.items():
            routes = {route.technician: route for route in plan.routes}
            for one in instance.technicians:
                self._at[day, one.id] = len(self.rows)
                self.rows.append(Row(instance, one, routes.get(one.id), self.bands))
        self._day_of = np.array([self.days.index(day) for day, _ in self._at], dtype=np.int64)
        self._flatten()

    def put(self, day: Day, route: PlannedRoute, instance: Instance) -> None:
        """A technician's day has changed; ``instance`` holds its jobs."""
        at = self._at[day, route.technician]
        self.rows[at] = Row(instance, self.rows[at].one, route, self.bands)
        self._flatten()

    def _flatten(self) -> None:
        """All arcs in one array per column; ``row``: the row each belongs to."""
        self.columns = {name: np.concatenate([row.columns[name] for row in self.rows]) for name in COLUMNS}
        self.row = np.repeat(np.arange(len(self.rows)), [len(row.columns["way"]) for row in self.rows])
        self.day = self._day_of[self.row]
        self._levels: dict[str, Ints] = {}
        self._left: dict[str, Ints] = {}

    def offers(
        self, job: Job, windows: Mapping[Day, Sequence[Span]], *, count: int = OFFERS, a_day: int = A_DAY
    ) -> list[Offer]:
        """The cheapest ``count`` windows, cheapest first, at most ``a_day`` of one day.

        ``windows`` are what may be offered; those of the job say nothing here.
        """
        found: list[Offer] = []
        for offer in self.by_cost(job, windows, asked=ASKED):
            if sum(1 for other in found if other.day == offer.day) < a_day:
                found.append(offer)
            if len(found) == count:
                break
        return found

    def by_cost(self, job: Job, windows: Mapping[Day, Sequence[Span]], *, asked: int | None = None) -> Iterator[Offer]:
        """Windows that can be kept, cheapest first, each at its exact cost. Its deadline counts from the first day.

        ``asked``: so many routes are asked exactly at most (None: as many as it takes).
        """
        sight = Sight(self, job, [list(windows.get(day, ())) for day in self.days])
        heap = sight.entries()
        heapify(heap)
        seen: dict[Slot, set[int]] = {}
        done: set[Slot] = set()
        left = math.inf if asked is None else asked
        while heap:
            cost, slot, place, certain = heappop(heap)
            row = int(sight.row[place])
            if slot in done:
                continue
            if certain:
                done.add(slot)
                yield Offer(self.days[slot[0]], sight.windows[slot[0]][slot[1]], self.rows[row].one.id, cost)
            elif left > 0:
                left -= 1
                tried = seen.setdefault(slot, set())
                tried.add(row)
                for span in sight.spans(slot):
                    exact = self.rows[row].ask(sight.on(slot[0]), span)
                    if exact is not None:
                        heappush(heap, (exact, slot, place, True))
                if len(tried) < TRIES and (further := sight.further(slot, tried)) is not None:
                    heappush(heap, further)

    def day_of(self, at: int) -> Day:
        """The day of a row, by its index."""
        return self.days[int(self._day_of[at])]

    def able(self, job: Job) -> Flags:
        """By row: whether the technician may do the job on that day."""
        able = np.ones(len(self.rows), dtype=bool)
        for skill, level in job.skills.items():
            if skill not in self._levels:
                self._levels[skill] = np.array([row.instance.level(row.one, skill) for row in self.rows])
            able &= self._levels[skill] >= level
        if job.excluded or job.technician is not None:
            able &= np.array(
                [row.one.id not in job.excluded and job.technician in (None, row.one.id) for row in self.rows]
            )
        return able

    def supplied(self, job: Job) -> Flags:
        """By row: whether the van has the parts to spare before its first pick-up."""
        enough = np.ones(len(self.rows), dtype=bool)
        for part, quantity in job.parts.items():
            if part not in self._left:
                self._left[part] = np.array([row.left(part) for row in self.rows])
            enough &= self._left[part] >= quantity
        return enough


def _bands(days: Mapping[Day, tuple[Instance, Plan]]) -> Bands:
    for instance, _ in days.values():
        if isinstance(instance.travel, Bands):
            return instance.travel
    raise ValueError("given driving times reach no new place: say how ways are estimated")
