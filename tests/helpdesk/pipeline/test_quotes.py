"""Quotes through page and API: prices for those who may see them, refusals with clause and field, the customer told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.auth import service as auth
from helpdesk.channels.models import Message
from helpdesk.now import wall
from helpdesk.pipeline import customers
from helpdesk.pipeline.work import work_list
from order_core.acquisition import agreement
from order_core.acquisition.enquiry import queries as enquiries
from order_core.acquisition.enquiry.models import Enquiry
from order_core.acquisition.quote import queries
from order_core.acquisition.quote.models import Quote
from order_core.kernel.case import history
from order_core.kernel.notice import Notice
from order_core.kernel.outbox import OutboxRow
from order_core.parties.models import ContactPerson, Person
from tests.helpdesk.conftest import As, Browser

PATH = "/orders/quotes"


def quote_in(session: Session, state: str, model: str = "") -> Quote:
    rows = session.scalars(select(Quote).where(Quote.state == state).order_by(Quote.id))
    return next(row for row in rows if not model or row.lines[0].model_code == model)


def text(browser: Browser, path: str) -> str:
    return str(browser.get(path).get_data(as_text=True))


@pytest.fixture
def low(company: Any, session: Session) -> Quote:
    """A draft below the floor; management has been asked to sign it."""
    return quote_in(session, "draft", "WM-900")


@pytest.fixture
def draft(company: Any, session: Session) -> Quote:
    """A complete draft with a good margin: forty air conditioners."""
    return quote_in(session, "draft", "AC-350")


@pytest.fixture
def talked(company: Any, session: Session) -> Quote:
    """A quote in its third round: thirty refrigerators."""
    return quote_in(session, "negotiating", "RF-520")


@pytest.mark.clause("2.3.1-a")
def test_what_a_price_rests_on_is_shown_to_four_departments_alone(talked: Quote, session: Session, as_: As) -> None:
    secret = ("6,120.00", "8,580.00", "8,080.00", "BOM 2026-11", "build-up", "242,400")
    for who in ("sal", "pro", "pur", "mgt"):
        page = text(as_(who), f"{PATH}/{talked.number}")
        assert [word for word in secret if word not in page] == [], who
    for who in ("log", "qua", "rnd", "mei", "hr"):
        browser = as_(who)
        pages = text(browser, f"{PATH}/{talked.number}") + text(browser, PATH)
        assert [word for word in secret if word in pages] == [], who
        assert "RF-520" in pages
        assert browser.get(f"{PATH}/{talked.number}/document").status_code == 403


@pytest.mark.clause("2.3.1-a")
def test_a_low_margin_is_not_approved_unsigned_and_nobody_signs_for_management(
    low: Quote, session: Session, as_: As
) -> None:
    answer = as_("sal").post(f"{PATH}/{low.number}/do/approve", {})
    assert (answer.status_code, low.state) == (409, "draft")
    assert "2.3.1-a" in answer.get_data(as_text=True)
    last = history(session, low)[-1]
    assert (last.step, last.data and last.data["code"]) == ("note:refused", "quote.margin_unsigned")
    signed = as_("rnd").post(f"{PATH}/{low.number}/do/sign_margin", {"verdict": "approve"})
    assert signed.status_code == 403
    last = history(session, low)[-1]
    assert (last.step, last.department, last.data and last.data["code"]) == ("note:refused", "RND", "sign.not_required")
    assert as_("mgt").post(f"{PATH}/{low.number}/do/sign_margin", {"verdict": "approve"}).status_code == 302
    assert as_("sal").post(f"{PATH}/{low.number}/do/approve", {}).status_code == 302
    session.expire_all()
    assert low.state == "approved"


@pytest.mark.clause("2.3.1-a")
def test_that_a_margin_is_low_is_hidden_with_the_margin(low: Quote, session: Session, as_: As) -> None:
    """Neither the attempt, nor the signature, nor the work says so to those who may not read prices."""
    assert as_("sal").post(f"{PATH}/{low.number}/do/approve", {}).status_code == 409
    assert as_("rnd").post(f"{PATH}/{low.number}/do/sign_margin", {"verdict": "approve"}).status_code == 403
    assert as_("mgt").post(f"{PATH}/{low.number}/do/sign_margin", {"verdict": "approve"}).status_code == 302
    open_to_all, telling = text(as_("log"), f"{PATH}/{low.number}"), ("毛利", "低於下限", "簽署")
    assert [word for word in telling if word in open_to_all] == []
    assert [word for word in telling if word not in text(as_("mgt"), f"{PATH}/{low.number}")] == []


def offers_told(session: Session, quote: Quote) -> list[Message]:
    """Messages that this offer is there, in their order."""
    sent = select(Message).where(Message.purpose == "quote.sent", Message.body.contains(quote.number))
    return list(session.scalars(sent.order_by(Message.id)))


@pytest.mark.clause("2.2.2-b", "2.3.1-b", "1.3-a")
def test_sending_freezes_the_offer_and_tells_the_customer_in_his_language(
    draft: Quote, session: Session, as_: As
) -> None:
    sal = as_("sal")
    assert sal.post(f"{PATH}/{draft.number}/do/approve", {}).status_code == 302
    assert sal.post(f"{PATH}/{draft.number}/do/send", {}).status_code == 302
    asked = session.scalars(select(OutboxRow).where(OutboxRow.topic == "customer.tell").order_by(OutboxRow.id)).all()[
        -1
    ]
    customers.tell(session, asked.payload, at=asked.created_at)
    contact = session.get_one(ContactPerson, draft.contact_id)
    message = offers_told(session, draft)[-1]
    assert (message.to_number, message.language) == (contact.phone, contact.language)
    assert draft.number in message.body
    copy = text(sal, f"{PATH}/{draft.number}/document")
    assert "Quotation" in copy
    assert "We have no such app yet" in copy, "what we decline is said in writing"
    assert "3,520.00" not in copy


@pytest.mark.clause("2.2.2-b")
def test_an_unranked_requirement_keeps_the_offer_here(draft: Quote, session: Session, as_: As) -> None:
    enquiry = session.get_one(Enquiry, draft.enquiry_id)
    enquiry.requirements[0].rank = None
    sal = as_("sal")
    assert sal.post(f"{PATH}/{draft.number}/do/approve", {}).status_code == 302
    answer = sal.post(f"{PATH}/{draft.number}/do/send", {})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "2.2.2-b" in page
    assert f"{enquiry.number}/1" in page
    session.expire_all()
    assert (draft.state, queries.revisions(session, draft)) == ("approved", [])
    assert offers_told(session, draft) == []


@pytest.mark.clause("2.3.1-b")
def test_the_customers_copy_is_in_his_language_whoever_reads_it(talked: Quote, as_: As) -> None:
    copy = text(as_("pro"), f"{PATH}/{talked.number}/document?revision=1")
    assert 'lang="zh-Hant"' in copy
    assert "報價單" in copy
    assert "雙門冰箱 RF-520" in copy
    assert as_("pro").get(f"{PATH}/{talked.number}/document?revision=7").status_code == 404


@pytest.mark.clause("2.3.1-a")
def test_a_line_is_written_beside_the_others_and_refused_there(draft: Quote, session: Session, as_: As) -> None:
    sal = as_("sal")
    page = text(sal, f"{PATH}/{draft.number}")
    assert 'id="line-1-unit_price"' in page
    typed = {"line": "1", "model_code": "AC-350", "specification": "R32", "quantity": "0", "unit_price": "4500"}
    answer = sal.post(f"{PATH}/{draft.number}/do/line", typed)
    assert answer.status_code == 400
    refused = answer.get_data(as_text=True).split('id="line-1"', 1)[1].split("</section>", 1)[0]
    assert 'role="alert"' in refused
    undated = {**typed, "quantity": "40", "cost": "3350"}
    answer = sal.post(f"{PATH}/{draft.number}/do/line", undated)
    assert (answer.status_code, "2.3.1-a" in answer.get_data(as_text=True)) == (400, True)
    good = {
        **undated,
        "cost_on": "2026-01-05",
        "cost_source": "BOM",
        "answers": str(draft.lines[0].answers[0].requirement_id),
    }
    assert sal.post(f"{PATH}/{draft.number}/do/line", good).status_code == 302
    session.expire_all()
    (line,) = draft.lines
    assert (line.unit_price, line.specification, [row.kind for row in line.inputs]) == (450_000, "R32", ["cost"])


@pytest.mark.clause("2.3.2-b", "2.3.2-c")
def test_a_round_changes_what_was_changed_and_tells_whom_it_concerns(talked: Quote, session: Session, as_: As) -> None:
    sal, before = as_("sal"), queries.standing(session, talked)
    ours = str(session.scalars(select(Person.id).where(Person.email == "sal@demo.test")).one())
    typed = {
        "held_on": "2026-01-05", "ours": ours, "theirs": "葉經理", "next_step": "等回覆",
        "changes-1-term": "price", "changes-1-line": "1", "changes-1-value": "8,080.00",
        "changes-2-term": "volume", "changes-2-value": "36", "changes-2-reason": "先到先裝",
        "changes-3-term": "service", "changes-3-value": str(before["service", 0].current), "changes-3-agreed": "1",
    }  # fmt: skip
    told = len(session.scalars(select(Notice).where(Notice.key == "quote.changed.volume")).all())
    assert sal.post(f"{PATH}/{talked.number}/do/add_round", typed).status_code == 302
    (row,) = queries.rounds(session, talked)[-1:]
    assert [(change["term"], change["value"], change["agreed"]) for change in row.changes] == [
        ("volume", 36, False), ("service", None, True),
    ]  # fmt: skip
    assert len(session.scalars(select(Notice).where(Notice.key == "quote.changed.volume")).all()) == told + 1
    assert (row.changes[0]["computed"] is not None, row.changes[0]["reason"]) == (True, "先到先裝")
    shown = text(sal, f"{PATH}/{talked.number}")
    assert "採購部" in shown
    assert "先到先裝" in shown
    nonsense = {**typed, "changes-2-value": "many"}
    answer = sal.post(f"{PATH}/{talked.number}/do/add_round", nonsense)
    assert (answer.status_code, "many" in answer.get_data(as_text=True)) == (400, True)


@pytest.mark.clause("2.3.2-a")
def test_a_mere_tick_wins_nothing(talked: Quote, session: Session, as_: As) -> None:
    sal = as_("sal")
    for typed in ({}, {"accepted": "1"}):
        answer = sal.post(f"{PATH}/{talked.number}/do/win", typed)
        assert answer.status_code == 400
        assert "2.3.2-" in answer.get_data(as_text=True)
    session.expire_all()
    assert (talked.state, agreement.find(session, talked.number)) == ("negotiating", None)


@pytest.mark.clause("2.3.1-b")
def test_production_lays_down_what_dates_rest_on_and_sales_does_not(draft: Quote, session: Session, as_: As) -> None:
    path = f"{PATH}/{draft.number}/do/supply_terms"
    laid = {"model_code": "AC-350", "material_days": "2", "per_day": "40", "cycle_days": "1", "transport_days": "1"}
    assert as_("sal").post(path, laid).status_code == 403
    before = draft.lines[0].computed_on
    assert as_("pro").post(path, laid).status_code == 302
    assert as_("sal").post(f"{PATH}/{draft.number}/do/recompute", {}).status_code == 302
    session.expire_all()
    assert before is not None
    assert draft.lines[0].computed_on is not None
    assert draft.lines[0].computed_on < before


@pytest.mark.parametrize("words", ["双门冰箱", "雙門冰箱", "Refrigerator", "海景酒店"])
def test_quotes_are_found_by_model_or_customer_in_any_language(talked: Quote, as_: As, words: str) -> None:
    page = text(as_("sal"), f"{PATH}?q={words}")
    assert talked.number in page
    assert "DW-600" not in page


def test_a_page_that_is_older_than_the_last_change_is_refused(draft: Quote, session: Session, as_: As) -> None:
    stale = {"version": str(draft.version)}
    sal = as_("sal")
    assert sal.post(f"{PATH}/{draft.number}/do/recompute", stale).status_code == 302
    assert sal.post(f"{PATH}/{draft.number}/do/approve", stale).status_code == 409
    session.expire_all()
    assert draft.state == "draft"


@pytest.mark.clause("2.3.1-a", "2.3.1-b", "2.3.2-a", "2.3.2-b", "3.1.1-a")
def test_the_api_goes_from_an_enquiry_to_an_agreement(
    company: Any, session: Session, app: Any, client: Any, at: datetime
) -> None:
    sal = session.scalars(select(Person).where(Person.email == "sal@demo.test")).one()
    sal.roles = ["staff", "admin"]
    auth.add_token(session, sal, "test", at=at, token="sal-token")
    log = session.scalars(select(Person).where(Person.email == "log@demo.test")).one()
    log.roles = ["agent"]
    auth.add_token(session, log, "test", at=at, token="log-token")
    session.commit()

    def call(method: str, path: str, body: dict[str, Any] | None = None, token: str = "sal-token") -> Any:
        session.commit()
        with app.app_context():
            headers = {"Authorization": f"Bearer {token}"}
            return client.open(f"/api/v1{path}", method=method, json=body, headers=headers)

    enquiry = next(row for row in session.scalars(select(Enquiry)) if "staff room" in row.requirements[0].words)
    ranked = {"requirement": "1", "class_code": "variant", "rank": "key"}
    assert call("POST", f"/enquiries/{enquiry.number}/classify", ranked).status_code == 200
    assert call("POST", f"/enquiries/{enquiry.number}/rank", {}).json["state"] == "classified"
    begun = call("POST", "/quotes", {"enquiry": enquiry.number, "currency": "HKD"})
    assert begun.status_code == 201
    path = f"/quotes/{begun.json['number']}"
    need = enquiries.needs(session, enquiry)[0].requirement.id
    line = {
        "model_code": "RF-520", "specification": "glass door", "quantity": 4, "unit_price": "5800.00",
        "cost": "4120", "cost_on": "2026-01-05", "cost_source": "BOM", "market": "5700", "market_on": "2026-01-05",
        "market_source": "survey", "need_words": "quiet", "need_on": "2026-01-05", "need_source": "fair",
        "answers": [str(need)],
    }  # fmt: skip
    assert call("POST", f"{path}/line", line).status_code == 200
    wanting = call("POST", f"{path}/approve", {})
    assert (wanting.json["field"], wanting.json["clause"]) == ("payment_terms", "2.3.2-a")
    terms = {"payment_terms": "30 days", "service_terms": "2 years", "valid_until": "2027-12-31"}
    assert call("POST", f"{path}/terms", terms).status_code == 200
    assert call("POST", f"{path}/approve", {}).json["state"] == "approved"
    assert call("POST", f"{path}/send", {}).json["state"] == "sent"
    talk = {"held_on": "2026-01-05", "ours": [str(sal.id)], "theirs": "Ms Grant", "next_step": "contract"}
    changes = [{"term": "price", "line": 1, "value": "5600.00", "agreed": True}]
    assert call("POST", f"{path}/open_round", {**talk, "changes": changes}).json["state"] == "negotiating"
    open_term = call("POST", f"{path}/win", {})
    assert (open_term.json["field"], open_term.json["clause"]) == ("delivery_date", "2.3.2-a")
    assert call("POST", f"{path}/win", {**talk, "accepted": True}).json["state"] == "won"
    found = agreement.find(session, begun.json["number"])
    assert found is not None
    assert [(one.quantity, one.unit_price) for one in found.lines] == [(4, 560_000)]
    whole = call("GET", path).json
    assert [row["kind"] for row in whole["rounds"]] == ["talk", "acceptance"]
    assert whole["lines"][0]["inputs"][0]["amount"] == 412_000
    theirs = call("GET", path, token="log-token").json
    assert "unit_price" not in theirs["lines"][0]
    assert "inputs" not in theirs["lines"][0]
    assert "560000" not in str(theirs)
    assert "price" not in {row["term"] for row in theirs["terms"]}
    won = call("GET", "/quotes?state=won&customer=K00103&limit=1").json
    assert won["items"][0]["number"] == begun.json["number"]
    assert won["next"] is not None


def waiting(session: Session, who: str) -> list[tuple[str, str]]:
    person = session.scalars(select(Person).where(Person.email == f"{who}@demo.test")).one()
    return [(work.kind, work.number) for work in work_list(session, person.actor(), at=wall())]


def test_quotes_wait_for_sales_and_low_margins_for_management(low: Quote, session: Session, as_: As) -> None:
    sales = waiting(session, "sal")
    assert {"enquiry_understand", "enquiry_rank", "enquiry_answer", "quote_finish", "quote_follow"} <= dict(
        sales
    ).keys()
    assert ("quote_sign", low.number) in waiting(session, "mgt")
    assert [kind for kind, _ in waiting(session, "pro") if kind.startswith(("quote", "enquiry"))] == []
    assert as_("mgt").post(f"{PATH}/{low.number}/do/sign_margin", {"verdict": "approve"}).status_code == 302
    assert ("quote_sign", low.number) not in waiting(session, "mgt")
    assert low.number in text(as_("sal"), "/orders/work")


@pytest.mark.clause("3.1.1-a")
def test_an_order_is_drafted_from_a_won_quote_on_its_page(company: Any, session: Session, as_: As) -> None:
    quote = quote_in(session, "won")
    sal = as_("sal")
    assert 'name="agreement"' in text(sal, f"{PATH}/{quote.number}")
    assert 'name="agreement"' not in text(as_("pro"), f"{PATH}/{quote.number}")
    drafted = sal.post("/orders", {"agreement": quote.number})
    assert drafted.status_code == 302
    assert f"{PATH}/{quote.number}" in text(sal, drafted.location)
    assert drafted.location in text(sal, f"{PATH}/{quote.number}")
