"""The methods of analysis, against figures known beforehand and what must hold of any rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from order_core.planner.analysis import METHODS, Row

pytestmark = pytest.mark.once

values = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))
rows_of = st.lists(st.tuples(st.text("abcde", min_size=1, max_size=2), values), min_size=1, max_size=40)
AIRLINE = (
    112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118, 115, 126, 141, 135, 125, 149, 170, 170, 158, 133, 114,
    140, 145, 150, 178, 163, 172, 178, 199, 199, 184, 162, 146, 166,
)  # fmt: skip
"""International airline passengers 1949-1951, thousands (Box & Jenkins 1976, series G)."""


def run(method: str, rows: Sequence[Row], **settings: float) -> dict[str, Any]:
    way = METHODS[method]
    usual = {name: setting.usual for name, setting in way.settings.items()}
    return way.compute(rows, usual | settings)


def months(series: Sequence[float]) -> list[Row]:
    return [(f"{1949 + n // 12}-{n % 12 + 1:02d}", float(value)) for n, value in enumerate(series)]


@pytest.mark.clause("2.1.2-a")
def test_summary_of_known_figures() -> None:
    found = run("summary", [(str(n), float(n)) for n in (2, 4, 4, 4, 5, 5, 7, 9)])
    assert found["mean"] == 5
    assert found["median"] == 4.5
    assert found["quartiles"] == [4.0, 5.5]
    assert found["deviation"] == pytest.approx(math.sqrt(32 / 7))
    assert (found["count"], found["total"], found["least"], found["most"]) == (8, 40.0, 2.0, 9.0)
    assert run("summary", [("one", 3.0)])["deviation"] == 0


@pytest.mark.clause("2.1.2-a")
def test_pareto_names_the_vital_few() -> None:
    found = run("pareto", [("a", 10.0), ("b", 60.0), ("c", 25.0), ("a", 5.0)])
    assert [item["key"] for item in found["items"]] == ["b", "c", "a"]
    assert [item["running"] for item in found["items"]] == [60.0, 85.0, 100.0]
    assert found["vital"] == 2
    assert run("pareto", [("a", 0.0)])["vital"] == 0


@pytest.mark.clause("2.1.2-a")
def test_trend_of_known_series() -> None:
    rising = run("trend", months([3 + 2 * n for n in range(10)]))
    assert (rising["slope"], rising["start"], rising["direction"]) == (2.0, 3.0, "rising")
    assert run("trend", months([5] * 8))["direction"] == "none"
    assert run("trend", months(AIRLINE[::-1]))["direction"] == "falling"
    # Mann-Kendall by hand: S = 45, variance 125 of ten rising values, z = 44 / sqrt(125).
    assert rising["chance"] == pytest.approx(2 * (1 - 0.5 * (1 + math.erf(44 / math.sqrt(125) / math.sqrt(2)))))


@pytest.mark.clause("2.1.2-a")
def test_seasonality_of_the_airline_passengers() -> None:
    found = run("seasonality", months(AIRLINE))
    indices = [item["value"] for item in found["indices"]]
    assert sum(indices) == pytest.approx(0, abs=1e-6)
    assert max(range(12), key=indices.__getitem__) in (6, 7), "July and August"
    assert min(range(12), key=indices.__getitem__) == 10, "November"
    assert 0.9 < found["strength"] <= 1
    assert run("seasonality", months([7] * 24))["strength"] == 0


@pytest.mark.clause("2.1.2-a")
@examples(deadline=None)
@given(rows=rows_of, method=st.sampled_from(("summary", "pareto")))
def test_the_same_rows_give_the_same_result(rows: list[Row], method: str) -> None:
    found = run(method, rows)
    assert found == run(method, list(rows))
    if method == "pareto":
        assert run(method, rows[::-1])["items"][0]["value"] == found["items"][0]["value"]
        assert len(found["items"]) == len({key for key, _ in rows})
        assert sum(item["value"] for item in found["items"]) == pytest.approx(found["total"], abs=1e-3)
    else:
        assert found["least"] <= found["median"] <= found["most"]


@pytest.mark.clause("2.1.2-a")
@examples(deadline=None)
@given(
    season=st.integers(2, 12),
    pattern=st.lists(st.integers(-50, 50), min_size=12, max_size=12),
    slope=st.integers(-3, 3),
)
def test_a_season_that_was_put_in_is_found(season: int, pattern: list[int], slope: int) -> None:
    one = pattern[:season]
    rows = months([1000 + slope * n + one[n % season] for n in range(4 * season)])
    found = run("seasonality", rows, season=season)
    middle = sum(one) / season
    assert [item["value"] for item in found["indices"]] == pytest.approx([x - middle for x in one], abs=1e-6)
    assert found["strength"] == pytest.approx(1 if len(set(one)) > 1 else 0, abs=1e-6)
