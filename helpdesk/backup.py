"""Backups: every table and attachment in one file, the same for SQLite and PostgreSQL, and back.

A value in a line is what JSON makes of it; dates and instants (always UTC) are ISO 8601, and JSON columns
are their text, so that ``null`` in a document and an empty column stay two things.
"""

import json
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from alembic.runtime.migration import MigrationContext
from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Date,
    DateTime,
    Engine,
    Insert,
    Select,
    String,
    Table,
    Text,
    TypeDecorator,
    bindparam,
    cast,
    collate,
    create_engine,
    delete,
    func,
    insert,
    select,
    text,
    type_coerce,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from helpdesk import archive, database, doctor, schema
from helpdesk.archive import ArchiveError, Manifest, TableFacts, Tally
from helpdesk.config import load_settings
from order_core.db import Base
from order_core.kernel import outbox
from order_core.rulebook.departments import DEPARTMENTS

Say = Callable[[str], None]

ROWS = 500
"""Rows that are read and written at once."""
SEEDED = {"department": ("code", frozenset(DEPARTMENTS))}
"""What a database has before anybody works with it: table → column and values."""


def _silent(_line: str) -> None:
    """Says nothing."""


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A read-only transaction that sees one moment of the database, whatever others write meanwhile."""
    options: dict[str, Any] = {database.WRITE: False}
    if engine.dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect() as connection:
        snapped = connection.execution_options(**options)
        with snapped.begin():
            yield snapped


def tables() -> list[Table]:
    """Every table, those that others refer to first."""
    schema.import_models()
    return Base.metadata.sorted_tables


def write(
    engine: Engine, file: Path, *, data_dir: Path, made_at: datetime, force: bool = False, say: Say = _silent
) -> Manifest:
    """Write a backup of the database and the attachments. Others may go on working.

    Raises:
        ArchiveError: the schema is not this version's; the file cannot be written. Nothing is left then.
    """
    with archive.created(file, made_at=made_at, force=force) as writer, snapshot(engine) as connection:
        revision = _revision(connection)
        if revision is None or revision != schema.head():
            raise ArchiveError(f"the database is at {revision or 'nothing'}, this version needs {schema.head()}")
        for table in tables():
            facts = writer.table(table.name, [column.name for column in table.columns], lines(connection, table))
            say(f"{table.name:<20} {facts.rows} rows")
        for path in _attachments(data_dir / archive.FILES):
            writer.file(data_dir / archive.FILES / path, path)
        manifest = writer.finish(version=version("ordercare"), revision=revision, database=engine.dialect.name)
    if manifest.files:
        say(f"{archive.FILES:<20} {len(manifest.files)} files")
    return manifest


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _attachments(folder: Path) -> list[str]:
    found = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted(path.relative_to(folder).as_posix() for path in found)


def lines(connection: Connection, table: Table) -> Iterator[bytes]:
    """The rows of a table in the order of its key, a few hundred in memory at a time."""
    statement = _reading(table, connection.dialect.name).execution_options(yield_per=ROWS)
    for row in connection.execute(statement):
        values = [_plain(value) for value in row]
        yield json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _reading(table: Table, dialect: str) -> Select[Any]:
    """The order is that of code points, or the same rows would have another digest on another server."""
    order = [
        collate(column, "C") if dialect == "postgresql" and isinstance(column.type, String) else column
        for column in table.primary_key
    ]
    return select(*[_read_column(column, dialect) for column in table.columns]).order_by(*order)


def _read_column(column: Column[Any], dialect: str) -> Any:
    if not isinstance(column.type, JSON):
        return column
    as_text = cast(column, Text) if dialect == "postgresql" else type_coerce(column, Text)
    return as_text.label(column.name)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"a backup has no form for {type(value).__name__}")


def _revived(column: Column[Any]) -> Callable[[Any], Any]:
    kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    if isinstance(kind, DateTime):
        return lambda value: None if value is None else datetime.fromisoformat(value)
    if isinstance(kind, Date):
        return lambda value: None if value is None else date.fromisoformat(value)
    return lambda value: value


@dataclass(frozen=True)
class Restored:
    """What a restore did: the backup's manifest, and how many outbox rows wait for a release."""

    manifest: Manifest
    held: int


