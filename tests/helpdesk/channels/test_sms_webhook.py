"""An inbound message is claimed, stored and published, whatever is in it; all else is the workers'."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpdesk.channels.models import InboundEvent, Interaction, Message
from helpdesk.config import load_settings
from order_core.issues.models import Issue
from order_core.kernel.outbox import OutboxRow
from tests.helpdesk.channels.conftest import LIN, Outside, Stored, new_sid, stored

NOTHING = Stored(0, 0, 0)
ONE = Stored(1, 1, 1)
EMPTY = "<?xml version='1.0' encoding='UTF-8'?><Response/>"
LONG = ("冰箱不冷，一直滴水 😀👨‍👩‍👧 " * 100)[:1600]
ZERO_WIDTH = "\u200b冰\u200d箱\ufeff \u202e倒\u2066過來\u2069 \u0600"


def the_message(session: Session) -> Message:
    session.expire_all()
    return session.scalars(select(Message)).one()


def test_a_text_is_claimed_stored_and_published_and_nothing_else(
    outside: Outside, session: Session, company: Any
) -> None:
    before, issues, interactions = stored(session), *(_count(session, cls) for cls in (Issue, Interaction))
    sid = new_sid()
    answer = outside.text("冰箱不冷，一直滴水", sid=sid)
    assert (answer.status_code, answer.mimetype, answer.get_data(as_text=True)) == (200, "text/xml", EMPTY)
    after = stored(session)
    assert after == Stored(before.events + 1, before.messages + 1, before.outbox + 1)
    assert [_count(session, cls) for cls in (Issue, Interaction)] == [issues, interactions]
    message = session.scalars(select(Message).where(Message.sid == sid)).one()
    assert (message.direction, message.status, message.author_kind) == ("in", "received", "customer")
    assert (message.from_number, message.to_number, message.body) == (LIN, "+85230000000", "冰箱不冷，一直滴水")
    assert (message.issue_id, message.contact_id, message.handled_at, message.media) == (None, None, None, None)
    row = session.scalars(select(OutboxRow).where(OutboxRow.topic == "inbound.process")).one()
    assert (row.payload, row.state, row.due_at) == ({"message_id": message.id}, "pending", row.created_at)


def _count(session: Session, cls: Any) -> int:
    return session.scalar(select(func.count(cls.id))) or 0


@pytest.mark.parametrize(
    "body",
    [
        LONG,
        ZERO_WIDTH,
        "مرحبا \u200fالثلاجة\u200e",
        "a\r\nb\tc",
        "<Say>&amp;</Say>",
        "'; DROP TABLE message; --",
        "",
        "5",
    ],
    ids=["1600 with emoji", "zero width", "right to left", "line breaks", "markup", "sql", "empty", "one digit"],
)
def test_a_text_is_kept_as_it_came(outside: Outside, session: Session, body: str) -> None:
    assert outside.text(body).status_code == 200
    assert the_message(session).body == body
    assert session.scalars(select(InboundEvent)).one().raw["Body"] == body


def test_nul_bytes_are_taken_out(outside: Outside, session: Session) -> None:
    assert outside.text("冰\x00箱\x00", **{"Na\x00me": "va\x00lue", "FromCity": "\x00"}).status_code == 200
    message = the_message(session)
    assert message.body == "冰箱"
    raw = session.scalars(select(InboundEvent)).one().raw
    assert (raw["Body"], raw["Name"], raw["FromCity"]) == ("冰箱", "value", "")


def test_bytes_that_are_no_text_are_kept_as_they_were_written(outside: Outside, session: Session) -> None:
    form = outside.form(MessageSid=new_sid())
    body = "&".join(f"{name}={value.replace('+', '%2B')}" for name, value in form.items()) + "&Body=a%FF%EDb"
    signature = outside.sign("/twilio/sms", [*form.items(), ("Body", "a%FF%EDb")])
    answer = outside.client.post(
        "/twilio/sms",
        data=body,
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": signature},
    )
    assert answer.status_code == 200
    assert the_message(session).body == "a%FF%EDb"


def test_a_text_longer_than_any_provider_sends_is_cut_but_kept(outside: Outside, session: Session) -> None:
    assert outside.text("冰" * 20_000).status_code == 200
    body = the_message(session).body
    assert 1600 <= len(body) < 20_000
    assert set(body) == {"冰"}


@pytest.mark.parametrize(
    "sender",
    ["ACME-INFO", "10690", "whatsapp:+85261230001", "0912-345-678", "anonymous", "+266696687", "RCS:brand_7", "x" * 64],
)
def test_any_sender_is_taken(outside: Outside, session: Session, sender: str) -> None:
    assert outside.text(From=sender).status_code == 200
    assert stored(session) == ONE
    assert the_message(session).from_number == sender


def test_ten_media_are_kept_and_no_more(outside: Outside, session: Session) -> None:
    fields = {f"MediaUrl{n}": f"https://api.twilio.com/media/{n}" for n in range(12)}
    fields |= {f"MediaContentType{n}": "image/jpeg" for n in range(12)}
    assert outside.text("", NumMedia="12", **fields).status_code == 200
    media = the_message(session).media
    assert media == [{"url": f"https://api.twilio.com/media/{n}", "type": "image/jpeg"} for n in range(10)]
    assert session.scalars(select(InboundEvent)).one().raw["MediaUrl11"] == fields["MediaUrl11"]


@pytest.mark.parametrize("count", ["", "-1", "ten", "１", "9" * 400, "2.5", "²"])
def test_an_odd_number_of_media_is_none(outside: Outside, session: Session, count: str) -> None:
    assert outside.text("photo", NumMedia=count, MediaUrl0="https://api.twilio.com/media/0").status_code == 200
    assert the_message(session).media is None


def test_media_that_are_announced_but_missing_are_left_out(outside: Outside, session: Session) -> None:
    fields = {"NumMedia": "3", "MediaUrl0": "https://api.twilio.com/media/0", "MediaUrl2": ""}
    assert outside.text("photo", **fields).status_code == 200
    assert the_message(session).media == [{"url": "https://api.twilio.com/media/0", "type": ""}]


def test_fields_that_nobody_knows_are_kept(outside: Outside, session: Session) -> None:
    form = outside.form(MessageSid=new_sid(), Body="hi", ChannelMetadata='{"a": 1}', 新欄位="值")
    pairs = [*form.items(), ("Twice", "1"), ("Twice", "2")]
    assert outside.post("/twilio/sms", pairs).status_code == 200
    assert session.scalars(select(InboundEvent)).one().raw == {**form, "Twice": ["1", "2"]}


@pytest.mark.parametrize("name", ["MessageSid", "From", "To"])
@pytest.mark.parametrize("how", ["missing", "empty", "blank", "twice"])
def test_a_required_field_is_named_when_it_is_missing(outside: Outside, session: Session, name: str, how: str) -> None:
    form = outside.form(MessageSid=new_sid(), Body="hi")
    value = form.pop(name)
    given = {"missing": [], "empty": [""], "blank": [" \t"], "twice": [value, value]}[how]
    answer = outside.post("/twilio/sms", [*form.items(), *((name, text) for text in given)])
    assert answer.status_code == 400
    assert name in answer.get_data(as_text=True)
    assert stored(session) == NOTHING


@pytest.mark.parametrize(
    "sid", ["SM1", "XX" + "0" * 32, "SM" + "g" * 32, "SM" + "0" * 33, "SM" + "0" * 32 + "\n", "\x00", "SM" + "０" * 32]
)
def test_a_sid_of_the_wrong_form_is_refused_by_name(outside: Outside, session: Session, sid: str) -> None:
    answer = outside.text(sid=sid)
    assert answer.status_code == 400
    assert "MessageSid" in answer.get_data(as_text=True)
    assert stored(session) == NOTHING


def test_the_same_sid_again_is_one_message_and_one_outbox_row(outside: Outside, session: Session) -> None:
    sid = new_sid("MM")
    answers = [outside.text("冰箱不冷", sid=sid), outside.text("冰箱不冷", sid=sid), outside.text("other", sid=sid)]
    assert [(answer.status_code, answer.get_data(as_text=True)) for answer in answers] == [(200, EMPTY)] * 3
    assert stored(session) == ONE
    assert the_message(session).body == "冰箱不冷", "the first one counts"


def test_the_same_words_with_another_sid_are_another_message(outside: Outside, session: Session) -> None:
    outside.text("5")
    outside.text("5")
    assert stored(session) == Stored(2, 2, 2)


def test_the_same_sid_of_another_account_is_another_message(outside: Outside, session: Session, settings: Any) -> None:
    sid = new_sid()
    for account in ("AC" + "2" * 32, "AC" + "3" * 32, "AC" + "2" * 32):
        outside.client.application.settings = load_settings(
            {
                "HELPDESK_DATA_DIR": str(settings.data_dir),
                "DATABASE_URL": settings.database_url,
                "SECRET_KEY": "only-for-tests-0123456789",
                "TWILIO_ACCOUNT_SID": account,
                "TWILIO_AUTH_TOKEN": "a-token",
            }
        )
        assert outside.text(sid=sid).status_code == 200
    assert stored(session) == Stored(2, 2, 2)
    assert sorted(session.scalars(select(Message.account))) == ["AC" + "2" * 32, "AC" + "3" * 32]


SIDS = st.one_of(
    st.sampled_from(["SM" + "a" * 32, "CA" + "a" * 32]),
    st.from_regex(r"\A(SM|MM|CA)[0-9a-f]{32}\Z"),
    st.text(max_size=70),
)
TEXTS = st.text(max_size=90)
NAMES = st.one_of(
    st.sampled_from(["Body", "NumMedia", "MediaUrl0", "MediaContentType0", "SmsStatus", "ErrorCode", "Digits"]),
    st.text(min_size=1, max_size=70),
)


@pytest.mark.parametrize(
    ("path", "answers"),
    [
        ("/twilio/sms", {200, 400}),
        ("/twilio/sms/status", {204, 400}),
        ("/twilio/voice", {200, 400}),
        ("/twilio/voice/status", {204, 400}),
    ],
)
@examples(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(sid="SM" + "a" * 32, sender="\x00", to="\x00", status="\x00", more=[("Digits", "\x00"), ("\x00", "\x00")])
@example(sid="CA" + "a" * 32, sender="+\x00", to="\x00", status="\x00", more=[("Digits", "\x00"), ("Body", "\x00")])
@example(sid="\x00", sender="1", to="1", status="sent", more=[])
@given(sid=SIDS, sender=TEXTS, to=TEXTS, status=TEXTS, more=st.lists(st.tuples(NAMES, TEXTS), max_size=6))
def test_no_signed_form_makes_an_error_of_ours(
    outside: Outside,
    path: str,
    answers: set[int],
    sid: str,
    sender: str,
    to: str,
    status: str,
    more: list[tuple[str, str]],
) -> None:
    form = outside.form(MessageSid=sid, CallSid=sid, From=sender, To=to, MessageStatus=status, CallStatus=status)
    pairs = [*form.items(), *((name, text) for name, text in more if name != "AccountSid")]
    answer = outside.post(path, pairs)
    assert answer.status_code in answers
