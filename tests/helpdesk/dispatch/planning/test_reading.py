"""What cannot be meant is refused with the field and the rule; what nobody can do is named and left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from helpdesk.dispatch.planning.reading import read_instance, read_plan
from helpdesk.dispatch.planning.sound import unservable
from order_core.errors import Invalid
from tests.helpdesk.dispatch.planning.days import HOUR, Row, day, depot, job, read, technician

pytestmark = pytest.mark.once


PLACES = ["J1", "J2", "D1", "T1", "T2"]


def sound() -> Row:
    return day([technician("T1"), technician("T2")], [job("J1"), job("J2")], [depot()])


FAULTS: list[tuple[str, str, Callable[[Row], Any]]] = [
    ("shape", "format", lambda d: d.update(format="dispatch-instance/2")),
    ("shape", "jobs", lambda d: d.pop("jobs")),
    ("shape", "jobs", lambda d: d.update(jobs={})),
    ("shape", "jobs.1.service_s", lambda d: d["jobs"][1].update(service_s=-60)),
    ("shape", "jobs.0.service_s", lambda d: d["jobs"][0].update(service_s="an hour")),
    ("shape", "jobs.0.lat", lambda d: d["jobs"][0].update(lat=91)),
    ("shape", "jobs.0.prize", lambda d: d["jobs"][0].update(prize=-1)),
    ("shape", "jobs.0.parts.P", lambda d: d["jobs"][0].update(parts={"P": -1})),
    ("shape", "jobs.0.windows.0.0", lambda d: d["jobs"][0].update(windows=[[-5, 5]])),
    ("shape", "jobs.0.id", lambda d: d["jobs"][0].update(id="")),
    ("shape", "depots.0.pickup_s", lambda d: d["depots"][0].update(pickup_s=-1)),
    ("shape", "technicians.0.max_overtime_s", lambda d: d["technicians"][0].update(max_overtime_s=-1)),
    ("shape", "technicians.0.lunch.duration", lambda d: d["technicians"][0]["lunch"].update(duration=-1)),
    ("shape", "travel.bands.0.1", lambda d: d.update(travel={**d["travel"], "bands": [[None, 0]]})),
    ("shape", "travel", lambda d: d.update(travel={"model": "crow"})),
    ("no_shift", "technicians.0.shift", lambda d: d["technicians"][0].update(shift=None)),
    ("no_shift", "technicians.0.shift", lambda d: d["technicians"][0].pop("shift")),
    ("no_shift", "technicians.T1.shift", lambda d: d["technicians"][0].update(shift=[61200, 28800])),
    ("lunch", "technicians.T1.lunch", lambda d: d["technicians"][0]["lunch"].update(earliest=50000)),
    ("no_window", "jobs.J1.windows", lambda d: d["jobs"][0].update(windows=[])),
    ("window", "jobs.J1.windows", lambda d: d["jobs"][0].update(windows=[[40000, 30000]])),
    ("window", "jobs.J1.access", lambda d: d["jobs"][0].update(access=[[40000, 30000]])),
    ("depot_closed", "depots.D1.open", lambda d: d["depots"][0].update(open=70000)),
    ("twice", "jobs", lambda d: d["jobs"][1].update(id="J1")),
    ("twice", "technicians", lambda d: d["technicians"][1].update(id="T1")),
    ("twice", "jobs", lambda d: d["jobs"][1].update(id="T1")),
    ("unknown", "jobs.J1.technician", lambda d: d["jobs"][0].update(technician="T9")),
    ("unknown", "jobs.J1.after", lambda d: d["jobs"][0].update(after=[{"job": "J9"}])),
    ("circle", "jobs.J1.after", lambda d: d["jobs"][0].update(after=[{"job": "J1"}])),
    ("unknown", "replan.pinned", lambda d: d.update(replan={"now": 0, "pinned": [{"job": "J9", "technician": "T1"}]})),
    ("unknown", "replan.pinned", lambda d: d.update(replan={"now": 0, "pinned": [{"job": "J1", "technician": "T9"}]})),
    (
        "twice",
        "replan.pinned",
        lambda d: d.update(replan={"now": 0, "pinned": [{"job": j, "technician": "T1"} for j in ("J1", "J2")]}),
    ),
    (
        "pin_unable",
        "replan.pinned",
        lambda d: (
            d["jobs"][0].update(skills={"Z": 1}),
            d.update(replan={"now": 0, "pinned": [{"job": "J1", "technician": "T1"}]}),
        ),
    ),
    ("unknown", "travel.index", lambda d: d.update(travel=matrix(["J1"], 1))),
    ("matrix", "travel.seconds", lambda d: d.update(travel={**matrix(["J1"], 1), "seconds": [[0, 1]]})),
    ("matrix", "travel.index", lambda d: d.update(travel={**matrix(PLACES, 2)})),
    ("shape", "travel.seconds.0.0", lambda d: d.update(travel={**matrix(PLACES, 5), "seconds": [[-1] * 5] * 5})),
]


def matrix(places: list[str], size: int) -> Row:
    table = [[600.5 * (a != b) for b in range(size)] for a in range(size)]
    return {"model": "matrix", "index": {name: n for n, name in enumerate(places)}, "seconds": table, "metres": table}


@pytest.mark.parametrize(("code", "field", "spoil"), FAULTS)
def test_a_fault_is_refused_by_its_field(code: str, field: str, spoil: Callable[[Row], Any]) -> None:
    row = json.loads(json.dumps(sound()))
    spoil(row)
    with pytest.raises(Invalid) as refused:
        read(row)
    assert (refused.value.code, refused.value.field) == (f"planning.{code}", field)


@pytest.mark.parametrize("text", ["", "{", "[1, 2", '{"name": "\ud800"}'.encode("utf-8", "surrogatepass"), b"\xff\xfe"])
def test_what_is_no_json_is_said_so(text: str | bytes) -> None:
    with pytest.raises(Invalid) as refused:
        read_instance(text)
    assert refused.value.code == "planning.not_json"


@pytest.mark.parametrize(
    "change",
    [
        {"sla_deadline": -86400},
        {"windows": [[30000, 40000], [35000, 50000]]},
        {"comment": "what the format does not know is nobody's fault"},
        {"excluded": ["who is not in today"]},
    ],
)
def test_what_is_odd_and_sound_is_read(change: Row) -> None:
    row = sound()
    row["jobs"][0].update(change)
    assert len(read(row).jobs) == 2


def test_a_byte_order_mark_and_given_driving_times_are_read() -> None:
    row = {**sound(), "travel": matrix(PLACES, 5)}
    assert read_instance(b"\xef\xbb\xbf" + json.dumps(row).encode()).name == "a day"


NOBODY: list[tuple[str, Row]] = [
    ("skill", {"skills": {"Z": 1}}),
    ("skill", {"skills": {"A": 3}}),
    ("nobody", {"crew": 3}),
    ("nobody", {"excluded": ["T1", "T2"]}),
    ("part", {"parts": {"P": 1}}),
    ("access", {"access": [[8 * HOUR, 8 * HOUR + 60]]}),
]


@pytest.mark.parametrize(("code", "change"), NOBODY)
def test_a_job_that_nobody_can_do_is_named_or_left_out(code: str, change: Row) -> None:
    row = sound()
    row["depots"] = []
    row["jobs"][0].update(change)
    with pytest.raises(Invalid) as refused:
        read(row, leave=False)
    assert refused.value.code == f"planning.{code}"
    assert [fault.params["job"] for fault in unservable(read(row))] == ["J1"]


def test_a_certificate_counts_until_its_day() -> None:
    row = sound()
    for one in row["technicians"]:
        one["valid_until"] = {"A": "2026-03-31"}
    assert list(unservable(read({**row, "date": "2026-03-31"}))) == []
    assert [fault.code for fault in unservable(read({**row, "date": "2026-04-01"}))] == ["planning.skill"] * 2


def test_a_plan_that_is_none_is_refused() -> None:
    for text, field in (
        ("[]", "plan.file"),
        ('{"routes": [{"technician": "T1"}], "unserved": []}', "plan.routes.0.steps"),
    ):
        with pytest.raises(Invalid) as refused:
            read_plan(text)
        assert (refused.value.code, refused.value.field) == ("planning.shape", field)
