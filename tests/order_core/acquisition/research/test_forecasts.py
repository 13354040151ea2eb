"""Forecasts: from what was typed and what was ordered, with error, interval and an honest label; told once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.acquisition.research import forecasts, measures, queries, rules
from order_core.acquisition.research.models import DemandPoint, Forecast
from order_core.acquisition.research.rules import PointFacts
from order_core.clauses import PROBES
from order_core.errors import Forbidden, Invalid
from order_core.execution import history
from order_core.kernel.actor import Actor
from order_core.kernel.notice import Notice
from order_core.kernel.outbox import OutboxRow
from tests.order_core.conftest import House, on_database, undone
from tests.order_core.orders import line, until

SEASONAL = [round(100 + 2 * n + 40 * math.sin(n * math.pi / 6)) for n in range(36)]
assert history


def typed(values: Sequence[int], last: date = date(2026, 10, 1), model: str = "RF-520") -> list[PointFacts]:
    """These values as the months up to ``last``."""
    months = rules.month_span(date(2020, 1, 1), last)
    return [PointFacts(model, month, value) for month, value in zip(months[::-1], values[::-1], strict=False)][::-1]


@pytest.mark.clause("2.1.2-b")
def test_a_forecast_has_error_interval_horizon_and_method_and_is_told(
    session: Session, house: House, kay: Actor, at: datetime
) -> None:
    assert forecasts.set_history(session, typed(SEASONAL), "sales ledger", by=kay, at=at) == 36
    assert session.scalars(select(OutboxRow.topic)).all() == ["forecast.compute"]
    (made,) = forecasts.recompute(session, at=at)
    assert queries.forecast_of(session, "RF-520") is made
    assert [month for month, *_ in made.points] == ["2026-11", "2026-12", "2027-01", "2027-02", "2027-03", "2027-04"]
    assert all(low <= mean <= high for _, mean, low, high in made.points)
    assert made.mase is not None
    assert made.naive_mase is not None
    assert (made.beats_naive, made.mase < made.naive_mase) == (True, True)
    assert (made.level, made.origins > 0, made.bias is not None) == (0.8, True, True)
    assert measures.forecast_error(session, at, at).value == made.mase
    told = session.scalars(select(Notice.to_department).where(Notice.key == "forecast.published"))
    assert set(told) == {"SAL", "PRO", "PUR"}
    assert PROBES["2.1.2-b"][0](session, at) == 0


@pytest.mark.clause("2.1.2-b")
def test_what_does_not_beat_last_year_is_labelled_so(session: Session, house: House, kay: Actor, at: datetime) -> None:
    """Two years that are alike but for a little noise: nothing is better than to say the year before again."""
    series = (55, 56, 60, 55, 61, 57, 64, 65, 68, 70, 94, 108, 66, 56, 60, 55, 61, 57, 63, 65, 68, 71, 95, 119)
    forecasts.set_history(session, typed(series), "sales ledger", by=kay, at=at)
    (made,) = forecasts.recompute(session, at=at)
    assert made.mase is not None
    assert made.naive_mase is not None
    assert (made.beats_naive, made.mase < made.naive_mase) == (False, False)
    assert PROBES["2.1.2-b"][0](session, at) == 0


def test_a_series_without_change_has_no_scale_and_claims_nothing(
    session: Session, house: House, kay: Actor, at: datetime
) -> None:
    year = [120, 80, 60, 90, 140, 200, 260, 240, 150, 100, 90, 110]
    for series in ([5] * 24, year * 3):
        forecasts.set_history(session, typed(series), "sales ledger", by=kay, at=at)
        made = forecasts.recompute(session, at=at)[-1]
        assert (made.mase, made.beats_naive) == (None, False)
        assert PROBES["2.1.2-b"][0](session, at) == 0


@pytest.mark.clause("2.1.2-b")
def test_a_second_look_finds_nothing_new_and_tells_nobody(
    session: Session, house: House, kay: Actor, at: datetime
) -> None:
    forecasts.set_history(session, typed(SEASONAL), "sales ledger", by=kay, at=at)
    forecasts.recompute(session, at=at)
    session.expire_all()
    assert forecasts.recompute(session, at=at + timedelta(days=1)) == []
    forecasts.set_history(session, typed([7]), "corrected", by=kay, at=at)
    assert [made.series[-1] for made in forecasts.recompute(session, at=at)] == [["2026-10", 7, True]]
    assert len(session.scalars(select(Forecast)).all()) == 2, "the former forecast stays"
    assert len(session.scalars(select(DemandPoint)).all()) == 36, "a month typed again is replaced"


@pytest.mark.clause("2.1.2-b")
def test_orders_go_on_where_typing_ends(session: Session, house: House, kay: Actor, at: datetime) -> None:
    forecasts.set_history(session, typed([5, 6], last=date(2026, 7, 1)), "ledger", by=kay, at=at)
    for days, quantity in ((61, 4), (140, 99), (2, 50)):
        then = at - timedelta(days=days)
        until(session, house, "confirmed", then, line(house, then, quantity=quantity))
    assert forecasts.series_of(session, "RF-520", at=at) == [
        ("2026-06", 5, True),
        ("2026-07", 6, True),
        ("2026-08", 0, False),
        ("2026-09", 4, False),
        ("2026-10", 0, False),
    ], "typed months are as typed, the present one is not over"


def test_a_month_that_nobody_knows_is_no_zero(session: Session, house: House, kay: Actor, at: datetime) -> None:
    points = [PointFacts("RF-520", date(2026, month, 1), 10) for month in (1, 2, 4)]
    forecasts.set_history(session, points, "ledger", by=kay, at=at)
    assert forecasts.series_of(session, "RF-520", at=at)[2] == ("2026-03", None, False)


@pytest.mark.clause("2.1.2-b")
@pytest.mark.parametrize("values", [[], [3], [3, 4, 5]])
def test_too_short_a_history_has_no_forecast(
    session: Session, house: House, kay: Actor, at: datetime, values: list[int]
) -> None:
    forecasts.set_history(session, typed(values), "ledger", by=kay, at=at)
    assert forecasts.recompute(session, at=at) == []
    assert queries.forecast_of(session, "RF-520") is None
    assert measures.forecast_error(session, at, at).value is None


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"model": "XX-1"}, "rows.2.model"),
        ({"month": None}, "rows.2.month"),
        ({"month": date(2026, 10, 2)}, "rows.2.month"),
        ({"month": date(2026, 11, 1)}, "rows.2.month"),
        ({"quantity": None}, "rows.2.quantity"),
        ({"quantity": -1}, "rows.2.quantity"),
        ({"quantity": 10**9 + 1}, "rows.2.quantity"),
    ],
)
def test_a_wrong_month_is_named_and_nothing_is_kept(
    session: Session, house: House, kay: Actor, at: datetime, wrong: dict[str, Any], field: str
) -> None:
    usual: dict[str, Any] = {"model": "RF-520", "month": date(2026, 9, 1), "quantity": 1}
    points = [PointFacts("RF-520", date(2026, 10, 1), 1), PointFacts(**usual | wrong)]
    with pytest.raises(Invalid) as refused:
        forecasts.set_history(session, points, "ledger", by=kay, at=at)
    assert (refused.value.field, refused.value.clause) == (field, "2.1.2-b")
    assert session.scalars(select(DemandPoint)).all() == []


def test_history_has_a_source_and_comes_from_sales(session: Session, house: House, kay: Actor, at: datetime) -> None:
    with pytest.raises(Invalid, match=r"research\.source"):
        forecasts.set_history(session, typed([1]), " ", by=kay, at=at)
    with pytest.raises(Forbidden, match=r"research\.not_yours"):
        forecasts.set_history(session, typed([1]), "ledger", by=house.actor("PRO"), at=at)


@on_database
@pytest.mark.clause("2.1.2-b")
@given(values=st.lists(st.integers(0, 10**9), min_size=4, max_size=40))
def test_whatever_the_history_the_forecast_is_whole(
    session: Session, house: House, kay: Actor, at: datetime, values: list[int]
) -> None:
    with undone(session):
        forecasts.set_history(session, typed(values), "ledger", by=kay, at=at)
        (made,) = forecasts.recompute(session, at=at)
        session.expire_all()
        assert len(made.points) == made.horizon == 6
        assert all(0 <= low <= mean <= high and math.isfinite(high) for _, mean, low, high in made.points)
        assert made.series == [[month, quantity, True] for month, quantity, _ in made.series]
        assert PROBES["2.1.2-b"][0](session, at) == 0
        assert forecasts.recompute(session, at=at) == []
