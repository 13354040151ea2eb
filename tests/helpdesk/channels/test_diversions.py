"""Wang lives in Taiwan, where no reply comes back: what becomes of a question to her, and how her answer comes in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels import consent, diversions, outgoing, service
from helpdesk.channels.capabilities import barred_links, capability
from helpdesk.channels.models import Diversion, Message
from helpdesk.chatbot import service as chatbot
from helpdesk.chatbot import talk
from helpdesk.dispatch import service as dispatch
from helpdesk.dispatch import slots
from helpdesk.dispatch.models import Visit
from order_core.errors import Conflict, Invalid, NotFound
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.kernel.actor import WORKER
from order_core.kernel.outbox import OutboxRow
from order_core.parties.models import ContactPerson, Customer, Person, Site
from order_core.parties.service import ensure_departments
from tests.helpdesk.channels.conftest import LIN, WANG

AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
"""A Monday, noon in Taipei."""


@pytest.fixture
def wang(session: Session, app: Any) -> ContactPerson:
    """Wang, and the agent Mei."""
    ensure_departments(session)
    session.add(Person(name="Mei", email="mei@demo.test", department_code="AFS", roles=["agent"]))
    customer = Customer(name="王宅", number="K00004")
    customer.contacts.append(ContactPerson(name="王小姐", phone=WANG))
    customer.sites.append(Site(label="住家", address="-", postcode="106", lat=25.0, lon=121.5, zone="Asia/Taipei"))
    session.add(customer)
    session.flush()
    return customer.contacts[0]


@pytest.fixture
def ticket(wang: ContactPerson, session: Session) -> Issue:
    """Her fault."""
    return her_ticket(session, wang)


def her_ticket(session: Session, wang: ContactPerson) -> Issue:
    """A fault told on the telephone."""
    return issues.open_ticket(
        session, subject="洗衣機不排水", channel="phone", phone=WANG, language="zh-Hant", contact=wang,
        site_id=wang.customer.sites[0].id, appliance="washing_machine", symptom="not_draining", category="fault",
        by=WORKER, at=AT,
    )  # fmt: skip


@pytest.fixture
def keypad() -> Iterator[str]:
    """A voice room that places keypad calls."""
    diversions.keypad_by("call.place")
    yield "call.place"
    diversions.keypad_by(None)


def send(session: Session, contact: ContactPerson, issue: Issue | None, purpose: str, **params: Any) -> Message:
    number = {"number": issue.number} if issue else {}
    return service.send(
        session, contact=contact, to=WANG, purpose=purpose, params={**number, **params}, language="zh-Hant", at=AT,
        issue_id=issue.id if issue else None,
    )  # fmt: skip


def offer(session: Session, contact: ContactPerson, issue: Issue) -> Message:
    windows = [{"starts_at": w.starts_at, "ends_at": w.ends_at} for w in slots.offer(session, issue, at=AT)]
    talk.ask(session, WANG, "slot", None, at=AT)
    talk.conversation(session, WANG).issue_id = issue.id
    return send(session, contact, issue, "offer.slots", windows=windows, zone="Asia/Taipei")


def left(session: Session) -> list[Message]:
    """Messages to Wang that leave the house."""
    wanted = select(Message).where(Message.to_number == WANG, Message.status == "queued").order_by(Message.id)
    return list(session.scalars(wanted))


@pytest.mark.clause("5.1.1-a", "5.1.1-c")
def test_without_a_voice_room_a_person_calls_once_a_matter(
    session: Session, wang: ContactPerson, ticket: Issue
) -> None:
    message = offer(session, wang, ticket)
    assert (message.status, left(session)) == ("diverted", [])
    first = session.scalars(select(Diversion)).one()
    assert first.way == "callback"
    send(session, wang, ticket, "ask.since")
    second = session.scalars(select(Diversion).order_by(Diversion.id.desc())).first()
    assert second is not None
    assert (first.state, second.state) == ("closed", "open"), "one open question a person"
    assert first.callback_id == second.callback_id, "and one call"
    task = session.get_one(Issue, first.callback_id)
    assert (task.kind, task.state, task.phone) == ("callback", "assigned", WANG)
    assert "哪個時段" in task.subject
    assert "agent" in session.get_one(Person, task.assignee_id).roles


@pytest.mark.clause("5.1.1-d")
def test_she_is_told_her_tickets_number_all_the_same(session: Session, wang: ContactPerson, ticket: Issue) -> None:
    send(session, wang, ticket, "ticket.opened")
    (told,) = left(session)
    assert (told.purpose, ticket.number in told.body) == ("ticket.created", True)


@pytest.mark.clause("5.1.1-a")
def test_her_key_books_the_visit_and_the_confirmation_asks_for_nothing(
    session: Session, company: Any, app: Any, keypad: str
) -> None:
    wang = session.scalars(select(ContactPerson).where(ContactPerson.phone == WANG)).one()
    ticket = her_ticket(session, wang)
    ticket.site_id = session.scalars(select(Site.id).order_by(Site.id)).first()  # where technicians are
    message = offer(session, wang, ticket)
    row = session.scalars(select(Diversion)).one()
    asked = session.scalars(select(OutboxRow).where(OutboxRow.key == f"diversion:{row.id}")).one()
    assert (asked.topic, asked.payload, row.way) == (keypad, {"diversion_id": row.id}, "keypad")
    assert row.spoken == message.body
    diversions.answer(session, row, "1", via="keypad", sid="CA" + "7" * 32, at=AT)
    heard = session.scalars(select(Message).where(Message.direction == "in")).one()
    chatbot.handle_message(session, heard.id, region="TW", at=AT)
    visit = session.scalars(select(Visit).where(Visit.issue_id == ticket.id)).one()
    assert visit.state == "booked"
    (booked,) = left(session)
    assert booked.purpose == "visit.booked"
    with pytest.raises(Conflict):
        diversions.answer(session, row, "2", via="keypad", at=AT)
    dispatch.tell_customer(session, visit, "visit.reminder", at=AT)
    reminder = left(session)[-1]
    assert "請撥 +85230000000" in reminder.body
    assert "回 0" not in reminder.body


def test_an_unanswered_call_becomes_a_persons(
    session: Session, wang: ContactPerson, ticket: Issue, keypad: str
) -> None:
    offer(session, wang, ticket)
    row = session.scalars(select(Diversion)).one()
    task = diversions.give_up(session, row, at=AT)
    assert (row.way, row.callback_id, row.state) == ("callback", task.id, "open")


def test_what_belongs_to_no_ticket_gets_one(session: Session, wang: ContactPerson) -> None:
    send(session, wang, None, "ask.identity", number="-")
    row = session.scalars(select(Diversion)).one()
    assert session.get_one(Issue, row.callback_id).kind == "ticket"


@pytest.mark.clause("5.1.1-a")
def test_a_survey_is_asked_by_a_code_and_answered_on_the_web(
    session: Session, wang: ContactPerson, ticket: Issue, client: Any
) -> None:
    message = send(session, wang, ticket, "survey.ask")
    assert (message.purpose, message.status) == ("web.code", "queued")
    assert barred_links(message.body, capability(WANG)) == []
    code = re.findall(r"\d{10}", message.body)[0]
    session.commit()
    assert client.get("/code").status_code == 200
    assert client.post("/code", data={"code": "0123456789"}).status_code == 404
    page = client.post("/code", data={"code": code})
    assert "滿意嗎" in page.get_data(as_text=True)
    assert session.scalars(select(Diversion)).one().state == "open", "to look answers nothing"
    assert client.post("/code/answer", data={"code": code, "text": " "}).status_code == 400
    assert client.post("/code/answer", data={"code": code, "text": "5 很好"}).status_code == 200
    assert client.post("/code/answer", data={"code": code, "text": "1"}).status_code == 404
    heard = session.scalars(select(Message).where(Message.direction == "in")).one()
    assert (heard.from_number, heard.body, heard.provider) == (WANG, "5 很好", "web")
    with pytest.raises(NotFound):
        diversions.by_code(session, code, at=AT)


def test_codes_cannot_be_guessed_for_long(client: Any, session: Session) -> None:
    answers = [client.post("/code", data={"code": f"{n:010}"}).status_code for n in range(40)]
    assert answers[0] == 404
    assert answers[-1] == 429


@pytest.mark.clause("5.1.1-a")
def test_by_whatsapp_she_is_asked_and_answered_like_anybody(
    session: Session, wang: ContactPerson, ticket: Issue
) -> None:
    incoming = Message(
        direction="in", provider="twilio", account="AC1", from_number=f"whatsapp:{WANG}", to_number="x", body="你好",
        created_at=AT - timedelta(hours=23), author_kind="customer", status="received",
    )  # fmt: skip
    session.add(incoming)
    session.flush()
    message = offer(session, wang, ticket)
    assert (message.status, message.to_number) == ("queued", f"whatsapp:{WANG}")
    incoming.created_at = AT - timedelta(hours=25)
    session.flush()
    assert offer(session, wang, ticket).status == "diverted", "after a day WhatsApp lets nobody answer freely"


@pytest.mark.clause("5.1.1-a")
def test_what_must_be_told_is_told_by_telephone_to_somebody_who_refuses_messages(
    session: Session, wang: ContactPerson, ticket: Issue
) -> None:
    message = send(session, wang, ticket, "safety.gas")
    assert message.status == "queued"
    consent.record(session, WANG, "all", False, source="word", word="退訂", at=AT)
    assert outgoing.prepare(session, {"message_id": message.id}, AT, False) is None
    assert message.status == "suppressed"
    assert session.scalars(select(Diversion)).one().callback_id is not None


@pytest.mark.parametrize("code", [21614, 30006])
def test_a_landline_is_called(session: Session, wang: ContactPerson, ticket: Issue, code: int) -> None:
    message = send(
        session, wang, ticket, "visit.booked", starts_at=AT, ends_at=AT, zone="Asia/Taipei", address="台北市 1 號"
    )
    service.apply_status(session, message, "undelivered", sid="SM1", error_code=code, at=AT)
    assert session.scalars(select(Diversion)).one().way == "callback"


def test_a_link_in_a_persons_own_words_is_refused_where_it_is_barred(session: Session, app: Any) -> None:
    def say(to: str) -> Message:
        return service.send_text(
            session, contact=None, to=to, text="https://care.example/v", language="en", at=AT, author="agent"
        )

    with pytest.raises(Invalid) as refused:
        say(WANG)
    assert refused.value.code == "sms.link_barred"
    assert say(LIN).status == "queued"
