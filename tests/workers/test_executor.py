"""The executor: exactly once for local work, never blindly twice for external work, poison put aside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rq.timeouts import JobTimeoutException
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from helpdesk.channels.gateway import TransportError
from helpdesk.now import wall
from order_core.kernel.notice import Notice
from order_core.kernel.outbox import MAX_ATTEMPTS, OutboxRow
from tests.workers.conftest import Jobs, Provider, Publish
from workers import executor, external
from workers.executor import drain

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def again(session: Session, row: OutboxRow) -> OutboxRow:
    session.expire_all()
    return session.get_one(OutboxRow, row.id)


def make_due(session: Session, row: OutboxRow) -> None:
    """Let the row's pause or lease be over."""
    session.execute(update(OutboxRow).where(OutboxRow.id == row.id).values(due_at=LONG_AGO))
    session.execute(
        update(OutboxRow).where(OutboxRow.id == row.id, OutboxRow.lease_until.is_not(None)).values(lease_until=LONG_AGO)
    )
    session.commit()


def test_local_work_is_done_once_and_oldest_first(session: Session, jobs: Jobs, publish: Publish) -> None:
    done: list[int] = []
    jobs.local("tiny", lambda _s, payload, _at: done.append(payload["id"]))
    rows = [publish("tiny", id=number) for number in (1, 2, 3)]
    drain("fast")
    drain("fast")
    assert done == [1, 2, 3]
    assert {again(session, row).state for row in rows} == {"done"}


def test_what_is_not_due_waits(session: Session, jobs: Jobs, publish: Publish) -> None:
    done: list[int] = []
    jobs.local("tiny", lambda _s, payload, _at: done.append(payload["id"]))
    publish("tiny", due=wall() + timedelta(hours=1), id=1)
    drain("fast")
    assert done == []


def test_another_queues_work_is_left_alone(jobs: Jobs, publish: Publish) -> None:
    done: list[int] = []
    jobs.local("tiny", lambda _s, payload, _at: done.append(payload["id"]))
    publish("tiny", id=1)
    drain("plan")
    assert done == []


def test_a_failing_job_leaves_nothing_behind_and_is_put_off(session: Session, jobs: Jobs, publish: Publish) -> None:
    def half(inner: Session, _payload: dict[str, Any], at: datetime) -> None:
        inner.add(Notice(key="half", params={}, about_kind=None, about_id=None, about_number=None,
                         created_at=at, to_person_id=None, to_department=None))  # fmt: skip
        inner.flush()
        raise RuntimeError("call +85261230001")

    jobs.local("tiny", half)
    row = publish("tiny")
    before = row.due_at
    drain("fast")
    row = again(session, row)
    assert (row.state, row.attempts, row.due_at > before) == ("pending", 1, True)
    assert session.scalars(select(Notice).where(Notice.key == "half")).all() == []
    assert "RuntimeError" in (row.last_error or "")
    assert "+852" not in (row.last_error or "")


def test_one_poison_row_does_not_stop_the_rest(session: Session, jobs: Jobs, publish: Publish) -> None:
    done: list[int] = []

    def run(_session: Session, payload: dict[str, Any], _at: datetime) -> None:
        if payload["id"] == 1:
            raise ValueError
        done.append(payload["id"])

    jobs.local("tiny", run)
    for number in (1, 2, 3):
        publish("tiny", id=number)
    drain("fast")
    assert done == [2, 3]


def test_after_enough_attempts_a_row_is_dead_and_people_are_told(
    session: Session, company: Any, jobs: Jobs, publish: Publish
) -> None:
    def run(_session: Session, _payload: dict[str, Any], _at: datetime) -> None:
        raise ValueError

    jobs.local("tiny", run)
    row = publish("tiny")
    for _ in range(MAX_ATTEMPTS):
        drain("fast")
        make_due(session, row)
    assert again(session, row).state == "dead"
    told = session.scalars(select(Notice).where(Notice.key == "outbox.dead")).all()
    assert len(told) == 2, "the head of after-sales and the administrator"
    assert told[0].params == {"topic": "tiny", "row": row.id}


def test_a_row_that_kills_its_worker_is_counted_before_it_is_tried(
    session: Session, jobs: Jobs, publish: Publish
) -> None:
    """Killed while it works: nothing of the attempt is committed but the attempt itself."""
    done: list[int] = []

    class Killed(BaseException):
        pass

    def run(_session: Session, payload: dict[str, Any], _at: datetime) -> None:
        if payload["id"] == 1:
            raise Killed
        done.append(payload["id"])

    jobs.local("tiny", run)
    row = publish("tiny", id=1)
    publish("tiny", id=2)
    executor.be_careful()
    with pytest.raises(Killed):
        drain("fast")
    assert again(session, row).attempts == 1
    drain("fast")
    assert done == [2], "the next worker goes on with the next row"
    for _ in range(MAX_ATTEMPTS):
        executor.be_careful()
        make_due(session, row)
        with pytest.raises(Killed):
            drain("fast")
        if again(session, row).attempts == MAX_ATTEMPTS:
            break
    executor.be_careful()
    make_due(session, row)
    drain("fast")
    assert again(session, row).state == "dead"


