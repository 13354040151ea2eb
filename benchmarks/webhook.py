"""The SMS webhook against the floor: server CPU a request, in rounds that take turns.

A signed text arrives at ``helpdesk serve`` with its Redis there and no worker running, so that what is counted
is the request alone: signature, claim, message, outbox row, commit, wake-up. The floor is a bare Flask route with
one INSERT and COMMIT under the same server (``benchmarks.floor``). On PostgreSQL the database's own processes
are counted on both sides.
"""

from __future__ import annotations

import http.client
import os
import secrets
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.cpu import cpu_seconds
from helpdesk import embedded
from helpdesk.channels import addresses
from helpdesk.config import load_settings
from helpdesk.story.visitor import sign

LIMIT = 2.0
"""What the webhook may cost, as a multiple of the floor."""
ROUNDS = 7
REQUESTS = 400
WARM_UP = 200
BODY = "冰箱不冷，一直滴水"
LIN = "+85261230001"
START_SECONDS = 30.0


@dataclass(frozen=True)
class Result:
    """CPU milliseconds a request in the median round, and the median of the rounds' ratios with their range."""

    floor: float
    webhook: float
    ratio: float
    lowest: float
    highest: float


def measure(folder: Path, *, database_url: str | None = None, say: Callable[[str], None]) -> Result:
    """Measure in an empty folder; ``database_url`` (an empty PostgreSQL database) instead of SQLite."""
    with ExitStack() as stack:
        product = stack.enter_context(_product(folder, database_url))
        floor = stack.enter_context(_floor(folder, database_url))
        database = backends if database_url else lambda: 0.0
        rows = []
        for number in range(ROUNDS + 1):
            count = REQUESTS if number else WARM_UP
            pair = tuple(_round(side, count, database) for side in (floor, product))
            if number:
                rows.append(pair)
                say(f"  round {number}/{ROUNDS}: floor {pair[0]:.3f} ms, webhook {pair[1]:.3f} ms")
    ratios = [webhook / bare for bare, webhook in rows]
    return Result(
        statistics.median(bare for bare, _ in rows),
        statistics.median(webhook for _, webhook in rows),
        statistics.median(ratios),
        min(ratios),
        max(ratios),
    )


@dataclass(frozen=True)
class _Side:
    pid: int
    port: int
    request: Callable[[], tuple[str, str, dict[str, str]]]


def _round(side: _Side, count: int, database: Callable[[], float]) -> float:
    """CPU milliseconds a request."""
    asked = [side.request() for _ in range(count)]
    connection = http.client.HTTPConnection("127.0.0.1", side.port, timeout=20)
    before = cpu_seconds(side.pid) + database()
    for path, body, headers in asked:
        connection.request("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded", **headers})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}: {text[:200]!r}")
    spent = cpu_seconds(side.pid) + database() - before
    connection.close()
    return 1000 * spent / count


@contextmanager
def _product(folder: Path, database_url: str | None) -> Iterator[_Side]:
    port = free_port()
    own = {"HELPDESK_DATA_DIR": str(folder / "instance"), "PORT": str(port), "DEMO": "1"}
    if database_url:
        own |= {"DATABASE_URL": database_url, "SECRET_KEY": "only-for-the-benchmark"}
    settings = load_settings(own)
    settings.data_dir.mkdir(mode=0o700, parents=True)
    subprocess.run(helpdesk("db", "upgrade"), env={**os.environ, **own}, check=True, capture_output=True)
    token = settings.webhook_auth_tokens[0]

    def text() -> tuple[str, str, dict[str, str]]:
        form = {
            "MessageSid": f"SM{secrets.token_hex(16)}",
            "AccountSid": addresses.account(settings),
            "From": LIN,
            "To": addresses.our_number(settings),
            "Body": BODY,
            "NumMedia": "0",
            "NumSegments": "1",
        }
        signature = sign(token, settings.public_url + "/twilio/sms", form)
        return "/twilio/sms", urlencode(form), {"X-Twilio-Signature": signature}

    redis_server = [sys.executable, "-m", "helpdesk.embedded", str(settings.data_dir)]
    with running(redis_server, own), running(helpdesk("serve"), own) as pid:
        wait_until(lambda: embedded.ready(settings.data_dir), "Redis")
        wait_until(lambda: listens(port), "the product")
        yield _Side(pid, port, text)


@contextmanager
def _floor(folder: Path, database_url: str | None) -> Iterator[_Side]:
    port, url = free_port(), database_url or f"sqlite:///{folder / 'floor.sqlite3'}"

    def text() -> tuple[str, str, dict[str, str]]:
        return "/floor", urlencode({"MessageSid": f"SM{secrets.token_hex(16)}", "Body": BODY}), {}

    with running([sys.executable, "-m", "benchmarks.floor", url, str(port)], {}) as pid:
        wait_until(lambda: listens(port), "the floor")
        yield _Side(pid, port, text)


@contextmanager
def running(command: list[str], env: dict[str, str]) -> Iterator[int]:
    process = subprocess.Popen(command, env={**os.environ, **env}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


def helpdesk(*command: str) -> list[str]:
    return [sys.executable, "-m", "helpdesk.cli", *command]


def backends() -> float:
    """CPU seconds of every PostgreSQL process of this machine; the benchmark's is the only busy one."""
    names = ((path.name, (path / "comm")) for path in Path("/proc").iterdir() if path.name.isdigit())
    found = [int(pid) for pid, comm in names if comm.exists() and comm.read_text().startswith("postgres")]
    return sum(cpu_seconds(pid, children=False) for pid in found)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + START_SECONDS
    while not true():
        if time.monotonic() > end:
            raise RuntimeError(f"{what} did not start in {START_SECONDS:.0f} s")
        time.sleep(0.05)
