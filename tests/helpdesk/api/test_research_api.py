"""Market research through the API: the pages' records, deeds and imports under the pages' guard."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpdesk.auth import service as auth
from order_core.acquisition.research.models import Analysis, DemandPoint, Finding
from order_core.parties.models import Person
from order_core.rounds.models import Round
from tests.helpdesk.api.test_api import Program, refusal

LISTS = ("research-rounds", "findings", "research-reports", "analyses", "forecasts")
FINDING = {
    "kind": "competitor",
    "source": "Web shop",
    "dated_on": "2026-01-05",
    "text": "5 % off",
    "models": ["DW-600"],
}
TABLE = "kind,source,date,text\ncompetitor,Fair,2026-01-05,5 % off\n"


@pytest.fixture
def kay(session: Session, client: Any, company: Any, at: datetime) -> Program:
    """A program of the market-research team's."""
    person = session.scalars(select(Person).where(Person.email == "kay@demo.test")).one()
    person.roles = ["market", "admin"]
    token = auth.add_token(session, person, "kay", at=at)
    session.commit()
    return Program(client, token)


@pytest.fixture
def turn(session: Session, kay: Program) -> str:
    """The number of the round that is collecting."""
    number = session.scalars(select(Round.number).where(Round.state == "open")).one()
    session.commit()
    return number


def count(session: Session, cls: Any) -> int:
    session.commit()
    found = session.scalar(select(func.count()).select_from(cls)) or 0
    session.commit()
    return found


@pytest.mark.parametrize("path", LISTS)
def test_every_list_is_walked_page_by_page(kay: Program, path: str) -> None:
    whole = kay.items(path, limit=200)
    assert whole
    walked, cursor = [], None
    for _ in range(len(whole) + 1):
        page = kay.get(path, limit=2, **({"cursor": cursor} if cursor else {})).json
        walked += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert walked == whole


@pytest.mark.parametrize("path", LISTS)
def test_nothing_is_read_without_a_token_or_a_right_to_the_pipeline(
    kay: Program, session: Session, client: Any, at: datetime, path: str
) -> None:
    refusal(client.get(f"/api/v1/{path}"), 401)
    person = session.scalars(select(Person).where(Person.email == "wei@demo.test")).one()
    token = auth.add_token(session, person, "wei", at=at)
    session.commit()
    refusal(Program(client, token).get(path), 403)


def test_filters_narrow_the_lists(kay: Program, turn: str) -> None:
    assert kay.numbers("research-rounds", state="open") == [turn]
    assert kay.get(f"research-rounds/{turn}").json["missing"] == ["competitor"]
    assert {row["kind"] for row in kay.items("findings", kind="demand")} == {"demand"}
    assert {row["round"] for row in kay.items("findings", round=turn)} == {turn}
    assert kay.numbers("findings", q="洗碗機") == kay.numbers("findings", q="洗碗机") != []
    assert [row["revision"] for row in kay.items("research-reports", state="released")] == [2]
    assert len(kay.items("research-reports", q="靜音")) == len(kay.items("research-reports", q="静音")) == 2
    assert {row["model"] for row in kay.items("forecasts", newest=True)} == {"AC-350", "DW-600", "RF-520", "WM-900"}
    refusal(kay.get("findings", kind="gossip"), 422)
    refusal(kay.get("findings", round="R99-1"), 404)
    refusal(kay.get("research-reports/MR99-1"), 404)


@pytest.mark.clause("2.1.2-b")
def test_a_forecast_says_how_good_it_is(kay: Program) -> None:
    (row,) = kay.items("forecasts", model="DW-600", newest=True)
    assert row["beats_seasonal_naive"] is False
    assert row["mase"] >= row["mase_seasonal_naive"] > 0
    assert len(row["points"]) == row["horizon"]
    assert all(point["low"] <= point["mean"] <= point["high"] for point in row["points"])
    assert all(point["typed"] for point in row["series"])


@pytest.mark.clause("2.1.1-a")
def test_a_finding_is_posted_through_the_rounds_deed(kay: Program, session: Session, turn: str) -> None:
    before = count(session, Finding)
    answer = kay.post(f"research-rounds/{turn}/record", FINDING, key="once")
    assert (answer.status_code, answer.json["state"]) == (200, "open")
    assert kay.post(f"research-rounds/{turn}/record", FINDING, key="once").json == answer.json
    assert count(session, Finding) == before + 1
    problem = refusal(kay.post(f"research-rounds/{turn}/record", {**FINDING, "source": None}), 400)
    assert (problem["field"], problem["clause"]) == ("source", "2.1.1-a")
    assert kay.post(f"research-rounds/{turn}/finish", {}).json["state"] == "done"


