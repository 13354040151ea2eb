"""One contract for every gateway: a message goes out once, whatever the provider's answers do on their way.

The console's gateway, Twilio's and the webhook gateway (against stand-ins, over HTTP) pass the same tests, from the
outbox row to the settled message. What only a provider that can fail shows follows below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels import addresses, service, twilio_gateway
from helpdesk.channels.gateway import Gateway, OutgoingCall, OutgoingSms, TransportError
from helpdesk.channels.models import Call, ConsentEntry, Message
from helpdesk.channels.rules import CALL_SID, RANK, SID
from helpdesk.channels.webhook_gateway import WebhookGateway
from helpdesk.config import load_settings
from helpdesk.hotline import calls
from order_core.kernel.outbox import OutboxRow
from tests.helpdesk.channels.conftest import CHEN, LIN, SMITH
from tests.standins import twilio as standin
from tests.standins.twilio import Fault, TwilioStandIn
from tests.standins.webhook import SECRET, WebhookStandIn
from tests.workers.conftest import make_due
from workers import runtime
from workers.executor import drain

PATIENCE = 1.0
"""Seconds after which an impatient client gives a silent provider up."""
SENDER = "+85230000000"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client gives up sooner than in real life."""
    monkeypatch.setattr(twilio_gateway, "TIMEOUT_SECONDS", PATIENCE)


@pytest.fixture
def twilio() -> Iterator[TwilioStandIn]:
    """A provider that has started."""
    with TwilioStandIn() as running:
        yield running


@pytest.fixture
def webhook() -> Iterator[WebhookStandIn]:
    """A service of one's own that has started."""
    with WebhookStandIn() as running:
        yield running


@pytest.fixture(params=["console", "twilio", "webhook"])
def settings(request: pytest.FixtureRequest, settings: Any) -> Any:
    """Settings that choose the gateway under test."""
    if request.param == "console":
        return settings
    if request.param == "webhook":
        return webhook_settings(settings, request.getfixturevalue("webhook"))
    return twilio_settings(settings, request.getfixturevalue("twilio"))


def twilio_settings(settings: Any, twilio: TwilioStandIn, **more: str) -> Any:
    """Settings of a company with an account at the stand-in."""
    return load_settings(
        {
            "HELPDESK_DATA_DIR": str(settings.data_dir),
            "DATABASE_URL": settings.database_url,
            "SECRET_KEY": "only-for-tests-0123456789",
            "PUBLIC_URL": "https://care.example",
            "TWILIO_ACCOUNT_SID": twilio.account,
            "TWILIO_AUTH_TOKEN": f"{twilio.token},old",
            "TWILIO_PHONE_NUMBER": SENDER,
            "TWILIO_API_BASE_URL": twilio.url,
            **more,
        }
    )


def webhook_settings(settings: Any, webhook: WebhookStandIn) -> Any:
    """Settings of a company with a service of its own."""
    return load_settings(
        {
            "HELPDESK_DATA_DIR": str(settings.data_dir),
            "DATABASE_URL": settings.database_url,
            "SECRET_KEY": "only-for-tests-0123456789",
            "PUBLIC_URL": "https://care.example",
            "HELPDESK_MESSAGES_URL": webhook.url,
            "HELPDESK_MESSAGES_SECRET": f"{SECRET},old",
            "HELPDESK_MESSAGES_SENDER": SENDER,
        }
    )


ID = re.compile(r"[\w-]{1,64}")
FORM_OF_ID = {"console": (SID, CALL_SID), "twilio": (SID, CALL_SID), "webhook": (ID, ID)}
"""What ids of messages and calls look like."""


@pytest.fixture
def gateway(settings: Any) -> Gateway:
    """The gateway that the settings choose."""
    return addresses.gateway(settings)


