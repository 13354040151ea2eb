"""Messages that no webhook brought, and the files that customers send: from the provider's list to the ticket page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels import addresses, media_rules, service
from helpdesk.channels.models import Message, MessageMedia, PollMark
from helpdesk.channels.rules import read_message
from helpdesk.channels.twilio_gateway import MEDIA_HOSTS
from order_core.kernel import outbox
from order_core.kernel.outbox import OutboxRow
from order_core.parties.service import ensure_departments
from tests.helpdesk.channels.conftest import CHEN, LIN
from tests.helpdesk.channels.test_gateways import SENDER, twilio_settings
from tests.standins import twilio as standin
from tests.standins.twilio import ACCOUNT, VERSION, TwilioStandIn
from tests.workers.conftest import make_due
from workers import runtime
from workers.executor import drain

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489")
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(40)
HTML = b"<html><script>alert(1)</script>"
ZIP = b"PK\x03\x04" + bytes(60)


@pytest.fixture
def twilio() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as running:
        yield running


@pytest.fixture
def worker(session: Session, app: Any, settings: Any, twilio: TwilioStandIn, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A worker of a company with an account at the stand-in."""
    ensure_departments(session)
    session.commit()
    gateway = addresses.gateway(twilio_settings(settings, twilio))
    monkeypatch.setattr(runtime, "app", lambda: app)
    monkeypatch.setattr(runtime, "gateway", lambda: gateway)
    return app


def work(session: Session, *queues: str) -> None:
    for queue in queues:
        drain(queue)
    session.expire_all()


def poll(session: Session) -> None:
    outbox.publish(session, "inbound.poll", {}, at=datetime.now(UTC))
    session.commit()
    work(session, "heavy", "fast")


def received(session: Session) -> list[Message]:
    return list(session.scalars(select(Message).where(Message.direction == "in").order_by(Message.id)))


def by_webhook(session: Session, row: dict[str, Any]) -> bool:
    form = {"MessageSid": row["sid"], "AccountSid": ACCOUNT, "From": row["from"], "To": row["to"], "Body": row["body"]}
    inbound = read_message({name: [value] for name, value in form.items()})
    return service.receive(session, "twilio", inbound, at=datetime.now(UTC))


@pytest.mark.clause("5.1.1-d")
def test_after_an_outage_nothing_is_missing_and_nothing_is_twice(
    session: Session, worker: Any, twilio: TwilioStandIn
) -> None:
    now = datetime.now(UTC)
    brought = twilio.write_in(LIN, "冰箱不冷", to=SENDER, sent_at=now - timedelta(hours=3))
    assert by_webhook(session, brought)
    missed = [
        twilio.write_in(LIN, f"第{n}則", to=SENDER, sent_at=now - timedelta(hours=2, minutes=-n)) for n in range(3)
    ]
    poll(session)
    assert [row.sid for row in received(session)] == [brought["sid"], *(row["sid"] for row in missed)]
    assert all(row.handled_at for row in received(session))
    assert received(session)[1].created_at < now - timedelta(hours=1), "when it was written, not when we learned of it"
    assert not by_webhook(session, missed[0]), "and if the webhook comes after all"
    poll(session)
    assert len(received(session)) == 4


@pytest.mark.clause("5.1.1-d")
def test_late_messages_are_answered_once_a_person(session: Session, worker: Any, twilio: TwilioStandIn) -> None:
    now = datetime.now(UTC)
    for n, words in enumerate(("冰箱不冷", "怎麼沒人回", "還在嗎")):
        twilio.write_in(LIN, words, to=SENDER, sent_at=now - timedelta(hours=2, minutes=-5 * n))
    twilio.write_in(CHEN, "聞到瓦斯味", to=SENDER, sent_at=now - timedelta(hours=1))
    poll(session)
    out = session.scalars(select(Message).where(Message.direction == "out").order_by(Message.id)).all()
    left = [(row.to_number, row.purpose) for row in out if row.status != "suppressed"]
    assert [entry for entry in left if entry[0] == LIN] == [(LIN, "late.received")]
    assert (CHEN, "safety.gas") in left, "danger is answered however late"


