"""The design room at its doors: pages and API show the same, do the same, and refuse with clause, rule and field."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.demo.people import TOKEN
from order_core.execution.design import points
from order_core.execution.design.models import Design, DesignTask
from order_core.execution.design.rules import STAGES
from order_core.kernel.case import history
from tests.helpdesk.conftest import As

Api = Callable[..., Any]


@pytest.fixture
def api(client: Any, session: Session) -> Api:
    """Ask the API as the administrator's program."""

    def call(method: str, path: str, body: Any = None) -> Any:
        session.commit()
        with client.application.app_context():
            return client.open(
                f"/api/v1/{path}", method=method, json=body, headers={"Authorization": f"Bearer {TOKEN}"}
            )

    return call


def by_words(session: Session, words: str) -> Design:
    """The demo's design with these words in its title."""
    return session.scalars(select(Design).where(Design.title.contains(words)).order_by(Design.id)).all()[0]


def state(session: Session, design: Design) -> str:
    session.refresh(design)
    found = str(design.state)
    session.commit()  # the reading is over before the app's own session ends
    return found


@pytest.mark.clause("3.2.1-a")
def test_the_board_shows_each_task_with_its_stage_owner_and_latest_start(
    company: Any, session: Session, as_: As
) -> None:
    page = as_("rnd").get("/orders/design").get_data(as_text=True)
    for design in session.scalars(select(Design).where(Design.state.in_(("draft", "in_review")))):
        assert design.number in page
    assert "雷鳴 Lei" in page
    assert page.count('class="bar ') >= 6, "stages on the calendar"
    assert page.count("<section aria-label") >= len(STAGES)


def test_designs_are_found_in_both_chinese_scripts(company: Any, as_: As) -> None:
    rnd = as_("rnd")
    for words, found in (
        ("洗衣机", True),
        ("静音", True),
        ("靜音", True),
        ("AC-350", True),
        ("xyz", False),
        ("%", False),
    ):
        page = rnd.get(f"/orders/design?q={words}").get_data(as_text=True)
        assert ('<a class="card"' in page) == found, words


@pytest.mark.clause("3.2.2-a", "3.2.2-b")
def test_a_design_shows_its_traces_and_who_has_spoken(company: Any, session: Session, as_: As) -> None:
    page = as_("pro").get(f"/orders/design/{by_words(session, '紅酒架').number}").get_data(as_text=True)
    assert page.count('class="cell met"') == 4
    assert page.count('class="approve"') == 2
    assert page.count('class="query"') == 1
    assert "門封條備品型號是否不變？" in page


@pytest.mark.clause("3.2.2-b")
def test_a_department_gives_its_opinion_and_the_last_ones_let_it_be_released(
    company: Any, session: Session, as_: As
) -> None:
    design = by_words(session, "紅酒架")
    path = f"/orders/design/{design.number}/do"
    early = as_("rnd").post(f"{path}/release", {})
    assert (early.status_code, state(session, design)) == (409, "in_review")
    assert "3.2.2-b" in early.get_data(as_text=True)
    last = history(session, design)[-1]
    assert (last.step, last.data and last.data["code"]) == ("note:refused", "design.opinions_missing")
    for who in ("pro", "rnd", "hua"):
        assert as_(who).post(f"{path}/opine", {"verdict": "approve"}).status_code == 302
    assert as_("rnd").post(f"{path}/release", {}).status_code == 302
    assert state(session, design) == "released"


@pytest.mark.clause("3.2.2-a")
def test_a_key_need_without_an_answer_is_named_where_the_design_is_put_to_review(
    company: Any, session: Session, as_: As
) -> None:
    design = by_words(session, "童锁")
    form = {"meets_on": "2030-01-07", "place": "301"}
    answer = as_("lei").post(f"/orders/design/{design.number}/do/submit", form)
    text = answer.get_data(as_text=True)
    assert (answer.status_code, state(session, design)) == (400, "draft")
    assert "N2" in text
    assert "要有童锁" in text
    assert "3.2.2-a" in text


@pytest.mark.clause("3.2.1-a")
def test_the_head_gives_a_task_away_and_others_do_not(company: Any, session: Session, as_: As) -> None:
    design = by_words(session, "stainless")
    lei = design.task and session.scalars(select(DesignTask.owner_id).where(DesignTask.owner_id.is_not(None))).first()
    path, form = f"/orders/design/{design.number}/do/assign", {"owner": str(lei)}
    assert as_("pro").post(path, form).status_code == 403
    assert as_("rnd").post(path, {"owner": "1"}).status_code == 400, "not one of R&D"
    assert as_("rnd").post(path, form).status_code == 302
    session.refresh(design.task)
    assert design.task is not None
    assert design.task.owner_id == lei


