"""External work: claimed, performed without the database, settled; never blindly repeated."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels.gateway import TransportError
from helpdesk.now import wall
from order_core.kernel.notice import Notice
from order_core.kernel.outbox import MAX_ATTEMPTS, OutboxRow
from tests.workers.conftest import Jobs, Provider, Publish, again, make_due
from workers import external
from workers.executor import drain


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
    times = iter([wall(), wall() + timedelta(seconds=40)])
    monkeypatch.setattr(external, "wall", lambda: next(times, wall()))
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
