"""Claim, call, settle: the one place that works off the outbox, and the owner of its transactions.

*Local* work (``run``) is claimed, done and finished in one transaction: exactly once. *External* work is
claimed and committed as ``maybe_sent``, performed with no database, settled in a second transaction
(``workers.external``). Whoever is woken drains what is due of its queue, so a lost wake-up costs nothing but
time.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any

from rq.timeouts import BaseTimeoutException
from sqlalchemy.orm import Session

from helpdesk import wakeup
from helpdesk.now import wall
from order_core.kernel import outbox
from order_core.kernel.outbox import BACKOFF, MAX_ATTEMPTS, OutboxRow
from workers import external, runtime
from workers.failures import describe, mourn, put_off
from workers.runtime import transaction

log = logging.getLogger(__name__)

DRAIN_SECONDS = 10.0
"""A drain stops taking rows after this long and asks to be woken again: a worker shows that it lives."""

_stopping = threading.Event()


@dataclass
class _Care:
    """Whether the process before this one died at its work: then each attempt is counted before it begins,
    so that a row that kills its worker is put off like any other that fails."""

    needed: bool = True


_care = _Care()


def stop_soon() -> None:
    """Let the running drain end after its present row."""
    _stopping.set()


def be_careful() -> None:
    """Somebody died at this work: count attempts beforehand until one drain has come to its end."""
    _care.needed = True


def drain(queue: str) -> int:
    """Work off everything due on a queue; returns how many rows were touched. The only function RQ runs.

    Oldest first, one local row and one external row in turn, so that a slow provider does not keep incoming
    messages waiting, nor the other way round.
    """
    with runtime.app().app_context():
        lanes = _lanes(queue)
        end = time.monotonic() + DRAIN_SECONDS
        rows = 0
        while not _stopping.is_set():
            worked = [lane() for lane in lanes]
            rows += sum(worked)
            if not any(worked):
                break
            if time.monotonic() > end:
                wakeup.nudge(runtime.app().settings.redis_url, [queue])
                break
        _care.needed = False
        return rows


def _lanes(queue: str) -> list[Callable[[], bool]]:
    topics = wakeup.topics_of(queue)
    local = [topic for topic in topics if not wakeup.TOPICS[topic].external]
    outward = [topic for topic in topics if wakeup.TOPICS[topic].external]
    lanes: list[Callable[[], bool]] = []
    if local:
        lanes.append(lambda: _work_local(queue, local))
    if outward:
        lanes.append(external.Lane(queue, outward, runtime.gateway()).work)
    return lanes


def _work_local(queue: str, topics: list[str]) -> bool:
    """Do one due local row; False when there is none."""
    return _work_carefully(queue, topics) if _care.needed else _work_at_once(queue, topics)


def _work_at_once(queue: str, topics: list[str]) -> bool:
    claimed: list[int] = []

    def work(session: Session, at: datetime) -> bool:
        claimed.clear()
        row = _claim(session, topics, queue, at)
        if row is None:
            return False
        claimed.append(row.id)
        _run(session, row, at)
        return True

    return _guarded(lambda: transaction(work, draining=queue), claimed, put_off)


def _work_carefully(queue: str, topics: list[str]) -> bool:
    """As above in two transactions: the attempt is counted and the row put off before it is tried."""

    def take(session: Session, at: datetime) -> int | None:
        row = _claim(session, topics, queue, at)
        if row is None:
            return None
        if row.attempts > MAX_ATTEMPTS:
            outbox.finish(row, at=at, state="dead", error=row.last_error or "its worker died each time")
            mourn(session, row, at=at)
        else:
            row.state, row.lease_until = "pending", None
            row.due_at = at + BACKOFF[min(row.attempts, len(BACKOFF)) - 1]
        return row.id

    def work(session: Session, at: datetime) -> bool:
        row = session.get(OutboxRow, row_id, with_for_update=True)
        if row is not None and row.state == "pending":
            _run(session, row, at)
        return True

    row_id = transaction(take, draining=queue)
    if row_id is None:
        return False
    return _guarded(lambda: transaction(work, draining=queue), [row_id], _remember)


def _claim(session: Session, topics: list[str], queue: str, at: datetime) -> OutboxRow | None:
    name = runtime.process_name(queue)
    return outbox.claim(session, topics, at=at, wall=wall(), worker=name, state="running")


def _run(session: Session, row: OutboxRow, at: datetime) -> None:
    job: Any = import_module(wakeup.TOPICS[row.topic].job)
    job.run(session, row.payload, at)
    outbox.finish(row, at=at)


def _remember(row_id: int, error: BaseException) -> None:
    """Note why an attempt failed that has been counted already."""

    def work(session: Session, at: datetime) -> None:
        row = session.get(OutboxRow, row_id, with_for_update=True)
        if row is not None and row.state == "pending":
            row.last_error = describe(error)

    log.warning("outbox %s failed: %s", row_id, describe(error), exc_info=error)
    transaction(work)


def _guarded(work: Callable[[], bool], claimed: list[int], handle: Callable[[int, BaseException], None]) -> bool:
    """Hand a failed row to ``handle`` and go on with the next; without a row (no database) give up.

    A drain that has run out of its time gives up as well: RQ's alarm is not set again for the next row.
    """
    try:
        return work()
    except Exception as error:
        if not claimed:
            raise
        handle(claimed[0], error)
        if isinstance(error, BaseTimeoutException):
            raise
        return True
