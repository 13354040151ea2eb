"""Small days for the tests: one written out, and strategies for many."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from helpdesk.dispatch.planning.model import Instance
from helpdesk.dispatch.planning.reading import read_instance

Row = dict[str, Any]
HOUR = 3600
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
"""Days are large examples, and a busy machine proves nothing."""
WEIGHTS = {
    "travel_per_min": 1.0,
    "km": 0.3,
    "overtime_per_min": 2.0,
    "sla_late_per_min": 3.0,
    "moved_technician": 10.0,
    "moved_start_per_min": 0.2,
    "moved_start_free_s": 900,
}
BANDS = {
    "model": "haversine-bands",
    "detour": 1.35,
    "access_s": 120,
    "bands": [[2000, 4.5], [8000, 7.5], [None, 12.5]],
}


def place(x: float, y: float) -> Row:
    """So many kilometres east and north of the middle of town."""
    return {"lat": round(25.045 + y / 111.2, 5), "lon": round(121.52 + x / 100.7, 5)}


def technician(name: str = "T1", x: float = 0, y: float = 0, **other: Any) -> Row:
    return {
        "id": name,
        **place(x, y),
        "shift": [8 * HOUR, 17 * HOUR],
        "max_overtime_s": HOUR,
        "skills": {"A": 2},
        "van": {},
        "lunch": {"earliest": 11 * HOUR, "latest": 13 * HOUR, "duration": 2700},
        **other,
    }


def job(name: str = "J1", x: float = 1, y: float = 1, **other: Any) -> Row:
    return {
        "id": name,
        **place(x, y),
        "service_s": HOUR,
        "windows": [[8 * HOUR, 17 * HOUR]],
        "skills": {"A": 1},
        "parts": {},
        "prize": 500,
        "priority": 3,
        "sla_deadline": None,
        **other,
    }


def depot(name: str = "D1", x: float = 2, y: float = 0, **other: Any) -> Row:
    return {"id": name, **place(x, y), "open": 7 * HOUR, "close": 18 * HOUR, "pickup_s": 600, **other}


def day(technicians: list[Row], jobs: list[Row], depots: list[Row] | None = None, **other: Any) -> Row:
    return {
        "format": "dispatch-instance/1",
        "name": "a day",
        "seed": 1,
        "travel": BANDS,
        "weights": WEIGHTS,
        "depots": depots or [],
        "technicians": technicians,
        "jobs": jobs,
        **other,
    }


def read(row: Row, *, leave: bool = True) -> Instance:
    return read_instance(json.dumps(row), leave=leave)


SHIFTS = st.sampled_from([[8 * HOUR, 17 * HOUR], [9 * HOUR, 13 * HOUR], [12 * HOUR, 21 * HOUR]])
LUNCHES = st.sampled_from(
    [
        None,
        {"earliest": 11 * HOUR, "latest": 13 * HOUR, "duration": 2700},
        {"earliest": 12 * HOUR, "latest": 12 * HOUR, "duration": HOUR},
        {"earliest": 10 * HOUR, "latest": 20 * HOUR, "duration": 1800},
    ]
)
WINDOWS = st.sampled_from(
    [
        [[8 * HOUR, 12 * HOUR]],
        [[13 * HOUR, 17 * HOUR]],
        [[8 * HOUR, 20 * HOUR]],
        [[9 * HOUR, 10 * HOUR], [14 * HOUR, 15 * HOUR]],
        [[12 * HOUR, 16 * HOUR], [10 * HOUR, 13 * HOUR]],
        [[11 * HOUR, 11 * HOUR]],
    ]
)
PARTS = st.dictionaries(st.sampled_from("PQR"), st.integers(0, 2), max_size=2)
SPOT = st.floats(-9, 9).map(lambda x: round(x, 2))


@st.composite
def technicians(draw: st.DrawFn, name: str) -> Row:
    shift = draw(SHIFTS)
    other = {} if draw(st.booleans()) else {"end_lat": 25.06, "end_lon": 121.55}
    return technician(
        name,
        draw(SPOT),
        draw(SPOT),
        shift=shift,
        max_overtime_s=draw(st.sampled_from([0, HOUR, 3 * HOUR])),
        skills=draw(st.dictionaries(st.sampled_from("AB"), st.integers(0, 3))),
        van=draw(PARTS),
        lunch=draw(LUNCHES),
        **other,
    )


@st.composite
def jobs(draw: st.DrawFn, name: str) -> Row:
    return job(
        name,
        draw(SPOT),
        draw(SPOT),
        service_s=draw(st.sampled_from([0, 1200, HOUR, 2 * HOUR])),
        windows=draw(WINDOWS),
        skills=draw(st.dictionaries(st.sampled_from("AB"), st.integers(0, 2), max_size=1)),
        parts=draw(PARTS),
        prize=draw(st.sampled_from([0, 30, 150, 800])),
        sla_deadline=draw(st.sampled_from([None, None, -HOUR, 10 * HOUR, 14 * HOUR])),
    )


@st.composite
def days(draw: st.DrawFn, *, team: int = 4, work: int = 9) -> Row:
    """Any day of up to so many technicians and jobs."""
    stocks: st.SearchStrategy[Row] = st.one_of(st.just({}), st.fixed_dictionaries({"stock": PARTS}))
    depots = [
        depot(f"D{n}", draw(SPOT), draw(SPOT), open=9 * HOUR, **draw(stocks)) for n in range(draw(st.integers(0, 2)))
    ]
    return day(
        [draw(technicians(f"T{n}")) for n in range(draw(st.integers(0, team)))],
        [draw(jobs(f"J{n}")) for n in range(draw(st.integers(0, work)))],
        depots,
    )
