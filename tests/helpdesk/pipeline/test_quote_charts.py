"""The geometry of a quote's pictures: nothing leaves its box, lengths are in proportion."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.pipeline import quote_charts as charts

amounts = st.integers(1, 10**12)
DAY = date(2026, 11, 23)


@given(price=amounts, cost=amounts, market=st.none() | amounts, need=st.none() | amounts)
def test_a_price_is_cost_and_margin_and_stays_in_its_box(
    price: int, cost: int, market: int | None, need: int | None
) -> None:
    drawn = charts.build_up(price, cost, market, need)
    edges = [drawn.cost + drawn.margin + drawn.loss, drawn.price, drawn.market or 0.0, drawn.need or 0.0]
    assert all(0 <= edge <= 100 for edge in edges)
    assert (drawn.margin > 0) <= (price > cost)
    assert (drawn.loss > 0) <= (cost > price)
    assert drawn.cost + drawn.margin == pytest.approx(drawn.price, abs=0.02)


@given(start=st.integers(0, 50), length=st.integers(0, 50), more=st.integers(0, 50))
def test_a_stretch_of_days_is_always_seen_and_never_outside(start: int, length: int, more: int) -> None:
    starts = DAY + timedelta(days=start)
    ends = starts + timedelta(days=length)
    bar = charts.bar(starts, ends, DAY, ends + timedelta(days=more))
    assert bar.width >= 1
    assert bar.x >= 0
    assert bar.x + bar.width <= 100.01


@given(values=st.lists(st.integers(0, 10**12), min_size=1, max_size=12))
def test_a_stepped_line_has_a_dot_for_each_value_and_higher_is_higher(values: list[int]) -> None:
    drawn = charts.steps(values)
    assert len(drawn.dots) == len(values)
    assert all(0 <= x <= charts.WIDE and 0 <= y <= charts.HIGH for x, y in drawn.dots)
    highest, lowest = values.index(max(values)), values.index(min(values))
    assert drawn.dots[highest][1] <= drawn.dots[lowest][1]
