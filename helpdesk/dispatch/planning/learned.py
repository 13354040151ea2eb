"""What check-ins teach about driving times: a factor for the town, and one for each quarter where enough is known.

A factor is the geometric mean of (driven / expected), drawn towards that of the town as long as few have driven there:
``n`` trips count against ``DOUBT`` trips that were as expected.
"""

from __future__ import annotations

import dataclasses
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from helpdesk.dispatch.planning.model import Instance, Place
from helpdesk.dispatch.planning.roads import as_matrix
from helpdesk.dispatch.planning.travel import Table, locations, place_of, table

Quarter = tuple[int, int]
"""A cell of a grid over the town: (rows north of the equator, columns east of Greenwich)."""
QUARTER_DEGREES = 0.03
"""About three kilometres."""
DOUBT = 20.0
SHORTEST_S = 180
"""Shorter ways say more about stairs and gates than about roads."""
WIDEST = math.log(3.0)
"""A trip that took three times as long, or a third, counts as that: somebody had tea, or forgot to check in."""


@dataclass(frozen=True, slots=True)
class Trip:
    """A way that was driven: seconds expected when it was planned, seconds between the two check-ins."""

    here: Place
    there: Place
    expected_s: int
    driven_s: int


@dataclass(frozen=True, slots=True)
class Corrections:
    """Factors on expected seconds. A way is multiplied by the mean of those of its two ends."""

    town: float = 1.0
    quarters: Mapping[Quarter, float] = field(default_factory=dict)

    def at(self, place: Place) -> float:
        return self.quarters.get(quarter(place), self.town)


def quarter(place: Place) -> Quarter:
    """The cell that a place lies in."""
    return math.floor(place.lat / QUARTER_DEGREES), math.floor(place.lon / QUARTER_DEGREES)


def learn(trips: Iterable[Trip]) -> Corrections:
    """Corrections from check-ins; without any, none."""
    logs: list[float] = []
    by_quarter: defaultdict[Quarter, list[float]] = defaultdict(list)
    for trip in trips:
        if trip.expected_s >= SHORTEST_S and trip.driven_s > 0:
            ratio = min(max(math.log(trip.driven_s / trip.expected_s), -WIDEST), WIDEST)
            logs.append(ratio)
            for cell in {quarter(trip.here), quarter(trip.there)}:
                by_quarter[cell].append(ratio)
    town = sum(logs) / (len(logs) + DOUBT)
    quarters = {cell: math.exp((sum(row) + DOUBT * town) / (len(row) + DOUBT)) for cell, row in by_quarter.items()}
    return Corrections(math.exp(town), quarters)


def corrected(found: Table, places: Sequence[Place], corrections: Corrections) -> Table:
    """A table with its seconds corrected, rounded up; metres stay."""
    factor = np.array([corrections.at(place) for place in places])
    seconds = np.ceil(found.seconds * (factor[:, None] + factor[None, :]) / 2 - 1e-6).astype(np.int64)
    return Table(seconds, found.metres)


def with_corrections(instance: Instance, corrections: Corrections) -> Instance:
    """The instance with its driving times, estimated or from roads, as experience corrects them."""
    names = locations(instance)
    found = corrected(table(instance), [place_of(instance, name) for name in names], corrections)
    return dataclasses.replace(instance, travel=as_matrix(found, {name: n for n, name in enumerate(names)}))