@pytest.mark.clause("3.2.1-b")
def test_a_stage_without_its_measure_is_refused_by_name_and_what_was_typed_stays(
    company: Any, session: Session, as_: As
) -> None:
    design = by_words(session, "stainless")
    rnd = as_("rnd")
    owner = str(session.scalars(select(DesignTask.owner_id).where(DesignTask.owner_id.is_not(None))).first())
    rnd.post(f"/orders/design/{design.number}/do/assign", {"owner": owner})
    form = {"stages-1-stage": "front panel", "stages-1-goal": "a mould", "stages-1-owner": owner,
            "stages-1-due": "2030-01-07"}  # fmt: skip
    answer = rnd.post(f"/orders/design/{design.number}/do/plan", form)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert "front panel" in text
    assert "3.2.1-b" in text
    assert rnd.post(f"/orders/design/{design.number}/do/plan", form | {"stages-1-measure": "fits"}).status_code == 302


@pytest.mark.clause("3.2.2-c")
def test_a_point_is_closed_by_its_owner(company: Any, session: Session, as_: As) -> None:
    design = by_words(session, "紅酒架")
    form = {"point": "2", "outcome": "refused", "result": "型號不變"}
    path = f"/orders/design/{design.number}/do/settle"
    assert as_("log").post(path, form).status_code == 403
    assert as_("yan").post(path, form).status_code == 302
    assert points.open_points(session, design) == []


def test_a_characteristic_is_written_in_the_form_with_its_needs(company: Any, session: Session, as_: As) -> None:
    design = by_words(session, "童锁")
    row = {"code": "C2", "name": "童锁", "kind": "yes_no", "method": "3 s", "answers": "N2， N3"}
    form = {f"characteristics-1-{name}": value for name, value in row.items()}
    path = f"/orders/design/{design.number}/do/characteristics"
    stale = as_("yan").post(path, form | {"version": str(design.version - 1)})
    assert stale.status_code == 409
    assert as_("yan").post(path, form).status_code == 302
    session.refresh(design)
    assert [(trait.code, trait.needs) for trait in design.traits] == [("C2", ("N2", "N3"))]


def test_eve_sees_nothing_and_an_agent_only_reads(company: Any, client: Any, as_: As, session: Session) -> None:
    paths = ("/orders/design", "/orders/changes")
    assert [client.get(path).status_code for path in paths] == [302, 302]
    design, mei = by_words(session, "紅酒架"), as_("mei")
    assert [mei.get(path).status_code for path in paths] == [200, 200]
    assert [mei.get(f"{path}/X00-00000").status_code for path in paths] == [404, 404]
    assert mei.post(f"/orders/design/{design.number}/do/opine", {"verdict": "approve"}).status_code == 403


def test_no_key_is_left_on_any_page_in_any_language(company: Any, session: Session, as_: As) -> None:
    numbers = session.scalars(select(Design.number)).all()
    browser = as_("rnd")
    for language in ("en", "zh-Hant", "zh-Hans"):
        browser.post("/language", {"language": language})
        for path in ("", *(f"/{number}" for number in numbers)):
            assert keys_in(browser.get(f"/orders/design{path}").get_data(as_text=True)) == []


def keys_in(page: str) -> list[str]:
    """Keys of the catalogues that stand on a page instead of words."""
    prefixes = "design|change|deed|step|field|noted|state|deadline|department|error|work"
    return re.findall(rf"""[>"]((?:{prefixes})\.[A-Za-z_][\w.]*)[<"]""", page)


def test_the_api_lists_tasks_with_stage_and_dates(company: Any, session: Session, api: Api) -> None:
    rows = api("GET", "design-tasks").json["items"]
    stages = {row["specification"]: row["stage"] for row in rows}
    assert stages["RF-520 附紅酒架、左開門"] == "in_review"
    assert stages["DW-600, stainless front"] == "opened"
    assert {row["stage"] for row in rows} >= {"opened", "planned", "designing", "in_review", "released"}
    assert [row["specification"] for row in api("GET", "design-tasks?unassigned=true").json["items"]] == [
        "DW-600, stainless front"
    ]
    assert [row["model"] for row in api("GET", "design-tasks?q=靜音").json["items"]] == ["WM-900"]


def test_the_api_shows_a_design_and_does_its_deeds_under_the_same_guard(
    company: Any, session: Session, api: Api
) -> None:
    number = by_words(session, "紅酒架").number
    shown = api("GET", f"designs/{number}").json
    assert [trait["achieved"] for trait in shown["characteristics"]] == [True] * 4
    assert shown["opinions"] == {"AFS": "query", "PRO": None, "QUA": "approve", "RND": None, "SAL": "approve"}
    assert [point["outcome"] for point in shown["points"]] == ["done", None]
    refused = api("POST", f"designs/{number}/opine", {"verdict": "approve"})
    assert (refused.status_code, refused.json["clause"]) == (403, "3.1.2-c"), "the administrator's department"
    assert api("GET", "designs?state=in_review").json["items"][0]["number"] == number
    assert api("GET", "designs/D00-00000").status_code == 404
