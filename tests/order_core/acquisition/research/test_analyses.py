"""Analyses kept whole: run again they give the same, whoever asks and whatever happened to the records since."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.acquisition.quote import history as quote_history
from order_core.acquisition.quote import negotiation
from order_core.acquisition.research import analyses
from order_core.acquisition.research.analyses import Data
from order_core.acquisition.research.datasets import QUERIES
from order_core.acquisition.research.models import Analysis
from order_core.aftersales import history as aftersales_history
from order_core.clauses import PROBES
from order_core.errors import Forbidden, Invalid
from order_core.execution import history as execution_history
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.kernel.actor import WORKER, Actor
from order_core.planner.analysis import METHODS
from order_core.rounds.models import Round
from tests.order_core.acquisition import deals
from tests.order_core.conftest import House, on_database, undone
from tests.order_core.orders import line, unit, until

REGISTERED = (quote_history, execution_history, aftersales_history)
numbers = st.integers(0, 10_000).map(float)


def analyse(session: Session, turn: Round, by: Actor, at: datetime, **values: Any) -> Analysis:
    usual: dict[str, Any] = {
        "title": "What is asked for",
        "data": Data(typed=[("RF-520", 3.0), ("WM-900", 1.0)]),
        "method": "pareto",
        "settings": {},
    }
    return analyses.analyse(session, turn, **usual | values, by=by, at=at)


@on_database
@pytest.mark.clause("2.1.2-a")
@given(
    values=st.lists(numbers, min_size=24, max_size=30), method=st.sampled_from(sorted(METHODS)), again=st.integers(1, 3)
)
def test_run_again_the_same_comes(
    session: Session, turn: Round, kay: Actor, house: House, at: datetime, values: list[float], method: str, again: int
) -> None:
    rows = [(f"{2020 + n // 12}-{n % 12 + 1:02d}", value) for n, value in enumerate(values)]
    with undone(session):
        analysis = analyse(session, turn, kay, at, data=Data(typed=rows), method=method)
        session.expire_all()  # as the database has it
        for hours in range(again):
            run = analyses.run_again(session, analysis, by=house.actor("SAL"), at=at + timedelta(hours=hours))
            assert (run.result_digest, run.data_digest) == (analysis.result_digest, None)
        assert len(analysis.runs) == again
        assert PROBES["2.1.2-a"][0](session, at) == 0


@pytest.mark.clause("2.1.2-a")
def test_data_drawn_by_a_query_are_kept_and_a_later_change_of_the_records_shows(
    session: Session, turn: Round, kay: Actor, at: datetime
) -> None:
    def ticket(symptom: str) -> Issue:
        return issues.open_ticket(
            session,
            subject="x",
            channel="phone",
            phone=None,
            language="en",
            symptom=symptom,
            by=WORKER,
            at=at - timedelta(days=40),
        )

    ticket("noise")
    voided = ticket("leaking")
    drawn = analyse(session, turn, kay, at, data=Data(query="tickets_by_symptom"))
    assert drawn.data == [["leaking", 1.0], ["noise", 1.0]]
    assert drawn.parameters == {"since": None, "until": "2026-11-01", "model": None}
    same = analyses.run_again(session, drawn, by=kay, at=at)
    assert (same.result_digest, same.data_digest) == (drawn.result_digest, drawn.data_digest)
    issues.step(
        session, voided, "void", {"reason": "twice"}, by=Actor(kind="person", roles=frozenset({"agent"})), at=at
    )
    later = analyses.run_again(session, drawn, by=kay, at=at)
    assert later.result_digest == drawn.result_digest, "the kept data give the same"
    assert later.data_digest != drawn.data_digest, "the records have changed since"


@pytest.mark.clause("2.1.2-a")
@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"title": " "}, "title", "research.title"),
        ({"method": "guess"}, "method", "research.method"),
        ({"settings": {"vital": 0.0}}, "vital", "research.setting"),
        ({"settings": {"vital": float("nan")}}, "vital", "research.setting"),
        ({"data": Data()}, "rows", "research.rows_few"),
        ({"data": Data(typed=[("a", float("inf"))])}, "rows", "research.row"),
        ({"data": Data(typed=[(" ", 1.0)])}, "rows", "research.row"),
        ({"data": Data(typed=[("a", 1.0)] * 2001)}, "rows", "research.rows_many"),
        ({"data": Data(query="select *")}, "query", "research.query"),
        ({"data": Data(query="orders_by_model", model="XX-1")}, "model", "research.model"),
        ({"data": Data(query="orders_by_model", since=date(2026, 11, 1))}, "since", "research.since"),
        ({"method": "trend", "data": Data(typed=[("2026-01", 1.0)] * 3)}, "rows", "research.rows_few"),
        ({"method": "trend", "data": Data(typed=[("a", 1.0)] * 5)}, "rows", "research.rows_months"),
        (
            {"method": "trend", "data": Data(typed=[(f"2026-{m:02d}", 1.0) for m in (1, 2, 4, 5)])},
            "rows",
            "research.rows_months",
        ),
    ],
)
def test_what_cannot_be_analysed_is_refused_with_field_and_clause(
    session: Session, turn: Round, kay: Actor, at: datetime, wrong: dict[str, Any], field: str, code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        analyse(session, turn, kay, at, **wrong)
    assert (refused.value.code, refused.value.field, refused.value.clause) == (code, field, "2.1.2-a")
    assert session.scalars(select(Analysis)).all() == []


def test_others_do_not_analyse(session: Session, turn: Round, house: House, at: datetime) -> None:
    with pytest.raises(Forbidden, match=r"research\.not_yours.*2\.1\.2-a"):
        analyse(session, turn, house.actor("PRO"), at)


def test_every_query_answers_with_nothing_to_draw_from(session: Session, house: House, at: datetime) -> None:
    assert {module.__name__ for module in REGISTERED} == {query.draw.__module__ for query in QUERIES.values()}
    for query in QUERIES.values():
        assert query.draw(session, {"since": date(2026, 1, 1), "until": at.date(), "model": "RF-520"}) == []


@pytest.mark.clause("2.1.2-b")
def test_confirmed_orders_make_the_monthly_series(session: Session, house: House, at: datetime) -> None:
    for days, quantity in ((150, 2), (148, 3), (60, 4), (1, 50)):
        then = at - timedelta(days=days)
        until(session, house, "confirmed", then, line(house, then, quantity=quantity))
    until(session, house, "issued", at - timedelta(days=60), line(house, at, quantity=99))
    wanted = {"since": None, "until": date(2026, 11, 1), "model": "RF-520"}
    assert QUERIES["orders_per_month"].draw(session, wanted) == [
        ("2026-06", 5.0), ("2026-07", 0.0), ("2026-08", 0.0), ("2026-09", 4.0), ("2026-10", 0.0),
    ]  # fmt: skip
    assert QUERIES["orders_by_model"].draw(session, wanted) == [("RF-520", 9.0)]
    assert QUERIES["orders_by_region"].draw(session, wanted | {"since": date(2026, 9, 1)}) == [("", 4.0)]


@pytest.mark.clause("2.1.2-a")
def test_tickets_are_counted_by_model_region_and_month(session: Session, house: House, at: datetime) -> None:
    sold = unit(session, house, "S-1", "L-1", at - timedelta(days=90))
    for days in (61, 60, 3):
        issues.open_ticket(
            session, subject="x", channel="phone", phone=None, language="en", product_id=sold.id,
            site_id=house.site.id, by=WORKER, at=at - timedelta(days=days),
        )  # fmt: skip
    wanted = {"since": None, "until": date(2026, 11, 1), "model": "RF-520"}
    assert QUERIES["tickets_by_model"].draw(session, wanted) == [("RF-520", 2.0)]
    assert QUERIES["tickets_by_region"].draw(session, wanted) == [("", 2.0)]
    assert QUERIES["tickets_per_month"].draw(session, wanted) == [("2026-09", 2.0), ("2026-10", 0.0)]


@pytest.mark.clause("2.1.2-a")
def test_quotes_are_counted_by_model_and_those_lost_by_reason(session: Session, house: House, at: datetime) -> None:
    deals.sent(session, house, at - timedelta(days=40))
    lost = deals.sent(session, house, at - timedelta(days=30))
    negotiation.lose(session, lost, "price", "too dear", by=house.actor("SAL"), at=at - timedelta(days=29))
    deals.sent(session, house, at)
    wanted = {"since": None, "until": date(2026, 11, 1), "model": "RF-520"}
    (model,) = QUERIES["quotes_by_model"].draw(session, wanted)
    assert model == ("RF-520", float(2 * lost.lines[0].quantity)), "the third went out too late"
    assert QUERIES["quotes_lost_by_reason"].draw(session, wanted) == [("price", 1.0)]
    assert QUERIES["quotes_lost_by_reason"].draw(session, wanted | {"model": "WM-900"}) == []
