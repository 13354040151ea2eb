"""Driving times from a road service (OSRM or Valhalla) by its URL, for the night's work and a cache.

Where it does not answer, or knows no way, the estimate stands in, and whoever asked is told so.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import requests

from helpdesk.dispatch.planning.model import Bands, Instance, Matrix, Place
from helpdesk.dispatch.planning.travel import Table, estimate, locations, place_of

Cell = tuple[float | None, float | None]
"""(seconds, metres); None: no way is known."""


@dataclass(frozen=True, slots=True)
class Roads:
    """A road service. ``block``: so many places from and to are asked for at once."""

    url: str
    kind: Literal["osrm", "valhalla"] = "osrm"
    timeout_s: float = 5.0
    block: int = 50

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise ValueError(f"not an address of a road service: {self.url!r}")

    def table(self, places: Sequence[Place], fallback: Bands) -> tuple[Table, bool]:
        """The table between all places, and whether some of it is an estimate."""
        found = estimate(fallback, places)
        better, estimated = Table(found.seconds.copy(), found.metres.copy()), False
        try:
            for rows, columns in self._blocks(len(places)):
                cells = self._ask([places[row] for row in rows], [places[column] for column in columns])
                estimated |= _take(better, rows, columns, cells)
        except (requests.RequestException, ValueError, KeyError, TypeError, IndexError, OverflowError):
            return found, True
        return better, estimated

    def _blocks(self, count: int) -> Iterator[tuple[range, range]]:
        cuts = [range(first, min(first + self.block, count)) for first in range(0, count, self.block)]
        return ((rows, columns) for rows in cuts for columns in cuts)

    def _ask(self, here: list[Place], there: list[Place]) -> list[list[Cell]]:
        return self._osrm(here, there) if self.kind == "osrm" else self._valhalla(here, there)

    def _osrm(self, here: list[Place], there: list[Place]) -> list[list[Cell]]:
        points = ";".join(f"{place.lon:.6f},{place.lat:.6f}" for place in here + there)
        first, last = len(here), len(here) + len(there)
        answer = self._fetch(
            f"/table/v1/driving/{points}?annotations=duration,distance"
            f"&sources={';'.join(map(str, range(first)))}&destinations={';'.join(map(str, range(first, last)))}"
        )
        return [list(zip(*rows, strict=True)) for rows in zip(answer["durations"], answer["distances"], strict=True)]

    def _valhalla(self, here: list[Place], there: list[Place]) -> list[list[Cell]]:
        ask = {"sources": _points(here), "targets": _points(there), "costing": "auto", "units": "kilometers"}
        answer = self._fetch("/sources_to_targets", ask)
        return [
            [(cell["time"], None if cell["distance"] is None else cell["distance"] * 1000) for cell in line]
            for line in answer["sources_to_targets"]
        ]

    def _fetch(self, path: str, ask: dict[str, Any] | None = None) -> Any:
        url = self.url.rstrip("/") + path
        if ask is None:
            answer = requests.get(url, timeout=self.timeout_s)
        else:
            answer = requests.post(url, json=ask, timeout=self.timeout_s)
        answer.raise_for_status()
        return answer.json()


def _take(into: Table, rows: range, columns: range, cells: list[list[Cell]]) -> bool:
    """Write a block of an answer into a table; True when some way is not known. Raises for what is no answer."""
    unknown = False
    for row, line in zip(rows, cells, strict=True):
        for column, (time, way) in zip(columns, line, strict=True):
            if time is None or way is None or time < 0 or way < 0:
                unknown = True
            elif row != column:
                into.seconds[row, column], into.metres[row, column] = math.ceil(time), way
    return unknown


def _points(places: list[Place]) -> list[dict[str, float]]:
    return [{"lat": place.lat, "lon": place.lon} for place in places]


def with_roads(instance: Instance, roads: Roads) -> tuple[Instance, bool]:
    """The instance with driving times of the roads, and whether some of them are an estimate after all."""
    if not isinstance(instance.travel, Bands):
        return instance, False
    names = locations(instance)
    places = list(dict.fromkeys(place_of(instance, name) for name in names))
    row = {place: n for n, place in enumerate(places)}
    table, estimated = roads.table(places, instance.travel)
    index = {name: row[place_of(instance, name)] for name in names}
    return dataclasses.replace(instance, travel=as_matrix(table, index)), estimated


def as_matrix(table: Table, index: dict[str, int]) -> Matrix:
    """A table as part of an instance; ``index``: location id → row."""
    return Matrix(
        "matrix",
        index,
        tuple(map(tuple, np.asarray(table.seconds).tolist())),
        tuple(map(tuple, np.asarray(table.metres).tolist())),
    )
