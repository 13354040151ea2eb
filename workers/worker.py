"""The RQ worker of one queue: it runs one function, survives Redis being away, and loses nothing when killed.

One queue a process: a worker listening on several loses jobs under kill -9. ``fast`` works in its own process
(4 ms a wake-up instead of 20, caches stay warm; what is killed is still a row in the outbox); ``plan`` and
``heavy`` fork, so that long or dangerous work cannot take the worker with it (docs/adr/0003).
"""

import logging
import signal
import time
from importlib import import_module
from types import FrameType
from typing import Any

import redis
from rq import Queue
from rq.job import UNEVALUATED, Job
from rq.serializers import JSONSerializer
from rq.worker import BaseWorker, SimpleWorker, Worker

from helpdesk.wakeup import DRAIN, QUEUES, TOPICS
from workers import executor, runtime

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 30
"""RQ's time to live of a worker: it says at least this often that it lives."""
REDIS_PAUSE_SECONDS = 2.0
JOB_SECONDS = {"fast": 120, "plan": 300, "heavy": 1800}
"""How long one drain may take before it is broken off; a drain itself stops taking rows long before."""
IN_PROCESS = frozenset({"fast"})


class ForbiddenJob(Exception):
    """Something in Redis asks for another function than the one that is allowed."""


class DrainJob(Job):
    """A wake-up. Whatever Redis says, it runs ``drain`` of its own queue and nothing else.

    RQ takes functions, callbacks and webhooks from Redis by import path: with them, whoever can write to
    Redis could run code here, whatever the serializer.
    """

    def restore(self, raw_data: Any) -> None:
        """Read the job back without what would run anything."""
        super().restore(raw_data)
        self._success_callback_name = self._failure_callback_name = self._stopped_callback_name = None
        self._success_callback = self._failure_callback = self._stopped_callback = UNEVALUATED
        self._dependency_ids = []
        self.webhooks = []
        self.retries_left = self.repeats_left = None
        self.rate_limit_key = None
        self.timeout = JOB_SECONDS.get(self.origin, JOB_SECONDS["fast"])

    def _execute(self) -> int:
        wanted = (self.func_name, self.instance, list(self.args), dict(self.kwargs))
        if self.origin not in QUEUES or wanted != (DRAIN, None, [self.origin], {}):
            raise ForbiddenJob(f"{self.func_name} on {self.origin}")
        return executor.drain(self.origin)


class _Steadfast(BaseWorker):
    """What both kinds of worker share: quick reconnection, and a stop that does not need Redis."""

    max_connection_wait_time = REDIS_PAUSE_SECONDS
    told_to_stop = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        type(self).told_to_stop = True
        executor.stop_soon()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def subscribe(self) -> None:
        """Take no commands through Redis: signals are enough, and the listening thread would outlive us."""

    def set_shutdown_requested_date(self) -> None:
        try:
            super().set_shutdown_requested_date()  # type: ignore[no-untyped-call]
        except redis.RedisError:
            log.debug("Redis is away; nobody needs to know that we stop")


class InProcessWorker(_Steadfast, SimpleWorker):
    """Drains in its own process."""


class ForkingWorker(_Steadfast, Worker):
    """Drains in a child; a child that died makes the next one careful."""

    def handle_work_horse_killed(self, job: Job, retpid: int, ret_val: int, rusage: Any) -> None:
        executor.be_careful()
        super().handle_work_horse_killed(job, retpid, ret_val, rusage)  # type: ignore[no-untyped-call]


def run(queue: str) -> None:
    """Work until told to stop (SIGTERM, SIGINT); while Redis is away, wait for it.

    Raises:
        ValueError: no such queue.
    """
    if queue not in QUEUES:
        raise ValueError(f"no queue {queue}; there are {', '.join(QUEUES)}")
    logging.getLogger("rq.worker").setLevel(logging.WARNING)
    preload(queue)
    kind = InProcessWorker if queue in IN_PROCESS else ForkingWorker
    signal.signal(signal.SIGTERM, _stop_waiting)
    signal.signal(signal.SIGINT, _stop_waiting)
    while not kind.told_to_stop:
        try:
            _work(kind, queue)
        except (redis.RedisError, OSError) as error:
            log.warning("worker %s: Redis is away (%s)", queue, error)
        if not kind.told_to_stop:
            time.sleep(REDIS_PAUSE_SECONDS)


def preload(queue: str) -> None:
    """Import in this process what its children or its jobs need: 350 ms a job otherwise."""
    runtime.app()
    for topic in TOPICS.values():
        if topic.queue == queue:
            import_module(topic.job)


def _work(kind: type[Any], queue: str) -> None:
    connection = redis.Redis.from_url(runtime.app().settings.redis_url, health_check_interval=15)
    try:
        waiting = Queue(queue, connection=connection, serializer=JSONSerializer, job_class=DrainJob)
        worker = kind(
            [waiting],
            name=None,
            connection=connection,
            job_class=DrainJob,
            serializer=JSONSerializer,
            worker_ttl=HEARTBEAT_SECONDS,
            log_job_description=False,
        )
        signal.signal(signal.SIGTERM, worker.request_stop)
        signal.signal(signal.SIGINT, worker.request_stop)
        worker.work(logging_level=None)
    finally:
        signal.signal(signal.SIGTERM, _stop_waiting)
        signal.signal(signal.SIGINT, _stop_waiting)
        connection.close()


def _stop_waiting(_signum: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
