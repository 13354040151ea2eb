"""Windows offered while the customer waits agree with the exact insertion, and can be kept."""

from __future__ import annotations

import dataclasses
import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from helpdesk.dispatch.planning.checker import check
from helpdesk.dispatch.planning.engine import plan_day
from helpdesk.dispatch.planning.insertion import study
from helpdesk.dispatch.planning.labels import INFINITE
from helpdesk.dispatch.planning.limits import Limit
from helpdesk.dispatch.planning.model import Instance, Job, Span
from helpdesk.dispatch.planning.plan import Pickup, Plan, PlannedRoute, Visit
from helpdesk.dispatch.planning.problem import Problem
from helpdesk.dispatch.planning.replan import adopt
from helpdesk.dispatch.planning.slots import Book
from tests.helpdesk.dispatch.planning.days import HOUR, UNHURRIED, Row, day, days, depot, job, jobs, read, technician

pytestmark = pytest.mark.once

TODAY = dt.date(2026, 3, 2)
WINDOWS: list[Span] = [(8 * HOUR, 10 * HOUR), (10 * HOUR, 13 * HOUR), (13 * HOUR, 17 * HOUR), (17 * HOUR, 20 * HOUR)]


def exact(instance: Instance, plan: Plan, work: Job, window: Span) -> float | None:
    """The least cost of one more job in a plan, technician by technician, without arrays."""
    best = INFINITE
    for one in instance.technicians:
        route = next((row for row in plan.routes if row.technician == one.id), PlannedRoute(one.id, ()))
        names = {step.job for step in route.steps if isinstance(step, Visit)}
        more = dataclasses.replace(work, windows=(window,), prize=1e6)
        mine = (*(job for job in instance.jobs if job.id in names), more)
        alone = Instance(instance.name, instance.travel, instance.weights, instance.depots, (one,), mine)
        p = Problem(alone)
        draft = adopt(p, Plan((route,), ()))
        assert not draft.absent - {p.jobs - 1}
        if p.able[p.jobs - 1]:
            found = study(p, draft.routes[0], p.jobs - 1, INFINITE)
            best = min(best, found[0]) if found[1] >= 0 else best
    return None if best == INFINITE else best


def fetches(plan: Plan) -> bool:
    return any(isinstance(step, Pickup) for route in plan.routes for step in route.steps)


@settings(UNHURRIED, max_examples=40)
@given(row=days(team=3, work=7), new=jobs("NEW"))
def test_every_window_is_offered_at_the_price_of_the_exact_insertion(row: Row, new: Row) -> None:
    instance, work = read(row), read(day([], [new])).jobs[0]
    assume(instance.technicians)
    plan = plan_day(instance, Limit(iterations=15))
    assume(not fetches(plan))
    book = Book({TODAY: (instance, plan)})
    offered = {offer.window: offer.cost for offer in book.by_cost(work, {TODAY: WINDOWS})}
    for window in WINDOWS:
        cost = exact(instance, plan, work, window)
        assert offered.get(window) == (None if cost is None else pytest.approx(cost, abs=1e-6)), window


@settings(UNHURRIED, max_examples=40)
@given(row=days(team=3, work=7), new=jobs("NEW"), which=st.integers(0, 2))
def test_what_is_offered_can_be_kept(row: Row, new: Row, which: int) -> None:
    for place in row["depots"]:
        place.pop("stock", None)
    instance = read(row)
    assume(instance.technicians)
    plan = plan_day(instance, Limit(iterations=15))
    work = read(day([], [new])).jobs[0]
    offers = Book({TODAY: (instance, plan)}).offers(work, {TODAY: WINDOWS})
    assert all(one.cost <= other.cost + 1e-6 for one, other in pairwise(offers))
    assume(len(offers) > which)
    offer = offers[which]
    booked = {**new, "windows": [list(offer.window)], "technician": offer.technician, "prize": 1000000}
    longer = read({**row, "jobs": [*row["jobs"], booked]})
    p = Problem(longer)
    draft = adopt(p, plan)
    found = study(p, draft.routes[[one.id for one in longer.technicians].index(offer.technician)], p.jobs - 1, INFINITE)
    assert found[1] >= 0
    if not fetches(plan):  # where something is fetched, the exact insertion is not always the cheapest
        assert found[0] == pytest.approx(offer.cost, abs=1e-6)


def fortnight() -> tuple[Book, dict[dt.date, list[Span]]]:
    team = [technician("T1"), technician("T2", x=6)]
    dates = [TODAY + dt.timedelta(n) for n in range(14)]
    diary = {}
    for n, date in enumerate(dates):
        instance = read(day(team, [job(f"J{n}-{k}", x=k, y=n % 4) for k in range(5)], [depot()]))
        diary[date] = instance, plan_day(instance, Limit(iterations=10))
    return Book(diary), dict.fromkeys(dates, WINDOWS)


def test_three_windows_at_most_two_of_a_day() -> None:
    book, windows = fortnight()
    offers = book.offers(read(day([], [job("NEW", x=2)])).jobs[0], windows)
    assert len(offers) == 3
    assert len({offer.day for offer in offers}) >= 2
    everything = list(book.by_cost(read(day([], [job("NEW", x=2)])).jobs[0], windows))
    assert offers[0] == everything[0]
    assert len({(offer.day, offer.window) for offer in everything}) == len(everything)


def test_a_window_that_was_taken_is_not_offered_to_the_next() -> None:
    """One technician, a job of two hours in the only window: the second customer is told there is none."""
    row = day([technician("T1", lunch=None)], [])
    first = job("A", service_s=2 * HOUR, windows=[[8 * HOUR, 9 * HOUR]], prize=9999)
    instance = read(row)
    book = Book({TODAY: (instance, plan_day(instance, Limit(iterations=1)))})
    second = read(day([], [{**first, "id": "B"}])).jobs[0]
    windows = {TODAY: [(8 * HOUR, 9 * HOUR)]}
    assert len(book.offers(second, windows)) == 1
    taken = read({**row, "jobs": [first]})
    plan = plan_day(taken, Limit(iterations=5))
    assert check(taken, plan).feasible
    book.put(TODAY, plan.routes[0], taken)
    assert book.offers(second, windows) == []


def test_nobody_is_offered_whom_the_customer_does_not_want() -> None:
    book, windows = fortnight()
    work = read(day([], [job("NEW", x=2, excluded=["T1"], skills={"A": 2})])).jobs[0]
    assert {offer.technician for offer in book.by_cost(work, windows)} == {"T2"}
    assert list(book.by_cost(read(day([], [job("NEW", skills={"A": 3})])).jobs[0], windows)) == []
