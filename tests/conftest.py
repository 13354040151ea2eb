"""Shared fixtures: two schemas a test process, one empty and one with the demo company, and a savepoint session a test.

``TEST_DATABASE=postgresql`` runs the same suite on a real PostgreSQL that the tests start themselves; the
default is SQLite. A test's session is bound to one connection whose outer transaction is rolled back, so
that services, views and jobs may commit as they like.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.orm import Session

from helpdesk import database, schema
from helpdesk.config import load_settings
from tests import databases

hypothesis.settings.register_profile("unhurried", deadline=None)  # a busy machine proves nothing
hypothesis.settings.load_profile("unhurried")

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
"""A Monday, noon in Taipei and Hong Kong."""


OF_A_DATABASE = {"connection", "database_url", "engine", "furnished"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What asks for no database of ours runs once; those that start one themselves are left alone."""
    for item in items:
        starts = "e2e" in item.path.parts or hasattr(getattr(item, "module", None), "databases")
        if not starts and OF_A_DATABASE.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.once)


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """An empty database of this test process, of the kind asked for."""
    with _empty_database(tmp_path_factory, worker_id) as url:
        yield url


@contextmanager
def _empty_database(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    if os.environ.get("TEST_DATABASE", "sqlite") == "postgresql":
        with databases.postgresql_database(tmp_path_factory, worker_id) as url:
            yield url
    else:
        yield databases.sqlite_url(tmp_path_factory.mktemp("db"))


@pytest.fixture(scope="session")
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on the migrated schema."""
    engine = _migrated(database_url)
    yield engine
    engine.dispose()


def _migrated(url: str) -> Engine:
    engine = create_engine(url)
    database.configure(engine)
    schema.upgrade(url)
    return engine


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Engine]:
    """An engine on a second database, in which the demo company works: loading it is dear, so it is done once."""
    from helpdesk import demo

    with _empty_database(tmp_path_factory, worker_id) as url:
        engine = _migrated(url)
        with Session(engine) as session:
            demo.load(session, at=NOON)
            session.commit()
        yield engine
        engine.dispose()


@pytest.fixture
def connection(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """A connection inside a transaction that is rolled back after the test."""
    engine: Engine = request.getfixturevalue("furnished" if "company" in request.fixturenames else "engine")
    with engine.connect() as connection:
        outer = connection.begin()
        yield connection
        if outer.is_active:
            outer.rollback()


@pytest.fixture
def session(connection: Connection) -> Iterator[Session]:
    """A session whose commits are savepoints of the test's transaction."""
    with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
        yield session


@pytest.fixture
def at() -> datetime:
    """The instant at which tests happen unless they say otherwise."""
    return NOON


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Any:
    """A demo company's settings: no Twilio account, scratch data directory."""
    return load_settings(
        {
            "HELPDESK_DATA_DIR": str(tmp_path),
            "DATABASE_URL": database_url,
            "SECRET_KEY": "only-for-tests-0123456789",
            "DEMO": "1",
        }
    )


@pytest.fixture
def app(settings: Any, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The app, its sessions bound to the test's connection."""
    from helpdesk.app import create_app
    from helpdesk.extensions import db

    app = create_app(settings)
    app.testing = True
    app.config["WTF_CSRF_ENABLED"] = False
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
        db.engines[None] = connection  # type: ignore[index]  # Flask-SQLAlchemy asks this, not the session's own bind
        db.session.session_factory.configure(join_transaction_mode="create_savepoint")
        yield app
        db.session.remove()
        db.session.session_factory.configure(join_transaction_mode="conditional_savepoint")


@pytest.fixture
def client(app: Any) -> Any:
    """An HTTP client of the app."""
    return app.test_client()


@pytest.fixture
def company(furnished: Engine) -> Any:
    """The demo company, as it stood at ``NOON``; a test that asks for it works on the database where it is."""
    from helpdesk import demo

    return demo


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Figures that tests have recorded (``record_property``): what was killed, what was measured."""
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{report.nodeid.split('::')[-1]}: {name}: {value}")
