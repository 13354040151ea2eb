"""A day's plan against what simple systems do, by time limit; re-planning at eleven; windows while the customer waits.

The limit: after ten seconds the objective is at most 0.65 of that of nearest-insert, on every day. The rest is told.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from random import Random
from statistics import median, quantiles
from time import process_time

from benchmarks.days import day
from benchmarks.simple import append, insert, nearest
from helpdesk.dispatch.planning.afternoon import Events, afternoon
from helpdesk.dispatch.planning.checker import check
from helpdesk.dispatch.planning.differences import difference
from helpdesk.dispatch.planning.engine import plan_day
from helpdesk.dispatch.planning.limits import Limit
from helpdesk.dispatch.planning.model import Instance, Job
from helpdesk.dispatch.planning.plan import Plan, Visit
from helpdesk.dispatch.planning.reading import read_instance
from helpdesk.dispatch.planning.replan import Replanning
from helpdesk.dispatch.planning.slots import Book

LIMIT = 0.65
"""Of the objective of nearest-insert."""
DAYS = {"15 x 90": (15, 90), "30 x 200": (30, 200), "60 x 400": (60, 400), "52 x 400 tight": (52, 400)}
SECONDS = (1.0, 3.0, 10.0)
"""Of the processor, so that a busy machine finds the same."""
ELEVEN = 11 * 3600
WINDOWS = [(28800, 36000), (36000, 43200), (43200, 50400), (50400, 57600), (57600, 64800)]
CALLERS = 200
"""Customers who ask for a window."""
Say = Callable[[str], None]


def made_up(technicians: int, jobs: int, seed: int = 7) -> Instance:
    return read_instance(json.dumps(day(technicians, jobs, seed)), leave=True)


def run(say: Say) -> bool:
    """All of it; whether the limit holds."""
    held, largest = True, None
    say(f"{'day':<15} {'method':<16} {'objective':>9}  undone  drive/job  overtime min")
    for name, size in DAYS.items():
        instance = made_up(*size)
        simple = nearest(instance, insert)
        _line(say, name, "nearest, append", instance, nearest(instance, append))
        _line(say, name, "nearest, insert", instance, simple)
        for seconds in SECONDS:
            plan = plan_day(instance, Limit(seconds, clock=process_time))
            _line(say, name, f"{seconds:.0f} s", instance, plan)
        assert plan.objective is not None
        assert simple.objective is not None
        ratio = plan.objective / simple.objective
        held &= ratio <= LIMIT
        say(f"{name}: {ratio:.3f} of nearest, insert (limit {LIMIT})")
        largest = (instance, plan) if name == "60 x 400" else largest
    assert largest is not None
    replanning(say, *largest)
    slots(say)
    return held


def _line(say: Say, name: str, method: str, instance: Instance, plan: Plan) -> None:
    found = check(instance, plan).figures
    drive, over = found["drive_s"] / 60 / max(found["served"], 1), found["overtime_s"] / 60
    say(f"{name:<15} {method:<16} {plan.objective:9.0f}  {len(plan.unserved):6}  {drive:9.1f}  {over:12.0f}")


def replanning(say: Say, instance: Instance, plan: Plan) -> None:
    """At eleven: an emergency, one technician sick, one an hour late."""
    at_work = [
        route.technician
        for route in plan.routes
        if any(isinstance(step, Visit) and step.start <= ELEVEN < step.departure for step in route.steps)
    ]
    sos = Job("SOS", 25.05, 121.53, 3600, ((ELEVEN, ELEVEN + 7200),), {"S01": 1}, {}, 1500.0, 1)
    rest = afternoon(instance, plan, ELEVEN, Events(frozenset({at_work[0]}), {at_work[1]: 3600}, added=(sos,)))
    assert rest.replan is not None
    began = process_time()
    replanned = Replanning(rest, plan)
    first = replanned.first()
    took = process_time() - began
    better = replanned.better(Limit(2.0 - took, clock=process_time))
    moved = [one for one in difference(rest, better).changes if one.other_technician]
    say(
        f"re-planning {len(rest.jobs)} open jobs: first answer after {took * 1000:.0f} ms at {first.objective:.0f}, "
        f"after 2 s {better.objective:.0f}; of {len(rest.replan.baseline)} customers who were told, {len(moved)} have "
        "another technician or none"
    )


def slots(say: Say) -> None:
    """Fourteen days, planned by regret alone; then two of them."""
    plans = [(one, plan_day(one, Limit(iterations=0))) for one in (made_up(60, 400, seed) for seed in range(14))]
    fortnight, two = (_asked(plans[:days]) for days in (14, 2))
    p95 = quantiles(fortnight, n=20)[-1]
    say(
        f"slots, 14 days x 60 technicians x 400 jobs x {len(WINDOWS)} windows: median {median(fortnight):.1f} ms, p95 "
        f"{p95:.1f} ms; seven times as many days take {median(fortnight) / median(two):.1f} times as long"
    )


def _asked(plans: list[tuple[Instance, Plan]]) -> list[float]:
    """Milliseconds of the processor for each caller."""
    dates = [dt.date(2026, 3, 2) + dt.timedelta(n) for n in range(len(plans))]
    book = Book(dict(zip(dates, plans, strict=True)))
    windows, chance, found = dict.fromkeys(dates, WINDOWS), Random(1), []
    for job in chance.choices(plans[0][0].jobs, k=CALLERS):
        began = process_time()
        book.offers(job, windows)
        found.append((process_time() - began) * 1000)
    return found
