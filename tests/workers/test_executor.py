"""Local work: exactly once, oldest first, poison put aside."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from rq.timeouts import JobTimeoutException
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.now import wall
from order_core.kernel.notice import Notice
from order_core.kernel.outbox import MAX_ATTEMPTS
from tests.workers.conftest import Jobs, Publish, again, make_due
from workers import executor
from workers.executor import drain


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
