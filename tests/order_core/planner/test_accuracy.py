"""The scaled error by hand, and its laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_core.planner.accuracy import mase, naive_scale, rolling_score

pytestmark = [pytest.mark.once, pytest.mark.clause("2.1.2-b")]

rows = st.lists(st.integers(-1000, 1000), min_size=3, max_size=30)
four = st.lists(st.integers(-1000, 1000), min_size=4, max_size=4)


def test_by_hand() -> None:
    """Steps of 2, 1 and 3 in the known part: 2 on average. Errors of 1 and 3: also 2. So the error is 1."""
    assert mase([10, 12, 11, 14], [15, 13], [14, 16]) == 1.0


def test_by_hand_with_a_season() -> None:
    """Two seasons of 3: 4-1, 4-2, 9-3 are 3, 2, 6, on average 11/3. Errors of 1 and 0.5: 0.75."""
    assert mase([1, 2, 3, 4, 4, 9], [5, 6], [4, 6.5], season=3) == pytest.approx(0.75 * 3 / 11)


def test_a_series_shorter_than_its_season_is_held_against_its_last_value() -> None:
    assert naive_scale(np.array([1.0, 4.0, 2.0]), season=12) == 2.5


def test_a_gap_is_not_counted() -> None:
    known = np.array([1.0, math.nan, 5.0, 7.0])
    assert naive_scale(known, 1) == 2.0
    score = rolling_score(np.array([1.0, 3.0, 5.0, math.nan, 9.0]), [3], np.array([[6.0, 7.0]]), 1)
    assert score is not None
    assert (score.mase, score.bias) == (1.0, 1.0)


def test_what_never_changed_has_no_scale() -> None:
    assert mase([5, 5, 5], [6], [7]) is None
    assert rolling_score(np.array([5.0, 5.0, 5.0, 6.0]), [3], np.array([[5.0]]), 1) is None


@given(known=rows, actual=four, forecast=four, season=st.integers(1, 13))
def test_against_a_plain_count(known: list[int], actual: list[int], forecast: list[int], season: int) -> None:
    lag = season if season < len(known) else 1
    steps = [abs(known[place] - known[place - lag]) for place in range(lag, len(known))]
    errors = [abs(a - f) for a, f in zip(actual, forecast, strict=True)]
    found = mase(known, actual, forecast, season)
    if not any(steps):
        assert found is None
    else:
        assert found == pytest.approx((sum(errors) / 4) / (sum(steps) / len(steps)))


@given(known=rows, actual=four, forecast=four, season=st.integers(1, 13), by=st.integers(-9999, 9999))
def test_moving_everything_changes_nothing(
    known: list[int], actual: list[int], forecast: list[int], season: int, by: int
) -> None:
    def moved(row: list[int]) -> list[int]:
        return [value + by for value in row]

    assert mase(moved(known), moved(actual), moved(forecast), season) == mase(known, actual, forecast, season)


@given(known=rows, actual=four, forecast=four, season=st.integers(1, 13), unit=st.sampled_from([0.25, 8, 1024]))
def test_the_unit_does_not_matter(
    known: list[int], actual: list[int], forecast: list[int], season: int, unit: float
) -> None:
    def other(row: list[int]) -> list[float]:
        return [value * unit for value in row]

    assert mase(other(known), other(actual), other(forecast), season) == mase(known, actual, forecast, season)


def test_bias_says_to_which_side() -> None:
    """Known values step by 1; twice 2 too low, once 1 too high."""
    series = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    score = rolling_score(series, [3, 4], np.array([[2.0, 6.0], [3.0, 0.0]]), 1)
    assert score is not None
    assert score.mase == pytest.approx(5 / 3)
    assert score.bias == pytest.approx((2 - 1 + 2) / 3)
