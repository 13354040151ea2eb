"""Every plan can be driven, small ones are the best there are, and the same seed gives the same one."""

from __future__ import annotations

import dataclasses
from random import Random

import pytest
from hypothesis import given, settings

from helpdesk.dispatch.planning.checker import check
from helpdesk.dispatch.planning.engine import UnsoundPlan, checked, plan_day
from helpdesk.dispatch.planning.limits import Limit
from helpdesk.dispatch.planning.model import Instance
from helpdesk.dispatch.planning.plan import Plan
from helpdesk.dispatch.planning.problem import Problem
from helpdesk.dispatch.planning.search import Search
from tests.helpdesk.dispatch.planning.days import HOUR, UNHURRIED, Row, day, days, depot, job, read, technician
from tests.helpdesk.dispatch.planning.exact import optimum

pytestmark = pytest.mark.once


def planned(instance: Instance, iterations: int = 60, seed: int = 1) -> Plan:
    return plan_day(instance, Limit(iterations=iterations), seed=seed)


@settings(UNHURRIED, max_examples=100)
@given(row=days())
def test_every_plan_passes_the_checker(row: Row) -> None:
    instance = read(row)
    plan = planned(instance)
    verdict = check(instance, plan)
    assert verdict.breaches == ()
    assert plan.objective == pytest.approx(verdict.objective, abs=1e-3)
    assert verdict.objective <= sum(job.prize for job in instance.jobs) + 1e-6, "never worse than doing nothing"


def small(seed: int) -> Row:
    """Two technicians and four jobs; scarce skills and parts, a depot, narrow windows, an early deadline."""
    chance = Random(seed)
    lunch = {"earliest": 11 * HOUR, "latest": 12 * HOUR, "duration": 2700}

    def spot() -> tuple[float, float]:
        return chance.uniform(-8, 8), chance.uniform(-8, 8)

    def window() -> list[int]:
        begins = chance.randrange(8, 15)
        return [begins * HOUR, (begins + chance.randrange(1, 4)) * HOUR]

    team = [
        technician(f"T{n}", *spot(), shift=[8 * HOUR, chance.choice([12, 15]) * HOUR], skills={"A": n + 1}, lunch=x)
        for n, x in enumerate([lunch, chance.choice([lunch, None])])
    ]
    work = [
        job(
            f"J{n}",
            *spot(),
            windows=[window() for _ in range(chance.choice([1, 1, 2]))],
            skills={"A": chance.choice([1, 1, 2])},
            parts=chance.choice([{}, {}, {"P": 1}]),
            prize=chance.choice([60, 150, 400]),
            sla_deadline=chance.choice([None, 11 * HOUR]),
        )
        for n in range(4)
    ]
    return day(team, work, [depot("D1", *spot())])


@pytest.mark.parametrize("seed", range(12))
def test_on_a_small_day_the_best_plan_is_found(seed: int) -> None:
    instance = read(small(seed))
    assert planned(instance, 300).objective == pytest.approx(optimum(instance), abs=1e-3)


def middling() -> Instance:
    chance = Random(5)
    team = [technician(f"T{n}", chance.uniform(-6, 6), chance.uniform(-6, 6)) for n in range(4)]
    work = [job(f"J{n}", chance.uniform(-9, 9), chance.uniform(-9, 9)) for n in range(24)]
    return read(day(team, work))


def test_the_same_seed_and_iterations_give_the_same_plan() -> None:
    one, again, other = (planned(middling(), 150, seed) for seed in (1, 1, 2))
    assert one == again
    assert (one.seed, one.iterations) == (1, 150)
    assert one != other


def test_searching_on_never_loses_what_was_found() -> None:
    costs: list[float] = []
    plan = plan_day(middling(), Limit(iterations=400), progress=lambda _, cost: costs.append(cost))
    assert costs == sorted(costs, reverse=True)
    assert plan.objective == pytest.approx(costs[-1], abs=1e-3)
    assert costs[-1] < costs[0]


def test_no_time_at_all_still_gives_a_plan() -> None:
    ticks = iter(range(10**9))
    instance = middling()
    hurried = plan_day(instance, Limit(seconds=1, clock=lambda: float(next(ticks))))
    assert check(instance, hurried).feasible
    assert len(hurried.unserved) < len(instance.jobs)
    assert hurried.iterations == 0


def test_tomorrow_without_jobs_or_people_is_a_plan_too() -> None:
    assert planned(read(day([], []))).objective == 0
    assert planned(read(day([technician()], []))).routes == ()
    alone = planned(read(day([], [job()])))
    assert (alone.unserved, alone.objective) == (("J1",), 500)


def test_a_plan_with_a_broken_rule_is_not_given_out() -> None:
    row = day([technician("T1")], [job("J1")])
    p = Problem(read(row))
    found = Search(p, 1).run(Limit(iterations=1))
    assert checked(p, found, p.instance, seed=1).unserved == ()
    row["jobs"][0]["windows"] = [[16 * HOUR, 17 * HOUR]]
    with pytest.raises(UnsoundPlan, match="window T1 J1"):
        checked(p, found, read(row), seed=1)


def test_two_on_their_way_share_what_a_depot_has() -> None:
    pins = [{"job": f"J{n}", "technician": f"T{n}"} for n in (1, 2)]
    row = day(
        [technician("T1"), technician("T2")],
        [job("J1", parts={"P": 1}), job("J2", parts={"P": 1})],
        [depot("D1", stock={"P": 1}), depot("D2", x=5, stock={"P": 1})],
        replan={"now": 0, "pinned": pins},
    )
    assert planned(read(row)).unserved == ()


@settings(UNHURRIED, max_examples=40)
@given(row=days(team=4, work=7))
def test_crews_and_dependent_visits_keep_together(row: Row) -> None:
    for n, work in enumerate(row["jobs"]):
        if n % 3 == 0:
            work["crew"] = 2
        elif n % 3 == 1:
            work["after"] = [{"job": f"J{n - 1}", "gap_s": 600}]
        else:
            work["access"] = [[9 * HOUR, 15 * HOUR]]
    instance = read(row)
    assert check(instance, planned(instance, 25)).breaches == ()


def test_a_crew_is_sent_and_what_waits_for_it_comes_after() -> None:
    work = [job("J1", crew=2), job("J2", x=2, after=[{"job": "J1", "gap_s": HOUR}])]
    plan = planned(read(day([technician("T1"), technician("T2", x=2)], work)))
    assert plan.unserved == ()
    visits = plan.visits()
    assert {name for name, _ in visits["J1"]} == {"T1", "T2"}
    assert visits["J2"][0][1].start >= visits["J1"][0][1].departure + HOUR


def test_whoever_is_preferred_comes_when_it_is_not_far() -> None:
    row = day([technician("T1"), technician("T2", x=1)], [job("J1", x=0, preferred=["T2"])])
    assert planned(read(row)).routes[0].technician == "T2"
    far = read(day([technician("T1"), technician("T2", x=40)], [job("J1", x=0, preferred=["T2"])]))
    assert planned(far).routes[0].technician == "T1"
    assert dataclasses.asdict(planned(far))["breakdown"]["not_preferred"] == 15
