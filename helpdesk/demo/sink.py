"""Rows by the ten thousand: COPY on PostgreSQL, one INSERT with many rows on SQLite."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, Table, func, select, text
from sqlalchemy.orm import Session

SEARCH_INDEX = "ix_search_entry_words"


class Sink:
    """Takes rows with ids of our own and hands them to the database in whole chunks."""

    def __init__(self, session: Session) -> None:
        self.connection: Connection = session.connection()
        self.postgresql = self.connection.dialect.name == "postgresql"

    def next_id(self, table: Any) -> int:
        """The first free id of a table."""
        return (self.connection.scalar(select(func.max(table.id))) or 0) + 1

    def put(self, model: Any, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Write rows; ``columns`` begin with the id where the table has one."""
        if not rows:
            return
        table: Table = model.__table__
        names = ", ".join(f'"{name}"' for name in columns)
        cursor: Any = self.connection.connection.cursor()
        if self.postgresql:
            with cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN'.encode()) as copy:
                for row in rows:
                    copy.write_row(
                        [json.dumps(v, ensure_ascii=False) if isinstance(v, dict | list) else v for v in row]
                    )
        else:
            marks = ", ".join("?" * len(columns))
            insert = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608 - our own names
            cursor.executemany(insert, [[_plain(value) for value in row] for row in rows])
        cursor.close()

    def counted(self, models: Sequence[Any]) -> None:
        """Sequences go on after the ids that were given here."""
        for model in models if self.postgresql else ():
            table = model.__table__.name
            self.connection.execute(
                text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM \"{table}\"))")  # noqa: S608
            )

    def without_search_index(self, without: bool) -> None:
        """PostgreSQL: an index over millions of rows is made at once in a tenth of the time."""
        if not self.postgresql:
            return
        self.connection.execute(text(f"DROP INDEX IF EXISTS {SEARCH_INDEX}"))
        if not without:
            from helpdesk.search.models import POSTGRESQL

            self.connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
            for statement in POSTGRESQL:
                self.connection.execute(text(statement))


def _plain(value: Any) -> Any:
    """As SQLAlchemy keeps it on SQLite."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, date):
        return value.isoformat()
    return _json(value)


def _json(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
