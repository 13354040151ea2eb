"""Margins in whole smallest units: exact, never flattering; what a price lacks; where it stands in the market."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_core.acquisition.quote import rules
from order_core.acquisition.quote.rules import Input, Priced
from tests.order_core.acquisition import deals

amounts = st.integers(1, rules.MOST_MONEY)
lines = st.lists(st.builds(Priced, quantity=st.integers(1, 10_000), price=amounts, cost=amounts), max_size=6)
FLOOR = 1_500
DAY = date(2026, 11, 23)


@pytest.mark.clause("2.3.1-a")
@deals.pure
@given(price=amounts, cost=amounts, floor=st.integers(0, rules.ONE))
def test_margins_are_exact_in_whole_units(price: int, cost: int, floor: int) -> None:
    exact = Fraction(price - cost, price)
    points = rules.margin_bp(price, cost)
    assert Fraction(points, rules.ONE) <= exact < Fraction(points + 1, rules.ONE)
    assert rules.is_below(price, cost, floor) == (exact < Fraction(floor, rules.ONE))


@pytest.mark.clause("2.3.1-a")
@deals.pure
@given(found=lines)
def test_the_whole_is_the_sum_and_a_good_line_hides_no_bad_one(found: list[Priced]) -> None:
    whole = rules.total(found)
    assert whole.price == sum(line.quantity * line.price for line in found)
    assert whole.price - whole.cost == sum(line.quantity * (line.price - line.cost) for line in found)
    low = rules.is_low(found, FLOOR)
    assert low == any(Fraction(x.price - x.cost, x.price) < Fraction(FLOOR, rules.ONE) for x in found)
    if found and not low:
        assert not rules.is_below(whole.price, whole.cost, FLOOR), "no line is low, so the whole is not"


@pytest.mark.clause("2.3.1-a")
def test_the_floor_itself_is_good_enough_and_a_hair_below_is_not() -> None:
    assert not rules.is_low([Priced(1, 10_000, 8_500)], FLOOR)
    assert rules.is_low([Priced(1, 10_000, 8_501)], FLOOR)
    assert [rules.band([Priced(1, 100, cost)], FLOOR) for cost in (86, 85, 76, 75, 0)] == [
        "low", "thin", "thin", "good", "good",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="no price"):
        rules.margin_bp(0, 0)


@pytest.mark.clause("2.3.1-b")
@pytest.mark.parametrize(
    ("price", "place"), [(97_999, "below"), (98_000, "level"), (102_000, "level"), (102_001, "above")]
)
def test_a_price_stands_below_level_with_or_above_the_market(price: int, place: str) -> None:
    assert rules.position(price, 100_000) == place


def given_inputs() -> dict[str, Input]:
    return {
        "cost": Input("cost", 700, "", DAY, "bill of materials"),
        "market": Input("market", 1_000, "", DAY, "survey"),
        "need": Input("need", None, "quiet", DAY, "visit"),
    }


@pytest.mark.clause("2.3.1-a")
def test_all_three_inputs_are_asked_for_each_with_its_source() -> None:
    assert rules.missing(given_inputs().values()) is None
    for kind in rules.INPUTS:
        found = given_inputs()
        whole = found.pop(kind)
        assert rules.missing(found.values()) == (kind, "input")
        without = Input(kind, whole.amount, whole.words, DAY, " ")
        assert rules.missing([*found.values(), without]) == (kind, "source")
        empty = Input(kind, None, "", DAY, "survey")
        assert rules.missing([*found.values(), empty]) == (kind, "input")
