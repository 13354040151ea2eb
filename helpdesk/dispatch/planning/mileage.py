"""Ways as the checker measures them, one pair of places at a time; nothing of it is shared with the search."""

from __future__ import annotations

import math
from collections.abc import Iterator

from helpdesk.dispatch.planning.model import Bands, Depot, Instance, Job, Technician

EARTH_M = 6371008.8


class Mileage:
    """(seconds, metres) between locations by their ids."""

    def __init__(self, instance: Instance) -> None:
        self.travel = instance.travel
        self.places: dict[str, tuple[float, float]] = dict(self._places(instance))
        self.known: dict[tuple[str, str], tuple[float, float]] = {}

    @staticmethod
    def _places(instance: Instance) -> Iterator[tuple[str, tuple[float, float]]]:
        rows: list[Depot | Technician | Job] = [*instance.depots, *instance.technicians, *instance.jobs]
        for row in rows:
            yield row.id, (row.lat, row.lon)
        for one in instance.technicians:
            lat, lon = one.end_lat, one.end_lon
            yield f"{one.id}#end", (one.lat if lat is None else lat, one.lon if lon is None else lon)

    def __call__(self, here: str, there: str) -> tuple[float, float]:
        if (here, there) not in self.known:
            self.known[here, there] = self._found(here, there)
        return self.known[here, there]

    def _found(self, here: str, there: str) -> tuple[float, float]:
        travel = self.travel
        if not isinstance(travel, Bands):
            rows = [travel.index.get(name, travel.index.get(name.split("#")[0], -1)) for name in (here, there)]
            return travel.seconds[rows[0]][rows[1]], travel.metres[rows[0]][rows[1]]
        if self.places[here] == self.places[there]:
            return 0, 0.0
        (lat, lon), (to_lat, to_lon) = (map(math.radians, self.places[name]) for name in (here, there))
        h = math.sin((to_lat - lat) / 2) ** 2
        h += math.cos(lat) * math.cos(to_lat) * math.sin((to_lon - lon) / 2) ** 2
        metres = travel.detour * 2 * EARTH_M * math.asin(math.sqrt(min(h, 1.0)))
        seconds, below = float(travel.access_s), 0.0
        for upto, speed in travel.bands:
            top = metres if upto is None else min(metres, upto)
            if top > below:
                seconds += (top - below) / speed
                below = top
        return math.ceil(seconds - 1e-6), metres