def restore(
    engine: Engine,
    file: Path,
    *,
    data_dir: Path | None,
    force: bool = False,
    keep_sending: bool = False,
    say: Say = _silent,
) -> Restored:
    """Load a backup into an empty database, in one transaction, after all of the file has been checked.

    Args:
        data_dir: where the folder of the attachments is; None leaves them out.
        force: empty the database first, and replace the attachments.
        keep_sending: leave work that is still to do as it is, instead of holding it back.

    Raises:
        ArchiveError: the file, the revision or the database is not right; nothing has been changed then.
    """
    manifest = archive.check(file)
    _require_fit(manifest)
    folder = data_dir / archive.FILES if data_dir is not None and manifest.files else None
    with _exchanged(folder, force=force) as new_files, engine.begin() as connection:
        _seize(connection)
        if _revision(connection) != manifest.revision:
            raise ArchiveError(f"the database is at {_revision(connection) or 'nothing'}: run `helpdesk db upgrade`")
        _require_empty(connection, force=force)
        loader = _Loader(connection, manifest, say)
        if archive.scan(file, loader.take, new_files) != manifest:
            raise ArchiveError(f"{file} was changed while it was read")
        loader.finish()
        with Session(connection) as session:
            held = 0 if keep_sending else outbox.hold_all(session)
    return Restored(manifest, held)


def _require_fit(manifest: Manifest) -> None:
    """Refuse a backup that this version cannot load."""
    if manifest.revision != schema.head():
        raise ArchiveError(
            f"the backup is of schema {manifest.revision} (OrderCare {manifest.version}), this version has "
            f"{schema.head()}: restore it with that version, then upgrade"
        )
    ours = [(table.name, {column.name for column in table.columns}) for table in tables()]
    if [(table.name, set(table.columns)) for table in manifest.tables] != ours:
        raise ArchiveError(f"the backup's tables are not this version's: restore it with OrderCare {manifest.version}")


def _seize(connection: Connection) -> None:
    """Keep everybody else out until the end; SQLite's transaction does so by itself."""
    if connection.dialect.name != "postgresql" or _revision(connection) is None:
        return
    quote = connection.dialect.identifier_preparer.format_table
    connection.execute(text("SET LOCAL lock_timeout = '10s'"))
    try:
        connection.execute(text(f"LOCK TABLE {', '.join(quote(table) for table in tables())} IN ACCESS EXCLUSIVE MODE"))
    except OperationalError as error:
        raise ArchiveError("the database is in use: stop OrderCare first") from error


def _require_empty(connection: Connection, *, force: bool) -> None:
    occupied = [table.name for table in tables() if _is_occupied(connection, table)]
    if occupied and not force:
        more = f" and {len(occupied) - 3} more tables" if len(occupied) > 3 else ""
        raise ArchiveError(
            f"the database is not empty (rows in {', '.join(occupied[:3])}{more}); --force deletes what is in it"
        )
    for table in reversed(tables()):
        connection.execute(delete(table))


def _is_occupied(connection: Connection, table: Table) -> bool:
    rows = select(text("1")).select_from(table).limit(1)
    if table.name in SEEDED:
        column, values = SEEDED[table.name]
        rows = rows.where(table.c[column].not_in(values))
    return connection.execute(rows).first() is not None


class _Loader:
    """Puts lines into tables. References of a table to itself come last, for a parent may follow its child."""

    def __init__(self, connection: Connection, manifest: Manifest, say: Say) -> None:
        self._connection = connection
        self._manifest = manifest
        self._say = say
        self._plans = {table.name: _Plan(table, facts) for table, facts in zip(tables(), manifest.tables, strict=True)}

    def take(self, name: str, lines: Iterator[bytes]) -> None:
        plan = self._plans[name]
        statement = plan.inserting(self._connection.dialect.name)
        while batch := [plan.row(line) for line in islice(lines, ROWS)]:
            self._connection.execute(statement, batch)

    def finish(self) -> None:
        """What can be done when all rows are there: own references, sequences, counts."""
        for plan, facts in zip(self._plans.values(), self._manifest.tables, strict=True):
            plan.refer(self._connection)
            _set_sequence(self._connection, plan.table)
            rows = self._connection.scalar(select(func.count()).select_from(plan.table))
            if rows != facts.rows:
                raise ArchiveError(f"{facts.name} has {rows} rows after loading, not {facts.rows}")
            self._say(f"{facts.name:<20} {rows} rows")


