"""Arrival windows while the customer waits: the cheapest places for one more job in the living plans of many days.

Every way between two stops of every technician's day lies in flat arrays. One pass of numpy over those of the able
technicians gives the detour of each and says, by the labels, into which windows the job would fit. Where that is not
yet the whole truth (overtime, a part to be fetched), the one route is asked exactly before its window is offered.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray

from helpdesk.dispatch.planning.model import Bands, Instance, Job, Span
from helpdesk.dispatch.planning.plan import Plan, PlannedRoute
from helpdesk.dispatch.planning.problem import NEVER
from helpdesk.dispatch.planning.rows import COLUMNS, Row
from helpdesk.dispatch.planning.travel import Floats, Ints, drive, great_circle

Day = date
Flags = NDArray[np.bool_]
OFFERS = 3
A_DAY = 2
"""Windows of one day among those offered."""
DAY_S = 86400
TRIES = 4
"""Uncertain technicians who are asked exactly for one window before it is given up."""
Slot = tuple[int, int]
"""(index of the day, index of the window among those of the day)."""
Entry = tuple[float, Slot, int, bool]
"""(cost or lower bound, slot, place, whether the cost is certain)."""


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
        for offer in self.by_cost(job, windows):
            if sum(1 for other in found if other.day == offer.day) < a_day:
                found.append(offer)
            if len(found) == count:
                break
        return found

    def by_cost(self, job: Job, windows: Mapping[Day, Sequence[Span]]) -> Iterator[Offer]:
        """Windows that can be kept, cheapest first, each at its exact cost. Its deadline counts from the first day."""
        sight = _Sight(self, job, [list(windows.get(day, ())) for day in self.days])
        heap = sight.entries()
        heapify(heap)
        asked: dict[Slot, set[int]] = {}
        done: set[Slot] = set()
        while heap:
            cost, slot, place, certain = heappop(heap)
            if slot in done:
                continue
            row = int(sight.row[place])
            if certain:
                done.add(slot)
                yield Offer(self.days[slot[0]], sight.windows[slot[0]][slot[1]], self.rows[row].one.id, cost)
                continue
            seen = asked.setdefault(slot, set())
            seen.add(row)
            for span in sight.spans(slot):
                exact = self.rows[row].ask(sight.on(slot[0]), span)
                if exact is not None:
                    heappush(heap, (exact, slot, place, True))
            if len(seen) < TRIES and (further := sight.further(slot, seen)) is not None:
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


class _Sight:
    """The places of a book as one job sees them: those of able technicians, the least detour first."""

    def __init__(self, book: Book, job: Job, windows: list[list[Span]]) -> None:
        self.job, self.windows = job, windows
        self.offset = np.array([(day - book.days[0]).days for day in book.days])
        chosen = np.flatnonzero(book.able(job)[book.row] & book.columns["open"])
        column = {name: values[chosen] for name, values in book.columns.items()}
        lat, lon = np.radians(job.lat), np.radians(job.lon)
        there = book.bands.detour * great_circle(column["lat"], column["lon"], lat, lon)
        back = book.bands.detour * great_circle(lat, lon, column["to_lat"], column["to_lon"])
        t, u = drive(book.bands, there), drive(book.bands, back)
        way = _cost(book, t + u, there + back) - column["way"]
        if job.preferred:
            liked = np.array([row.one.id in job.preferred for row in book.rows])[book.row[chosen]]
            way = way + np.where(liked, 0.0, book.rows[0].instance.weights.not_preferred)
        order = np.argsort(way, kind="stable")
        self.way, self.t, self.u = way[order], t[order], u[order]
        self.column = {name: values[order] for name, values in column.items()}
        self.row, self.day = book.row[chosen][order], book.day[chosen][order]
        unlimited = all(depot.stock is None for depot in book.rows[0].instance.depots)
        self.supplied = book.supplied(job)[self.row] | (self.column["fetched"] & unlimited)
        self.fetchable = self.supplied | bool(book.rows[0].instance.depots)
        self._doubtful: dict[int, Flags] = {}
        self._arrive()

    def on(self, day: int) -> Job:
        """The job as that day sees it: its deadline in seconds after its own midnight."""
        if self.job.sla_deadline is None:
            return self.job
        return dataclasses.replace(self.job, sla_deadline=self.job.sla_deadline - DAY_S * int(self.offset[day]))

    def _arrive(self) -> None:
        c = self.column
        hungry = c["hungry"] + self.t
        eaten = np.where(c["hungry"] <= c["latest"], np.maximum(hungry, c["early"]) + c["pause"], NEVER)
        self.hungry, self.fed = hungry, np.minimum(c["fed"] + self.t, eaten)

    def spans(self, slot: Slot) -> list[Span]:
        """When service may begin inside a window: all of it, or what access hours leave."""
        window = self.windows[slot[0]][slot[1]]
        if self.job.access is None:
            return [window]
        cut = [(max(window[0], a), min(window[1], b - self.job.service_s)) for a, b in self.job.access]
        return [(a, b) for a, b in cut if a <= b]

    def entries(self) -> list[Entry]:
        """For each slot the least certain cost, and the least uncertain one where that is lower."""
        found: list[Entry] = []
        for w in range(max(map(len, self.windows), default=0)):
            slots = [(day, w) for day, windows in enumerate(self.windows) if w < len(windows)]
            certain, doubtful = self._fits(slots)
            self._doubtful[w] = doubtful
            sure = dict(zip(*self._first(certain), strict=True))
            for day, place in sure.items():
                found.append((float(self.way[place]), (day, w), place, True))
            for day, place in zip(*self._first(doubtful), strict=True):
                if day not in sure or place < sure[day]:
                    found.append((float(self.way[place]), (day, w), place, False))
        return found

    def further(self, slot: Slot, asked: set[int]) -> Entry | None:
        """The next uncertain place of a slot with a technician who has not been asked."""
        places = np.flatnonzero(self._doubtful[slot[1]] & (self.day == slot[0]))
        for place in places:
            if int(self.row[place]) not in asked:
                return float(self.way[place]), slot, int(place), False
        return None

    def _first(self, chosen: Flags) -> tuple[list[int], list[int]]:
        """Days, and the first chosen place of each."""
        places = np.flatnonzero(chosen)
        days, first = np.unique(self.day[places], return_index=True)
        return days.tolist(), places[first].tolist()

    def _fits(self, slots: list[Slot]) -> tuple[Flags, Flags]:
        """By place: it fits certainly and at the cost of its detour; it may fit. For one window of each day."""
        certain = np.zeros(len(self.way), dtype=bool)
        possible = np.zeros(len(self.way), dtype=bool)
        spans = {slot: self.spans(slot) for slot in slots}
        for n in range(max(map(len, spans.values()), default=0)):
            lo, hi = np.full(len(self.windows), NEVER), np.full(len(self.windows), -NEVER)
            for slot, choices in spans.items():
                if n < len(choices):
                    lo[slot[0]], hi[slot[0]] = choices[n]
            fits, free = self._inside(lo[self.day], hi[self.day])
            if self.job.sla_deadline is not None:
                due = self.job.sla_deadline - self.job.service_s - DAY_S * self.offset
                _, free = self._inside(lo[self.day], np.minimum(hi, due)[self.day])
            certain |= free & self.column["plain"] & self.supplied
            possible |= fits & self.fetchable
        return certain, possible & ~certain

    def _inside(self, lo: Ints, hi: Ints) -> tuple[Flags, Flags]:
        """By place: whether the job fits when it begins between ``lo`` and ``hi``, and whether freely (``labels``)."""
        c, s = self.column, self.job.service_s
        hungry, fed = np.maximum(self.hungry, lo), np.maximum(self.fed, lo)
        x = np.where(hungry > hi, NEVER, hungry) + s
        y = np.where(fed > hi, NEVER, fed) + s
        eaten = np.where(x <= c["latest"], np.maximum(x + self.u, c["early"]) + c["pause"], NEVER)
        x, y = x + self.u, np.minimum(y + self.u, eaten)
        fits = (x <= c["by_hungry"]) | (y <= c["by_fed"])
        return fits, (x <= c["free_hungry"]) | (y <= c["free_fed"])


def _cost(book: Book, seconds: Ints, metres: Floats) -> Floats:
    weights = book.rows[0].instance.weights
    cost: Floats = weights.travel_per_min * seconds / 60 + weights.km * metres / 1000
    return cost
