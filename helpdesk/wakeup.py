"""Which queue and job work off which outbox topic, and the nudge that makes it happen soon.

A nudge is best effort, after the commit, capped at 0.3 s: with Redis down the scheduler finds the row. Jobs
are named by string (the helpdesk never imports the workers) and a test resolves every name.
"""

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import event
from sqlalchemy.orm import Session, sessionmaker

from order_core.kernel.outbox import PUBLISHED

log = logging.getLogger(__name__)

QueueName = Literal["fast", "plan", "heavy"]
QUEUES: tuple[QueueName, ...] = ("fast", "plan", "heavy")
DRAIN = "workers.executor.drain"
"""The only function that RQ is ever asked to run; its argument is a queue's name."""
ENOUGH_WAITING = 2
"""With this many wake-ups waiting, one more changes nothing: each drains all that is due."""
SILENT_SECONDS = 1.0
SPACING = 0.02
"""Seconds between two nudges of a web process; a nudge wakes a drain of everything that is due."""
_silent_until: dict[str, float] = {}


@dataclass(frozen=True)
class Topic:
    """``job``: module under ``workers.jobs``; ``external``: calls a provider between two transactions."""

    queue: QueueName
    job: str
    external: bool = False


TOPICS: dict[str, Topic] = {
    "inbound.process": Topic("fast", "workers.jobs.inbound"),
    "sms.send": Topic("fast", "workers.jobs.sms", external=True),
    "call.place": Topic("fast", "workers.jobs.call", external=True),
    "visit.remind": Topic("fast", "workers.jobs.visit_reminder"),
    "survey.send": Topic("fast", "workers.jobs.survey"),
    "dispatch.assign": Topic("plan", "workers.jobs.assign"),
    "pattern.check": Topic("plan", "workers.jobs.pattern"),
    "rounds.keep_going": Topic("plan", "workers.jobs.rounds"),
    "customer.tell": Topic("fast", "workers.jobs.customer"),
    "quote.lapse": Topic("plan", "workers.jobs.quote_lapse"),
    "forecast.compute": Topic("heavy", "workers.jobs.forecast"),
    "call.change": Topic("fast", "workers.jobs.call_change", external=True),
    "recording.delete": Topic("heavy", "workers.jobs.recording_delete", external=True),
    "hotline.probe": Topic("fast", "workers.jobs.hotline_probe", external=True),
    "hotline.catch_up": Topic("heavy", "workers.jobs.hotline_catch_up", external=True),
    "hotline.watch": Topic("plan", "workers.jobs.hotline_watch"),
    "outbox.purge": Topic("heavy", "workers.jobs.purge"),
    "tickets.bulk": Topic("plan", "workers.jobs.bulk"),
    "triage.retrain": Topic("heavy", "workers.jobs.retrain", external=True),
    "inbound.poll": Topic("heavy", "workers.jobs.poll", external=True),
    "media.fetch": Topic("heavy", "workers.jobs.media", external=True),
    "talk.follow_up": Topic("fast", "workers.jobs.follow_up"),
    "assist.ask": Topic("heavy", "workers.jobs.assist", external=True),
}


def topics_of(queue: str) -> list[str]:
    """The topics that a worker of this queue drains."""
    return [name for name, topic in TOPICS.items() if topic.queue == queue]


@lru_cache(maxsize=4)
def request_redis(url: str) -> redis.Redis:
    """A client for the request path: no retries, 0.2 s to connect, 0.3 s to answer.

    redis-py's defaults hang a request for 59 s on a frozen server.
    """
    return redis.Redis.from_url(url, socket_connect_timeout=0.2, socket_timeout=0.3, retry=Retry(NoBackoff(), 0))


def nudge(redis_url: str, queues: Iterable[str]) -> None:
    """Wake the workers of these queues; says in the log, and never raises, when Redis does not answer.

    After a failure the next second's nudges are left out: a frozen Redis would cost every request 0.3 s.
    """
    if time.monotonic() < _silent_until.get(redis_url, 0.0):
        return
    for name in sorted(set(queues)):
        try:
            queue = Queue(name, connection=request_redis(redis_url), serializer=JSONSerializer)
            if queue.count < ENOUGH_WAITING:
                queue.enqueue(DRAIN, name, result_ttl=0, failure_ttl=3600)
        except (redis.RedisError, OSError) as error:
            log.warning("wake-up of %s failed: %s", name, error)
            _silent_until[redis_url] = time.monotonic() + SILENT_SECONDS
            return


class Waker:
    """Nudges from a thread of its own, at most one in ``SPACING`` a queue: no request waits for Redis.

    For processes that live on. A wake-up that dies with its process is made good by the scheduler.
    """

    def __init__(self) -> None:
        self._wanted: set[tuple[str, str]] = set()
        self._lock = threading.Lock()
        self._asked = threading.Event()
        threading.Thread(target=self._run, name="waker", daemon=True).start()

    def nudge(self, redis_url: str, queues: Iterable[str]) -> None:
        """Wake the workers of these queues soon."""
        with self._lock:
            self._wanted.update((redis_url, queue) for queue in queues)
        self._asked.set()

    def _run(self) -> None:
        while self._asked.wait():
            self._asked.clear()
            with self._lock:
                wanted, self._wanted = self._wanted, set()
            for url in {url for url, _ in wanted}:
                try:
                    nudge(url, [queue for known, queue in wanted if known == url])
                except Exception:  # the thread lives on; the scheduler makes good what was not woken
                    log.exception("wake-up failed")
            time.sleep(SPACING)


_waker: Waker | None = None


def from_a_thread() -> None:
    """From now on this process nudges from a thread (the web server does)."""
    global _waker
    _waker = _waker or Waker()


def nudge_after_commit(sessions: sessionmaker[Session], redis_url: str | None) -> None:
    """After each outermost commit of these sessions, wake the queues of the rows published in it."""

    @event.listens_for(sessions, "after_commit")
    def _after_commit(session: Session) -> None:
        if session.in_nested_transaction():  # releasing a savepoint fires the same event
            return
        published = session.info.pop(PUBLISHED, [])
        if published and redis_url:
            wake = _waker.nudge if _waker else nudge
            wake(redis_url, [TOPICS[topic].queue for _id, topic in published])
