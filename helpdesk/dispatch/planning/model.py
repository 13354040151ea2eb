"""A day to be planned, as values.

Field names are those of the exchange format ``dispatch-instance/1``; what the format lacks is optional here and
means nothing when absent. Times are seconds after local midnight of the day, distances
metres, costs minutes of driving.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

Second = Annotated[int, Field(ge=0, le=7 * 86400)]
Deadline = Annotated[int, Field(ge=-366 * 86400, le=366 * 86400)]
"""It may have passed days ago, or come days later."""
Quantity = Annotated[int, Field(ge=0, le=1_000_000)]
Cost = Annotated[float, Field(ge=0, le=1e9)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Id = Annotated[str, Field(min_length=1)]
Span = tuple[Second, Second]


@dataclass(frozen=True, slots=True)
class Place:
    """Degrees, WGS 84."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Bands:
    """``detour`` × great circle, driven through bands of (up to metres, metres a second), plus ``access_s``."""

    model: Literal["haversine-bands"]
    detour: Annotated[float, Field(gt=0, le=100)]
    access_s: Annotated[float, Field(ge=0, le=86400)]
    bands: tuple[tuple[Annotated[float, Field(ge=0, le=1e9)] | None, Annotated[float, Field(ge=0.01, le=1e6)]], ...]

    @property
    def concave(self) -> bool:
        """No band is slower than the one before: then a detour never saves time."""
        speeds = [speed for _, speed in self.bands]
        return speeds == sorted(speeds)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Given times and distances; ``index``: location id → row. A technician's other end is ``<id>#end``."""

    model: Literal["matrix"]
    index: Mapping[str, Quantity]
    seconds: tuple[tuple[Cost, ...], ...]
    metres: tuple[tuple[Cost, ...], ...]


@dataclass(frozen=True, slots=True)
class Weights:
    """What a minute or kilometre costs; ``not_preferred``: a visit by none of the preferred."""

    travel_per_min: Cost
    km: Cost
    overtime_per_min: Cost
    sla_late_per_min: Cost
    moved_technician: Cost = 0.0
    moved_start_per_min: Cost = 0.0
    moved_start_free_s: Second = 0
    not_preferred: Cost = 15.0


@dataclass(frozen=True, slots=True)
class Depot:
    """Where parts are fetched; ``stock`` None: it never runs out."""

    id: Id
    lat: Latitude
    lon: Longitude
    open: Second
    close: Second
    pickup_s: Second
    stock: Mapping[str, Quantity] | None = None

    @property
    def place(self) -> Place:
        return Place(self.lat, self.lon)


@dataclass(frozen=True, slots=True)
class Lunch:
    """Bounds on its start, and how long."""

    earliest: Second
    latest: Second
    duration: Second


@dataclass(frozen=True, slots=True)
class Technician:
    """Somebody who drives. ``valid_until``: the last day a skill's certificate is good for; absent: for ever."""

    id: Id
    lat: Latitude
    lon: Longitude
    shift: Span
    max_overtime_s: Second
    skills: Mapping[str, int]
    van: Mapping[str, Quantity]
    lunch: Lunch | None = None
    end_lat: Latitude | None = None
    end_lon: Longitude | None = None
    valid_until: Mapping[str, dt.date] = field(default_factory=dict)

    @property
    def start(self) -> Place:
        return Place(self.lat, self.lon)

    @property
    def end(self) -> Place:
        lat = self.lat if self.end_lat is None else self.end_lat
        return Place(lat, self.lon if self.end_lon is None else self.end_lon)


@dataclass(frozen=True, slots=True)
class After:
    """This job starts no sooner than ``gap_s`` after the end of ``job``, and not at all without it."""

    job: Id
    gap_s: Second = 0


@dataclass(frozen=True, slots=True)
class Job:
    """A visit. Service starts inside one of ``windows``, and lies wholly inside one span of ``access`` where given.

    ``crew``: so many technicians begin it together. ``technician``: the dispatcher's hand has given it to him.
    """

    id: Id
    lat: Latitude
    lon: Longitude
    service_s: Second
    windows: tuple[Span, ...]
    skills: Mapping[str, int]
    parts: Mapping[str, Quantity]
    prize: Cost
    priority: int = 3
    sla_deadline: Deadline | None = None
    access: tuple[Span, ...] | None = None
    crew: Annotated[int, Field(ge=1, le=4)] = 1
    technician: str | None = None
    preferred: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    after: tuple[After, ...] = ()

    @property
    def place(self) -> Place:
        return Place(self.lat, self.lon)


@dataclass(frozen=True, slots=True)
class Pin:
    """The technician is on his way to the job: it stays his, and first."""

    job: Id
    technician: Id


@dataclass(frozen=True, slots=True)
class Told:
    """What a customer was told."""

    technician: str
    start: Second


@dataclass(frozen=True, slots=True)
class Replan:
    """The day is under way: nobody leaves before ``now`` but who is on the road already."""

    now: Second
    pinned: tuple[Pin, ...] = ()
    baseline: Mapping[str, Told] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Instance:
    """Everything that a plan depends on. ``date`` matters to certificates only."""

    name: str
    travel: Annotated[Bands | Matrix, Field(discriminator="model")]
    weights: Weights
    depots: tuple[Depot, ...]
    technicians: tuple[Technician, ...]
    jobs: tuple[Job, ...]
    seed: int | None = None
    format: Literal["dispatch-instance/1"] = "dispatch-instance/1"
    date: dt.date | None = None
    replan: Replan | None = None

    def level(self, technician: Technician, skill: str) -> int:
        """The level that counts on the day: none once the certificate has run out."""
        until = technician.valid_until.get(skill)
        if until is not None and self.date is not None and until < self.date:
            return 0
        return technician.skills.get(skill, 0)
