"""The scheduler: it watches the time and wakes those who work. It works nothing off itself.

Any number may run; a lease row makes one of them lead. While Redis is away it goes on firing clocks and
asking for periodic work, and wakes the workers as soon as Redis answers: what is due stays a row until then.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from types import FrameType

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from helpdesk import wakeup
from helpdesk.now import wall
from order_core.issues.level import service as level
from order_core.kernel import clock, notice, outbox
from workers import runtime, schedule
from workers.models import Lease
from workers.runtime import transaction

log = logging.getLogger(__name__)

LEADER = "scheduler"
LEASE = timedelta(seconds=15)
RENEW_BEFORE = timedelta(seconds=9)
"""The lease is renewed when less than this is left of it: not at every turn, each renewal is a disk flush."""
IDLE_SECONDS = 2.0
CLOCKS_EVERY = 10.0
"""Seconds between two looks at clocks and periodic work; deadlines are in minutes and more."""


class Scheduler:
    """One process's turn-taking. ``turn`` may be called by tests; ``run`` loops until told to stop."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name or runtime.process_name("scheduler")
        self._leads_until: datetime | None = None
        self._looked_at_clocks = -CLOCKS_EVERY

    def run(self, stop: threading.Event) -> None:
        """Take turns until ``stop`` is set. A database that is away is waited for."""
        while not stop.is_set():
            try:
                self.turn()
            except SQLAlchemyError:
                self._leads_until = None
                log.exception("scheduler: database")
            stop.wait(IDLE_SECONDS)
        self.resign()

    def turn(self) -> bool:
        """Do what is due if this process leads; whether it does."""
        with runtime.app().app_context():
            if not self.lead():
                return False
            if time.monotonic() - self._looked_at_clocks >= CLOCKS_EVERY:
                self._looked_at_clocks = time.monotonic()
                _apart("clocks", _fire_clocks)
                _apart("schedule", _ask_for_periodic_work)
            wake_due(runtime.app().settings.redis_url)
            return True

    def lead(self) -> bool:
        """Take or keep the lease."""
        moment = wall()
        if self._leads_until is not None and self._leads_until - moment > RENEW_BEFORE:
            return True
        won = transaction(lambda session, _at: take_lease(session, LEADER, self.name, moment, LEASE))
        if won and self._leads_until is None:
            log.info("%s leads", self.name)
        self._leads_until = moment + LEASE if won else None
        return won

    def resign(self) -> None:
        """Leave the lease to whoever asks next."""
        if self._leads_until is None:
            return
        with runtime.app().app_context():
            moment = wall()
            transaction(lambda session, _at: take_lease(session, LEADER, self.name, moment, timedelta(0)))
        self._leads_until = None


def take_lease(session: Session, name: str, holder: str, moment: datetime, duration: timedelta) -> bool:
    """Hold ``name`` until ``moment + duration`` (real time), when it is free, has run out or is ours."""
    until = moment + duration
    taken = session.scalar(
        update(Lease)
        .where(Lease.name == name, (Lease.holder == holder) | (Lease.until <= moment))
        .values(holder=holder, until=until)
        .returning(Lease.name)
        .execution_options(synchronize_session=False)
    )
    if taken is not None:
        return True
    try:
        with session.begin_nested():
            session.add(Lease(name=name, holder=holder, until=until))
        return True
    except IntegrityError:
        return False  # somebody holds it


def wake_due(redis_url: str) -> list[wakeup.QueueName]:
    """Wake the queues that have due rows or claims whose holder has not settled them; returns their names."""
    topics = transaction(
        lambda session, at: outbox.due_topics(session, at=at, wall=wall()),
        write=False,
    )
    queues = sorted({wakeup.TOPICS[topic].queue for topic in topics if topic in wakeup.TOPICS})
    wakeup.nudge(redis_url, queues)
    return queues


def _fire_clocks(session: Session, at: datetime) -> None:
    clock.fire_due(session, at=at, calendar=level.calendars(session))
    notice.escalate_unread(session, at=at)


def _ask_for_periodic_work(session: Session, at: datetime) -> None:
    schedule.ask_for_due(session, at)


def _apart(what: str, work: Callable[[Session, datetime], None]) -> None:
    """Do one thing in its own transaction; its failure is logged and stops nothing else."""
    try:
        transaction(work)
    except SQLAlchemyError:
        raise
    except Exception:
        log.exception("scheduler: %s failed", what)


def run() -> None:
    """Run the scheduler until SIGTERM or SIGINT."""
    stop = threading.Event()

    def _stop(_signum: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    Scheduler().run(stop)