def test_a_failed_look_is_made_good_by_the_next(session: Session, worker: Any, twilio: TwilioStandIn) -> None:
    twilio.write_in(LIN, "你好，冰箱不冷", to=SENDER, sent_at=datetime.now(UTC))
    twilio.next(standin.refuse(500), standin.refuse(500), method="GET")
    poll(session)
    assert received(session) == []
    assert session.get(PollMark, "inbound") is None
    twilio.forget_faults()
    poll(session)
    assert len(received(session)) == 1
    assert session.get_one(PollMark, "inbound").read_until <= datetime.now(UTC)


def path_of(name: str) -> str:
    return f"/{VERSION}/Accounts/{ACCOUNT}/Messages/MM{'0' * 32}/Media/{name}"


@pytest.mark.clause("5.1.1-d")
def test_files_are_kept_or_put_apart_by_what_they_are(
    session: Session, worker: Any, twilio: TwilioStandIn, settings: Any
) -> None:
    sent = {
        "ME1": ("image/png", PNG), "ME2": ("image/jpeg", PNG), "ME3": ("image/png", HTML), "ME4": ("image/png", ZIP),
        "ME5": ("video/mp4", JPEG), "ME6": ("image/png", PNG + bytes(media_rules.MOST_BYTES)),
        "ME8": ("image/png", b""),
    }  # fmt: skip
    for name, (kind, data) in sent.items():
        twilio.files[path_of(name)] = (200, kind, data)
    twilio.files[path_of("ME7")] = (307, "https://evil.example/x", b"")
    files = [path_of(name) for name in (*sent, "ME7")]
    twilio.write_in(LIN, "冰箱漏水", to=SENDER, sent_at=datetime.now(UTC), media=files)
    poll(session)
    work(session, "heavy")
    rows = session.scalars(select(MessageMedia).order_by(MessageMedia.position)).all()
    assert [(row.url.rsplit("/", 1)[1], row.state, row.reason) for row in rows] == [
        ("ME1", "stored", None),
        ("ME2", "stored", None),
        ("ME3", "quarantined", "unknown"),
        ("ME4", "quarantined", "kind"),
        ("ME5", "quarantined", "other_than_declared"),
        ("ME6", "failed", "too large"),
        ("ME8", "quarantined", "empty"),
        ("ME7", "failed", "foreign host"),
    ]
    kept = settings.data_dir / "attachments" / (rows[0].name or "")
    assert (kept.read_bytes(), rows[0].media_type, rows[0].size) == (PNG, "image/png", len(PNG))
    assert rows[0].name == rows[1].name, "the same bytes are kept once"
    assert kept.stat().st_mode & 0o077 == 0


def test_a_passing_failure_is_tried_again(session: Session, worker: Any, twilio: TwilioStandIn) -> None:
    twilio.files[path_of("ME9")] = (503, "image/png", b"")
    twilio.write_in(LIN, "漏水", to=SENDER, sent_at=datetime.now(UTC), media=[path_of("ME9")])
    poll(session)
    work(session, "heavy")
    row = session.scalars(select(MessageMedia)).one()
    assert row.state == "pending"
    twilio.files[path_of("ME9")] = (200, "image/png", PNG)
    make_due(session, session.scalars(select(OutboxRow).where(OutboxRow.topic == "media.fetch")).one())
    work(session, "heavy")
    assert row.state == "stored"


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1", True),
        ("https://mms.twiliocdn.com/AC1/x", True),
        ("https://API.TWILIO.COM/x", True),
        ("http://api.twilio.com/x", False),
        ("https://api.twilio.com:8443/x", False),
        ("https://api.twilio.com@evil.example/x", False),
        ("https://user:secret@api.twilio.com/x", False),
        ("https://api.twilio.com.evil.example/x", False),
        ("https://eviltwiliocdn.com/x", False),
        ("https://169.254.169.254/latest/meta-data", False),
        ("https://localhost/x", False),
        ("file:///etc/passwd", False),
        ("https://[::1]/x", False),
        ("https://api.twilio.com:port/x", False),
        ("", False),
    ],
)
def test_only_the_providers_own_hosts_are_asked(url: str, may: bool) -> None:
    assert media_rules.may_ask(url, MEDIA_HOSTS) == may
