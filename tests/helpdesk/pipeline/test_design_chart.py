"""Where stages stand on 24 columns and results between their limits, for any dates and figures."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.pipeline import design_chart as chart
from helpdesk.pipeline.design_chart import COLUMNS, Planned
from order_core.execution.design.rules import Trait

days = st.dates(date(2026, 1, 1), date(2028, 12, 31))
stages = st.lists(
    st.builds(
        Planned,
        name=st.just("samples"),
        owner=st.just("Yan"),
        due=days,
        closed=st.none() | days,
        outcome=st.sampled_from((None, "done", "refused")),
    ),
    max_size=6,
)
figures = st.none() | st.floats(-1000, 1000)


@given(known=st.lists(days, max_size=5), today=days)
def test_every_day_has_a_column_and_a_later_day_none_before_it(known: list[date], today: date) -> None:
    on = chart.scale(known, today)
    columns = [on.column(day) for day in sorted([*known, today])]
    assert columns == sorted(columns)
    assert all(1 <= column <= COLUMNS for column in columns)
    assert on.start.weekday() == 0
    assert len(on.heads()) == COLUMNS // 2


@given(planned=stages, begun=days, today=days)
def test_each_stage_ends_in_the_column_of_its_date_and_fits_the_grid(
    planned: list[Planned], begun: date, today: date
) -> None:
    on = chart.scale([begun, *(stage.due for stage in planned)], today)
    for bar, stage in zip(chart.bars(planned, begun, on, today), planned, strict=True):
        assert bar.column + bar.span - 1 == on.column(stage.due)
        assert bar.span >= 1
        assert bar.column >= 1


@pytest.mark.parametrize(
    ("outcome", "closed", "tone"),
    [(None, None, "late"), ("done", 0, "done"), ("done", 1, "late"), ("refused", 9, "refused")],
)
def test_how_a_stage_of_yesterday_stands(outcome: str | None, closed: int | None, tone: str) -> None:
    due = date(2026, 11, 22)
    done = due + timedelta(days=closed) if closed is not None else None
    assert chart.tone(Planned("a", "b", due, done, outcome), due + timedelta(days=1)) == tone
    assert chart.tone(Planned("a", "b", due, None, None), due) == "open"


@given(lower=figures, target=figures, upper=figures, result=figures)
def test_a_result_is_drawn_on_the_side_of_the_limit_that_it_is_on(
    lower: float | None, target: float | None, upper: float | None, result: float | None
) -> None:
    trait = Trait(code="C1", name="noise", lower=lower, target=target, upper=upper, result=result)
    found = chart.gauge(trait)
    if found is None:
        assert (lower, target, upper, result) == (None, None, None, None)
        return
    assert all(0 <= place <= 100 for place in found.values())
    if lower is not None and result is not None and result - lower > 1:
        assert found["result"] >= found["lower"]
    if upper is not None and result is not None and result - upper > 1:
        assert found["result"] >= found["upper"]


def test_yes_or_no_has_no_line() -> None:
    assert chart.gauge(Trait(code="C1", name="lock", kind="yes_no", result=1)) is None
