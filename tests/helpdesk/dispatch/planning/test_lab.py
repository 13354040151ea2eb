"""``helpdesk lab dispatch``: a day in, a plan out, a fault in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from helpdesk.commands.lab import lab
from helpdesk.dispatch.planning.checker import check
from helpdesk.dispatch.planning.reading import read_plan
from tests.helpdesk.dispatch.planning.days import HOUR, Row, day, depot, job, read, technician

pytestmark = pytest.mark.once


def run(file: Path, *words: str) -> Result:
    return CliRunner().invoke(lab, ["dispatch", str(file), *words])


def kept(folder: Path, row: Row, name: str = "day.json") -> Path:
    file = folder / name
    file.write_text(json.dumps(row), encoding="utf-8")
    return file


def odd() -> Row:
    """A day with something of everything that may be strange and is no fault."""
    team = [technician("T1"), technician("T2", skills={}, lunch=None), technician("老王", x=3, shift=[30000, 30000])]
    work = [
        job("J1"),
        job("J2", windows=[[30000, 40000], [35000, 50000]]),
        job("J3", skills={"Z": 3}),
        job("J4", parts={"nowhere": 1}),
        job("J5", service_s=0, prize=0),
        job("J6", x=300),
        job("林家", windows=[[86400, 90000]]),
    ]
    return day(team, work, [depot(stock={})])


@pytest.mark.parametrize("seconds", ["0", "0.1"])
def test_a_plan_for_an_odd_day(tmp_path: Path, seconds: str) -> None:
    done = run(kept(tmp_path, odd()), "--seconds", seconds)
    assert done.exit_code == 0, done.output
    plan = read_plan(done.stdout)
    assert check(read(odd()), plan).breaches == ()
    assert {"J3", "J4", "J6", "林家"} <= set(plan.unserved)
    assert "J1" not in plan.unserved
    assert "left out: Job J3 needs Z at level 3" in done.stderr
    assert "left out: Job J4 needs 1 × nowhere" in done.stderr
    assert "objective" in done.stderr


@pytest.mark.parametrize("row", [day([], []), day([], [job()]), day([technician()], [])])
def test_a_day_with_nothing_to_plan(tmp_path: Path, row: Row) -> None:
    done = run(kept(tmp_path, row), "--seconds", "5")
    assert done.exit_code == 0, done.output
    plan = json.loads(done.stdout)
    assert plan["routes"] == []
    assert plan["unserved"] == [work["id"] for work in row["jobs"]]


def test_the_same_iterations_give_the_same_bytes(tmp_path: Path) -> None:
    file = kept(tmp_path, odd())
    first, second = (run(file, "--iterations", "50", "--seed", "7").stdout for _ in range(2))
    assert first == second
    assert json.loads(first)["seed"] == 7
    assert json.loads(first)["iterations"] == 50


def test_a_day_gone_otherwise_stays_close_to_the_plan_that_was_told(tmp_path: Path) -> None:
    team = [technician("T1", x=-5), technician("T2", x=5), technician("T3", x=5, y=5)]
    work = [job(f"J{n}", x=n - 5, y=n % 3) for n in range(9)]
    old = run(kept(tmp_path, day(team, work)), "--iterations", "200").stdout
    told = {job: name for job, [(name, _)] in read_plan(old).visits().items()}
    (tmp_path / "plan.json").write_text(old, encoding="utf-8")
    later = day(team[:2], work, replan={"now": 9 * HOUR, "pinned": [], "baseline": {}})
    done = run(kept(tmp_path, later, "later.json"), "--seconds", "0.3", "--replan", str(tmp_path / "plan.json"))
    assert done.exit_code == 0, done.output
    plan = read_plan(done.stdout)
    assert check(read(later), plan).breaches == ()
    stayed = [job for job, [(name, _)] in plan.visits().items() if told.get(job) == name]
    assert len(stayed) >= sum(name != "T3" for name in told.values()) - 1
    assert "moved" in plan.breakdown


FAULTS = [
    ("", "file: The file is not JSON"),
    ('{"name": "x"}', "Not of the form that is expected"),
    (json.dumps(day([technician()], [job(), job()])), "jobs: J1 is named twice"),
    (json.dumps(day([technician()], [job(service_s=-1)])), "jobs.0.service_s: Not of the form"),
    (json.dumps(day([technician(shift=None)], [])), "technicians.0.shift: A technician needs a shift"),
    (
        json.dumps(day([technician()], [job()], replan={"now": 0, "pinned": [{"job": "J7", "technician": "T1"}]})),
        "replan.pinned: J7 is spoken of and is not there",
    ),
    (
        json.dumps(
            day(
                [technician()],
                [job(windows=[[0, 60]])],
                replan={"now": 0, "pinned": [{"job": "J1", "technician": "T1"}]},
            )
        ),
        "Technician T1 is on his way to job J1 and cannot begin it",
    ),
]


@pytest.mark.parametrize(("text", "said"), FAULTS)
def test_a_fault_is_one_line_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "day.json"
    file.write_text(text, encoding="utf-8")
    done = run(file, "--seconds", "1")
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_what_is_asked_wrongly_is_one_line_too(tmp_path: Path) -> None:
    file = kept(tmp_path, odd())
    for words in (["--seconds", "-1"], ["--seconds", "nan"], ["--seconds", "inf"]):
        done = run(file, *words)
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1), done.stderr
    missing = run(tmp_path / "nothing.json")
    assert missing.exit_code == 2
    assert missing.stderr.count("\n") == 1
    (tmp_path / "plan.json").write_text("{}", encoding="utf-8")
    spoilt = run(file, "--replan", str(tmp_path / "plan.json"))
    assert "plan.routes: Not of the form" in spoilt.stderr
    assert spoilt.exit_code == 2
