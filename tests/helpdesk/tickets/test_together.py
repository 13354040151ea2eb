"""Two agents on one ticket (B11): who is here, whose words came first, drafts, macros, pauses at the doors."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels.models import Message
from helpdesk.tickets import macros
from helpdesk.tickets.models import TicketPresence
from order_core.errors import Invalid
from order_core.issues import service as issues
from order_core.issues.level import queries as level_queries
from order_core.issues.level import service as level
from order_core.issues.models import Issue
from order_core.kernel.actor import WORKER, Actor
from order_core.kernel.case import history
from order_core.parties.models import Person
from tests.helpdesk.conftest import As


def seen_on(page: str) -> str:
    found = re.search(r'name="seen" value="(\d+)"', page)
    assert found
    return found[1]


def answers(session: Session, ticket: Issue) -> list[str]:
    wanted = select(Message.body).where(Message.issue_id == ticket.id, Message.author_kind == "agent")
    return list(session.scalars(wanted.order_by(Message.id)))


def test_a_send_is_stopped_where_a_colleague_was_quicker_and_nothing_is_lost(
    as_: As, ticket: Issue, session: Session
) -> None:
    mei, hua, path = as_("mei"), as_("hua"), f"/tickets/{ticket.number}"
    seen = seen_on(mei.get(path).text)
    hua.post(f"{path}/presence", {"writing": "1", "seen": seen, "text": "half a sen"})
    told = mei.post(f"{path}/presence", {"writing": "0", "seen": seen}).json["told"]
    assert any("Hua" in one for one in told)
    mei.post(f"{path}/reply", {"text": "Mei was first", "seen": seen})
    stopped = hua.post(f"{path}/reply", {"text": "Hua was second", "seen": seen})
    assert stopped.status_code == 409
    assert "Mei was first" in stopped.text
    assert "Hua was second" in stopped.text
    assert answers(session, ticket) == ["Mei was first"]
    page = hua.get(path).text
    assert "Hua was second" in page, "kept as a draft"
    assert "Hua was second" not in mei.get(path).text
    hua.post(f"{path}/reply", {"text": "Hua was second", "seen": seen, "anyway": "1"})
    assert answers(session, ticket) == ["Mei was first", "Hua was second"]
    assert "note:sent_anyway" in [entry.step for entry in history(session, ticket)]
    assert "</textarea>" in hua.get(path).text
    mei.post(f"{path}/reply", {"text": "mine again", "seen": seen_on(mei.get(path).text)})
    assert answers(session, ticket)[-1] == "mine again", "who has seen the other's words is not stopped"


def test_a_draft_outlives_signing_out_and_somebody_else_s_ticket(as_: As, ticket: Issue, session: Session) -> None:
    path = f"/tickets/{ticket.number}"
    as_("mei").post(f"{path}/presence", {"text": "not finished", "writing": "1"})
    hua = session.scalars(select(Person).where(Person.email == "hua@demo.test")).one()
    issues.give_to(session, ticket, hua.id, by=WORKER, at=ticket.opened_at)
    session.commit()
    assert "not finished" in as_("mei").get(path).text
    as_("mei").post(f"{path}/presence", {"text": "", "writing": "0"})
    assert "not finished" not in as_("mei").get(path).text


def test_who_has_left_or_is_silent_is_not_here(as_: As, ticket: Issue, session: Session) -> None:
    mei, hua, path = as_("mei"), as_("hua"), f"/tickets/{ticket.number}/presence"
    mei.post(path, {"writing": "1"})
    assert len(hua.post(path, {}).json["told"]) == 1
    mei.post(path, {"left": "1"})
    assert hua.post(path, {}).json["told"] == []
    mei.post(path, {})
    for row in session.scalars(select(TicketPresence)):
        row.seen_at -= timedelta(seconds=30)
    session.commit()
    assert hua.post(path, {}).json["told"] == []


@pytest.mark.parametrize(("text", "wrong"), [("hello {nam}", "nam"), ("{", "{"), ("a } b", "}"), ("{}", "")])
def test_a_macro_with_a_wrong_variable_is_not_saved(session: Session, text: str, wrong: str) -> None:
    with pytest.raises(Invalid) as refused:
        macros.save(session, "x", {"en": text})
    assert refused.value.params["variable"] == wrong


def test_a_macro_stands_filled_in_beside_the_ticket(as_: As, ticket: Issue) -> None:
    mei = as_("mei")
    made = {"name": "Greeting", "text-en": "Hello {customer}, {number}", "text-zh-Hant": "{customer}您好，{number}"}
    assert mei.post("/tickets/macros", made).status_code == 302
    page = mei.get(f"/tickets/{ticket.number}").text
    assert re.search(rf'data-text="[^"]+您好，{ticket.number}"', page)
    assert "Greeting" in mei.get("/tickets/macros").text
    assert mei.post("/tickets/macros", {"name": "Bad", "text-en": "{boom}"}).status_code == 400


def test_pause_and_resume_at_their_doors(as_: As, ticket: Issue, session: Session) -> None:
    mei, path = as_("mei"), f"/tickets/{ticket.number}"
    assert mei.post(f"{path}/pause", {"reason": "customer"}).status_code == 302
    assert f"{path}/resume" in mei.get(path).text
    assert mei.post(f"{path}/resume", {}).status_code == 302
    assert mei.post(f"{path}/resume", {}).status_code == 409
    assert mei.post(f"{path}/pause", {"reason": "later", "until": "soon"}).status_code == 400
    assert mei.post(f"{path}/urgency", {"urgency": "high"}).status_code == 302
    session.refresh(ticket)
    assert ticket.urgency == "high"
    assert mei.get("/tickets/pauses").status_code == 200


def test_the_report_names_who_paused_for_a_customer_who_had_answered(as_: As, ticket: Issue, session: Session) -> None:
    at: datetime = ticket.opened_at
    person = session.scalars(select(Person).where(Person.email == "mei@demo.test")).one()
    mei = Actor(kind="person", id=person.id, department="AFS")
    issues.replied(session, ticket, by=mei, at=at)
    level.customer_replied(session, ticket, by=Actor(kind="customer"), at=at + timedelta(minutes=1))
    level.pause(session, ticket, "customer", by=mei, at=at + timedelta(minutes=2))
    late = at + timedelta(days=7)
    found = level_queries.abused(session, since=at, at=late)
    assert [(abuse.number, abuse.person) for abuse in found] == [(ticket.number, person.id)]
    assert found[0].minutes > 8 * 60
    issues.replied(session, ticket, by=mei, at=at + timedelta(minutes=3))
    assert level_queries.abused(session, since=at + timedelta(minutes=4), at=late) == []
