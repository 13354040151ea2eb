"""Enquiries through page and API: captured, from a ticket too, understood beside each requirement, merged by people."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.auth import service as auth
from order_core.acquisition.enquiry import queries
from order_core.acquisition.enquiry.models import Enquiry, Requirement
from order_core.issues.models import Issue
from order_core.kernel.case import history
from order_core.parties.models import Customer, Person
from tests.helpdesk.conftest import As, Browser

PATH = "/orders/enquiries"


def enquiry_about(session: Session, words: str) -> Enquiry:
    found = session.scalars(select(Requirement).where(Requirement.words.contains(words))).first()
    assert found is not None
    return found.enquiry


@pytest.fixture
def washers(company: Any, session: Session) -> Enquiry:
    """Thirty washing machines, told on a visit and again by e-mail."""
    return enquiry_about(session, "公寓要三十台")


def text(browser: Browser, path: str) -> str:
    return str(browser.get(path).get_data(as_text=True))


@pytest.mark.clause("2.2.1-a")
def test_an_agent_turns_a_ticket_into_a_requirement_and_each_page_leads_to_the_other(
    ticket: Issue, session: Session, as_: As
) -> None:
    mei = as_("mei")
    assert f"{PATH}?ticket={ticket.number}" in text(mei, f"/tickets/{ticket.number}")
    form = text(mei, f"{PATH}?ticket={ticket.number}")
    assert ticket.subject in form
    customer = session.get_one(Customer, ticket.customer_id)
    asked = {
        "customer": customer.number,
        "channel": "ticket",
        "told_on": "2026-01-05",
        "words": "想換一台大一點的冰箱",
        "ticket": ticket.number,
    }
    answer = mei.post(PATH, asked)
    assert answer.status_code == 302
    requirement = queries.of_ticket(session, ticket.id)
    assert requirement is not None
    assert answer.location.endswith(f"{PATH}/{requirement.enquiry.number}")
    assert requirement.label in text(mei, f"/tickets/{ticket.number}")
    assert f"/tickets/{ticket.number}" in text(mei, f"{PATH}/{requirement.enquiry.number}")
    again = mei.post(PATH, asked)
    assert (again.status_code, requirement.label in again.get_data(as_text=True)) == (409, True)


@pytest.mark.clause("2.2.1-a")
def test_without_a_ticket_other_departments_begin_nothing(company: Any, session: Session, as_: As) -> None:
    mei, before = as_("mei"), len(session.scalars(select(Enquiry)).all())
    assert 'name="words"' not in text(mei, PATH)
    asked = {"customer": "K00001", "channel": "phone", "told_on": "2026-01-05", "words": "a fridge"}
    answer = mei.post(PATH, asked)
    assert answer.status_code == 403
    assert "2.2.1-a" in answer.get_data(as_text=True)
    assert as_("wei").post(PATH, asked).status_code == 403
    after = len(session.scalars(select(Enquiry)).all())
    session.commit()  # the reading is over before the app's own session ends
    assert after == before


@pytest.mark.clause("2.2.1-a")
def test_what_was_typed_stays_when_a_field_is_missing(company: Any, as_: As) -> None:
    answer = as_("sal").post(
        PATH, {"customer": "林", "channel": "phone", "told_on": "soon", "words": "two wine coolers"}
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert "two wine coolers" in page
    assert "2.2.1-a" in page


@pytest.mark.clause("2.2.1-b")
def test_aspects_are_filled_beside_their_requirement_and_refused_there(
    washers: Enquiry, session: Session, as_: As
) -> None:
    sal, path = as_("sal"), f"{PATH}/{washers.number}"
    both = {"requirement": "1", "price": "900", "price_not_stated": "1"}
    answer = sal.post(f"{path}/do/aspects", both)
    assert answer.status_code == 400
    refused = re.search(r'<section class="card wish.*?</section>', answer.get_data(as_text=True), re.DOTALL)
    assert refused is not None
    assert 'role="alert"' in refused[0]
    assert 'id="aspects-1-price"' in refused[0]
    typed = {"requirement": "1", "price": "每台 4000 以下", "time_not_stated": "1"}
    assert sal.post(f"{path}/do/aspects", typed).status_code == 302
    session.expire_all()
    said = washers.requirements[0].aspects
    assert (said["price"], said["time"], said["quality"]) == ("每台 4000 以下", None, "噪音 55 dB 以下")
    assert sal.post(f"{path}/do/complete", {}).status_code == 302
    session.expire_all()
    assert washers.state == "understood"


@pytest.mark.clause("2.2.1-b")
def test_a_step_that_is_anothers_is_refused_and_the_journal_shows_the_attempt(
    washers: Enquiry, session: Session, as_: As
) -> None:
    answer = as_("pro").post(f"{PATH}/{washers.number}/do/complete", {})
    assert answer.status_code == 403
    last = history(session, washers)[-1]
    assert (last.step, last.department, last.data and last.data["code"]) == ("note:refused", "PRO", "case.not_an_actor")
    assert as_("mei").post(f"{PATH}/{washers.number}/do/complete", {}).status_code == 403, "agents may read only"


def test_a_form_that_is_older_than_the_last_change_is_refused(washers: Enquiry, session: Session, as_: As) -> None:
    version = washers.version
    sal = as_("sal")
    first = {"requirement": "1", "price": "first", "version": str(version)}
    assert sal.post(f"{PATH}/{washers.number}/do/aspects", first).status_code == 302
    second = {**first, "price": "second"}
    assert sal.post(f"{PATH}/{washers.number}/do/aspects", second).status_code == 409
    session.expire_all()
    assert washers.requirements[0].aspects["price"] == "first"


@pytest.mark.clause("2.2.2-a")
def test_likely_duplicates_stand_side_by_side_and_are_merged_by_sales_alone(
    washers: Enquiry, session: Session, as_: As
) -> None:
    sal, other = as_("sal"), enquiry_about(session, "吴经理来信")
    page = text(sal, PATH)
    assert "<mark>三十</mark>" in page
    assert f"/orders/enquiries/{washers.number}/do/merge" in page
    assert "/do/merge" not in text(as_("pro"), PATH)
    asked = {"requirement": "1", "other": f"{other.number}/1", "score": "100"}
    assert as_("pro").post(f"{PATH}/{washers.number}/do/merge", asked).status_code == 403
    assert sal.post(f"{PATH}/{washers.number}/do/merge", asked).status_code == 302
    session.expire_all()
    assert other.requirements[0].merged_into_id == washers.requirements[0].id
    (verdict,) = queries.merges(session, washers)
    assert verdict.score != 100, "how alike they are is computed, not believed"
    merged = text(sal, f"{PATH}/{other.number}")
    assert "吴经理来信" in merged
    assert f"{washers.number}/1" in merged
    assert "吴经理来信" in text(sal, f"{PATH}/{washers.number}")
    assert sal.post(f"{PATH}/{other.number}/do/part", {"requirement": "1"}).status_code == 302
    session.expire_all()
    assert other.requirements[0].merged_into_id is None


@pytest.mark.parametrize("words", ["滾筒洗衣機", "滚筒洗衣机"])
def test_enquiries_are_found_in_either_script(washers: Enquiry, session: Session, as_: As, words: str) -> None:
    page = text(as_("sal"), f"{PATH}?q={words}")
    assert washers.number in page
    assert enquiry_about(session, "staff room").number not in page.split("group-", 1)[1]


@pytest.mark.clause("2.2.1-a", "2.2.1-b", "2.2.2-a", "2.2.2-b")
def test_the_api_does_what_the_pages_do(company: Any, session: Session, app: Any, client: Any, at: datetime) -> None:
    sal = session.scalars(select(Person).where(Person.email == "sal@demo.test")).one()
    sal.roles = ["staff", "admin"]
    auth.add_token(session, sal, "test", at=at, token="sal-token")
    session.commit()
    headers = {"Authorization": "Bearer sal-token"}

    def call(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        session.commit()
        with app.app_context():
            return client.open(f"/api/v1{path}", method=method, json=body, headers=headers)

    wish = {"customer": "K00103", "channel": "email", "told_on": "2026-01-05", "words": "A glass washer for the bar"}
    refused = call("POST", "/enquiries", {**wish, "channel": "pigeon"})
    assert (refused.status_code, refused.json["field"], refused.json["clause"]) == (400, "channel", "2.2.1-a")
    begun = call("POST", "/enquiries", wish)
    assert begun.status_code == 201
    number = begun.json["number"]
    aspects = {f"{aspect}_not_stated": True for aspect in ("function", "quality", "price", "time")}
    assert call("POST", f"/enquiries/{number}/aspects", {"requirement": "1", **aspects}).status_code == 200
    assert call("POST", f"/enquiries/{number}/complete", {}).json["state"] == "understood"
    unranked = call("POST", f"/enquiries/{number}/rank", {})
    assert (unranked.json["field"], unranked.json["clause"]) == ("class_code", "2.2.2-a")
    ranked = {"requirement": "1", "class_code": "standard", "rank": "key"}
    assert call("POST", f"/enquiries/{number}/classify", ranked).status_code == 200
    assert call("POST", f"/enquiries/{number}/rank", {}).json["state"] == "classified"
    stale = call("POST", f"/enquiries/{number}/drop", {"reason": "no", "version": 1})
    assert stale.status_code == 409
    listed = call("GET", "/enquiries?q=glass washer&limit=1").json
    assert [row["number"] for row in listed["items"]] == [number]
    assert listed["items"][0]["requirements"][0]["rank"] == "key"
    assert call("GET", f"/enquiries/{number}").json["state"] == "classified"
