"""Job shop plans under an independent check, and the published optima of classical instances."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import accumulate, islice

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from order_core.errors import Invalid
from order_core.planner import tabu
from order_core.planner.schedule import Job, Operation, schedule

pytestmark = pytest.mark.once

FT06 = """
2 1  0 3  1 6  3 7  5 3  4 6
1 8  2 5  4 10 5 10 0 10 3 4
2 5  3 4  5 8  0 9  1 1  4 7
1 5  0 5  2 5  3 3  4 8  5 9
2 9  1 3  4 5  5 4  0 3  3 1
1 3  3 3  5 9  0 10 4 4  2 1
"""
"""Fisher & Thompson 1963, 6 jobs, 6 machines: machine and duration, pair by pair. Optimum 55."""

LA01 = """
1 21 0 53 4 95 3 55 2 34
0 21 3 52 4 16 2 26 1 71
3 39 4 98 1 42 2 31 0 12
1 77 0 55 4 79 2 66 3 77
0 83 3 34 2 64 1 19 4 37
1 54 2 43 4 79 0 92 3 62
3 69 4 77 1 87 2 87 0 93
2 38 0 60 1 41 3 24 4 83
3 17 1 49 4 25 0 44 2 98
4 77 3 79 2 43 1 75 0 96
"""
"""Lawrence 1984, 10 jobs, 5 machines. Optimum 666."""

operations = st.builds(Operation, machine=st.integers(0, 2), duration=st.integers(0, 9))
shops = st.lists(st.lists(operations, min_size=1, max_size=4), min_size=1, max_size=4)


@st.composite
def usual_shops(draw: st.DrawFn) -> list[list[Operation]]:
    """Every operation takes time, and no job comes back to a machine."""
    visits = draw(st.lists(st.lists(st.integers(0, 4), min_size=1, unique=True), min_size=1, max_size=6))
    return [[Operation(machine, draw(st.integers(1, 9))) for machine in job] for job in visits]


def read(text: str) -> list[Job]:
    rows = [list(map(int, line.split())) for line in text.strip().splitlines()]
    return [[Operation(*pair) for pair in zip(row[::2], row[1::2], strict=True)] for row in rows]


def faults(jobs: Sequence[Job], makespan: int, plan: Sequence[Sequence[int]]) -> list[str]:
    """What is wrong with a plan, told minute by minute: nothing is taken over from the solver."""
    found, busy = [], set()
    for number, (job, starts) in enumerate(zip(jobs, plan, strict=True)):
        ready = 0
        for operation, start in zip(job, starts, strict=True):
            if start < ready:
                found.append(f"job {number} starts at {start}, ready at {ready}")
            ready = start + operation.duration
            for minute in range(start, ready):
                if (operation.machine, minute) in busy:
                    found.append(f"machine {operation.machine} does two things at {minute}")
                busy.add((operation.machine, minute))
        if ready > makespan:
            found.append(f"job {number} ends at {ready}, after {makespan}")
    return found


@pytest.mark.parametrize(("text", "optimum"), [(FT06, 55), (LA01, 666)], ids=["ft06", "la01"])
@pytest.mark.clause("3.3.1-a")
def test_classical_instances_are_solved_to_the_published_optimum(text: str, optimum: int) -> None:
    jobs = read(text)
    plan = schedule(jobs, seconds=60)
    assert faults(jobs, plan.makespan, plan.starts) == []
    assert (plan.makespan, plan.optimal) == (optimum, True)


@examples(max_examples=40, deadline=None)
@given(jobs=shops)
def test_every_plan_can_be_carried_out(jobs: list[Job]) -> None:
    """Also where a job comes back to a machine, and where something takes no time at all."""
    plan = schedule(jobs, seconds=20)
    assert faults(jobs, plan.makespan, plan.starts) == []
    longest = max(sum(operation.duration for operation in job) for job in jobs)
    loads = [sum(o.duration for job in jobs for o in job if o.machine == machine) for machine in range(3)]
    assert max(longest, *loads) <= plan.bound <= plan.makespan


@examples(max_examples=60, deadline=None)
@given(jobs=usual_shops())
def test_tabu_search_only_makes_plans_better(jobs: list[list[Operation]]) -> None:
    """From the worst plan, each job once the one before it is done."""
    steps = [[(operation.machine, operation.duration) for operation in job] for job in jobs]
    ends = list(accumulate((operation.duration for job in jobs for operation in job), initial=0))
    found = iter(tabu.improved(steps, ends[:-1], enough=0, seconds=0.02))
    plan = [list(islice(found, len(job))) for job in jobs]
    assert faults(jobs, ends[-1], plan) == []


def test_a_shop_too_large_to_be_solved_gets_a_good_plan() -> None:
    """20 jobs on 10 machines, made: no more than 17 % above what the machines must at least do."""
    chance = random.Random(7)
    jobs = [[Operation(m, chance.randint(1, 99)) for m in chance.sample(range(10), 10)] for _ in range(20)]
    plan = schedule(jobs, seconds=4)
    assert faults(jobs, plan.makespan, plan.starts) == []
    load = max(sum(o.duration for job in jobs for o in job if o.machine == machine) for machine in range(10))
    assert load <= plan.bound <= plan.makespan < 1.17 * load


@pytest.mark.clause("3.3.1-a")
def test_the_same_shop_gives_the_same_plan() -> None:
    assert schedule(read(FT06), seconds=60) == schedule(read(FT06), seconds=60)


@pytest.mark.parametrize(
    ("jobs", "seconds", "code"),
    [
        ([], 1, "schedule.empty"),
        ([[]], 1, "schedule.empty"),
        ([[Operation(-1, 2)]], 1, "schedule.number"),
        ([[Operation(0, -2)]], 1, "schedule.number"),
        ([[Operation(0, 2**50 + 1)]], 1, "schedule.long"),
        ([[Operation(0, 2)]], 0, "schedule.seconds"),
        ([[Operation(0, 2)]], math.nan, "schedule.seconds"),
    ],
)
def test_odd_input_is_refused_by_name(jobs: list[Job], seconds: float, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        schedule(jobs, seconds=seconds)
    assert refusal.value.code == code