def test_a_drain_that_runs_out_of_time_ends(session: Session, jobs: Jobs, publish: Publish) -> None:
    def run(_session: Session, _payload: dict[str, Any], _at: datetime) -> None:
        raise JobTimeoutException("too long")

    jobs.local("tiny", run)
    row = publish("tiny")
    with pytest.raises(JobTimeoutException):
        drain("fast")
    assert again(session, row).attempts == 1


def test_external_work_is_performed_outside_any_transaction(
    session: Session, jobs: Jobs, publish: Publish, working: Any
) -> None:
    from helpdesk.extensions import db

    class Watching(Provider):
        def perform(self, gateway: Any, request: tuple[int, bool]) -> Any:
            assert not db.session().in_transaction()
            assert session.scalar(select(OutboxRow.state).where(OutboxRow.id == row.id)) == "maybe_sent"
            return super().perform(gateway, request)

    provider = Watching("sid")
    jobs.external("out", provider)
    row = publish("out", id=7)
    drain("fast")
    assert provider.asked == [(7, False)]
    assert provider.settled == ["sid"]
    assert again(session, row).state == "done"


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (TransportError("21211", permanent=True), "failed"),
        (TransportError("429", unprocessed=True), "pending"),
        (TransportError("500"), "unknown"),
        (RuntimeError("broke"), "unknown"),
    ],
)
def test_an_error_carries_its_consequence(
    session: Session, jobs: Jobs, publish: Publish, answer: Exception, state: str
) -> None:
    provider = Provider(answer)
    jobs.external("out", provider)
    row = publish("out", id=1)
    drain("fast")
    row = again(session, row)
    assert row.state == state
    assert provider.settled == [answer]
    if state == "pending":
        assert row.due_at > wall()
    if state == "unknown":
        assert row.lease_until is not None
        assert row.lease_until > wall()


def test_doubtful_work_is_reconciled_before_it_is_repeated(session: Session, jobs: Jobs, publish: Publish) -> None:
    provider = Provider(TransportError("timeout"), "sid")
    jobs.external("out", provider)
    row = publish("out", id=1)
    drain("fast")
    drain("fast")
    assert provider.asked == [(1, False)], "not before its pause is over"
    make_due(session, row)
    drain("fast")
    assert provider.asked == [(1, False), (1, True)]
    assert again(session, row).state == "done"


def test_an_abandoned_claim_is_taken_up_when_its_lease_is_over(session: Session, jobs: Jobs, publish: Publish) -> None:
    class Killed(BaseException):
        pass

    provider = Provider(Killed(), "sid")
    jobs.external("out", provider)
    row = publish("out", id=1)
    with pytest.raises(Killed):
        drain("fast")
    assert again(session, row).state == "maybe_sent"
    drain("fast")
    assert len(provider.asked) == 1
    make_due(session, row)
    drain("fast")
    assert provider.asked == [(1, False), (1, True)]


def test_nothing_to_ask_is_done(session: Session, jobs: Jobs, publish: Publish) -> None:
    provider = Provider("sid")
    jobs.external("out", provider)
    row = publish("out", id=1, nothing=True)
    drain("fast")
    assert provider.asked == []
    assert again(session, row).state == "done"


def test_a_row_that_cannot_be_prepared_is_put_off(session: Session, jobs: Jobs, publish: Publish) -> None:
    provider = Provider("sid")
    jobs.external("out", provider)
    row = publish("out")  # no id in the payload
    drain("fast")
    row = again(session, row)
    assert (row.state, row.attempts, provider.asked) == ("pending", 1, [])


def test_an_answer_that_cannot_be_written_down_is_in_doubt(session: Session, jobs: Jobs, publish: Publish) -> None:
    class Forgetful(Provider):
        def settle(self, inner: Session, payload: dict[str, Any], outcome: Any, at: datetime) -> None:
            raise ValueError

    jobs.external("out", Forgetful("sid"))
    row = publish("out", id=1)
    drain("fast")
    assert again(session, row).state == "unknown"


def test_a_process_that_was_frozen_leaves_the_row_to_others(
    session: Session, jobs: Jobs, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = Provider("sid")
    jobs.external("out", provider)
    row = publish("out", id=1)
    real = external.wall
    times = iter([real(), real() + timedelta(seconds=40)])
    monkeypatch.setattr(external, "wall", lambda: next(times, real()))
    drain("fast")
    assert provider.asked == []
    assert again(session, row).state == "maybe_sent"


def test_a_provider_that_is_away_does_not_keep_local_work_waiting(
    session: Session, jobs: Jobs, publish: Publish
) -> None:
    done: list[int] = []
    provider = Provider(TransportError("timeout"))
    jobs.external("out", provider)
    jobs.local("tiny", lambda _s, payload, _at: done.append(payload["id"]))
    for number in range(10):
        publish("out", id=number)
        publish("tiny", id=number)
    drain("fast")
    assert len(provider.asked) == external.PROVIDER_AWAY
    assert done == list(range(10))


def test_dead_external_work_is_said_aloud(session: Session, company: Any, jobs: Jobs, publish: Publish) -> None:
    jobs.external("out", Provider(TransportError("timeout")))
    row = publish("out", id=1)
    for _ in range(MAX_ATTEMPTS):
        drain("fast")
        make_due(session, row)
    assert again(session, row).state == "dead"
    assert session.scalars(select(Notice).where(Notice.key == "outbox.dead")).all()
