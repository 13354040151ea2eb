"""The page ``/orders`` with 50,000 open orders against one with 500: it must not cost more than twice as much."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.orm import Session

from benchmarks import sides
from benchmarks.orders import fill
from benchmarks.sides import Result, Work
from helpdesk import database, demo, schema
from helpdesk.app import create_app
from helpdesk.config import load_settings
from helpdesk.demo.people import PASSWORD
from helpdesk.now import wall

LIMIT = 2.0
"""What the large board may cost, as a multiple of the small."""
SMALL, LARGE = 500, 50_000
ROUNDS, REPEAT = 9, 10


def measure(folder: Path, *, database_url: str | None = None, say: Callable[[str], None]) -> Result:
    """Measure in an empty folder; ``database_url`` (an empty PostgreSQL database) instead of SQLite.

    On PostgreSQL either side gets a database of its own beside the one named.
    """
    with ExitStack() as stack:
        works = []
        for count in (SMALL, LARGE):
            url = _url(folder, database_url, count)
            _company(url, count)
            works.append(_page(stack, folder, url))
            say(f"  {count} open orders are there")
        return sides.compare(
            *works, rounds=ROUNDS, repeat=REPEAT, postgresql=database_url is not None, say=say
        )  # fmt: skip


def _url(folder: Path, database_url: str | None, count: int) -> str:
    if database_url is None:
        return f"sqlite:///{folder / f'board-{count}.sqlite3'}"
    wanted = make_url(database_url).set(database=f"board_{count}")
    engine = create_engine(database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{wanted.database}"'))
    engine.dispose()
    return wanted.render_as_string(hide_password=False)


def _company(url: str, count: int) -> None:
    """The demo company with so many orders more."""
    schema.upgrade(url)
    engine = create_engine(url)
    database.configure(engine)
    with Session(engine) as session:
        database.begin(session, write=True)
        demo.load(session, at=wall())
        fill(session, count, at=wall())
        session.commit()
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()


def _page(stack: ExitStack, folder: Path, url: str) -> Work:
    """Sales looks at the board."""
    own = {"HELPDESK_DATA_DIR": str(folder), "DATABASE_URL": url, "SECRET_KEY": "only-for-the-benchmark", "DEMO": "1"}
    app = create_app(load_settings({**os.environ, **own}))
    app.config["WTF_CSRF_ENABLED"] = False
    client: Any = app.test_client()
    answer = client.post("/login", data={"email": "sal@demo.test", "password": PASSWORD})
    if answer.status_code != 302:
        raise RuntimeError(f"nobody could sign in: {answer.status_code}")

    def work() -> None:
        page = client.get("/orders")
        if page.status_code != 200 or page.data.count(b'<a class="card') < 30:
            raise RuntimeError(f"this is no board: {page.status_code}")

    return work
