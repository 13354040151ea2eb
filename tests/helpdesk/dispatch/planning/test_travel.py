"""Driving times: estimated, asked of a road service that may fail, corrected by what check-ins teach."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk.dispatch.planning.checker import check
from helpdesk.dispatch.planning.engine import plan_day
from helpdesk.dispatch.planning.learned import Corrections, Trip, corrected, learn, with_corrections
from helpdesk.dispatch.planning.limits import Limit
from helpdesk.dispatch.planning.mileage import Mileage
from helpdesk.dispatch.planning.model import Bands, Matrix, Place
from helpdesk.dispatch.planning.plan import written
from helpdesk.dispatch.planning.roads import Roads, with_roads
from helpdesk.dispatch.planning.travel import estimate, locations, table
from tests.helpdesk.dispatch.planning.days import UNHURRIED, Row, day, days, depot, job, read, technician

pytestmark = pytest.mark.once

BANDS = Bands("haversine-bands", 1.35, 120, ((2000, 4.5), (8000, 7.5), (None, 12.5)))
TOWN = st.builds(Place, st.floats(24.9, 25.2), st.floats(121.3, 121.8))


@given(places=st.lists(TOWN, min_size=3, max_size=3))
def test_a_detour_never_saves_time_nor_way(places: list[Place]) -> None:
    found = estimate(BANDS, places)
    assert found.seconds[0, 2] <= found.seconds[0, 1] + found.seconds[1, 2]
    assert found.metres[0, 2] <= found.metres[0, 1] + found.metres[1, 2] + 1e-6
    assert (found.seconds == found.seconds.T).all()
    assert found.seconds.diagonal().tolist() == [0, 0, 0]


@settings(UNHURRIED, max_examples=60)
@given(row=days(team=2, work=4))
def test_the_search_and_the_checker_measure_the_same_ways(row: Row) -> None:
    instance = read(row)
    names, found, way = locations(instance), table(instance), Mileage(instance)
    for i, here in enumerate(names):
        for j, there in enumerate(names):
            seconds, metres = way(here, there)
            assert found.seconds[i, j] == seconds
            assert found.metres[i, j] == pytest.approx(metres, abs=1e-6)


def test_the_worlds_other_end_is_far_and_no_fault() -> None:
    found = estimate(BANDS, [Place(0, 0), Place(0, 180), Place(90, 0)])
    assert found.metres[0, 1] == pytest.approx(1.35 * math.pi * 6371008.8)
    assert found.seconds.max() < 10**7


def town() -> Row:
    return day([technician("T1"), technician("T2", x=4, end_lat=25.1)], [job("J1"), job("J2", x=3)], [depot()])


@contextmanager
def service(answer: Callable[[str, Any], Any]) -> Iterator[tuple[str, list[str]]]:
    """A road service on a port of its own, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            found = answer(self.path, json.loads(self.rfile.read(length)) if length else None)
            body = found if isinstance(found, bytes) else json.dumps(found).encode()
            self.send_response(200 if found else 500)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def osrm(path: str, _: Any) -> Any:
    """Every way takes 100.2 seconds and 900 metres; into the last place no way is known."""
    here, there = (part.split("=")[1].count(";") + 1 for part in path.split("&")[1:])
    return {
        "code": "Ok",
        "durations": [[100.2] * there] * here,
        "distances": [[900.0] * there] * here,
    }


def test_osrm_is_asked_block_by_block() -> None:
    instance = read(town())
    with service(osrm) as (url, asked):
        roads, estimated = with_roads(instance, Roads(url, block=3))
    assert not estimated
    assert isinstance(roads.travel, Matrix)
    assert all(path.startswith("/table/v1/driving/121.5") for path in asked)
    assert len(asked) == 4, "six places in blocks of three"
    found = table(roads)
    assert found.seconds.max() == 101
    assert found.seconds.diagonal().max() == 0
    plan = plan_day(roads, Limit(iterations=20))
    assert check(roads, plan).feasible


def test_valhalla_is_asked_its_own_way() -> None:
    def valhalla(_: str, ask: Any) -> Any:
        cell = {"time": 60, "distance": 0.5}
        return {"sources_to_targets": [[cell for _ in ask["targets"]] for _ in ask["sources"]]}

    with service(valhalla) as (url, asked):
        roads, estimated = with_roads(read(town()), Roads(url, "valhalla"))
    assert (asked, estimated) == (["/sources_to_targets"], False)
    assert table(roads).metres.max() == 500


@pytest.mark.parametrize(
    "answer",
    [None, b"no json", {"code": "NoTable"}, {"durations": [[1]], "distances": [[1]]}, {"durations": 7, "distances": 7}],
)
def test_without_a_proper_answer_the_estimate_stands_in(answer: Any) -> None:
    instance = read(town())
    with service(lambda *_: answer) as (url, _):
        roads, estimated = with_roads(instance, Roads(url))
    assert estimated
    assert (table(roads).seconds == table(instance).seconds).all()
    plan = plan_day(roads, Limit(iterations=5), estimated=estimated)
    assert json.loads(written(plan))["estimated"] is True


def test_a_way_that_is_not_known_is_estimated_and_said_so() -> None:
    def hole(path: str, ask: Any) -> Any:
        found = osrm(path, ask)
        found["durations"] = [[None, *row[1:]] for row in found["durations"]]
        return found

    instance = read(town())
    with service(hole) as (url, _):
        roads, estimated = with_roads(instance, Roads(url))
    assert estimated
    assert table(roads).seconds[1, 0] == table(instance).seconds[1, 0]
    assert table(roads).seconds[0, 1] == 101


def test_nobody_there_is_no_fault_either() -> None:
    instance = read(town())
    assert with_roads(instance, Roads("http://127.0.0.1:9", timeout_s=0.5))[1]
    with pytest.raises(ValueError, match="not an address"):
        Roads("file:///etc/passwd")


def test_check_ins_teach_how_long_ways_take() -> None:
    north, south = Place(25.2, 121.5), Place(24.9, 121.5)
    jam = [Trip(north, north, 600, 1200)] * 200
    found = learn([*jam, *[Trip(south, south, 600, 600)] * 200])
    assert found.at(north) > 1.8
    assert found.at(south) == pytest.approx(1.0, abs=0.1)
    assert found.at(Place(25.05, 121.5)) == found.town
    assert 1.3 < found.town < 1.5
    table_ = estimate(BANDS, [north, south])
    longer = corrected(table_, [north, south], found)
    assert longer.seconds[0, 1] == math.ceil(table_.seconds[0, 1] * (found.at(north) + found.at(south)) / 2 - 1e-6)


@given(driven=st.lists(st.integers(0, 10**6), max_size=30))
def test_few_or_mad_check_ins_teach_little(driven: list[int]) -> None:
    place = Place(25.0, 121.5)
    found = learn(Trip(place, place, 600, seconds) for seconds in driven)
    assert 1 / 3 < found.town < 3
    few = learn(Trip(place, place, 600, seconds) for seconds in driven[:1])
    assert 0.85 < few.town < 1.15
    assert learn([Trip(place, place, 60, 6000)] * 9) == Corrections()


def test_a_day_is_planned_on_what_was_learned() -> None:
    instance = read(town())
    slow = with_corrections(instance, Corrections(1.5))
    assert (table(slow).seconds >= 1.5 * table(instance).seconds - 1).all()
    assert check(slow, plan_day(slow, Limit(iterations=20))).feasible
