"""Design changes at their doors: asked for, their effect given, acknowledged; who may see what they cost."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.execution.change.models import ChangeRequest
from order_core.execution.design.models import Design
from tests.helpdesk.conftest import As
from tests.helpdesk.pipeline.test_design_pages import Api, keys_in
from tests.helpdesk.pipeline.test_design_pages import api as api


def in_state(session: Session, state: str) -> ChangeRequest:
    """The demo's change in this state."""
    return session.scalars(select(ChangeRequest).where(ChangeRequest.state == state)).one()


@pytest.mark.clause("3.2.3-a", "3.2.3-b")
def test_a_change_goes_from_the_wish_to_the_signature_through_its_pages(
    company: Any, session: Session, as_: As
) -> None:
    form = {"reason": "客戶要求更靜音", "model": "RF-520", "origin": "customer"}
    assert as_("sal").post("/orders/changes", form | {"reason": " "}).status_code == 400
    assert as_("sal").post("/orders/changes", form | {"order": "O00-00000"}).status_code == 400
    asked = as_("sal").post("/orders/changes", form)
    assert asked.status_code == 302
    change = session.scalars(select(ChangeRequest).order_by(ChangeRequest.id.desc())).first()
    assert change is not None
    path = f"/orders/changes/{change.number}"
    assert asked.location.endswith(path)
    design = session.scalars(select(Design.number).where(Design.state == "released", Design.model_code == "RF-520"))
    drawn = {"design": design.first() or "", "cause": "customer", "scope": "fan", "ready_on": "2030-01-07",
             "development": "1200.50", "effective_by": "date", "effective_from": "2026-01-01"}  # fmt: skip
    assert as_("rnd").post(f"{path}/do/draw_up", drawn | {"effective_from": "soon"}).status_code == 400
    assert as_("rnd").post(f"{path}/do/draw_up", drawn).status_code == 302
    early = as_("rnd").post(f"{path}/do/submit", {})
    assert early.status_code == 400
    assert "3.2.3-b" in early.get_data(as_text=True)
    assert as_("rnd").post(f"{path}/do/give_production", {"scrap": "1", "open_work": "2"}).status_code == 403
    assert as_("pro").post(f"{path}/do/give_production", {"scrap": "1", "open_work": "2"}).status_code == 302
    assert as_("sal").post(f"{path}/do/give_sales", {"customer": "0"}).status_code == 302
    assert as_("yan").post(f"{path}/do/submit", {}).status_code == 302
    session.refresh(change)
    assert (change.state, change.impact_cost, change.impact_days is not None) == ("in_review", 120_350, True)
    session.commit()
    assert as_("log").post(f"{path}/do/sign", {"verdict": "approve"}).status_code == 403
    for who in ("pro", "sal", "rnd"):
        assert as_(who).post(f"{path}/do/sign", {"verdict": "approve"}).status_code == 302
    assert as_("rnd").post(f"{path}/do/approve", {}).status_code == 302


@pytest.mark.clause("3.2.3-b")
def test_the_page_shows_before_and_after_and_the_cost_to_those_who_act(
    company: Any, session: Session, as_: As, api: Api
) -> None:
    change = in_state(session, "in_review")
    page = as_("sal").get(f"/orders/changes/{change.number}").get_data(as_text=True)
    for moved in change.moved:
        assert moved.number in page
    assert change.impact_days
    assert "147,500" in page
    for path in (f"/orders/changes/{change.number}", "/orders/changes"):
        assert "147,500" not in as_("mei").get(path).get_data(as_text=True)
    shown = api("GET", f"design-changes/{change.number}").json
    assert [row["number"] for row in shown["orders"]] == [moved.number for moved in change.moved]
    assert shown["impact_cost"] == 14_750_000
    assert shown["signers"] == ["MGT:head", "PRO", "RND", "SAL"]


@pytest.mark.clause("3.2.3-c")
def test_a_department_acknowledges_on_the_page_and_implementation_waits_for_the_rest(
    company: Any, session: Session, as_: As
) -> None:
    change = in_state(session, "released")
    path = f"/orders/changes/{change.number}/do"
    assert as_("qua").post(f"{path}/acknowledge", {}).status_code == 403
    assert as_("log").post(f"{path}/acknowledge", {"remark": "退回供應商"}).status_code == 302
    assert "退回供應商" in as_("sal").get(f"/orders/changes/{change.number}").get_data(as_text=True)
    assert as_("log").post(f"{path}/acknowledge", {}).status_code == 409
    waits = as_("rnd").post(f"{path}/implement", {})
    assert waits.status_code == 409


def test_no_key_is_left_on_any_page_in_any_language(company: Any, session: Session, as_: As) -> None:
    numbers = session.scalars(select(ChangeRequest.number)).all()
    for who in ("rnd", "pro"):
        browser = as_(who)
        for language in ("en", "zh-Hant", "zh-Hans"):
            browser.post("/language", {"language": language})
            for path in ("", *(f"/{number}" for number in numbers)):
                assert keys_in(browser.get(f"/orders/changes{path}").get_data(as_text=True)) == []


def test_the_list_keeps_its_address_and_finds_by_words_in_both_scripts(
    company: Any, session: Session, as_: As, api: Api
) -> None:
    assert len(api("GET", "design-changes").json["items"]) == 3
    assert [row["cause"] for row in api("GET", "design-changes?q=门封条").json["items"]] == ["supply"]
    assert [row["state"] for row in api("GET", "design-changes?cause=regulation").json["items"]] == ["in_review"]
    page = as_("rnd").get("/orders/changes?q=门封条").get_data(as_text=True)
    assert page.count('class="ticket-row') == 1
    asked = api("POST", "design-changes", {"reason": "x", "model": "RF-520", "origin": "order", "order": "O26-00001"})
    assert asked.status_code == 201
    assert asked.json["state"] == "draft"
