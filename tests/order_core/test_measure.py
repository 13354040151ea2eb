"""Measures: recomputable values, one signal a crossing, runs that no single value shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from order_core.kernel import measure as measures
from order_core.kernel.signals import LEVELS, Figure, Measure, crossings, level, levels, runs

START = datetime(2026, 1, 1, tzinfo=UTC)
MONTH = timedelta(days=30)
shares = st.lists(st.integers(0, 100).map(float), max_size=40)
bands = st.sampled_from((0.0, 2.0, 5.0))
directions = st.booleans()


def share(up: bool = True, band: float = 0.0, series: dict[datetime, float] | None = None) -> Measure:
    """A percentage: warned of below 95 and alarmed below 90; or above 5 and 10 where less is better."""
    target, warning, alarm = (98.0, 95.0, 90.0) if up else (2.0, 5.0, 10.0)

    def formula(_session: Session, start: datetime, _end: datetime) -> Figure:
        value = (series or {}).get(start)
        return Figure(value, count=int(value is not None), newest=start)

    return Measure(
        code="K-09", clause="8.1.3", unit="percent", formula=formula, up_is_good=up,
        target=target, warning=warning, alarm=alarm, owner="PRO", band=band,
    )  # fmt: skip


@examples(deadline=None)
@given(values=shares, band=bands, up=directions)
def test_the_level_is_never_better_than_the_value_and_falls_only_past_the_band(
    values: list[float], band: float, up: bool
) -> None:
    measure, sign = share(up, band), 1 if up else -1
    found = levels(values, measure)
    for before, value, now in zip(["good", *found], values, found, strict=False):
        assert LEVELS.index(now) >= LEVELS.index(level(value, measure))
        if LEVELS.index(now) < LEVELS.index(before):
            assert level(value - sign * band, measure) == now


@examples(deadline=None)
@given(values=shares, band=bands, up=directions)
def test_a_crossing_speaks_once_and_again_only_after_it_has_come_back(
    values: list[float], band: float, up: bool
) -> None:
    measure = share(up, band)
    found = levels(values, measure)
    spoken = dict(crossings(values, measure))
    for index, now in enumerate(found):
        worse = LEVELS.index(now) > LEVELS.index(found[index - 1] if index else "good")
        assert (index in spoken) is worse
    assert all(spoken[index] == found[index] for index in spoken)


@examples(deadline=None)
@given(values=shares)
def test_a_mirrored_figure_speaks_at_the_same_moments(values: list[float]) -> None:
    """The direction is all that differs: 100 − x of a share that should rise is one that should fall."""
    assert crossings(values, share(True)) == crossings([100 - v for v in values], share(False))


def test_wavering_round_a_limit_speaks_once_with_a_band() -> None:
    wavering = [96.0, 94.9, 95.1, 94.9, 95.1, 94.9]
    assert crossings(wavering, share(band=0.0)) == [(1, "warning"), (3, "warning"), (5, "warning")]
    assert crossings(wavering, share(band=1.0)) == [(1, "warning")]
    assert crossings([94.0, 89.0, 91.0, 96.0, 94.0], share(band=1.0)) == [(0, "warning"), (1, "alarm"), (4, "warning")]


@pytest.mark.parametrize(
    ("values", "rule", "at"),
    [
        ([0.0, 0.1, 3.1], "beyond", 2),
        ([0.5, 0.1, 0.4, 0.2, 0.6, 0.3, 0.5, 0.2, 0.1, 0.4], "side", 8),
        ([-0.5, -0.2, 0.0, 0.2, 0.3, 0.6, 0.4], "trend", 5),
        ([0.0, 2.1, 0.0, 2.2, 0.0], "two_of_three", 3),
    ],
)
def test_a_run_speaks_when_it_is_complete(values: list[float], rule: str, at: int) -> None:
    assert [index for index, name in runs(values, 0.0, 1.0) if name == rule] == [at]


@examples(deadline=None)
@given(values=shares, shift=st.integers(-50, 50), scale=st.integers(1, 9))
def test_runs_do_not_depend_on_the_unit(values: list[float], shift: int, scale: int) -> None:
    assert runs(values, 50.0, 8.0) == runs([v * scale + shift for v in values], 50.0 * scale + shift, 8.0 * scale)


@pytest.mark.clause("1.3-d")
def test_a_value_is_computed_again_and_its_signal_given_once(session: Session, at: datetime) -> None:
    series = {START + n * MONTH: value for n, value in enumerate([97.0, 94.0, 88.0])}
    measure = share(series=series)
    said = [
        [(s.rule, s.value) for s in measures.compute(session, measure, start, start + MONTH, at=at)] for start in series
    ]
    assert said == [[], [("warning", 94.0)], [("alarm", 88.0)]]
    assert measures.compute(session, measure, START, START + MONTH, at=at) == []
    series[START] = 80.0
    (late,) = measures.compute(session, measure, START, START + MONTH, at=at)
    assert (late.rule, late.period_start) == ("alarm", START)
    first, *_ = measures.values(session, "K-09")
    assert (first.value, first.count, first.typed_by) == (80.0, 1, None)
