"""Delivery reports come late, twice and in any order; a message's status only rises."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels import service
from helpdesk.channels.models import ConsentEntry, InboundEvent, Message
from tests.helpdesk.channels.conftest import LIN, Outside, new_sid, stored


@pytest.fixture
def message(session: Session, at: Any) -> Message:
    """A message that the provider has accepted."""
    made = ask(session, at)
    made.sid, made.status = new_sid(), "accepted"
    session.commit()
    return made


def ask(session: Session, at: Any, to: str = LIN) -> Message:
    made = service.send_text(session, contact=None, to=to, text="hello", language="en", at=at)
    session.commit()
    return made


def report(outside: Outside, sid: str | None, status: str, *, about: object = None, **fields: str) -> int:
    """Post a delivery report; returns the answer's status."""
    path = "/twilio/sms/status" + ("" if about is None else f"?message={about}")
    form = outside.form(MessageSid=sid or "", MessageStatus=status, **fields)
    return int(outside.post(path, form).status_code)


def again(session: Session, message: Message) -> Message:
    session.expire_all()
    return session.get_one(Message, message.id)


def events(session: Session) -> list[str]:
    return list(session.scalars(select(InboundEvent.kind).order_by(InboundEvent.id)))


def test_reports_move_a_message_on(outside: Outside, session: Session, message: Message) -> None:
    for status in ("sending", "sent", "delivered", "read"):
        assert report(outside, message.sid, status, about=message.id) == 204
        assert again(session, message).status == status
    assert again(session, message).delivered_at is not None
    assert events(session) == ["status:sending", "status:sent", "status:delivered", "status:read"]


@pytest.mark.parametrize("late", ["queued", "accepted", "sending", "sent", "failed", "undelivered"])
def test_a_late_report_does_not_overwrite_delivered(
    outside: Outside, session: Session, message: Message, late: str
) -> None:
    report(outside, message.sid, "delivered", about=message.id)
    assert report(outside, message.sid, late, about=message.id, ErrorCode="30008") == 204
    found = again(session, message)
    assert (found.status, found.error_code) == ("delivered", None)
    assert events(session) == ["status:delivered", f"status:{late}"], "the raw report is kept all the same"


@pytest.mark.parametrize("order", list(permutations(("sending", "sent", "undelivered", "delivered"))))
def test_the_order_of_the_reports_does_not_matter(
    outside: Outside, session: Session, message: Message, order: tuple[str, ...]
) -> None:
    for status in order:
        report(outside, message.sid, status, about=message.id)
    assert again(session, message).status == "delivered"


@pytest.mark.parametrize("order", list(permutations(("queued", "sending", "sent", "failed"))))
def test_a_failure_is_final_unless_it_was_delivered(
    outside: Outside, session: Session, message: Message, order: tuple[str, ...]
) -> None:
    for status in order:
        report(outside, message.sid, status, about=message.id, **({"ErrorCode": "30003"} if status == "failed" else {}))
    found = again(session, message)
    assert (found.status, found.error_code, found.delivered_at) == ("failed", 30003, None)


def test_the_same_report_twice_is_kept_once(outside: Outside, session: Session, message: Message) -> None:
    before = stored(session)
    assert [report(outside, message.sid, "sent", about=message.id) for _ in range(3)] == [204] * 3
    after = stored(session)
    assert (after.events, after.messages, after.outbox) == (before.events + 1, before.messages, before.outbox)


def test_a_report_may_come_before_the_answer_and_brings_the_sid(outside: Outside, session: Session, at: Any) -> None:
    message, sid = ask(session, at), new_sid()
    assert report(outside, sid, "sent", about=message.id) == 204
    found = again(session, message)
    assert (found.sid, found.status) == (sid, "sent")


def test_a_report_finds_its_message_by_sid_alone(outside: Outside, session: Session, message: Message) -> None:
    assert report(outside, message.sid, "delivered") == 204
    assert again(session, message).status == "delivered"


@pytest.mark.parametrize("about", ["0", "999999999", "-1", "1e3", "%C2%B2", "9" * 40, "", "x%00"])
def test_an_odd_address_harms_nothing(outside: Outside, session: Session, message: Message, about: str) -> None:
    assert report(outside, message.sid, "delivered", about=about) == 204
    assert again(session, message).status == "delivered", "found by its sid"


def test_a_report_about_another_sid_does_not_touch_the_message(
    outside: Outside, session: Session, message: Message
) -> None:
    sid = message.sid
    assert report(outside, new_sid(), "delivered", about=message.id) == 204
    found = again(session, message)
    assert (found.sid, found.status) == (sid, "accepted")


def test_a_report_never_touches_a_customers_own_message(outside: Outside, session: Session) -> None:
    sid = new_sid()
    outside.text("冰箱不冷", sid=sid)
    own = session.scalars(select(Message).where(Message.sid == sid)).one()
    assert report(outside, sid, "failed", about=own.id) == 204
    assert again(session, own).status == "received"


def test_a_report_about_nothing_of_ours_is_kept_and_answered(outside: Outside, session: Session) -> None:
    assert report(outside, new_sid(), "delivered") == 204
    assert events(session) == ["status:delivered"]


@pytest.mark.parametrize("status", ["canceled", "partially_delivered", "something new", "x" * 300, "冰"])
def test_a_status_that_nobody_knows_is_kept_and_changes_nothing(
    outside: Outside, session: Session, message: Message, status: str
) -> None:
    assert report(outside, message.sid, status, about=message.id, New="field") == 204
    assert again(session, message).status == "accepted"
    raw = session.scalars(select(InboundEvent)).one().raw
    assert (raw["MessageStatus"], raw["New"]) == (status, "field")


@pytest.mark.parametrize("code", ["21610", "30003", "", "abc", "1e5", "9" * 30])
def test_an_error_code_is_kept_and_an_opt_out_becomes_ours(
    outside: Outside, session: Session, message: Message, code: str
) -> None:
    assert report(outside, message.sid, "undelivered", about=message.id, ErrorCode=code) == 204
    found = again(session, message)
    known = {"21610": 21610, "30003": 30003}
    assert (found.status, found.error_code) == ("undelivered", known.get(code))
    refusals = [(row.phone, row.scope, row.word) for row in session.scalars(select(ConsentEntry))]
    assert refusals == ([(LIN, "all", "21610")] if code == "21610" else [])


@pytest.mark.parametrize("name", ["MessageSid", "MessageStatus"])
def test_a_missing_field_is_named(outside: Outside, session: Session, name: str) -> None:
    form = outside.form(MessageSid=new_sid(), MessageStatus="sent")
    del form[name]
    answer = outside.post("/twilio/sms/status", form)
    assert answer.status_code == 400
    assert name in answer.get_data(as_text=True)
    assert events(session) == []