@dataclass
class Desk:
    """What the business asks for, and the worker that brings it about."""

    session: Session
    at: datetime

    def ask(self, body: str = "冰箱 is on its way", *, to: str = LIN, purpose: str | None = None) -> Message:
        """Ask for a message."""
        message = service.send_text(
            self.session, contact=None, to=to, text=body, language="en", at=self.at, purpose=purpose
        )
        self.session.commit()
        return message

    def call(self, number: str = LIN) -> Call:
        """Ask for a call."""
        call = calls.ask(self.session, number=number, language="en", contact_id=None, issue_id=None, at=self.at)
        self.session.commit()
        return call

    def work(self) -> None:
        """Let a worker do everything that is due, pauses and leases being over."""
        for row in self.session.scalars(select(OutboxRow)).all():
            make_due(self.session, row)
        drain("fast")
        self.session.expire_all()

    def row(self, key: str) -> OutboxRow:
        return self.session.scalars(select(OutboxRow).where(OutboxRow.key == key)).one()


@pytest.fixture
def desk(session: Session, app: Any, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A worker of this app on the test's database."""
    monkeypatch.setattr(runtime, "app", lambda: app)
    monkeypatch.setattr(runtime, "gateway", lambda: gateway)
    yield Desk(session, datetime.now(UTC))
    addresses.configure(load_settings({}))


def sms(reference: str = "message:1", body: str = "hello 冰箱 😀", **more: Any) -> OutgoingSms:
    return OutgoingSms(reference=reference, to=LIN, body=body, created_at=datetime.now(UTC), **more)


def test_a_sent_message_has_a_sid_and_a_status_that_we_rank(gateway: Gateway) -> None:
    accepted = gateway.send_message(sms())
    assert FORM_OF_ID[gateway.name][0].fullmatch(accepted.sid)
    assert accepted.status in RANK
    assert 0 < len(gateway.account) <= 64


def test_looking_first_is_sending_once(gateway: Gateway) -> None:
    asked = sms()
    first = gateway.send_message(asked)
    again = gateway.send_message(replace(asked, look_first=True))
    assert again.sid == first.sid


def test_a_twin_is_another_message(gateway: Gateway) -> None:
    first = gateway.send_message(sms("message:1"))
    twin = sms("message:2", look_first=True, known_sids=frozenset({first.sid}))
    assert gateway.send_message(twin).sid != first.sid


def test_what_is_found_was_sent_to_that_number_since_then(gateway: Gateway) -> None:
    asked = sms()
    sid = gateway.send_message(asked).sid
    gateway.send_message(replace(asked, reference="message:2", to=CHEN))
    found = gateway.find_messages(LIN, asked.created_at)
    expected = [] if gateway.name == "console" else [(sid, LIN, asked.body)]  # the console's sids need no search
    assert [(row.sid, row.to, row.body) for row in found] == expected
    if gateway.name == "twilio":  # a webhook gateway's service need not keep times: references do
        assert gateway.find_messages(LIN, asked.created_at + timedelta(hours=1)) == []


def test_what_came_in_is_listed_as_the_webhook_would_bring_it(gateway: Gateway, request: Any) -> None:
    sent_at = datetime.now(UTC).replace(microsecond=0)
    if gateway.name == "twilio":
        request.getfixturevalue("twilio").write_in(LIN, "冰箱不冷", to=SENDER, sent_at=sent_at)
    if gateway.name == "webhook":
        row = {"id": "in-1", "from": LIN, "to": SENDER, "body": "冰箱不冷", "sent_at": sent_at.isoformat()}
        request.getfixturevalue("webhook").inbound.append(row)
    found = gateway.find_inbound(sent_at - timedelta(minutes=1))
    expected = [] if gateway.name == "console" else [(LIN, SENDER, "冰箱不冷", gateway.account, sent_at)]
    seen = [(one.inbound.sender, one.inbound.to, one.inbound.body, one.inbound.account, one.sent_at) for one in found]
    assert seen == expected


def test_no_gateway_fetches_from_a_foreign_host(gateway: Gateway) -> None:
    for url in ("https://evil.example/x", "http://169.254.169.254/latest", "file:///etc/passwd"):
        with pytest.raises(TransportError) as refused:
            gateway.fetch_media(url)
        assert refused.value.permanent


def test_a_placed_call_has_a_sid(gateway: Gateway) -> None:
    placed = gateway.place_call(OutgoingCall("call:1", LIN, "https://care.example/twilio/voice/callback?call=1"))
    assert FORM_OF_ID[gateway.name][1].fullmatch(placed.sid)


def test_an_asked_message_is_sent_and_settled(desk: Desk, gateway: Gateway) -> None:
    message = desk.ask()
    desk.work()
    assert FORM_OF_ID[gateway.name][0].fullmatch(message.sid or "")
    assert (message.provider, message.account) == (gateway.name, gateway.account)
    assert message.status in ("accepted", "delivered")
    assert message.sent_at is not None
    assert desk.row(f"sms:{message.id}").state == "done"


def test_a_settled_message_is_never_sent_again(desk: Desk) -> None:
    message = desk.ask()
    desk.work()
    sid, row = message.sid, desk.row(f"sms:{message.id}")
    row.state, row.lease_until = "pending", None  # as after a crash between two commits
    desk.session.commit()
    desk.work()
    assert (message.sid, desk.row(f"sms:{message.id}").state) == (sid, "done")


def somebody_awake() -> str:
    """A number where it is day now: surveys wait for the morning."""
    return LIN if not 14 <= datetime.now(UTC).hour < 23 else SMITH


class Killed(BaseException):
    """A worker's sudden end."""


@dataclass
class Deadly:
    """A gateway whose caller dies, before the provider is asked or after."""

    inner: Gateway
    asks: bool
    sids: list[str] = field(default_factory=list)

    def send_message(self, sms: OutgoingSms) -> None:
        if self.asks:
            self.sids.append(self.inner.send_message(sms).sid)
        raise Killed

    def place_call(self, call: OutgoingCall) -> None:
        if self.asks:
            self.sids.append(self.inner.place_call(call).sid)
        raise Killed


def die(desk: Desk, monkeypatch: pytest.MonkeyPatch, gateway: Gateway, *, first: bool) -> list[str]:
    """Let a worker die at its work; returns the sids that the provider gave before. ``first``: it was asked first."""
    deadly = Deadly(gateway, first)
    with monkeypatch.context() as patch:
        patch.setattr(runtime, "gateway", lambda: deadly)
        with pytest.raises(Killed):
            desk.work()
    return deadly.sids


def test_a_message_whose_worker_died_is_sent_once_by_the_next(
    desk: Desk, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = desk.ask()
    sids = die(desk, monkeypatch, gateway, first=True)
    assert (message.sid, desk.row(f"sms:{message.id}").state) == (None, "maybe_sent")
    desk.work()
    assert [message.sid] == sids


def test_a_message_that_never_left_is_sent_by_the_next_worker(
    desk: Desk, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = desk.ask()
    assert die(desk, monkeypatch, gateway, first=False) == []
    desk.work()
    assert FORM_OF_ID[gateway.name][0].fullmatch(message.sid or "")


def test_an_asked_call_is_placed_and_settled(desk: Desk, gateway: Gateway) -> None:
    call = desk.call()
    desk.work()
    assert FORM_OF_ID[gateway.name][1].fullmatch(call.sid or "")
    assert call.state in ("answered", "ended")
    assert desk.row(f"call:{call.id}").state == "done"


def test_a_number_that_refused_gets_nothing_and_the_row_is_done(desk: Desk) -> None:
    message = desk.ask()
    service.opt_out(desk.session, LIN, "all", "STOP", at=desk.at)
    desk.session.commit()
    desk.work()
    assert (message.sid, message.status) == (None, "suppressed")
    assert desk.row(f"sms:{message.id}").state == "done"


class TestWebhook:
    """What only happens with a service that can fail."""

    @pytest.fixture(params=["webhook"])
    def settings(self, settings: Any, webhook: WebhookStandIn) -> Any:
        return webhook_settings(settings, webhook)

    @pytest.mark.parametrize(
        "fault",
        [standin.accept_then_drop(), standin.accept_then_fail(500), standin.drop(), standin.refuse(500)],
        ids=["dropped", "500 after", "dropped before", "500 before"],
    )
    def test_an_unknown_outcome_is_repeated_under_the_same_reference(
        self, desk: Desk, webhook: WebhookStandIn, fault: Fault
    ) -> None:
        message = desk.ask()
        webhook.next(fault)
        desk.work()
        assert (message.sid, message.status) == (None, "unknown")
        desk.work()
        assert [row["reference"] for row in webhook.messages] == [f"message:{message.id}"], "one SMS"
        assert message.sid == webhook.messages[0]["id"]

    def test_the_service_is_told_all_that_it_needs(self, desk: Desk, webhook: WebhookStandIn) -> None:
        message = desk.ask()
        desk.work()
        assert webhook.messages == [
            {
                "reference": f"message:{message.id}",
                "from": SENDER,
                "to": LIN,
                "body": message.body,
                "status_callback": f"https://care.example/gateway/status?message={message.id}",
                "id": "message-1",
                "status": "queued",
            }
        ]

    def test_each_refusal_has_its_consequence(self, desk: Desk, webhook: WebhookStandIn) -> None:
        webhook.opted_out.add(CHEN)
        busy, wrong, refused = desk.ask(), desk.ask(to="12"), desk.ask(to=CHEN)
        webhook.next(standin.rate_limit())
        desk.work()
        assert [row.status for row in (busy, wrong, refused)] == ["queued", "failed", "failed"]
        assert service.refused(desk.session, CHEN, ())
        desk.work()
        assert busy.status == "accepted"

    def test_a_wrong_secret_sends_nothing(self, webhook: WebhookStandIn) -> None:
        gateway = WebhookGateway(webhook.url, "another", sender=SENDER)
        with pytest.raises(TransportError) as refused:
            gateway.send_message(sms())
        assert refused.value.permanent
        assert webhook.requests == []


class TestTwilio:
    """What only happens with a provider that can fail."""

    @pytest.fixture(params=["twilio"])
    def settings(self, settings: Any, twilio: TwilioStandIn) -> Any:
        return twilio_settings(settings, twilio)

    def test_the_provider_is_told_who_sends_and_where_reports_go(self, desk: Desk, twilio: TwilioStandIn) -> None:
        message = desk.ask("冰箱 😀 \u202e")
        desk.work()
        (method, kind, fields), *more = twilio.requests
        assert (method, kind, more) == ("POST", "Messages", [])
        assert fields == {
            "To": LIN,
            "From": SENDER,
            "Body": "冰箱 😀 \u202e",
            "StatusCallback": f"https://care.example/twilio/sms/status?message={message.id}",
        }
        assert (message.sid, message.status) == (twilio.messages[0]["sid"], "accepted")

    def test_a_messaging_service_wins_over_the_number(self, settings: Any, twilio: TwilioStandIn) -> None:
        service_sid = "MG" + "5" * 32
        gateway = addresses.gateway(twilio_settings(settings, twilio, TWILIO_MESSAGING_SERVICE_SID=service_sid))
        assert gateway.send_message(sms()).status == "accepted"
        assert (twilio.messages[0]["messaging_service_sid"], twilio.messages[0]["from"]) == (service_sid, None)

    @pytest.mark.parametrize(
        ("fault", "arrived"),
        [
            (standin.accept_then_drop(), True),
            (standin.accept_then_fail(500), True),
            (standin.accept_then_fail(503), True),
            (standin.drop(), False),
            (standin.refuse(500), False),
        ],
        ids=["dropped", "500 after", "503 after", "dropped before", "500 before"],
    )
    def test_an_unknown_outcome_is_looked_up_before_it_is_repeated(
        self, desk: Desk, twilio: TwilioStandIn, fault: Fault, arrived: bool
    ) -> None:
        message = desk.ask()
        twilio.next(fault)
        desk.work()
        assert (message.sid, message.status) == (None, "unknown")
        assert desk.row(f"sms:{message.id}").state == "unknown"
        drain("fast")
        assert twilio.asked("POST") == 1, "not before its pause is over"
        desk.work()
        assert [row["body"] for row in twilio.messages] == [message.body], "one SMS, whatever was known"
        assert message.sid == twilio.messages[0]["sid"]
        assert (twilio.asked("GET"), twilio.asked("POST")) == (1, 1 if arrived else 2)
        assert (message.status, desk.row(f"sms:{message.id}").state) == ("accepted", "done")

    @pytest.mark.usefixtures("impatient")
    @pytest.mark.parametrize("arrived", [True, False])
    def test_silence_is_an_unknown_outcome_too(self, desk: Desk, twilio: TwilioStandIn, arrived: bool) -> None:
        message = desk.ask()
        twilio.next(standin.time_out(accept=arrived))
        desk.work()
        assert (message.status, len(twilio.messages)) == ("unknown", int(arrived))
        desk.work()
        assert (message.status, len(twilio.messages)) == ("accepted", 1)

    def test_nothing_is_repeated_while_it_cannot_be_looked_up(self, desk: Desk, twilio: TwilioStandIn) -> None:
        message = desk.ask()
        twilio.next(standin.accept_then_drop())
        twilio.next(standin.refuse(500), standin.rate_limit(), standin.drop(), method="GET")
        for _ in range(4):
            desk.work()
            assert twilio.asked("POST") == 1
        desk.work()
        assert len(twilio.messages) == 1
        assert message.sid == twilio.messages[0]["sid"]

    def test_a_report_that_overtakes_the_answer_brings_the_sid(self, desk: Desk, twilio: TwilioStandIn) -> None:
        message = desk.ask()
        twilio.next(standin.accept_then_drop())
        desk.work()
        sid = twilio.messages[0]["sid"]
        service.apply_status(desk.session, message, "delivered", sid=sid, error_code=None, at=desk.at)
        desk.session.commit()
        desk.work()
        assert (message.sid, message.status, len(twilio.messages)) == (sid, "delivered", 1)
        assert twilio.asked("GET") == 0

    def test_twins_in_doubt_are_told_apart(self, desk: Desk, twilio: TwilioStandIn) -> None:
        first, second = desk.ask("same words"), desk.ask("same words")
        twilio.next(standin.accept_then_drop(), standin.drop())
        desk.work()
        desk.work()
        assert len(twilio.messages) == 2
        assert {first.sid, second.sid} == {row["sid"] for row in twilio.messages}

    def test_a_rate_limit_is_waited_out_and_sent_once(self, desk: Desk, twilio: TwilioStandIn) -> None:
        message = desk.ask()
        twilio.next(standin.rate_limit(), standin.rate_limit())
        desk.work()
        assert (message.status, desk.row(f"sms:{message.id}").state) == ("queued", "pending")
        drain("fast")
        assert twilio.asked("POST") == 1, "not before its pause is over"
        desk.work()
        desk.work()
        assert len(twilio.messages) == 1
        assert (message.sid, message.status) == (twilio.messages[0]["sid"], "accepted")

    @pytest.mark.parametrize(("number", "code"), [("12", 21211), (CHEN, 21610)])
    def test_a_permanent_error_is_marked_and_never_repeated(
        self, desk: Desk, twilio: TwilioStandIn, number: str, code: int
    ) -> None:
        twilio.opted_out.add(CHEN)
        message = desk.ask(to=number)
        desk.work()
        desk.work()
        assert (message.sid, message.status, message.error_code) == (None, "failed", code)
        assert desk.row(f"sms:{message.id}").state == "failed"
        assert (twilio.asked("POST"), twilio.messages) == (1, [])
        refusals = desk.session.scalars(select(ConsentEntry)).all()
        assert [(row.phone, row.scope) for row in refusals] == ([(CHEN, "all")] if code == 21610 else [])

    def test_a_refusal_that_only_the_provider_knew_stops_the_next_message(
        self, desk: Desk, twilio: TwilioStandIn
    ) -> None:
        twilio.opted_out.add(CHEN)
        desk.ask(to=CHEN)
        desk.work()
        message = desk.ask(to=CHEN)
        desk.work()
        assert (message.status, twilio.asked("POST")) == ("suppressed", 1)

    def test_a_wrong_password_fails_and_says_so(self, settings: Any, twilio: TwilioStandIn) -> None:
        gateway = addresses.gateway(twilio_settings(settings, twilio, TWILIO_AUTH_TOKEN="wrong"))
        with pytest.raises(TransportError) as caught:
            gateway.send_message(sms())
        assert (caught.value.code, caught.value.permanent) == (20003, True)

    def test_a_slow_answer_within_patience_is_an_answer(self, desk: Desk, twilio: TwilioStandIn) -> None:
        message = desk.ask()
        twilio.next(standin.slow(0.05))
        desk.work()
        assert (message.status, twilio.asked("GET"), len(twilio.messages)) == ("accepted", 0, 1)

    def test_a_survey_in_doubt_is_not_repeated(self, desk: Desk, twilio: TwilioStandIn) -> None:
        message = desk.ask("How was it? 1-5", to=somebody_awake(), purpose="survey.ask")
        twilio.next(standin.drop())
        desk.work()
        desk.work()
        assert (message.sid, message.status) == (None, "unknown")
        assert (twilio.asked("POST"), desk.row(f"sms:{message.id}").state) == (1, "done")

    @pytest.mark.parametrize("arrived", [True, False])
    def test_a_survey_whose_worker_died_is_not_repeated(
        self, desk: Desk, twilio: TwilioStandIn, monkeypatch: pytest.MonkeyPatch, gateway: Gateway, arrived: bool
    ) -> None:
        message = desk.ask("How was it? 1-5", to=somebody_awake(), purpose="survey.ask")
        die(desk, monkeypatch, gateway, first=arrived)
        desk.work()
        assert (message.status, twilio.asked("POST")) == ("unknown", int(arrived))

    @pytest.mark.parametrize("arrived", [True, False])
    def test_a_call_whose_worker_died_is_not_repeated(
        self, desk: Desk, twilio: TwilioStandIn, monkeypatch: pytest.MonkeyPatch, gateway: Gateway, arrived: bool
    ) -> None:
        call = desk.call()
        die(desk, monkeypatch, gateway, first=arrived)
        desk.work()
        assert (call.state, twilio.asked("POST", "Calls")) == ("unknown", int(arrived))

    def test_a_survey_that_was_rate_limited_is_sent_later(self, desk: Desk, twilio: TwilioStandIn) -> None:
        message = desk.ask("How was it? 1-5", to=somebody_awake(), purpose="survey.ask")
        twilio.next(standin.rate_limit())
        desk.work()
        assert message.status == "queued"
        desk.work()
        assert len(twilio.messages) == 1
        assert (message.sid, message.status) == (twilio.messages[0]["sid"], "accepted")

    def test_a_call_in_doubt_does_not_ring_twice(self, desk: Desk, twilio: TwilioStandIn) -> None:
        call = desk.call()
        twilio.next(standin.accept_then_drop())
        desk.work()
        desk.work()
        assert (len(twilio.calls), twilio.asked("POST", "Calls")) == (1, 1)
        assert (call.sid, call.state) == (None, "unknown")

    def test_a_call_that_was_rate_limited_is_placed_later(self, desk: Desk, twilio: TwilioStandIn) -> None:
        call = desk.call()
        twilio.next(standin.rate_limit())
        desk.work()
        assert (call.sid, call.state) == (None, "ringing")
        desk.work()
        assert call.sid == twilio.calls[0]["sid"]
        assert len(twilio.calls) == 1

    def test_a_call_to_a_wrong_number_has_failed(self, desk: Desk, twilio: TwilioStandIn) -> None:
        call = desk.call("12")
        desk.work()
        desk.work()
        assert (call.state, desk.row(f"call:{call.id}").state) == ("failed", "failed")
        assert twilio.asked("POST", "Calls") == 1

    def test_a_taken_call_asks_us_what_to_say(self, desk: Desk, twilio: TwilioStandIn) -> None:
        call = desk.call()
        desk.work()
        assert twilio.calls[0]["url"] == f"https://care.example/twilio/voice/callback?call={call.id}"
        assert (twilio.calls[0]["to"], twilio.calls[0]["from"]) == (LIN, SENDER)

    def test_a_refusing_provider_does_not_stop_the_others(self, desk: Desk, twilio: TwilioStandIn) -> None:
        wrong = [desk.ask(to="12") for _ in range(5)]
        right = desk.ask()
        desk.work()
        assert [message.status for message in wrong] == ["failed"] * 5
        assert (right.status, len(twilio.messages)) == ("accepted", 1)
