"""The checker names every rule that a plan breaks, and adds up what it costs."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from helpdesk.dispatch.planning.checker import Verdict, check
from helpdesk.dispatch.planning.reading import read_plan
from helpdesk.i18n import translate
from tests.helpdesk.dispatch.planning.days import HOUR, day, depot, job, read, technician

pytestmark = pytest.mark.once

Row = dict[str, Any]
TWO = [
    technician("T1", van={"P": 1}, max_overtime_s=600),
    technician("T2", x=3, skills={"A": 3, "B": 1}, lunch=None),
]
WORK = [
    job("J1", parts={"P": 1}, windows=[[8 * HOUR, 10 * HOUR], [12 * HOUR, 13 * HOUR]]),
    job("J2", x=2, parts={"Q": 2}, excluded=["T2"], access=[[8 * HOUR, 16 * HOUR]], sla_deadline=15 * HOUR),
    job("J3", x=3, skills={"B": 1}, technician="T2"),
    job("J4", x=4, crew=2, after=[{"job": "J3", "gap_s": 600}]),
    job("J5", x=30, prize=40, preferred=["T1"]),
]
INSTANCE = day(TWO, WORK, [depot(stock={"Q": 2}), depot("D2")])
PLAN: Row = {
    "instance": "a day",
    "routes": [
        {
            "technician": "T1",
            "steps": [
                {"type": "start", "departure": 8 * HOUR},
                {"type": "job", "job": "J1", "arrival": 31000, "start": 31000, "departure": 34600},
                {"type": "pickup", "depot": "D1", "arrival": 36000, "start": 36000,
                 "departure": 36600, "parts": {"Q": 2}},
                {"type": "job", "job": "J2", "arrival": 38000, "start": 38000, "departure": 41600},
                {"type": "lunch", "start": 41600, "departure": 44300},
                {"type": "job", "job": "J4", "arrival": 46000, "start": 46000, "departure": 49600},
                {"type": "end", "arrival": 52000},
            ],
        },
        {
            "technician": "T2",
            "steps": [
                {"type": "start", "departure": 30000},
                {"type": "job", "job": "J3", "arrival": 32000, "start": 32000, "departure": 35600},
                {"type": "job", "job": "J4", "arrival": 40000, "start": 46000, "departure": 49600, "lead": False},
                {"type": "end", "arrival": 51000},
            ],
        },
    ],
    "unserved": ["J5"],
}  # fmt: skip
Change = Callable[[Row, list[Row], list[Row]], Any]
"""(plan, steps of T1, steps of T2) → whatever."""


def verdict(plan: Row, instance: Row = INSTANCE) -> Verdict:
    return check(read(instance), read_plan(json.dumps(plan)))


def changed(change: Change) -> Row:
    plan = copy.deepcopy(PLAN)
    change(plan, plan["routes"][0]["steps"], plan["routes"][1]["steps"])
    return plan


def test_a_plan_without_fault_is_priced() -> None:
    found = verdict(PLAN)
    assert found.breaches == ()
    assert found.breakdown["unserved"] == 40
    assert found.breakdown["overtime"] == 0
    assert found.breakdown["travel"] == pytest.approx(found.figures["drive_s"] / 60)
    assert found.objective == pytest.approx(sum(found.breakdown.values()))


BROKEN: list[tuple[str, Change]] = [
    ("other_instance", lambda p, a, b: p.update(instance="another")),
    ("two_routes", lambda p, a, b: p["routes"].append({"technician": "T2", "steps": []})),
    ("unknown", lambda p, a, b: p["routes"].append({"technician": "T9", "steps": []})),
    ("unknown", lambda p, a, b: a[1].update(job="J9")),
    ("unknown", lambda p, a, b: a[2].update(depot="D9")),
    ("ends", lambda p, a, b: a.pop()),
    ("ends", lambda p, a, b: a.insert(1, a[0])),
    ("too_early", lambda p, a, b: a[0].update(departure=8 * HOUR - 1)),
    ("lunch_count", lambda p, a, b: a.pop(4)),
    ("lunch_count", lambda p, a, b: a.insert(4, a[4])),
    ("lunch_count", lambda p, a, b: b.insert(2, {"type": "lunch", "start": 36000, "departure": 37000})),
    ("lunch_time", lambda p, a, b: a[4].update(start=11 * HOUR - 1)),
    ("lunch_short", lambda p, a, b: a[4].update(departure=44299)),
    ("travel", lambda p, a, b: a[1].update(arrival=28801)),
    ("travel", lambda p, a, b: a[5].update(arrival=44310)),
    ("overtime", lambda p, a, b: a[-1].update(arrival=17 * HOUR + 601)),
    ("before_arrival", lambda p, a, b: a[1].update(start=30999)),
    ("too_short", lambda p, a, b: a[1].update(departure=34599)),
    ("too_short", lambda p, a, b: a[2].update(departure=36599)),
    ("depot_closed", lambda p, a, b: a[2].update(start=19 * HOUR)),
    ("quantity", lambda p, a, b: a[2]["parts"].update(P=-1)),
    ("window", lambda p, a, b: a[1].update(start=10 * HOUR + 1)),
    ("access", lambda p, a, b: a[3].update(departure=16 * HOUR + 1)),
    ("skill", lambda p, a, b: a[1].update(job="J3")),
    ("hand", lambda p, a, b: a[1].update(job="J3")),
    ("excluded", lambda p, a, b: b[1].update(job="J2")),
    ("part", lambda p, a, b: a.pop(2)),
    ("twice", lambda p, a, b: a.insert(2, a[1])),
    ("crew", lambda p, a, b: b.pop(2)),
    ("lead", lambda p, a, b: b[2].update(lead=True)),
    ("together", lambda p, a, b: b[2].update(start=46001, departure=49601)),
    ("order", lambda p, a, b: b[1].update(departure=45401)),
    ("depot_stock", lambda p, a, b: a[2]["parts"].update(Q=3)),
    ("unserved", lambda p, a, b: p.update(unserved=[])),
    ("unserved", lambda p, a, b: p["unserved"].append("J5")),
]


@pytest.mark.parametrize(("rule", "change"), BROKEN)
def test_a_broken_rule_is_named(rule: str, change: Change) -> None:
    assert rule in {breach.rule for breach in verdict(changed(change)).breaches}


@pytest.mark.parametrize("language", ["en", "zh-Hant", "zh-Hans"])
def test_every_rule_has_its_sentence(language: str) -> None:
    for rule in {"pin"} | {rule for rule, _ in BROKEN}:
        assert translate(language, f"planning.rule.{rule}") != f"planning.rule.{rule}"


def test_a_pin_comes_first_and_is_on_the_road_already() -> None:
    now: Row = {"now": 9 * HOUR, "pinned": [{"job": "J1", "technician": "T1"}], "baseline": {}}
    late = changed(lambda p, a, b: b[0].update(departure=9 * HOUR - 1))
    assert "too_early" in {one.rule for one in verdict(late, {**INSTANCE, "replan": now}).breaches}
    ready = changed(lambda p, a, b: (b[0].update(departure=9 * HOUR), b[1].update(arrival=35000, start=35000)))
    ready["routes"][1]["steps"][1]["departure"] = 38600
    assert verdict(ready, {**INSTANCE, "replan": now}).feasible
    now["pinned"] = [{"job": "J2", "technician": "T1"}]
    assert "pin" in {one.rule for one in verdict(ready, {**INSTANCE, "replan": now}).breaches}


def test_what_a_customer_notices_is_priced() -> None:
    told = {
        "J1": {"technician": "T2", "start": 31000},
        "J2": {"technician": "T1", "start": 38000 - 900 - 600},
        "J5": {"technician": "T1", "start": 38000},
    }
    found = verdict(PLAN, {**INSTANCE, "replan": {"now": 0, "baseline": told}})
    assert found.feasible
    assert found.breakdown["moved"] == pytest.approx(10 + 0.2 * 10), "another technician; ten minutes beyond the grace"


def test_overtime_lateness_and_wishes_are_priced() -> None:
    late = copy.deepcopy(INSTANCE)
    late["jobs"][1]["sla_deadline"] = 41600 - 60
    late["jobs"][0]["preferred"] = ["T2"]
    found = verdict(changed(lambda p, a, b: a[-1].update(arrival=17 * HOUR + 120)), late)
    assert found.feasible
    assert (found.breakdown["sla_late"], found.breakdown["overtime"]) == (3, 4)
    assert found.breakdown["not_preferred"] == 15
