"""Engine settings and transactions, the same for views, jobs and commands.

SQLite: WAL, foreign keys on, ``synchronous=FULL``; the driver's own transaction handling is switched off, so
that a writing transaction can BEGIN IMMEDIATE (a deferred one fails at once with BUSY_SNAPSHOT, whatever the
timeout) and a reading one is read-only. PostgreSQL: REPEATABLE READ is not needed; READ COMMITTED with
guarded updates, retried on serialization failures and deadlocks.
"""

import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

T = TypeVar("T")

ATTEMPTS = 5
WRITE = "ordercare_write"
"""Execution option of a connection: whether its transaction may write (default: yes)."""
RETRYABLE_SQLSTATES = {"40001", "40P01", "55P03"}


def configure(engine: Engine) -> None:
    """Attach the connection and transaction settings above to an engine."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)


def _sqlite_connect(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    write = connection.get_execution_options().get(WRITE, True)
    if connection.info.get(WRITE, True) is not write:  # a new connection may write; a pooled one is as it was left
        connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if write else 'ON'}")
        connection.info[WRITE] = write
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def begin(session: Session, *, write: bool) -> None:
    """Start the session's transaction as a writing or a read-only one."""
    options: dict[str, Any] = {WRITE: write}
    bind = session.get_bind()
    begun = isinstance(bind, Connection) and bind.in_transaction()  # as in tests
    if bind.dialect.name == "postgresql" and not begun:
        options["postgresql_readonly"] = not write
    session.connection(execution_options=options)


def in_transaction(session: Session, work: Callable[[], T], *, write: bool = True) -> T:
    """Run ``work`` in one transaction: commit when it returns, roll back when it raises.

    The whole transaction is repeated a bounded number of times when the database says that another one was
    in the way (lock, serialization, lost update, a unique key taken at the same moment).
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            begin(session, write=write)
            result = work()
            session.commit()
            return result
        except (DBAPIError, StaleDataError) as error:
            session.rollback()
            if attempt == ATTEMPTS or not _worth_retrying(error):
                raise
            time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter, not a secret
        except BaseException:
            session.rollback()
            raise
        finally:
            session.info.pop("published", None)
    raise AssertionError("unreachable")


def _worth_retrying(error: DBAPIError | StaleDataError) -> bool:
    if isinstance(error, StaleDataError | IntegrityError):
        return True
    if getattr(error.orig, "sqlstate", None) in RETRYABLE_SQLSTATES:
        return True
    return isinstance(error, OperationalError) and "locked" in str(error.orig)
