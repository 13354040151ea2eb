"""What Prometheus reads: requests by endpoint, work waiting, workers seen. No label holds personal data."""

from datetime import datetime

import redis
from prometheus_client import Counter, Gauge, Histogram, generate_latest
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from helpdesk.health import checks
from helpdesk.now import now
from helpdesk.wakeup import QUEUES, request_redis
from order_core.kernel.outbox import OutboxRow

WAITING = ("pending", "maybe_sent", "unknown")
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

requests = Counter("ordercare_requests", "Requests answered", ["endpoint", "method", "status"])
seconds = Histogram("ordercare_request_seconds", "Time to answer", ["endpoint"], buckets=BUCKETS)
outbox = Gauge("ordercare_outbox_rows", "Work not finished", ["topic", "state"])
oldest = Gauge("ordercare_outbox_oldest_due_seconds", "How late the oldest due row is")
waiting = Gauge("ordercare_wakeups", "Wake-ups waiting in Redis", ["queue"])
up = Gauge("ordercare_check_ok", "1 where a readiness check says ok", ["check"])


def count_request(endpoint: str, method: str, status: int, took: float | None) -> None:
    """Count one answered request; ``took`` in seconds."""
    requests.labels(endpoint, method, status).inc()
    if took is not None:
        seconds.labels(endpoint).observe(took)


def text(session: Session, redis_url: str, wall: datetime) -> bytes:
    """The exposition: what was counted, and what is true at this moment."""
    for name, said in checks.readiness(session, redis_url, wall).items():
        up.labels(name).set(said == checks.OK)
    try:
        _count_outbox(session)
    except SQLAlchemyError:
        outbox.clear()
    try:
        _count_wakeups(redis_url)
    except (redis.RedisError, OSError):
        waiting.clear()
    return generate_latest()


def _count_outbox(session: Session) -> None:
    rows = session.execute(
        select(OutboxRow.topic, OutboxRow.state, func.count())
        .where(OutboxRow.state.in_((*WAITING, "dead")))
        .group_by(OutboxRow.topic, OutboxRow.state)
    )
    outbox.clear()
    for topic, state, count in rows:
        outbox.labels(topic, state).set(count)
    first = session.scalar(select(func.min(OutboxRow.due_at)).where(OutboxRow.state == "pending"))
    oldest.set(max(0.0, (now(session) - first).total_seconds()) if first else 0.0)


def _count_wakeups(redis_url: str) -> None:
    for name in QUEUES:
        queue = Queue(name, connection=request_redis(redis_url), serializer=JSONSerializer)
        waiting.labels(name).set(queue.count)
