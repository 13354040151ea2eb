"""The forecast of one series: laws, the label, odd input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from order_core.errors import Invalid
from order_core.planner.forecast import Forecast, forecast
from tests.order_core.planner.test_theta import PASSENGERS

pytestmark = [pytest.mark.once, pytest.mark.clause("2.1.2-b")]

patient = examples(max_examples=40, deadline=None)
series = st.lists(st.integers(-500, 500), min_size=4, max_size=40)
counts = st.lists(st.integers(0, 500), min_size=4, max_size=40)
seasons = st.sampled_from([1, 4, 7, 12])
horizons = st.integers(1, 9)


def close(found: tuple[float, ...], expected: list[float], size: float) -> bool:
    return np.allclose(found, expected, rtol=1e-6, atol=1e-6 * size)


@patient
@given(row=series, season=seasons, horizon=horizons)
@pytest.mark.clause("2.1.2-a")
def test_the_same_series_gives_the_same_forecast(row: list[int], season: int, horizon: int) -> None:
    assert forecast(row, horizon=horizon, season=season) == forecast(tuple(row), horizon=horizon, season=season)


@patient
@given(row=series, season=seasons, horizon=horizons, unit=st.sampled_from([1e-3, 0.5, 7.0, 4096.0]))
def test_the_unit_of_the_series_is_the_unit_of_the_forecast(
    row: list[int], season: int, horizon: int, unit: float
) -> None:
    one = forecast(row, horizon=horizon, season=season)
    other = forecast([value * unit for value in row], horizon=horizon, season=season)
    size = max(map(abs, row)) * unit
    assert close(other.values, [value * unit for value in one.values], size)
    assert (other.mase or 0) == pytest.approx(one.mase or 0, rel=1e-6)


@patient
@given(row=series, season=seasons, horizon=horizons)
@example(row=[0, 0, 0, 0, 7], season=1, horizon=3)
@example(row=[7, 7, 7, 7, 7, 7, 0], season=4, horizon=3)
@example(row=[10**99, 1, 0, -(10**99)], season=2, horizon=9)
@example(row=[1, 10**99, 1, 1, 10**99, 5], season=1, horizon=9)
@example(row=[10**9, 1, 10**9, 1, 10**9, 1, 1, 1], season=1, horizon=9)
def test_whatever_comes_in_numbers_come_out(row: list[int], season: int, horizon: int) -> None:
    found = forecast(row, horizon=horizon, season=season)
    assert len(found.values) == len(found.lower) == len(found.upper) == horizon
    assert all(map(math.isfinite, (*found.values, *found.lower, *found.upper)))
    assert all(low <= value <= high for low, value, high in zip(found.lower, found.values, found.upper, strict=True))
    weights = [value for name, value in found.parameters.items() if name.startswith("weight_")]
    assert found.method == "constant" or sum(weights) == pytest.approx(1)


@patient
@given(value=st.floats(-1e9, 1e9), length=st.integers(4, 40), season=seasons, horizon=horizons)
def test_what_never_changed_goes_on_exactly(value: float, length: int, season: int, horizon: int) -> None:
    found = forecast([value] * length, horizon=horizon, season=season)
    assert set(found.values) == set(found.lower) == set(found.upper) == {value}
    assert (found.method, found.mase, found.beats_seasonal_naive) == ("constant", None, False)


@patient
@given(row=counts, season=seasons, horizon=horizons)
def test_what_never_was_negative_is_not_expected_to_be(row: list[int], season: int, horizon: int) -> None:
    found = forecast(row, horizon=horizon, season=season)
    assert min(found.lower) >= 0


@patient
@given(row=series, season=seasons, horizon=horizons, level=st.sampled_from([0.5, 0.8]))
def test_to_be_surer_takes_more_room(row: list[int], season: int, horizon: int, level: float) -> None:
    narrow = forecast(row, horizon=horizon, season=season, level=level)
    wide = forecast(row, horizon=horizon, season=season, level=0.99)
    assert all(a >= b for a, b in zip(narrow.lower, wide.lower, strict=True))
    assert all(a <= b for a, b in zip(narrow.upper, wide.upper, strict=True))


def season_line(length: int) -> list[float]:
    return [100 + place + 30 * math.sin(place * math.pi / 6) for place in range(length)]


def test_a_line_with_a_season_is_continued() -> None:
    found = forecast(season_line(72), horizon=12, season=12)
    assert found.values == pytest.approx(season_line(84)[72:], rel=0.02)
    assert found.beats_seasonal_naive
    assert found.mase is not None
    assert found.mase < 0.1


def test_a_straight_line_is_continued() -> None:
    found = forecast([3.0 * place + 5 for place in range(30)], horizon=5)
    assert found.values == pytest.approx([3.0 * place + 5 for place in range(30, 35)], rel=1e-3)


def test_a_pattern_that_only_repeats_is_left_to_the_seasonal_naive() -> None:
    """Nothing is better than exactly right: the label says that it is not beaten."""
    found = forecast([5, 90, 17, 40] * 8, horizon=4, season=4)
    assert found.values == pytest.approx([5, 90, 17, 40])
    assert found.mase_seasonal_naive is None
    assert not found.beats_seasonal_naive


def test_the_label_is_decided_on_the_same_origins() -> None:
    """The seasonal naive error recomputed: from each of the last 12 moments, as far as the series goes."""
    horizon, season = 12, 12
    found = forecast(PASSENGERS, horizon=horizon, season=season)
    errors = []
    for end in range(len(PASSENGERS) - horizon, len(PASSENGERS)):
        known = PASSENGERS[:end]
        scale = sum(abs(known[i] - known[i - season]) for i in range(season, end)) / (end - season)
        errors += [abs(PASSENGERS[i] - PASSENGERS[i - season]) / scale for i in range(end, len(PASSENGERS))]
    assert found.origins == horizon
    assert found.mase_seasonal_naive == pytest.approx(sum(errors) / len(errors))
    assert found.mase is not None
    assert found.beats_seasonal_naive is (found.mase < sum(errors) / len(errors))


def test_a_gap_is_bridged_and_not_judged() -> None:
    full = [float(3 * place + 2 * (place % 2)) for place in range(30)]
    holed: list[float | None] = [None if place in {7, 8, 27} else value for place, value in enumerate(full)]
    found, whole = forecast(holed, horizon=4), forecast(full, horizon=4)
    assert found.values == pytest.approx(whole.values, rel=0.02)
    assert found.mase != whole.mase


def refused(row: Any, **asked: Any) -> tuple[str, str | None, str | None]:
    with pytest.raises(Invalid) as refusal:
        forecast(row, **{"horizon": 3, **asked})
    return refusal.value.code, refusal.value.field, refusal.value.clause


@pytest.mark.parametrize(
    ("row", "asked", "code", "field"),
    [
        ([], {}, "forecast.short", "series"),
        ([1, 2, 3], {}, "forecast.short", "series"),
        ([1, None, 3, None, 5], {}, "forecast.short", "series"),
        ([None, 2, 3, 4, 5], {}, "forecast.gap", "series"),
        ([1, 2, 3, 4, None], {}, "forecast.gap", "series"),
        ([1, 2, math.nan, 4], {}, "forecast.number", "series"),
        ([1, 2, 3, math.inf], {}, "forecast.number", "series"),
        ([1, 2, -1e101, 4], {}, "forecast.number", "series"),
        ([1, 2, 3, 4], {"horizon": 0}, "forecast.horizon", "horizon"),
        ([1, 2, 3, 4], {"horizon": -2}, "forecast.horizon", "horizon"),
        ([1, 2, 3, 4], {"horizon": 1001}, "forecast.horizon", "horizon"),
        ([1, 2, 3, 4], {"season": 0}, "forecast.season", "season"),
        ([1, 2, 3, 4], {"level": 1.0}, "forecast.level", "level"),
    ],
)
def test_odd_input_is_refused_by_name(row: list[Any], asked: dict[str, Any], code: str, field: str) -> None:
    assert refused(row, **asked) == (code, field, "2.1.2-b")


def test_intervals_hold_as_often_as_they_say() -> None:
    """300 made series of three kinds, 90 %: chance alone gives less than 85 % or more than 95 % very rarely."""
    chance = np.random.default_rng(20260101)
    held = []
    for kind in range(300):
        noise = chance.normal(0, 10, 54)
        walk = np.cumsum(noise / 3) if kind % 3 == 0 else noise
        wave = 40 * np.sin(np.arange(54) * np.pi / 2) if kind % 3 == 1 else np.zeros(54)
        row = 500 + walk + wave
        found: Forecast = forecast(row[:48].tolist(), horizon=6, season=4, level=0.9)
        held += [low <= value <= high for low, value, high in zip(found.lower, row[48:], found.upper, strict=True)]
    assert 0.85 < np.mean(held) < 0.95
