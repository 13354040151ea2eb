"""Nothing lost, nothing twice: real kills and freezes of real processes, a provider that misbehaves."""

from __future__ import annotations

import itertools
import random
import secrets
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select

from helpdesk.channels.models import InboundEvent, Interaction, Message
from helpdesk.story.visitor import Browser, StepFailed
from tests.e2e.conftest import Start
from tests.e2e.effects import unfinished
from tests.e2e.product import HOTLINE, READY_SECONDS, Product
from tests.standins import twilio as standin
from tests.standins.twilio import TwilioStandIn

TEXT = "My refrigerator does not cool and it drips"
SETTLED = 240.0
"""An answer that was lost costs a lease (45 s) and a reconciliation, a failure a pause that grows."""

Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def provider() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as twilio:
        yield twilio


@pytest.fixture(scope="module")
def product(start: Start, provider: TwilioStandIn) -> Product:
    return start(
        {
            "TWILIO_ACCOUNT_SID": standin.ACCOUNT,
            "TWILIO_AUTH_TOKEN": standin.TOKEN,
            "TWILIO_PHONE_NUMBER": HOTLINE,
            "TWILIO_API_BASE_URL": provider.url,
        }
    )


def senders(count: int) -> list[str]:
    """Numbers of people whom nobody knows, so that each text gets one answer."""
    return [f"+8526{number:07}" for number in random.sample(range(5_000_000, 9_999_999), count)]


def text_until_answered(product: Product, sender: str) -> tuple[str, int]:
    """As the provider does: the same message again until it is answered; (sid, how often it was sent)."""
    phone, sid = product.phone(sender), f"SM{secrets.token_hex(16)}"
    for tries in itertools.count(1):
        try:
            phone.text(TEXT, sid=sid)
        except (OSError, StepFailed):  # nobody listens, or the connection broke
            assert tries < 300, "the web server does not come back"
            time.sleep(0.2)
        else:
            return sid, tries
    raise AssertionError("unreachable")


def check_each_once(product: Product, provider: TwilioStandIn, sids: list[str], numbers: list[str]) -> None:
    """Every text is stored, handled and answered exactly once."""
    product.wait_until(lambda: unfinished(product) == [], SETTLED, "settled")
    with product.reading() as session:
        events = Counter(session.scalars(select(InboundEvent.sid).where(InboundEvent.sid.in_(sids))))
        texts = session.scalars(select(Message).where(Message.sid.in_(sids))).all()
        contacts = Counter(session.scalars(select(Interaction.message_id)))
        answers = Counter(
            session.scalars(select(Message.to_number).where(Message.direction == "out", Message.to_number.in_(numbers)))
        )
    assert events == dict.fromkeys(sids, 1)
    assert Counter(text.sid for text in texts) == events
    assert all(text.handled_at is not None and contacts[text.id] == 1 for text in texts)
    assert answers == dict.fromkeys(numbers, 1)
    assert Counter(m["to"] for m in provider.messages if m["to"] in numbers) == answers, "what the provider sent out"


def test_a_killed_web_server_loses_no_text(product: Product, provider: TwilioStandIn, record_property: Record) -> None:
    numbers, killed, over = senders(24), 0, threading.Event()
    sent: list[tuple[str, int]] = []

    def texting(mine: list[str]) -> None:
        sent.extend(text_until_answered(product, number) for number in mine)

    threads = [threading.Thread(target=texting, args=(numbers[start::4],)) for start in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) or killed < 4:
        killed += len(product.kill("web"))
        over.wait(random.uniform(0.1, 0.6))
        product.wait_until(product.serves, READY_SECONDS, "serving again")
        over.wait(2.5)
    for thread in threads:
        thread.join()
    product.wait_until(product.serves, READY_SECONDS, "serving again")
    check_each_once(product, provider, [sid for sid, _ in sent], numbers)
    repeated = sum(tries - 1 for _, tries in sent)
    record_property("web server", f"{killed} kill -9, {len(sent)} texts, {repeated} repeated by the provider")


def test_texts_are_taken_while_redis_is_frozen_and_answered_when_it_is_killed(
    product: Product, provider: TwilioStandIn, record_property: Record
) -> None:
    numbers = senders(8)
    assert product.kill("redis", signal.SIGSTOP)
    sent = [text_until_answered(product, number) for number in numbers[:4]]
    assert [tries for _, tries in sent] == [1] * 4, "the webhook depends on Redis"
    assert product.kill("redis")
    sent += [text_until_answered(product, number) for number in numbers[4:]]
    check_each_once(product, provider, [sid for sid, _ in sent], numbers)
    record_property("Redis", f"frozen and killed, {len(sent)} texts taken at once")


def test_a_misbehaving_provider_and_workers_killed_while_they_send(
    product: Product, provider: TwilioStandIn, record_property: Record
) -> None:
    """Refused, limited, accepted with the answer lost, accepted and failed; and a worker dies in mid-request.

    The demo's clock is two days ahead of the provider's, which must not make it look in the wrong place.
    """
    product.wait_until(product.serves, READY_SECONDS, "serving")
    visitor = Browser(product.url)
    visitor.get("/simulator")
    visitor.post("/simulator/forward", minutes=str(2 * 24 * 60))
    numbers = senders(10)
    provider.next(
        standin.refuse(),
        standin.accept_then_drop(),
        standin.rate_limit(),
        standin.accept_then_fail(),
        standin.drop(),
        standin.slow(2.0),
        standin.time_out(accept=True, after=4.0),
    )
    before = len(provider.messages)
    sent = [text_until_answered(product, number) for number in numbers]
    product.wait_until(lambda: len(provider.messages) > before + 2, READY_SECONDS, "sending")
    killed = 0
    for _ in range(3):
        killed += len(product.kill("horse")) + len(product.kill("worker-fast"))
        product.wait_until(lambda: bool(product.pids("worker-fast")), READY_SECONDS, "working again")
    check_each_once(product, provider, [sid for sid, _ in sent], numbers)
    record_property("provider", f"7 faults, {killed} kill -9 of its worker, {len(sent)} texts answered once each")