class _Plan:
    """How the lines of one table become rows. Parameters are ``v_`` and the column's name."""

    def __init__(self, table: Table, facts: TableFacts) -> None:
        self.table = table
        self._columns = [table.c[name] for name in facts.columns]
        self._revive = [_revived(column) for column in self._columns]
        self._own = {key.parent.name for key in table.foreign_keys if key.column.table is table}
        self._references: list[dict[str, Any]] = []

    def inserting(self, dialect: str) -> Insert:
        return insert(self.table).values({column.name: _parameter(column, dialect) for column in self._columns})

    def row(self, line: bytes) -> dict[str, Any]:
        pairs = zip(self._columns, self._revive, json.loads(line), strict=True)
        row = {f"v_{column.name}": revive(value) for column, revive, value in pairs}
        own = {f"v_{name}": row[f"v_{name}"] for name in self._own}
        if any(value is not None for value in own.values()):
            keys = {f"k_{column.name}": row[f"v_{column.name}"] for column in self.table.primary_key}
            self._references.append(keys | own)
            row |= dict.fromkeys(own)
        return row

    def refer(self, connection: Connection) -> None:
        if not self._references:
            return
        same = [column == bindparam(f"k_{column.name}", type_=column.type) for column in self.table.primary_key]
        own = {name: bindparam(f"v_{name}", type_=self.table.c[name].type) for name in self._own}
        connection.execute(update(self.table).where(*same).values(own), self._references)


def _parameter(column: Column[Any], dialect: str) -> Any:
    name = f"v_{column.name}"
    if not isinstance(column.type, JSON):
        return bindparam(name, type_=column.type)
    document = bindparam(name, type_=Text())
    return cast(document, JSONB) if dialect == "postgresql" else document


def _set_sequence(connection: Connection, table: Table) -> None:
    """Let new rows be numbered after the loaded ones; SQLite does so by itself."""
    column = table.autoincrement_column
    if column is None or connection.dialect.name != "postgresql":
        return
    sequence = func.pg_get_serial_sequence(connection.dialect.identifier_preparer.format_table(table), column.name)
    last = func.max(column)
    connection.execute(select(func.setval(sequence, func.coalesce(last, 1), last.is_not(None))))


@contextmanager
def _exchanged(folder: Path | None, *, force: bool) -> Iterator[Path | None]:
    """A new folder beside the given one, which takes its place when all went well, and is gone otherwise."""
    if folder is None:
        yield None
        return
    if not force and folder.exists() and any(folder.iterdir()):
        raise ArchiveError(f"{folder} is not empty; --force replaces it")
    mark = secrets.token_hex(4)
    new, old = folder.with_name(f".{folder.name}.{mark}.new"), folder.with_name(f".{folder.name}.{mark}.old")
    try:
        new.mkdir(mode=0o700, parents=True)
        yield new
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)


def faults(file: Path, *, at: datetime, say: Say = _silent) -> list[str]:
    """What is wrong with a backup, found by restoring it into a scratch database; empty when all is well.

    Whatever is in the file is compared twice: with the manifest, and as it comes out of the scratch database.
    Then journals and stock are examined as by the doctor.
    """
    with TemporaryDirectory(prefix="ordercare-verify-") as scratch:
        url = f"sqlite:///{Path(scratch) / 'copy.sqlite3'}"
        try:
            _require_fit(archive.check(file))
            schema.upgrade(url)
            engine = create_engine(url)
            database.configure(engine)
            try:
                restored = restore(engine, file, data_dir=None, force=True, keep_sending=True)
                with snapshot(engine) as connection:
                    return [
                        *_changed(connection, restored.manifest, say),
                        *_unsound(connection, Path(scratch), at),
                    ]
            finally:
                engine.dispose()
        except ArchiveError as error:
            return [str(error)]
        except (SQLAlchemyError, *archive.DAMAGE) as error:
            cause = getattr(error, "orig", None) or error
            return [f"{file} cannot be restored: {str(cause).strip().splitlines()[0]}"]


def _changed(connection: Connection, manifest: Manifest, say: Say) -> Iterator[str]:
    for table, told in zip(tables(), manifest.tables, strict=True):
        tally = Tally()
        for _line in tally.lines(lines(connection, table)):
            """Only counted."""
        same = (tally.count, tally.sha256) == (told.rows, told.sha256)
        say(f"{table.name:<20} {tally.count} rows{'' if same else ', not as in the backup'}")
        if not same:
            yield f"table {table.name} comes out of a restore otherwise than it went in"


def _unsound(connection: Connection, scratch: Path, at: datetime) -> Iterator[str]:
    settings = load_settings({"HELPDESK_DATA_DIR": str(scratch)})
    with Session(connection) as session:
        for finding in doctor.examine(session, settings, at=at, wall=at, examinations=doctor.OF_THE_DATA):
            yield from (f"{finding.area}: {fault}" for fault in finding.faults)
