"""Promised dates: worked examples, and the laws that a promise must keep."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta
from fractions import Fraction
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from order_core.errors import Invalid
from order_core.planner.promise import Batch, Line, accept, delay, promise
from order_core.planner.situation import Capacity, Change, Demand, Leads, Situation, Supply, available, changed
from order_core.workdays import WorkingCalendar

pytestmark = [pytest.mark.once, pytest.mark.clause("2.3.1-b")]

MONDAY = date(2026, 11, 2)
WEEK = WorkingCalendar("Asia/Taipei", {day: ((time(8), time(17)),) for day in range(5)}, "TW")
patient = examples(max_examples=150, deadline=None)


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


days = st.integers(0, 30).map(day)
units = st.integers(0, 12)
situations = st.builds(
    Situation,
    today=st.just(MONDAY),
    calendar=st.just(WEEK),
    stock=units,
    supplies=st.lists(st.builds(Supply, days, units), max_size=4).map(tuple),
    demands=st.lists(st.builds(Demand, days, units), max_size=4).map(tuple),
    capacity=st.builds(Capacity, st.integers(1, 5), st.dictionaries(days, st.integers(0, 7), max_size=4)),
    leads=st.builds(Leads, st.integers(0, 9), st.integers(0, 4), st.integers(0, 3)),
    scrap=st.sampled_from([Fraction(0), Fraction(1, 10), Fraction(1, 2)]),
)
quantities = st.integers(1, 25)


def balance(situation: Situation) -> dict[date, int]:
    """Units there at the end of each day, counted day by day and not by the code under test."""
    moves = [situation.stock, *[0] * 1100]
    for supply in situation.supplies:
        moves[(supply.on - MONDAY).days] += supply.quantity
    for demand in situation.demands:
        moves[(demand.on - MONDAY).days] -= demand.quantity
    return {day(number): left for number, left in enumerate(accumulate(moves))}


def test_available_to_promise_of_a_master_schedule() -> None:
    """A master schedule of 100 in three weeks, 80, 50, 30 and 10 booked: 20, 50 and 60 a week are free (APICS)."""
    weeks = [day(7 * number) for number in range(4)]
    situation = Situation(
        MONDAY,
        WEEK,
        supplies=[Supply(week, 100) for week in weeks[:3]],
        demands=[Demand(week, booked) for week, booked in zip(weeks, [80, 50, 30, 10], strict=True)],
    )
    assert available(situation) == {weeks[0]: 20, weeks[1]: 70, weeks[2]: 130}


def test_a_unit_is_not_free_when_somebody_later_needs_it() -> None:
    situation = Situation(MONDAY, WEEK, stock=10, supplies=[Supply(day(9), 5)], demands=[Demand(day(4), 8)])
    assert available(situation) == {MONDAY: 2, day(9): 7}


def test_how_a_date_comes_about() -> None:
    """2 of 5 in stock are free, 4 arrive on Friday; 6 must be made: material in 6 days, then 1, 3, 3 a day."""
    situation = Situation(
        MONDAY,
        WEEK,
        stock=5,
        supplies=[Supply(day(4), 4)],
        demands=[Demand(day(2), 3)],
        capacity=Capacity(3, {day(7): 2}),
        leads=Leads(material=6, cycle=2, transport=1),
    )
    found = promise(situation, 12)
    assert (found.from_stock, found.from_supply, found.to_make) == (2, 4, 6)
    assert found.reasons == (
        Line("stock", MONDAY, 2),
        Line("supply", day(4), 4),
        Line("material", day(6), 6),
        Line("capacity", day(11), 6),
        Line("transport", day(12), 12),
    )
    assert found.batches == (
        Batch(day(7), day(9), 1, 1),
        Batch(day(8), day(10), 3, 3),
        Batch(day(9), day(11), 2, 2),
    )
    assert (found.ships, found.on) == (day(11), day(12))


def test_nothing_leaves_on_a_day_off() -> None:
    saturday = replace(Situation(MONDAY, WEEK, stock=1), today=day(5))
    assert promise(saturday, 1).ships == day(7)


def test_scrap_takes_more_units_and_more_days() -> None:
    situation = Situation(MONDAY, WEEK, capacity=Capacity(4), leads=Leads(cycle=1))
    plain, lossy = promise(situation, 8), promise(changed(situation, Change(scrap=Fraction(1, 3))), 8)
    assert [batch.started for batch in plain.batches] == [4, 4]
    assert [(batch.started, batch.good) for batch in lossy.batches] == [(4, 2), (4, 3), (4, 3)]
    assert delay(plain, lossy, WEEK) == 1


@pytest.mark.clause("3.2.3-b")
def test_a_change_of_design_is_replanned_into_working_days() -> None:
    """Three more days of material, one more day of work, a weekend between: from Wednesday to Tuesday, four days."""
    situation = Situation(MONDAY, WEEK, capacity=Capacity(10), leads=Leads(material=1, cycle=1))
    before, after = promise(situation, 5), promise(changed(situation, Change(material=3, cycle=1)), 5)
    assert (before.on, after.on) == (day(2), day(8))
    assert delay(before, after, WEEK) == 4
    assert delay(after, before, WEEK) == -4


@patient
@given(situation=situations, asked=st.lists(quantities, min_size=1, max_size=5))
def test_promises_taken_in_any_order_never_overcommit(situation: Situation, asked: list[int]) -> None:
    """From the first promise's day on, what is there covers what is promised; no day is booked beyond what it was."""
    before = balance(situation)
    for quantity in asked:
        found = promise(situation, quantity)
        situation = accept(situation, found)
        after = balance(situation)
        assert all(left >= 0 for on, left in after.items() if on >= found.ships)
        assert all(left >= before[on] for on, left in after.items() if on < found.ships)
        before = after
        assert situation.capacity is not None
        for batch in found.batches:
            assert situation.capacity.booked[batch.starts] <= situation.capacity.per_day