@pytest.mark.clause("2.1.1-a")
def test_a_finding_goes_into_the_round_that_is_collecting(kay: Program, session: Session, turn: str) -> None:
    before = count(session, Finding)
    made = kay.post("findings", FINDING)
    assert (made.status_code, made.json["round"], made.json["models"]) == (201, turn, ["DW-600"])
    for wrong, field in (({"source": " "}, "source"), ({"dated_on": None}, "dated_on"), ({"models": ["XX"]}, "models")):
        problem = refusal(kay.post("findings", {**FINDING, **wrong}), 400)
        assert (problem["field"], problem["clause"]) == (field, "2.1.1-a")
    refusal(kay.post("findings", {**FINDING, "dated_on": "yesterday"}), 422)
    done = kay.numbers("research-rounds", state="done")[0]
    assert refusal(kay.post("findings", {**FINDING, "round": done}), 409)["clause"] == "2.1.1-a"
    assert count(session, Finding) == before + 1
    kay.post(f"research-rounds/{turn}/finish", {})
    refusal(kay.post("findings", FINDING), 404)


@pytest.mark.clause("2.1.1-a")
def test_outsiders_are_refused_with_the_clause(client: Any, company: Any, session: Session, turn: str) -> None:
    admin = Program(client, "demo-token")
    before = count(session, Finding)
    for path, body in (
        (f"research-rounds/{turn}/record", FINDING),
        (f"research-rounds/{turn}/import", {"csv": TABLE}),
    ):
        assert refusal(admin.post(path, body), 403)["clause"] == "2.1.1-a"
    assert refusal(admin.post("demand-history/import", {"csv": "x"}), 403)["clause"] == "2.1.2-b"
    assert count(session, Finding) == before


@pytest.mark.clause("2.1.1-a")
def test_a_table_of_findings_is_checked_then_taken_once(kay: Program, session: Session, turn: str) -> None:
    before = count(session, Finding)
    assert kay.post(f"research-rounds/{turn}/import", {"csv": TABLE, "dry_run": True}).json == {"rows": 1, "taken": []}
    problem = refusal(kay.post(f"research-rounds/{turn}/import", {"csv": TABLE + "demand,,x,y\n"}), 400)
    assert [(row["row"], row["field"], row["code"]) for row in problem["errors"]] == [(3, "source", "research.source")]
    assert count(session, Finding) == before
    for _ in range(2):
        assert kay.post(f"research-rounds/{turn}/import", {"csv": TABLE}, key="k").status_code == 201
    assert count(session, Finding) == before + 1


@pytest.mark.clause("2.1.2-b")
def test_history_is_imported_under_the_same_rules(kay: Program, session: Session) -> None:
    before = count(session, DemandPoint)
    table = "model,month,quantity\nRF-520,2020-01,7\n"
    assert kay.post("demand-history/import", {"csv": table, "source": "x", "dry_run": True}).status_code == 200
    assert refusal(kay.post("demand-history/import", {"csv": table}), 400)["field"] == "source"
    problem = refusal(kay.post("demand-history/import", {"csv": "model,month,quantity\nXX,2020-1,x\n"}), 400)
    assert problem["errors"][0]["field"] == "model"
    assert count(session, DemandPoint) == before
    assert kay.post("demand-history/import", {"csv": table, "source": "ledger"}).status_code == 201
    assert count(session, DemandPoint) == before + 1


@pytest.mark.clause("2.1.2-a")
def test_an_analysis_runs_again_to_the_same(kay: Program, session: Session, turn: str) -> None:
    body = {"title": "Which?", "method": "pareto", "rows": [{"key": "a", "value": 2}, {"key": "b", "value": 1.5}]}
    assert kay.post(f"research-rounds/{turn}/analyse", body).status_code == 200
    newest = kay.items("analyses", limit=1)[0]
    assert newest["data"] == [["a", 2.0], ["b", 1.5]]
    assert kay.post(f"analyses/{newest['number']}/again", {}).json == {
        "number": newest["number"], "same": True, "data_moved": False,
    }  # fmt: skip
    refusal(kay.post("analyses/MA99-1/again", {}), 404)
    assert count(session, Analysis) == 5


def test_the_lists_and_deeds_are_described(kay: Program, client: Any) -> None:
    with client.application.app_context():
        described = client.get("/api/openapi.json").json["paths"]
    wanted = {*LISTS, "research-rounds/{number}/record", "research-reports/{number}/approve", "demand-history/import"}
    assert {f"/api/v1/{path}" for path in wanted} <= set(described)
