"""The stand-in as the official client sees it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from requests.exceptions import ConnectionError as Dropped
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from helpdesk.channels.twilio_gateway import RedirectedHttpClient
from tests.standins import twilio as standin
from tests.standins.twilio import TwilioStandIn

US, THEM = "+85230000000", "+85261230001"


@pytest.fixture
def twilio() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as running:
        yield running


def client_of(twilio: TwilioStandIn, token: str = standin.TOKEN) -> Any:
    return Client(twilio.account, token, http_client=RedirectedHttpClient(twilio.url))


def test_what_was_accepted_is_remembered_and_listed_newest_first(twilio: TwilioStandIn) -> None:
    client = client_of(twilio)
    sids = [client.messages.create(to=THEM, from_=US, body=f"Nr {n} 冰箱 😀").sid for n in range(5)]
    client.messages.create(to="+85261230002", from_=US, body="somebody else's")
    assert [row.sid for row in client.messages.list(to=THEM, limit=200)] == sids[::-1]
    assert [row.sid for row in client.messages.list(to=THEM, page_size=2)] == sids[::-1], "over three pages"
    fetched = client.messages(sids[0]).fetch()
    assert (fetched.body, fetched.status, fetched.to) == ("Nr 0 冰箱 😀", "queued", THEM)
    assert fetched.date_created.tzinfo is not None


def test_a_queued_message_has_no_date_sent_and_is_not_found_by_it(twilio: TwilioStandIn) -> None:
    client = client_of(twilio)
    sid = client.messages.create(to=THEM, from_=US, body="hello").sid
    since = datetime(2020, 1, 1, tzinfo=UTC)
    assert client.messages.list(date_sent_after=since) == []
    twilio.progress(sid, "delivered")
    assert [row.status for row in client.messages.list(date_sent_after=since)] == ["delivered"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"to": "12", "from_": US, "body": "x"}, 21211),
        ({"to": THEM, "from_": US, "body": "x" * 1601}, 21617),
        ({"to": THEM, "from_": US, "body": ""}, 21602),
        ({"to": THEM, "body": "x"}, 21603),
        ({"to": "+85261230009", "from_": US, "body": "x"}, 21610),
    ],
)
def test_it_refuses_what_twilio_refuses(twilio: TwilioStandIn, fields: dict[str, str], code: int) -> None:
    twilio.opted_out.add("+85261230009")
    with pytest.raises(TwilioRestException) as caught:
        client_of(twilio).messages.create(**fields)
    assert (caught.value.status, caught.value.code) == (400, code)
    assert twilio.messages == []


def test_a_wrong_password_and_an_unknown_record_are_refused(twilio: TwilioStandIn) -> None:
    with pytest.raises(TwilioRestException) as caught:
        client_of(twilio, "wrong").messages.create(to=THEM, from_=US, body="x")
    assert (caught.value.status, caught.value.code) == (401, 20003)
    with pytest.raises(TwilioRestException) as caught:
        client_of(twilio).messages("SM" + "0" * 32).fetch()
    assert (caught.value.status, caught.value.code) == (404, 20404)


@pytest.mark.parametrize(
    ("fault", "accepted"),
    [(standin.drop(), 0), (standin.accept_then_drop(), 1)],
)
def test_a_dropped_connection_looks_the_same_whether_it_was_accepted_or_not(
    twilio: TwilioStandIn, fault: standin.Fault, accepted: int
) -> None:
    twilio.next(fault)
    with pytest.raises(Dropped):
        client_of(twilio).messages.create(to=THEM, from_=US, body="x")
    assert len(twilio.messages) == accepted
    client_of(twilio).messages.create(to=THEM, from_=US, body="x")
    assert len(twilio.messages) == accepted + 1, "a fault concerns one request"


def test_calls_are_placed_and_slow_answers_are_true(twilio: TwilioStandIn) -> None:
    twilio.next(standin.slow(0.01))
    call = client_of(twilio).calls.create(to=THEM, from_=US, url="https://care.example/voice")
    assert [row["sid"] for row in twilio.calls] == [call.sid]
    assert call.sid.startswith("CA")
