"""What readiness and the doctor look at. Each check says "ok" or what is wrong, and never raises."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache

import redis
from rq.utils import as_text, utcparse
from rq.worker_registration import WORKERS_BY_QUEUE_KEY
from sqlalchemy import column, select, table, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from helpdesk import embedded, schema
from helpdesk.wakeup import QUEUES, request_redis
from order_core.db import UTCDateTime

OK = "ok"
SEEN_WITHIN = timedelta(seconds=60)
"""A worker says at least every 30 s that it lives, unless it is at one long piece of work."""

_lease = table("lease", column("name"), column("until", UTCDateTime()))


@lru_cache(maxsize=1)
def newest_revision() -> str | None:
    """The schema revision that this code was written for."""
    return schema.head()


def database(session: Session) -> str:
    """Whether the database answers."""
    return _said(lambda: OK if session.scalar(text("SELECT 1")) == 1 else "does not count to one")


def migrations(session: Session) -> str:
    """Whether the schema is the one of this code."""

    def look() -> str:
        found = session.scalar(text("SELECT version_num FROM alembic_version"))
        return OK if found == newest_revision() else f"at {found}, newest is {newest_revision()}"

    return _said(look)


def scheduler(session: Session, wall: datetime) -> str:
    """Whether some scheduler leads."""

    def look() -> str:
        until = session.scalar(select(_lease.c.until).where(_lease.c.name == "scheduler"))
        return OK if until is not None and until > wall else "none leads"

    return _said(look)


def redis_server(url: str) -> str:
    """Whether Redis answers and throws nothing away."""
    return _said(lambda: embedded.eviction_fault(request_redis(url)) or OK)


def workers(url: str, wall: datetime) -> str:
    """Whether each queue has a worker that has been seen lately."""

    def look() -> str:
        missing = [queue for queue in QUEUES if not _alive(url, queue, wall)]
        return OK if not missing else f"none on {', '.join(missing)}"

    return _said(look)


def _alive(url: str, queue: str, wall: datetime) -> int:
    """How many workers of a queue were seen lately."""
    client = request_redis(url)
    keys = client.smembers(WORKERS_BY_QUEUE_KEY % queue)
    seen = [as_text(moment) for key in keys if (moment := client.hget(as_text(key), "last_heartbeat"))]
    return len([moment for moment in seen if wall - utcparse(moment) < SEEN_WITHIN])


def readiness(session: Session, redis_url: str, wall: datetime) -> dict[str, str]:
    """Every check by name."""
    return {
        "database": database(session),
        "migrations": migrations(session),
        "scheduler": scheduler(session, wall),
        "redis": redis_server(redis_url),
        "workers": workers(redis_url, wall),
    }


def _said(look: Callable[[], str]) -> str:
    try:
        return look()
    except (SQLAlchemyError, redis.RedisError, OSError, embedded.EmbeddedServerError) as error:
        return f"does not answer ({type(error).__name__})"
