"""Agents on the telephone: presence, screen pop, hold, transfer, the wrap-up code, recordings and who heard them."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels.gateway import TransportError
from helpdesk.channels.models import Call
from helpdesk.config import load_settings
from helpdesk.hotline import changes, desk, legs, queue, recordings, rules
from helpdesk.hotline.models import CallLeg, Playback, Recording
from helpdesk.hotline.telephone import ConsoleTelephone, access_token
from order_core.issues.models import Issue
from order_core.kernel.outbox import OutboxRow
from order_core.parties.models import Person
from tests.helpdesk.channels.conftest import SMITH, WANG, Outside
from tests.helpdesk.conftest import As
from tests.helpdesk.hotline.conftest import Books, Caller

SID = "RE" + "b" * 32


def person(session: Session, name: str) -> Person:
    return session.scalars(select(Person).where(Person.email == f"{name}@demo.test")).one()


def agents_line(outside: Outside, agent: Person, sid: str, path: str, **fields: str) -> Any:
    """A step of an agent's own line, as his browser's call to the TwiML App makes it."""
    form = outside.form(CallSid=sid, From=f"client:agent-{agent.id}", CallStatus="in-progress", **fields)
    answer = outside.post(path, form)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


@pytest.mark.clause("5.1.1-a", "5.1.1-c")
def test_an_agents_day(outside: Outside, as_: As, session: Session, working_hours: datetime, company: Any) -> None:
    """He comes, is joined to the first in line, sees who it is, holds, hands over, wraps up."""
    mei, jun, books = person(session, "mei"), person(session, "jun"), Books(session)
    at_mei, at_jun = as_("mei"), as_("jun")
    customer = Caller(outside, SMITH).dial().press("0")
    ticket = books.ticket(customer).number
    assert at_mei.post("/calls/take", {}).status_code == 409, "who is away is given no call"
    for browser in (at_mei, at_jun):
        assert browser.post("/calls/presence", {"presence": "available"}).status_code == 302
    page = at_mei.get("/calls/board").get_data(as_text=True)
    assert ticket in page, "who waits is seen by everybody"
    assert "Mr Smith" in page
    # the provider joins: the whisper is spoken to the caller, on the caller's line
    said = agents_line(outside, mei, "CA" + "7" * 32, "/twilio/voice/agent")
    assert ">service</Queue>" in said
    assert 'record="record-from-answer-dual"' in said
    whisper = customer.post(f"/twilio/voice/join?agent={mei.id}", DequeingCallSid="CA" + "7" * 32, QueueTime="12")
    assert "recorded" in whisper.said
    assert customer.post(f"/twilio/voice/join?agent={mei.id}", DequeingCallSid="CA" + "7" * 32).said == "", "said once"
    assert (books.call(customer).state, legs.presence_of(session, mei.id)) == ("answered", "busy")
    page = at_mei.get("/calls").get_data(as_text=True)
    assert f"/tickets/{ticket}" in page, "the ticket is at hand"
    leg = session.scalars(select(CallLeg)).one()
    for what, state in (("hold", "held"), ("resume", "talking"), ("pause", "talking"), ("record", "talking")):
        assert at_mei.post(f"/calls/legs/{leg.id}/{what}", {}).status_code == 302
        session.refresh(leg)
        assert leg.state == state
    assert at_jun.post(f"/calls/legs/{leg.id}/hold", {}).status_code == 404, "another's call"
    assert at_mei.post(f"/calls/legs/{leg.id}/transfer", {"to": str(jun.id)}).status_code == 302
    session.refresh(leg)
    assert (leg.state, legs.presence_of(session, mei.id)) == ("wrap_up", "wrap_up")
    assert "agent-" in agents_line(outside, jun, "CA" + "8" * 32, "/twilio/voice/agent"), "handed over to her"
    customer.post(f"/twilio/voice/join?agent={jun.id}", DequeingCallSid="CA" + "8" * 32)
    assert at_mei.post("/calls/presence", {"presence": "available"}).status_code == 409, "first the code"
    assert at_mei.post(f"/calls/legs/{leg.id}/wrap-up", {}).status_code == 400
    assert at_mei.post(f"/calls/legs/{leg.id}/wrap-up", {"code": "ticket"}).status_code == 302
    session.refresh(leg)
    assert (leg.state, leg.wrap_up, legs.presence_of(session, mei.id)) == ("done", "ticket", "available")
    agents_line(outside, jun, "CA" + "8" * 32, "/twilio/voice/agent/done", DialCallStatus="completed")
    customer.hang_up("200")
    assert legs.presence_of(session, jun.id) == "wrap_up"
    assert books.callbacks(customer) == []
    asked = [row.payload["what"] for row in session.scalars(select(OutboxRow).where(OutboxRow.topic == legs.CHANGE))]
    assert asked == ["hold", "resume", "pause", "record", "transfer"]


@pytest.fixture
def talk(books: Books, outside: Outside, session: Session) -> CallLeg:
    """Mei talks to Wang."""
    mei = session.scalars(select(Person)).one()
    caller = Caller(outside, WANG).dial().press("0")
    legs.joined(session, books.call(caller), mei, sid="CA" + "5" * 32, at=books.call(caller).started_at)
    session.commit()
    return session.scalars(select(CallLeg)).one()


@pytest.mark.parametrize(
    ("what", "action", "target"),
    [
        ("hold", "move", "customer"),
        ("resume", "move", "agent"),
        ("pause", "pause", "agent"),
        ("end", "move", "customer"),
    ],
)
def test_what_is_asked_of_the_provider(
    talk: CallLeg, session: Session, at: datetime, what: str, action: str, target: str
) -> None:
    call = session.get_one(Call, talk.call_id)
    payload = {"what": what, "leg_id": talk.id}
    asked = changes.prepare(session, payload, at, False)
    assert asked is not None
    assert (asked.what, asked.target) == (action, call.sid if target == "customer" else talk.sid)
    assert changes.perform(ConsoleTelephone(), asked) is True
    assert changes.prepare(session, payload, at, True) is None, "a line is not moved twice"
    call.ended_at = at
    assert changes.prepare(session, payload, at, False) is None, "nor when nobody is on it"


def test_a_hold_that_the_provider_refuses_is_taken_back(talk: CallLeg, session: Session, at: datetime) -> None:
    by = session.get_one(Person, talk.person_id).actor()
    legs.hold(session, talk.id, by=by, at=at)
    changes.settle(session, {"what": "hold", "leg_id": talk.id}, TransportError("no", permanent=True), at)
    assert talk.state == "talking"


@pytest.mark.clause("5.1.1-c")
def test_a_call_back_rings_once_and_joins_whoever_asked(
    books: Books, outside: Outside, session: Session, at: datetime
) -> None:
    caller = Caller(outside, WANG).dial().press("0").wait("1")
    caller.leave("leave").hang_up("40")
    (task,) = books.callbacks(caller)
    mei = session.scalars(select(Person)).one()
    mei.phone = "+85222223333"
    placed = queue.call_back(session, task, by=mei.actor(), at=at)
    assert queue.call_back(session, task, by=mei.actor(), at=at).id == placed.id, "a double click"
    session.commit()
    sid = "CA" + "6" * 32
    assert outside.post(f"/twilio/voice/status?call={placed.id}", outside.form(
        CallSid=sid, CallStatus="ringing", Direction="outbound-api")).status_code == 204  # fmt: skip
    answer = Caller(outside, WANG, sid).post(f"/twilio/voice/callback?call={placed.id}")
    assert "依您的要求回電" in answer.said
    assert "錄音" in answer.said
    assert answer.answer.findtext("Dial/Number") == mei.phone
    missed = answer.post(f"/twilio/voice/dialled?call={placed.id}", DialCallStatus="no-answer")
    assert missed.has("Enqueue"), "the customer is not hung up on"
    legs.joined(session, session.get_one(Call, placed.id), mei, sid=None, at=at)
    for status in ("completed", "ringing", "completed"):
        report = outside.form(CallSid=sid, CallStatus=status, CallDuration="61", Direction="outbound-api")
        outside.post(f"/twilio/voice/status?call={placed.id}", report)
    session.expire_all()
    over = session.get_one(Call, placed.id)
    assert (over.state, over.seconds, over.sid) == ("ended", 61, sid)
    assert legs.presence_of(session, mei.id) == "wrap_up"
    assert queue.call_back(session, session.get_one(Issue, task.id), by=mei.actor(), at=at).id != placed.id


# --- recordings ---------------------------------------------------------------------------------------------------


@pytest.mark.clause("7.3.2-b")
def test_whoever_listens_is_on_record(
    as_: As, session: Session, company: Any, outside: Outside, working_hours: datetime
) -> None:
    books = Books(session)
    caller = Caller(outside, SMITH).dial().press("0")
    form = outside.form(CallSid=caller.sid, RecordingSid=SID, RecordingStatus="in-progress")
    outside.post("/twilio/voice/recording", form)
    done = outside.form(CallSid=caller.sid, RecordingSid=SID, RecordingStatus="completed", RecordingDuration="95")
    outside.post("/twilio/voice/recording", done)
    outside.post("/twilio/voice/recording", form)
    row = session.scalars(select(Recording)).one()
    assert (row.state, row.seconds) == ("kept", 95), "a late report takes nothing back"
    assert as_("mei").post(f"/calls/recordings/{row.id}/listen", {}).status_code == 403
    hua = as_("hua")
    heard = hua.post(f"/calls/recordings/{row.id}/listen", {})
    assert (heard.status_code, heard.data[:4]) == (200, b"RIFF")
    session.expire_all()
    (playback,) = session.scalars(select(Playback)).all()
    assert playback.person_id == person(session, "hua").id
    assert "王華" in hua.get(f"/calls/recordings/{row.id}").get_data(as_text=True)
    assert hua.get(f"/tickets/{books.ticket(caller).number}").status_code == 200
    assert hua.post("/calls/recordings/999/listen", {}).status_code == 404


def test_recordings_go_when_their_time_is_over(talk: CallLeg, session: Session, at: datetime) -> None:
    call = session.get_one(Call, talk.call_id)
    for sid, kept_as in ((SID, "service"), ("RE" + "c" * 32, "safety")):
        recordings.report(session, call, sid, "call", "completed", seconds=9, queue=kept_as, at=at)
    assert recordings.forget_old(session, at=at + timedelta(days=179)) == 0
    late = at + timedelta(days=181)
    assert recordings.forget_old(session, at=late) == 1, "danger is kept longer"
    row = session.scalars(select(Recording).where(Recording.sid == SID)).one()
    payload = {"recording_id": row.id}
    asked = changes.prepare_deletion(session, payload, late, False)
    assert asked is not None
    changes.settle_deletion(session, payload, changes.perform(ConsoleTelephone(), asked), late)
    assert (row.state, row.deleted_at) == ("deleted", late)
    assert changes.prepare_deletion(session, payload, late, True) is None


@pytest.mark.parametrize(
    ("number", "purpose"),
    [("+85261230001", "recording"), ("+886912000004", "recording"), ("+8613800138000", "recording.ask"),
     ("+14155550003", "recording.ask"), ("+442071838750", "recording.ask"), (None, "recording.ask")],
)  # fmt: skip
def test_each_country_is_told_of_the_recording_in_its_way(number: str | None, purpose: str) -> None:
    assert recordings.announcement(number) == purpose


# --- the softphone ------------------------------------------------------------------------------------------------


def test_an_agents_token_lets_him_call_our_application_alone(settings: Any) -> None:
    assert access_token(settings, "agent-1") is None, "not configured"
    configured = load_settings(
        {
            "HELPDESK_DATA_DIR": str(settings.data_dir), "SECRET_KEY": "x" * 32,
            "TWILIO_ACCOUNT_SID": "AC" + "1" * 32, "TWILIO_AUTH_TOKEN": "t", "TWILIO_API_KEY": "SK" + "2" * 32,
            "TWILIO_API_SECRET": "s" * 32, "TWILIO_TWIML_APP_SID": "AP" + "3" * 32,
            "TWILIO_PHONE_NUMBER": "+85230000000", "PUBLIC_URL": "https://care.example",
        }
    )  # fmt: skip
    token = access_token(configured, "agent-1")
    assert token is not None
    grants = jwt.decode(token, "s" * 32, algorithms=["HS256"])["grants"]
    assert grants["identity"] == "agent-1"
    assert grants["voice"]["outgoing"]["application_sid"] == "AP" + "3" * 32


def test_without_a_softphone_the_page_says_so(as_: As, company: Any) -> None:
    mei = as_("mei")
    assert "軟體電話" in mei.get("/calls").get_data(as_text=True)
    assert mei.post("/calls/token", {}).status_code == 409


# --- the estimate -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("position", "agents", "handling", "minutes"),
    [(1, 0, [], None), (1, 1, [], 4), (3, 2, [], 6), (1, 9, [], 1), (2, 1, [120] * 5, 4), (2, 1, [9999], 8),
     (50, 1, [], None)],
)  # fmt: skip
def test_the_wait_is_told_where_it_can_be(position: int, agents: int, handling: list[int], minutes: int | None) -> None:
    assert rules.wait_minutes(position, agents, [timedelta(seconds=s) for s in handling]) == minutes


@pytest.mark.clause("5.1.1-c")
def test_promptness_is_the_share_answered_within_20_seconds(talk: CallLeg, session: Session, at: datetime) -> None:
    second = timedelta(seconds=1)
    assert rules.promptness([]) is None
    assert rules.promptness([20 * second, 21 * second, None, second]) == 50
    call = session.get_one(Call, talk.call_id)
    assert call.queued_at is not None
    talk.started_at = call.queued_at + 30 * second
    session.flush()
    since = call.queued_at - second
    assert desk.waits(session, since) == [30 * second]
    assert desk.figures(session, call.queued_at + 60 * second)["prompt"] == 0
    assert desk.waits(session, call.queued_at + second) == []


def test_an_identity_is_read_back() -> None:
    fake: Any = SimpleNamespace(get=lambda _cls, key: key)
    found: Any = legs.person_of(fake, f"client:{legs.identity(12)}")
    assert found == 12
    assert legs.person_of(fake, "client:agent-12x") is None
