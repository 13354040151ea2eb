"""Lot sizes against published optima and against trying every plan."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from order_core.errors import Invalid
from order_core.planner.lots import lot_sizes

pytestmark = pytest.mark.once

periods = st.integers(1, 8)


def cost_of(lots: list[Fraction], demand: list[int], setups: list[int], hold: Fraction) -> Fraction | None:
    """What a plan costs; None when it is late."""
    cost = stock = Fraction(0)
    for lot, need, setup in zip(lots, demand, setups, strict=True):
        stock += lot - need
        if stock < 0:
            return None
        cost += (setup if lot else 0) + hold * stock
    return cost


def cheapest(demand: list[int], setups: list[int], hold: Fraction) -> Fraction:
    """Every choice of periods to make something in; each lot serves until the next."""
    found = []
    for chosen in product([False, True], repeat=len(demand)):
        lots = [Fraction(0)] * len(demand)
        last = None
        for period, here in enumerate(chosen):
            last = period if here else last
            if last is not None:
                lots[last] += demand[period]
        cost = cost_of(lots, demand, setups, hold)
        if cost is not None:
            found.append(cost)
    return min(found)


def test_the_example_of_wagner_and_whitin() -> None:
    """Wagner & Whitin 1958, Management Science 5, twelve months."""
    demand = [69, 29, 36, 61, 61, 26, 34, 67, 45, 67, 79, 56]
    setup = [85, 102, 102, 101, 98, 114, 105, 86, 119, 110, 98, 114]
    assert lot_sizes(demand, setup=setup, hold=1).cost == 864


def test_the_example_of_snyder_and_shen() -> None:
    """Fundamentals of Supply Chain Theory, example 3.9."""
    found = lot_sizes([90, 120, 80, 70], setup=500, hold=2)
    assert list(map(int, found.lots)) == [210, 0, 150, 0]
    assert found.cost == 1380


def test_the_airplanes_of_hillier_and_lieberman() -> None:
    """Introduction to Operations Research: 4.8 millions, by either of two plans."""
    found = lot_sizes([3, 2, 3, 2], setup=2, hold=Fraction("0.2"))
    assert found.cost == Fraction("4.8")
    assert list(map(int, found.lots)) in [[10, 0, 0, 0], [5, 0, 5, 0]]


@examples(max_examples=300, deadline=None)
@given(length=periods, hold=st.sampled_from([Fraction(0), Fraction(1, 3), Fraction(1), Fraction(5)]), data=st.data())
def test_no_plan_is_cheaper(length: int, hold: Fraction, data: st.DataObject) -> None:
    demand = data.draw(st.lists(st.sampled_from([0, 1, 3, 7, 20]), min_size=length, max_size=length))
    setups = data.draw(st.lists(st.sampled_from([0, 1, 5, 20, 50]), min_size=length, max_size=length))
    found = lot_sizes(demand, setup=setups, hold=hold)
    assert found.cost == cheapest(demand, setups, hold)
    assert cost_of(list(found.lots), demand, setups, hold) == found.cost
    assert sum(found.lots) == sum(demand)


@given(demand=st.lists(st.integers(0, 50), min_size=1, max_size=40), unit=st.integers(1, 9))
def test_the_currency_does_not_change_the_plan(demand: list[int], unit: int) -> None:
    one, other = (lot_sizes(demand, setup=30 * factor, hold=2 * factor) for factor in (1, unit))
    assert one.lots == other.lots
    assert one.cost * unit == other.cost


@pytest.mark.parametrize(
    ("demand", "setup", "hold", "code", "field"),
    [
        ([], 1, 1, "lots.empty", "demand"),
        ([1, -1], 1, 1, "lots.number", "demand"),
        ([1, math.nan], 1, 1, "lots.number", "demand"),
        ([1], -1, 1, "lots.number", "setup"),
        ([1], 1, math.inf, "lots.number", "hold"),
        ([1, 2], [1], 1, "lots.setup", "setup"),
    ],
)
def test_odd_input_is_refused_by_name(demand: Any, setup: Any, hold: Any, code: str, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        lot_sizes(demand, setup=setup, hold=hold)
    assert (refusal.value.code, refusal.value.field) == (code, field)