@patient
@given(situation=situations, quantity=quantities)
def test_a_promise_adds_up(situation: Situation, quantity: int) -> None:
    found = promise(situation, quantity)
    assert found.from_stock + found.from_supply + found.to_make == quantity == found.quantity
    assert sum(batch.good for batch in found.batches) >= found.to_make
    assert [line.on for line in found.reasons] == sorted(line.on for line in found.reasons)
    assert found.reasons[-1] == Line("transport", found.on, quantity)
    assert sum(line.quantity for line in found.reasons if line.reason in {"stock", "supply", "capacity"}) == quantity
    assert WEEK.hours(found.ships)
    material = MONDAY + timedelta(days=situation.leads.material)
    assert all(material <= batch.starts <= batch.done <= found.ships for batch in found.batches)


@patient
@given(situation=situations, quantity=quantities, more=st.integers(1, 10))
def test_more_is_never_promised_sooner(situation: Situation, quantity: int, more: int) -> None:
    assert promise(situation, quantity).on <= promise(situation, quantity + more).on


@patient
@given(situation=situations, quantity=quantities, sooner=st.integers(1, 9))
def test_an_earlier_supply_never_makes_a_promise_later(situation: Situation, quantity: int, sooner: int) -> None:
    assume(situation.supplies)
    moved = [replace(supply, on=max(MONDAY, supply.on - timedelta(days=sooner))) for supply in situation.supplies]
    assert promise(replace(situation, supplies=moved), quantity).on <= promise(situation, quantity).on


@patient
@given(
    situation=situations,
    quantity=quantities,
    change=st.builds(Change, st.integers(0, 9), st.integers(0, 5), st.sampled_from([Fraction(0), Fraction(1, 4)])),
)
@pytest.mark.clause("3.2.3-b")
def test_a_harder_design_is_never_sooner(situation: Situation, quantity: int, change: Change) -> None:
    before, after = promise(situation, quantity), promise(changed(situation, change), quantity)
    assert delay(before, after, WEEK) >= 0
    assert delay(before, after, WEEK) == -delay(after, before, WEEK)


@pytest.mark.parametrize(
    ("situation", "quantity", "code", "field"),
    [
        ({"stock": 1}, 0, "promise.quantity", "quantity"),
        ({"stock": -1}, 1, "promise.number", "stock"),
        ({"supplies": [Supply(MONDAY, -1)]}, 1, "promise.number", "supplies"),
        ({"demands": [Demand(MONDAY, -1)]}, 1, "promise.number", "demands"),
        ({"capacity": Capacity(-1)}, 1, "promise.number", "capacity"),
        ({"leads": Leads(material=-1)}, 1, "promise.number", "leads"),
        ({"scrap": Fraction(1)}, 1, "promise.number", "scrap"),
        ({"scrap": Fraction(-1, 2)}, 1, "promise.number", "scrap"),
        ({"stock": 1}, 2, "promise.never", "quantity"),
        ({"capacity": Capacity(0)}, 1, "promise.never", "quantity"),
        ({"capacity": Capacity(1), "leads": Leads(material=2000)}, 1, "promise.never", "quantity"),
    ],
)
def test_what_cannot_be_is_refused_by_name(situation: dict[str, Any], quantity: int, code: str, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        promise(Situation(MONDAY, WEEK, **situation), quantity)
    assert (refusal.value.code, refusal.value.field, refusal.value.clause) == (code, field, "2.3.1-b")
