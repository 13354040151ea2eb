"""Alembic's environment: one transaction a run, one run at a time, no waiting for ever.

SQLite: foreign keys are off while tables are copied (batch mode) and checked before the commit.
PostgreSQL: an advisory lock keeps a second run out; a busy table stops the migration, not the business.
"""

import re
from typing import Any

from alembic import context
from sqlalchemy import JSON, Connection, Engine, create_engine, event, text
from sqlalchemy.types import TypeEngine

from helpdesk import schema
from helpdesk.config import load_settings
from order_core.db import Base, UTCDateTime

ONE_AT_A_TIME = 7_236_012
"""Key of the advisory lock; any number that nobody else uses."""
POSTGRESQL_LIMITS = ("SET LOCAL lock_timeout = '5s'", "SET LOCAL statement_timeout = '120s'")


def render_item(kind: str, item: Any, _autogen: Any) -> Any:
    """Write our column types as the database knows them: a revision must not depend on today's models."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JSON):
        return "sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')"
    return False


def compare_type(
    _context: Any, _inspected: Any, _metadata: Any, found: TypeEngine[Any], wanted: TypeEngine[Any]
) -> bool | None:
    """Leave to Alembic what it can tell apart; integers of SQLite are all the same."""
    if context.get_context().dialect.name == "sqlite" and re.search("INT", str(found)):
        return "INT" not in str(wanted)
    return None


OF_THE_SEARCH = {"ix_search_entry_words"}
"""Made beside the table by statements of its own (helpdesk.search.models), on PostgreSQL alone."""


def include_object(_object: Any, name: str | None, kind: str, reflected: bool, _other: Any) -> bool:
    """Tables and indexes that a database keeps for itself or for its search are not ours to drop."""
    if kind == "index" and reflected:
        return name not in OF_THE_SEARCH
    return not (kind == "table" and reflected and name not in Base.metadata.tables)


def number(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """Number revisions 0001, 0002, …, and write none when nothing has changed."""
    if not directives:
        return
    if directives[0].upgrade_ops.is_empty() and getattr(context.config.cmd_opts, "autogenerate", False):
        directives.clear()
        return
    directives[0].rev_id = f"{int(context.script.get_current_head() or 0) + 1:04d}"


def engine() -> Engine:
    """An engine on the database of the configuration, else of the settings."""
    url = context.config.get_main_option("sqlalchemy.url") or load_settings().database_url
    made = create_engine(url)
    if made.dialect.name == "sqlite":
        event.listen(made, "connect", _sqlite_connect)
        event.listen(made, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return made


def _sqlite_connect(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=OFF", "busy_timeout=30000"):
        dbapi_connection.execute(f"PRAGMA {pragma}")


def _before(connection: Connection) -> None:
    if connection.dialect.name != "postgresql":
        return
    connection.execute(text("SET LOCAL lock_timeout = '60s'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
    for limit in POSTGRESQL_LIMITS:
        connection.execute(text(limit))


def _after(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise RuntimeError(f"migration would break foreign keys: {broken[:5]}")


def run() -> None:
    """Run the wanted revisions in one transaction."""
    schema.import_models()
    made = engine()
    try:
        with made.begin() as connection:
            _before(connection)
            context.configure(
                connection=connection,
                target_metadata=Base.metadata,
                render_as_batch=True,
                transactional_ddl=True,
                render_item=render_item,
                compare_type=compare_type,
                include_object=include_object,
                process_revision_directives=number,
            )
            with context.begin_transaction():
                context.run_migrations()
            _after(connection)
    finally:
        made.dispose()


run()
