"""The outbox: one row a key, one taker a row, pauses and leases as declared, nothing without its transaction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from order_core.issues.models import Issue
from order_core.kernel import outbox
from order_core.kernel.actor import CLOCK
from order_core.kernel.outbox import BACKOFF, MAX_ATTEMPTS, PUBLISHED, OutboxRow
from tests.order_core.conftest import on_database, undone

WALL = datetime(2001, 1, 1, tzinfo=UTC)
"""Real time, far from business time on purpose: neither may be taken for the other."""
SECOND = timedelta(seconds=1)
STATES = ("pending", "running", "maybe_sent", "unknown", "done", "failed", "dead", "cancelled", "held")


def rows(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(OutboxRow)) or 0


def take(
    session: Session, at: datetime, wall: datetime = WALL, state: str = "maybe_sent", **more: Any
) -> OutboxRow | None:
    return outbox.claim(session, ["sms"], at=at, wall=wall, worker="w", state=state, **more)


def taken(session: Session, at: datetime, wall: datetime = WALL) -> OutboxRow:
    row = take(session, at, wall)
    assert row is not None
    return row


def publish(session: Session, at: datetime, topic: str = "sms", number: int = 1, **more: Any) -> OutboxRow:
    """Ask, and look at the row: the one of the key if there is a key, else the newest."""
    outbox.publish(session, topic, {"id": number}, at=at, **more)
    asked = select(OutboxRow).order_by(OutboxRow.id.desc()).limit(1)
    return session.scalars(asked.where(OutboxRow.key == more["key"]) if "key" in more else asked).one()


def test_what_is_asked_for_remembers_its_cause_and_who_asked(session: Session, ticket: Issue, at: datetime) -> None:
    row = publish(session, at, cause=ticket, by=CLOCK)
    session.expire_all()
    assert (row.cause_kind, row.cause_id, row.by) == ("Issue", ticket.id, {"kind": "clock", "id": None})
    assert (row.state, row.attempts, row.due_at, row.created_at) == ("pending", 0, at, at)


@pytest.mark.parametrize("state", STATES)
def test_a_key_is_published_once_whatever_became_of_its_row(session: Session, at: datetime, state: str) -> None:
    first = publish(session, at, key="survey:1")
    first.state = state
    again = publish(session, at, key="survey:1", number=2)
    assert again is first
    assert (rows(session), again.payload, again.state) == (1, {"id": 1}, state)


def test_without_a_key_every_asking_is_its_own(session: Session, at: datetime) -> None:
    assert publish(session, at).id != publish(session, at).id


def test_two_that_publish_one_key_at_the_same_moment_collide(session: Session, at: datetime) -> None:
    """Both have looked before either wrote: the unique key decides, and the transaction is repeated."""
    publish(session, at, key="survey:1")
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(OutboxRow(topic="sms", payload={}, key="survey:1", due_at=at, created_at=at))
    assert publish(session, at, key="survey:1").payload == {"id": 1}
    assert rows(session) == 1


def test_nothing_is_published_by_a_transaction_that_is_rolled_back(session: Session, at: datetime) -> None:
    publish(session, at, key="survey:1")
    session.rollback()
    assert rows(session) == 0
    assert take(session, at) is None
    assert publish(session, at, key="survey:1").id is not None, "and its key is free"


def test_only_what_is_due_at_once_asks_for_a_wake_up(session: Session, at: datetime) -> None:
    now = publish(session, at)
    publish(session, at, due=at + SECOND)
    past = publish(session, at, due=at - SECOND)
    publish(session, at, key="k")
    publish(session, at, key="k")
    asked = [row_id for row_id, _topic in session.info[PUBLISHED]]
    assert asked[:2] == [now.id, past.id]
    assert len(asked) == 3, "a key published before wakes nobody"


def test_a_row_is_claimed_once(session: Session, other: Session, at: datetime) -> None:
    row = publish(session, at)
    session.commit()
    assert taken(session, at).id == row.id
    session.commit()
    assert take(other, at) is None
    other.commit()
    assert take(session, at) is None


def test_a_claim_that_is_rolled_back_was_none(session: Session, other: Session, at: datetime) -> None:
    row_id = publish(session, at).id
    session.commit()
    taken(session, at)
    session.rollback()
    again = taken(other, at)
    assert (again.id, again.attempts) == (row_id, 1)


def test_a_claim_says_who_holds_it_and_how_long(session: Session, at: datetime) -> None:
    publish(session, at)
    row = take(session, at, state="running", lease=timedelta(seconds=30))
    assert row is not None
    assert (row.state, row.claimed_by, row.attempts) == ("running", "w", 1)
    assert row.lease_until == WALL + timedelta(seconds=30)
    assert not row.needs_reconciling


def test_nothing_is_claimed_before_it_is_due(session: Session, at: datetime) -> None:
    publish(session, at, due=at + SECOND)
    assert take(session, at) is None
    assert take(session, at + SECOND) is not None


@pytest.mark.parametrize("state", ["maybe_sent", "unknown"])
def test_doubtful_work_is_taken_up_when_its_lease_is_over(session: Session, at: datetime, state: str) -> None:
    row = publish(session, at)
    taken(session, at)
    row.state = state
    session.flush()
    assert take(session, at, WALL + timedelta(seconds=59)) is None
    again = taken(session, at, WALL + timedelta(seconds=60))
    assert (again.id, again.attempts, again.needs_reconciling) == (row.id, 2, True)


@pytest.mark.parametrize("state", ["running", "done", "failed", "dead", "cancelled", "held"])
def test_settled_and_held_rows_are_never_claimed(session: Session, at: datetime, state: str) -> None:
    row = publish(session, at)
    row.state, row.lease_until = state, WALL - timedelta(days=1)
    session.flush()
    assert take(session, at + timedelta(days=1)) is None
    assert outbox.due_topics(session, at=at + timedelta(days=1), wall=WALL) == []


facts = st.tuples(
    st.sampled_from(["sms", "plan", "heavy"]),
    st.sampled_from(STATES),
    st.integers(-2, 2),
    st.none() | st.integers(-2, 2),
)


@on_database
@given(facts=st.lists(facts, max_size=8), topics=st.sets(st.sampled_from(["sms", "plan", "heavy"])))
def test_claiming_until_there_is_nothing_takes_each_due_row_once_the_oldest_first(
    session: Session, at: datetime, facts: list[tuple[str, str, int, int | None]], topics: set[str]
) -> None:
    with undone(session):
        expected: list[tuple[datetime, int, str]] = []
        for topic, state, due, lease in facts:
            row = publish(session, at, topic, due=at + due * SECOND)
            row.state, row.lease_until = state, None if lease is None else WALL + lease * SECOND
            session.flush()
            abandoned = state in ("maybe_sent", "unknown") and lease is not None and lease <= 0
            if (state == "pending" and due <= 0) or abandoned:
                expected.append((row.due_at, row.id, topic))
        assert set(outbox.due_topics(session, at=at, wall=WALL)) == {topic for *_, topic in expected}
        claimed = []
        for _ in range(len(facts) + 1):
            found = outbox.claim(session, topics, at=at, wall=WALL, worker="w", state="maybe_sent")
            if found is not None:
                claimed.append(found.id)
        assert claimed == [row_id for _, row_id, topic in sorted(expected) if topic in topics]


@pytest.mark.parametrize("attempt", range(1, MAX_ATTEMPTS))
def test_each_failure_waits_longer_than_the_one_before(session: Session, at: datetime, attempt: int) -> None:
    row = publish(session, at)
    row.attempts = attempt - 1
    session.flush()
    outbox.retry_later(taken(session, at), at=at, error="429")
    session.flush()
    assert (row.state, row.due_at, row.lease_until, row.last_error) == (
        "pending",
        at + BACKOFF[attempt - 1],
        None,
        "429",
    )
    assert take(session, row.due_at - SECOND) is None
    assert taken(session, row.due_at).attempts == attempt + 1


def test_pauses_never_get_shorter() -> None:
    assert list(BACKOFF) == sorted(BACKOFF)
    assert len(BACKOFF) == MAX_ATTEMPTS


def test_a_provider_may_name_the_pause_itself(session: Session, at: datetime) -> None:
    row = publish(session, at)
    outbox.retry_later(taken(session, at), at=at, error="429", after=timedelta(seconds=7))
    assert row.due_at == at + timedelta(seconds=7)


@pytest.mark.parametrize("attempt", range(1, MAX_ATTEMPTS))
def test_an_unknown_outcome_waits_in_real_time(session: Session, at: datetime, attempt: int) -> None:
    row = publish(session, at)
    row.attempts = attempt - 1
    session.flush()
    outbox.leave_unknown(taken(session, at), at=at, wall=WALL, error="timeout")
    session.flush()
    pause = BACKOFF[attempt - 1]
    assert (row.state, row.lease_until, row.due_at) == ("unknown", WALL + pause, at)
    assert take(session, at + timedelta(days=9), WALL + pause - SECOND) is None, "business time does not count"
    assert taken(session, at, WALL + pause).needs_reconciling


@pytest.mark.parametrize("unknown", [False, True])
def test_after_the_last_attempt_a_row_is_dead_and_says_why(session: Session, at: datetime, unknown: bool) -> None:
    row = publish(session, at)
    row.attempts = MAX_ATTEMPTS - 1
    session.flush()
    last = taken(session, at)
    if unknown:
        outbox.leave_unknown(last, at=at, wall=WALL, error="timeout")
    else:
        outbox.retry_later(last, at=at, error="timeout")
    session.flush()
    assert (row.state, row.done_at, row.lease_until, row.last_error) == ("dead", at, None, "timeout")
    assert take(session, at + timedelta(days=9), WALL + timedelta(days=9)) is None


@pytest.mark.parametrize("state", STATES)
def test_only_what_nobody_has_claimed_can_be_withdrawn(session: Session, at: datetime, state: str) -> None:
    row = publish(session, at, key="k")
    session.execute(update(OutboxRow).values(state=state))
    assert outbox.cancel(session, "k", at=at) is (state == "pending")
    session.expire_all()
    assert row.state == ("cancelled" if state == "pending" else state)
    assert outbox.cancel(session, "no such key", at=at) is False
