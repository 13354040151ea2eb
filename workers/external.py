"""External work: claimed and committed, performed without the database, settled.

A claim is committed as ``maybe_sent`` before the provider is called. Whoever finds it so with its lease run
out does not know whether the provider acted, and says so to ``prepare(again=True)``: reconcile, then adopt or
repeat. A job module has three functions:

``prepare(session, payload, at, again)``  what to ask of the provider as plain values, None for nothing, or ``Later``
``perform(gateway, request)``             asks; returns the outcome or raises ``TransportError``; no database
``settle(session, payload, outcome, at)`` writes down what became of it; an error is an outcome too
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from sqlalchemy.orm import Session

from helpdesk import wakeup
from helpdesk.channels.gateway import TransportError
from helpdesk.now import wall
from order_core.kernel import outbox
from order_core.kernel.outbox import MAX_ATTEMPTS, OutboxRow
from workers import runtime
from workers.failures import describe, mourn
from workers.runtime import transaction

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=45)
"""Longer than the provider may take (10 s to look, 10 s to send), shorter than a customer's patience."""
ENOUGH_LEFT = timedelta(seconds=25)
"""A process that was frozen between claim and call leaves the row to others."""
PROVIDER_AWAY = 3
"""After so many failures of the provider in a row the drain goes on with local work only."""


@dataclass(frozen=True)
class Claim:
    """A committed claim."""

    row_id: int
    job: Any
    payload: dict[str, Any]
    again: bool
    lease_until: datetime


class Lane:
    """The external work of one drain."""

    def __init__(self, queue: str, topics: list[str], gateway: Any) -> None:
        self._queue = queue
        self._topics = topics
        self._gateway = gateway
        self._failures = 0

    def work(self) -> bool:
        """Claim, perform and settle one due row; False when there is none or the provider is away."""
        if self._failures >= PROVIDER_AWAY:
            return False
        claim = transaction(self._claim)
        if claim is None:
            return False
        try:
            request = transaction(lambda session, at: _prepare(session, claim, at), draining=self._queue)
        except Exception as error:
            said = describe(error)
            log.warning("outbox %s cannot be prepared: %s", claim.row_id, said, exc_info=error)
            transaction(lambda session, at: _put_back(session, claim, said, at))
            return True
        if request is not None and wall() < claim.lease_until - ENOUGH_LEFT:
            self._settle(claim, self._perform(claim, request))
        return True

    def _claim(self, session: Session, at: datetime) -> Claim | None:
        name, moment = runtime.process_name(self._queue), wall()
        row = outbox.claim(session, self._topics, at=at, wall=moment, worker=name, state="maybe_sent", lease=LEASE)
        if row is not None and row.attempts > MAX_ATTEMPTS:
            outbox.finish(row, at=at, state="dead", error=row.last_error or "its worker died each time")
            mourn(session, row, at=at)
            return self._claim(session, at)
        if row is None:
            return None
        job = import_module(wakeup.TOPICS[row.topic].job)
        return Claim(row.id, job, row.payload, row.needs_reconciling, moment + LEASE)

    def _perform(self, claim: Claim, request: Any) -> Any:
        try:
            outcome = claim.job.perform(self._gateway, request)
        except TransportError as error:
            self._failures = 0 if error.permanent else self._failures + 1
            return error
        except Exception as error:
            log.exception("outbox %s: the job broke while the provider was asked", claim.row_id)
            return error
        self._failures = 0
        return outcome

    def _settle(self, claim: Claim, outcome: Any) -> None:
        """Write down the outcome; when that fails the row is reconciled later, as if no answer had come."""
        try:
            transaction(lambda session, at: _write_down(session, claim, outcome, at), draining=self._queue)
        except Exception as error:
            said = describe(error)
            log.warning("outbox %s cannot be settled: %s", claim.row_id, said, exc_info=error)
            transaction(lambda session, at: _doubt(session, claim, said, at))


def _prepare(session: Session, claim: Claim, at: datetime) -> Any:
    request = claim.job.prepare(session, claim.payload, at, claim.again)
    row = _row(session, claim)
    if row is not None and isinstance(request, outbox.Later):
        outbox.put_off(row, request.until)
    elif row is not None and request is None:
        outbox.finish(row, at=at)
    return None if isinstance(request, outbox.Later) else request


def _write_down(session: Session, claim: Claim, outcome: Any, at: datetime) -> None:
    row = _row(session, claim)
    if row is None:
        return
    if not isinstance(outcome, Exception):
        outbox.finish(row, at=at)
    elif not isinstance(outcome, TransportError):
        outbox.leave_unknown(row, at=at, wall=wall(), error=describe(outcome))
    elif outcome.permanent:
        outbox.finish(row, at=at, state="failed", error=str(outcome))
    elif outcome.unprocessed:
        outbox.retry_later(row, at=at, error=str(outcome))
    else:
        outbox.leave_unknown(row, at=at, wall=wall(), error=str(outcome))
    claim.job.settle(session, claim.payload, outcome, at)
    mourn(session, row, at=at)


def _put_back(session: Session, claim: Claim, error: str, at: datetime) -> None:
    """Nothing was asked of the provider this time; an earlier attempt may have been heard all the same."""
    row = _row(session, claim)
    if row is None:
        return
    if claim.again:
        outbox.leave_unknown(row, at=at, wall=wall(), error=error)
    else:
        outbox.retry_later(row, at=at, error=error)
    mourn(session, row, at=at)


def _doubt(session: Session, claim: Claim, error: str, at: datetime) -> None:
    row = _row(session, claim)
    if row is not None:
        outbox.leave_unknown(row, at=at, wall=wall(), error=error)
        mourn(session, row, at=at)


def _row(session: Session, claim: Claim) -> OutboxRow | None:
    """The claimed row, unless somebody else has settled it meanwhile."""
    row = session.get(OutboxRow, claim.row_id, with_for_update=True)
    return row if row is not None and row.state in {"maybe_sent", "unknown"} else None
