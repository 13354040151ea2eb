"""The places of a book of living plans as one job sees them: what fits into which window, certainly or perhaps."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from helpdesk.dispatch.planning.model import Job, Span
from helpdesk.dispatch.planning.problem import NEVER
from helpdesk.dispatch.planning.travel import Floats, Ints, drive, great_circle

if TYPE_CHECKING:
    from helpdesk.dispatch.planning.slots import Book

Flags = NDArray[np.bool_]
Slot = tuple[int, int]
"""(index of the day, index of the window among those of the day)."""
Entry = tuple[float, Slot, int, bool]
"""(cost or lower bound, slot, place, whether the cost is certain)."""
DAY_S = 86400


class Sight:
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
        had = self.supplied | self.column["fetched"]
        self.least = np.where(had, self.way, np.maximum(self.way, self.column["fetch"]))
        weights = book.rows[0].instance.weights
        self.over, self.late = weights.overtime_per_min / 60, weights.sla_late_per_min / 60
        due = NEVER if job.sla_deadline is None else job.sla_deadline - job.service_s
        self.due = due - DAY_S * self.offset[self.day]
        self._doubtful: dict[Slot, tuple[Ints, Floats]] = {}
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
            certain, bound = self._fits(slots)
            self._sort(slots, bound)
            places = np.flatnonzero(certain)
            days, first = np.unique(self.day[places], return_index=True)
            sure = dict(zip(days.tolist(), places[first].tolist(), strict=True))
            for day, place in sure.items():
                found.append((float(self.way[place]), (day, w), place, True))
            for day, _ in slots:
                entry = self.further((day, w), set())
                if entry is not None and (day not in sure or entry[0] < self.way[sure[day]]):
                    found.append(entry)
        return found

    def _sort(self, slots: list[Slot], bound: Floats) -> None:
        """Keep the uncertain places of each slot, the least bound first."""
        places = np.flatnonzero(bound < np.inf)
        places = places[np.lexsort((bound[places], self.day[places]))]
        cuts = np.searchsorted(self.day[places], np.arange(len(self.windows) + 1))
        for slot in slots:
            mine = places[cuts[slot[0]] : cuts[slot[0] + 1]]
            self._doubtful[slot] = mine, bound[mine]

    def further(self, slot: Slot, asked: set[int]) -> Entry | None:
        """The next uncertain place of a slot with a technician who has not been asked."""
        for place, bound in zip(*self._doubtful[slot], strict=True):
            if int(self.row[place]) not in asked:
                return float(bound), slot, int(place), False
        return None

    def _fits(self, slots: list[Slot]) -> tuple[Flags, Floats]:
        """By place: it fits certainly and at the cost of its detour; what it costs at least where it may fit (else
        infinite). For one window of each day."""
        certain = np.zeros(len(self.way), dtype=bool)
        bound = np.full(len(self.way), np.inf)
        spans = {slot: self.spans(slot) for slot in slots}
        for n in range(max(map(len, spans.values()), default=0)):
            lo, hi = np.full(len(self.windows), NEVER), np.full(len(self.windows), -NEVER)
            for slot, choices in spans.items():
                if n < len(choices):
                    lo[slot[0]], hi[slot[0]] = choices[n]
            free, least = self._inside(lo[self.day], hi[self.day])
            if self.job.sla_deadline is not None:
                free, _ = self._inside(lo[self.day], np.minimum(hi[self.day], self.due))
            certain |= free & self.column["plain"] & self.supplied
            bound = np.minimum(bound, least)
        return certain, np.where(certain | ~self.fetchable, np.inf, bound)

    def _inside(self, lo: Ints, hi: Ints) -> tuple[Flags, Floats]:
        """By place, for a job that begins between ``lo`` and ``hi``: whether it fits freely (``labels``), and the least
        that it may cost, infinite where it does not fit.

        The route ends no sooner than driving and working alone take, and what its overtime and lateness cost now is
        not paid twice.
        """
        c, s = self.column, self.job.service_s
        hungry, fed = np.maximum(self.hungry, lo), np.maximum(self.fed, lo)
        late = np.maximum(np.minimum(hungry, fed) - self.due, 0) * self.late
        x = np.where(hungry > hi, NEVER, hungry) + s
        y = np.where(fed > hi, NEVER, fed) + s
        eaten = np.where(x <= c["latest"], np.maximum(x + self.u, c["early"]) + c["pause"], NEVER)
        x, y = x + self.u, np.minimum(y + self.u, eaten)
        starving, full = x <= c["by_hungry"], y <= c["by_fed"]
        free = (x <= c["free_hungry"]) | (y <= c["free_fed"])
        ends = np.minimum(np.where(starving, x + c["pause"], NEVER), np.where(full, y, NEVER)) + c["rest"]
        soft = np.maximum(ends - c["shift_end"], 0) * self.over + late - c["soft"]
        return free, np.where(starving | full, self.least + np.maximum(soft, 0.0), np.inf)


def _cost(book: Book, seconds: Ints, metres: Floats) -> Floats:
    weights = book.rows[0].instance.weights
    cost: Floats = weights.travel_per_min * seconds / 60 + weights.km * metres / 1000
    return cost
