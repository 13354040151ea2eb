"""Driving times between places: one table of seconds and metres, whatever they come from.

``Bands`` are an estimate that needs no map: 1.35 × great circle at a speed that grows with the distance. Speeds must
not fall with the distance: then seconds are concave in metres, and a detour never saves time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from helpdesk.dispatch.planning.model import Bands, Depot, Instance, Job, Matrix, Place

EARTH_M = 6371008.8
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Table:
    """Row: from, column: to, in the order of the places asked for."""

    seconds: Ints
    metres: Floats


def great_circle(lat: Floats, lon: Floats, to_lat: Floats, to_lon: Floats) -> Floats:
    """Metres between points given in radians, elementwise with broadcasting (haversine)."""
    h = np.sin((to_lat - lat) / 2) ** 2 + np.cos(lat) * np.cos(to_lat) * np.sin((to_lon - lon) / 2) ** 2
    metres: Floats = 2 * EARTH_M * np.arcsin(np.sqrt(np.minimum(h, 1.0)))
    return metres


def drive(bands: Bands, metres: Floats) -> Ints:
    """Seconds for so many metres of road, elementwise, rounded up; nothing for no way at all."""
    seconds = np.full(metres.shape, float(bands.access_s))
    lower = 0.0
    for upto, speed in bands.bands:
        top = metres if upto is None else np.minimum(metres, upto)
        seconds += np.maximum(top - lower, 0.0) / speed
        if upto is None:
            break
        lower = max(lower, upto)
    return np.where(metres > 0, np.ceil(seconds - 1e-6), 0).astype(np.int64)


def estimate(bands: Bands, places: Sequence[Place]) -> Table:
    """The table of ``bands`` between all places."""
    degrees = np.array([(place.lat, place.lon) for place in places]).reshape(-1, 2)
    lat, lon = np.radians(degrees[:, 0]), np.radians(degrees[:, 1])
    metres = bands.detour * great_circle(lat[:, None], lon[:, None], lat[None, :], lon[None, :])
    return Table(drive(bands, metres), metres)


def table(instance: Instance) -> Table:
    """Between all places of an instance: jobs, depots, technicians' starts, their ends, in this order."""
    if isinstance(instance.travel, Matrix):
        return _given(instance.travel, locations(instance))
    team = instance.technicians
    places = [job.place for job in instance.jobs] + [depot.place for depot in instance.depots]
    return estimate(instance.travel, places + [one.start for one in team] + [one.end for one in team])


def locations(instance: Instance) -> list[str]:
    """Location ids in the order of ``table``."""
    team = [one.id for one in instance.technicians]
    return [
        *(job.id for job in instance.jobs),
        *(depot.id for depot in instance.depots),
        *team,
        *(f"{one}#end" for one in team),
    ]


def row_of(matrix: Matrix, location: str) -> int:
    """The row of a location; another end than the start is looked up first. Raises ``KeyError``."""
    return matrix.index[location] if location in matrix.index else matrix.index[location.split("#")[0]]


def _given(matrix: Matrix, wanted: list[str]) -> Table:
    rows = np.array([row_of(matrix, location) for location in wanted])
    grid = np.ix_(rows, rows)
    return Table(
        np.ceil(np.array(matrix.seconds, dtype=np.float64)).astype(np.int64).reshape(len(matrix.seconds), -1)[grid],
        np.array(matrix.metres, dtype=np.float64).reshape(len(matrix.metres), -1)[grid],
    )


def seconds_between(instance: Instance, here: str, there: str) -> int:
    """From one location id to another."""
    if isinstance(instance.travel, Matrix):
        return math.ceil(instance.travel.seconds[row_of(instance.travel, here)][row_of(instance.travel, there)])
    return int(estimate(instance.travel, [place_of(instance, here), place_of(instance, there)]).seconds[0, 1])


def place_of(instance: Instance, location: str) -> Place:
    """Where a location id is. Raises ``KeyError``."""
    fixed: list[Job | Depot] = [*instance.jobs, *instance.depots]
    for row in fixed:
        if row.id == location:
            return row.place
    for one in instance.technicians:
        if location in (one.id, f"{one.id}#end"):
            return one.start if location == one.id else one.end
    raise KeyError(location)
