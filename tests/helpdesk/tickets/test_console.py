"""The agents' console at its doors: who may what, what a click does, what bad input is told."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels.models import Message
from helpdesk.dispatch import slots
from helpdesk.dispatch.models import Visit, WindowClaim
from order_core.issues.models import Issue
from order_core.kernel.outbox import OutboxRow
from tests.helpdesk.conftest import LIN, As

MAY_READ = {
    "/tickets": {"mei", "jun", "hua"},
    "/dispatch": {"jun", "hua"},
    "/m": {"wei"},
}
"""Pages and those who have them among others; Eve has none."""


def sent(session: Session, purpose: str | None) -> list[Message]:
    wanted = select(Message).where(Message.direction == "out", Message.to_number == LIN, Message.purpose == purpose)
    return list(session.scalars(wanted))


@pytest.mark.parametrize(
    "path", ["/", "/tickets", "/dispatch", "/parts", "/orders", "/quality", "/surveys", "/performance", "/m"]
)
def test_eve_sees_no_page(client: Any, company: Any, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 302
    assert "/login" in answer.location


@pytest.mark.parametrize(("path", "who"), [(path, who) for path, people in MAY_READ.items() for who in sorted(people)])
def test_each_has_the_pages_of_his_work(as_: As, path: str, who: str) -> None:
    assert as_(who).get(path).status_code == 200


@pytest.mark.parametrize(("path", "who"), [("/m", "mei"), ("/dispatch", "sal"), ("/tickets", "wei")])
def test_nobody_has_the_pages_of_others(as_: As, path: str, who: str) -> None:
    assert as_(who).get(path).status_code == 403


def test_mei_answers_and_lin_is_texted_her_words(as_: As, ticket: Issue, session: Session) -> None:
    mei = as_("mei")
    assert mei.post(f"/tickets/{ticket.number}/reply", data={"text": " 我們今天就處理 "}).status_code == 302
    message = sent(session, None)[-1]
    assert (message.body, message.author_kind, message.issue_id) == ("我們今天就處理", "agent", ticket.id)
    rows = session.scalars(select(OutboxRow).where(OutboxRow.topic == "sms.send")).all()
    assert [row.payload["message_id"] for row in rows].count(message.id) == 1
    assert "我們今天就處理" in mei.get(f"/tickets/{ticket.number}").text


@pytest.mark.parametrize("text", ["", "   ", "長" * 1601])
def test_an_answer_without_words_or_with_too_many_is_not_sent(
    as_: As, ticket: Issue, session: Session, text: str
) -> None:
    before = len(sent(session, None))
    assert as_("mei").post(f"/tickets/{ticket.number}/reply", data={"text": text}).status_code in (400, 422)
    assert len(sent(session, None)) == before


def test_a_note_stays_in_the_house(as_: As, ticket: Issue, session: Session) -> None:
    mei, before = as_("mei"), session.scalars(select(Message)).all()
    mei.post(f"/tickets/{ticket.number}/note", data={"text": "<b>回電前先看批號</b>"})
    page = mei.get(f"/tickets/{ticket.number}").text
    assert "&lt;b&gt;回電前先看批號" in page
    assert session.scalars(select(Message)).all() == before


def test_a_step_on_a_page_that_is_out_of_date_is_a_conflict(as_: As, ticket: Issue, session: Session) -> None:
    mei = as_("mei")
    page = mei.get(f"/tickets/{ticket.number}").text
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version
    mei.post(f"/tickets/{ticket.number}/note", data={"text": "somebody was quicker"})
    session.refresh(ticket)
    stale = {"reason": "not ours", "version": str(ticket.version - 1)}
    assert mei.post(f"/tickets/{ticket.number}/steps/void", data=stale).status_code == 409
    session.refresh(ticket)
    assert ticket.state != "void"


@pytest.mark.parametrize(("step", "data"), [("void", {"reason": " "}), ("close", {}), ("fly", {}), ("verify", {})])
def test_a_step_that_the_rule_forbids_is_told_why_and_not_taken(
    as_: As, ticket: Issue, session: Session, step: str, data: dict[str, str]
) -> None:
    state = ticket.state
    answer = as_("mei").post(f"/tickets/{ticket.number}/steps/{step}", data=data)
    assert 400 <= answer.status_code < 500
    session.refresh(ticket)
    assert ticket.state == state


def test_a_void_ticket_takes_its_visit_with_it_and_lin_is_told(as_: As, visit: Visit, session: Session) -> None:
    number = visit.issue.number
    answer = as_("mei").post(f"/tickets/{number}/steps/void", data={"reason": "duplicate"})
    assert answer.status_code == 302, answer.text
    session.refresh(visit)
    assert visit.state == "cancelled"
    assert session.scalars(select(WindowClaim).where(WindowClaim.visit_id == visit.id)).all() == []
    assert [number in message.body for message in sent(session, "visit.called_off")] == [True]


def test_jun_gives_a_visit_to_somebody_else_and_only_to_who_can(as_: As, visit: Visit, session: Session) -> None:
    jun = as_("jun")
    assert visit.number in jun.get("/dispatch").text or visit.issue.number in jun.get("/dispatch").text
    able = next(
        t for t in slots.candidates(session) if t.person_id != visit.technician_id and "refrigerator" in t.skills
    )
    unable = next(t for t in slots.candidates(session) if "refrigerator" not in t.skills)
    assert jun.post(f"/dispatch/{visit.number}/give", data={"technician": str(able.person_id)}).status_code == 302
    session.refresh(visit)
    assert visit.technician_id == able.person_id
    refused = jun.post(f"/dispatch/{visit.number}/give", data={"technician": str(unable.person_id)})
    assert 400 <= refused.status_code < 500
    session.refresh(visit)
    assert visit.technician_id == able.person_id


@pytest.mark.parametrize(("language", "words"), [("en", "Tickets"), ("zh-Hant", "案件"), ("zh-Hans", "工单")])
def test_the_console_speaks_the_readers_language(as_: As, ticket: Issue, language: str, words: str) -> None:
    mei = as_("mei")
    mei.post("/language", data={"language": language, "next": "/tickets"})
    page = mei.get("/tickets").text
    assert f'lang="{language}"' in page
    assert words in page


@pytest.mark.parametrize("query", ["view=mine", "view=nonsense", "state=closed", "urgency=high", "q=冰箱", "q=%25"])
def test_the_list_takes_any_filter(as_: As, ticket: Issue, query: str) -> None:
    assert as_("mei").get(f"/tickets?{query}").status_code == 200


def test_a_ticket_that_is_not_there_is_a_page_that_says_so(as_: As) -> None:
    answer = as_("mei").get("/tickets/T99-99999")
    assert answer.status_code == 404
    assert "<html" in answer.text


def test_a_list_position_that_is_none_is_told(as_: As) -> None:
    assert as_("mei").get("/tickets?after=zzz").status_code == 400


@pytest.mark.parametrize(("step", "data"), [("close", {}), ("classify", {"category": "nonsense", "urgency": "high"})])
def test_a_refusal_speaks_of_states_and_choices_by_name(
    as_: As, ticket: Issue, step: str, data: dict[str, str]
) -> None:
    page = as_("mei").post(f"/tickets/{ticket.number}/steps/{step}", data=data).text
    told = re.search(r"<h1>(.*?)</h1>", page, re.DOTALL)
    assert told
    assert not re.search(r"[a-z]{3,}", told[1]), told[1]
