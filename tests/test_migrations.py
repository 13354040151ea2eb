"""One history of the schema, and it leads to exactly what the models say, on both kinds of database."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, text

from helpdesk import schema
from order_core.db import Base
from tests import databases

CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
"""
COLUMNS = """
    SELECT table_name, column_name, data_type, is_nullable, column_default, character_maximum_length
    FROM information_schema.columns WHERE table_schema = 'public'
"""
INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"


@pytest.fixture
def empty(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """An empty database of the kind asked for."""
    if os.environ.get("TEST_DATABASE", "sqlite") == "postgresql":
        with databases.postgresql_database(tmp_path_factory, worker_id) as url:
            yield url
    else:
        yield databases.sqlite_url(tmp_path_factory.mktemp("migrations"))


def unordered(sql: str) -> str:
    """A CREATE statement whose constraints come in one order, whichever way they were written down."""
    head, *constraints = re.sub(r'["\s]+', " ", sql).strip().removesuffix(")").split(", CONSTRAINT ")
    return ", CONSTRAINT ".join([head, *sorted(c.strip() for c in constraints)])


def described(engine: Engine) -> set[tuple[str, ...]]:
    """Every table, column, constraint and index, as the database itself describes them."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            rows = connection.execute(text("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
            found: set[tuple[str, ...]] = {(row[0], row[1], unordered(row[2])) for row in rows}
        else:
            found = {
                tuple(str(value) for value in row)
                for query in (CONSTRAINTS, COLUMNS, INDEXES)
                for row in connection.execute(text(query))
            }
    return {row for row in found if "alembic_version" not in " ".join(row)}


def test_the_history_has_one_head_and_no_gap() -> None:
    script = ScriptDirectory.from_config(schema.config("sqlite://"))
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1
    numbers = [revision.revision for revision in script.walk_revisions()][::-1]
    assert numbers == [f"{number:04d}" for number in range(1, len(numbers) + 1)]


def test_an_upgrade_of_nothing_is_what_the_models_say(empty: str, tmp_path: Path) -> None:
    schema.upgrade(empty)
    engine = create_engine(empty)
    migrated = described(engine)
    if engine.dialect.name == "sqlite":
        declared_engine = create_engine(databases.sqlite_url(tmp_path))
    else:
        declared_engine = engine
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
    Base.metadata.create_all(declared_engine)
    declared = described(declared_engine)
    engine.dispose()
    declared_engine.dispose()
    assert sorted(declared - migrated) == [], "in the models, not in the migrations: make migration"
    assert sorted(migrated - declared) == [], "in the migrations, not in the models"


def test_nothing_is_left_to_be_migrated(empty: str) -> None:
    schema.upgrade(empty)
    command.check(schema.config(empty))


def test_two_upgrades_at_once_make_one_schema(empty: str) -> None:
    environment = {**os.environ, "DATABASE_URL": empty, "SECRET_KEY": "only-for-tests"}
    commands = [sys.executable, "-m", "helpdesk.cli", "db", "upgrade"]
    running = [subprocess.Popen(commands, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    assert schema.current(empty) == schema.head()


@pytest.mark.once
def test_asking_for_the_revision_makes_no_database(tmp_path: Path) -> None:
    assert schema.current(databases.sqlite_url(tmp_path)) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.once
def test_a_migration_does_not_wait_for_ever(tmp_path: Path) -> None:
    """Written down where Alembic reads it: limits on PostgreSQL, foreign keys checked on SQLite."""
    environment = (schema.MIGRATIONS / "env.py").read_text(encoding="utf-8")
    assert all(word in environment for word in ("lock_timeout", "statement_timeout", "pg_advisory_xact_lock"))
    assert "foreign_key_check" in environment
