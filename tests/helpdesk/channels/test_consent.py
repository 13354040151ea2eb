"""What a number may be sent: the ledger, and what the claim asks, so that it holds for what was queued before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels import budget, consent, outgoing, service
from helpdesk.channels.budget import Rate, refill, seconds_to_wait
from helpdesk.channels.gateway import OutgoingSms, TransportError
from helpdesk.channels.models import ConsentEntry, Message
from helpdesk.channels.rules import may_send
from order_core.errors import Invalid
from order_core.kernel.outbox import Later
from tests.helpdesk.channels.conftest import LIN, SMITH

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
NIGHT = NOON + timedelta(hours=12)
"""Midnight in Hong Kong, eight in the morning in San Francisco."""
ENTRY = st.tuples(st.sampled_from(["all", "survey", "marketing"]), st.booleans())


@pytest.mark.parametrize(
    ("history", "service_", "survey", "marketing"),
    [
        ([], True, True, False),
        ([("all", False)], False, False, False),
        ([("all", False), ("all", True)], True, True, False),
        ([("survey", False)], True, False, False),
        ([("marketing", True)], True, True, True),
        ([("marketing", True), ("all", False), ("all", True)], True, True, False),
        ([("survey", False), ("all", True)], True, True, False),
    ],
)
def test_the_last_word_counts(history: list[tuple[str, bool]], service_: bool, survey: bool, marketing: bool) -> None:
    assert [may_send(history, scope) for scope in ("service", "survey", "marketing")] == [service_, survey, marketing]


@given(st.lists(ENTRY, max_size=8))
def test_a_refusal_of_everything_refuses_everything(history: list[tuple[str, bool]]) -> None:
    after = [*history, ("all", False)]
    assert not any(may_send(after, scope) for scope in ("service", "survey", "marketing"))


@given(st.lists(ENTRY, max_size=8), st.sampled_from(["survey", "marketing"]))
def test_a_word_about_one_kind_leaves_the_others(history: list[tuple[str, bool]], scope: str) -> None:
    others = {"service", "survey", "marketing"} - {scope}
    after = [*history, (scope, False)]
    assert all(may_send(after, other) == may_send(history, other) for other in others)


def test_the_ledger_only_grows_and_keeps_no_empty_word(session: Session) -> None:
    say = [("survey", False), ("survey", False), ("all", False), ("survey", False), ("all", True)]
    news = [consent.record(session, LIN, scope, yes, source="word", word="x", at=NOON) for scope, yes in say]
    assert news == [True, False, True, False, True]
    assert [(row.scope, row.allowed) for row in consent.ledger(session, f"whatsapp:{LIN}")] == [
        ("survey", False), ("all", False), ("all", True),
    ]  # fmt: skip
    assert consent.allows(session, f"whatsapp:{LIN}", "survey"), "one number, whatever the channel"
    assert consent.allows(session, SMITH, "service")
    with pytest.raises(Invalid):
        consent.record(session, LIN, "weather", False, source="agent", at=NOON)


def test_where_a_number_stands_is_one_word(session: Session) -> None:
    said = [("marketing", True), ("survey", False), ("all", False), ("all", True)]
    words = [consent.standing(session, LIN)]
    for scope, yes in said:
        consent.record(session, LIN, scope, yes, source="agent", at=NOON)
        words.append(consent.standing(session, LIN))
    assert words == ["all", "marketing", "no_survey", "none", "all"]


def ask(session: Session, purpose: str | None, to: str = LIN, at: datetime = NOON, text: str = "hello") -> Message:
    return service.send_text(session, contact=None, to=to, text=text, language="en", at=at, purpose=purpose)


def claimed(session: Session, message: Message, at: datetime = NOON) -> OutgoingSms | Later | None:
    return outgoing.prepare(session, {"message_id": message.id}, at, False)


@pytest.mark.clause("5.1.1-a")
@pytest.mark.parametrize(
    ("scope", "stopped"),
    [("all", {"survey.ask", "visit.booked", None}), ("survey", {"survey.ask"}), ("marketing", set())],
)
def test_a_refusal_stops_what_was_queued_before_it(session: Session, scope: str, stopped: set[str | None]) -> None:
    queued = {purpose: ask(session, purpose) for purpose in ("survey.ask", "visit.booked", None)}
    service.opt_out(session, LIN, scope, "退訂", at=NOON)
    left = {purpose: claimed(session, message) for purpose, message in queued.items()}
    assert {purpose for purpose, request in left.items() if request is None} == stopped
    assert {purpose for purpose, message in queued.items() if message.status == "suppressed"} == stopped


def test_nobody_gets_marketing_who_has_not_asked_for_it(session: Session) -> None:
    assert claimed(session, ask(session, "marketing.autumn")) is None
    consent.record(session, LIN, "marketing", True, source="web", at=NOON)
    assert isinstance(claimed(session, ask(session, "marketing.autumn")), OutgoingSms)


@pytest.mark.clause("5.1.1-a")
def test_a_refusal_is_confirmed_once(session: Session) -> None:
    first, again = ask(session, "optout.done"), ask(session, "optout.done")
    service.opt_out(session, LIN, "all", "STOP", at=NOON)
    assert isinstance(claimed(session, first), OutgoingSms)
    assert claimed(session, again) is None
    service.opt_in(session, LIN, at=NOON + timedelta(hours=1))
    later = ask(session, "optout.done", at=NOON + timedelta(hours=2))
    assert isinstance(claimed(session, later), OutgoingSms), "a new refusal is confirmed anew"


@pytest.mark.clause("5.1.1-a")
def test_the_providers_refusal_becomes_ours(session: Session) -> None:
    message = ask(session, "visit.booked")
    claimed(session, message)
    outgoing.settle(session, {"message_id": message.id}, TransportError("400 21610", permanent=True, code=21610), NOON)
    row = session.scalars(select(ConsentEntry)).one()
    assert (row.phone, row.scope, row.allowed, row.source) == (LIN, "all", False, "provider")
    assert claimed(session, ask(session, "visit.reminder")) is None


def test_the_night_is_that_of_the_addressee(session: Session) -> None:
    morning = NIGHT + timedelta(hours=7)
    assert claimed(session, ask(session, "visit.reminder", at=NIGHT), NIGHT) == Later(morning)
    assert isinstance(claimed(session, ask(session, "visit.reminder", SMITH, NIGHT), NIGHT), OutgoingSms)
    assert isinstance(claimed(session, ask(session, "ticket.created", at=NIGHT), NIGHT), OutgoingSms), "an answer"
    assert isinstance(claimed(session, ask(session, "safety.gas", at=NIGHT), NIGHT), OutgoingSms)
    late = ask(session, "visit.on_my_way", at=NIGHT)
    assert (claimed(session, late, NIGHT), late.status) == (None, "suppressed"), "of no use in the morning"


def test_who_has_just_written_is_awake(session: Session) -> None:
    session.add(
        Message(
            direction="in", provider="console", account="AC1", from_number=LIN, to_number="x", body="?",
            created_at=NIGHT - timedelta(minutes=20), author_kind="customer", status="received",
        )
    )  # fmt: skip
    session.flush()
    assert isinstance(claimed(session, ask(session, "order.moved", at=NIGHT), NIGHT), OutgoingSms)
    later = NIGHT + timedelta(hours=2)
    assert claimed(session, ask(session, "order.moved", at=later), later) == Later(NIGHT + timedelta(hours=7))


RATES = st.builds(Rate, st.floats(0.1, 100), st.floats(1, 200))


@given(RATES, st.floats(-500, 200), st.lists(st.tuples(st.floats(0, 100), st.integers(1, 10)), max_size=20))
def test_no_sender_is_faster_than_its_rate(rate: Rate, tokens: float, asked: list[tuple[float, int]]) -> None:
    start, now, spent = min(tokens, rate.burst), 0.0, 0
    left = start
    for pause, parts in asked:
        now, spent = now + pause, spent + parts
        left = refill(left, pause, rate) - parts
        free_at = now + seconds_to_wait(left, rate)
        assert spent <= max(start, rate.burst) + rate.rate * free_at + max(parts, 1) + 1e-6


@pytest.mark.parametrize(
    ("sender", "kind"),
    [
        ("+85230000000", "long_code"),
        ("+18005550100", "toll_free"),
        ("10690", "short_code"),
        ("OrderCare", "alphanumeric"),
        ("MG" + "5" * 32, "messaging_service"),
    ],
)
def test_each_kind_of_sender_has_its_rate(sender: str, kind: str) -> None:
    assert budget.kind_of(sender) == kind
    assert budget.rate_of(kind).rate > 0


def test_what_waits_for_its_sender_has_paid_and_goes_at_its_time(session: Session, monkeypatch: Any) -> None:
    monkeypatch.setattr(budget, "_sender", "+85230000000")
    burst = int(budget.rate_of("long_code").burst)
    long = "冰" * 134  # two parts
    sent = [claimed(session, ask(session, None, text=long)) for _ in range(burst // 2)]
    assert all(isinstance(request, OutgoingSms) for request in sent)
    waiting = ask(session, None, text=long)
    put_off = claimed(session, waiting)
    assert isinstance(put_off, Later)
    assert 1 <= (put_off.until - NOON).total_seconds() <= 2, "two parts, at one a second"
    assert isinstance(claimed(session, ask(session, "safety.gas")), OutgoingSms), "danger waits for nobody"
    assert isinstance(claimed(session, waiting, put_off.until), OutgoingSms)
    assert isinstance(claimed(session, ask(session, None, f"whatsapp:{LIN}")), OutgoingSms), "another sender"
