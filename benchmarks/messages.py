"""Whole messages: from a signed text at the web server to the reply in the provider's hands, all processes counted.

``helpdesk serve``, its Redis and one worker of the fast queue run with the demo company in a scratch folder. First
texts from new numbers come at a steady rate and each reply's time is taken; then the worker is halted while a backlog
piles up, and works it off. CPU is that of every process, from /proc; memory and database say what remains.
"""

from __future__ import annotations

import http.client
import os
import secrets
import signal
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from subprocess import run as call
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from benchmarks.cpu import cpu_seconds
from benchmarks.webhook import free_port, helpdesk, listens, running, wait_until
from helpdesk import embedded
from helpdesk.channels import addresses
from helpdesk.config import Settings, load_settings
from helpdesk.story.visitor import sign

RATE = 20
"""Messages a second in the first part."""
STEADY = 400
BACKLOG = 400
SLOWEST = 1.0
"""Seconds in which 95 of 100 replies must be in the provider's hands."""
FEWEST = 60
"""Messages that a core must work off in a second."""
TEXTS = (
    "冰箱不冷，一直滴水",
    "My washer won't drain, code E3",
    "空调漏水",
    "訂單到哪裡了？",
    "Hello, is anybody there",
)
PATIENCE = 60.0

Say = Callable[[str], None]


@dataclass
class Product:
    """The running product: its processes, its door, its database file."""

    settings: Settings
    pids: dict[str, int]
    sent: dict[str, float] = field(default_factory=dict)
    """Sid → when its text was posted, seconds since 1970."""

    def post(self, connection: http.client.HTTPConnection, number: int) -> None:
        """One text from a number that has not written before."""
        sid = f"SM{secrets.token_hex(16)}"
        form = {
            "MessageSid": sid,
            "AccountSid": addresses.account(self.settings),
            "From": f"+8526{number:07}",
            "To": addresses.our_number(self.settings),
            "Body": TEXTS[number % len(TEXTS)],
            "NumMedia": "0",
        }
        token = self.settings.webhook_auth_tokens[0]
        head = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": sign(token, self.settings.public_url + "/twilio/sms", form),
        }
        self.sent[sid] = time.time()
        connection.request("POST", "/twilio/sms", urlencode(form), head)
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"/twilio/sms answered {answer.status}: {answer.read(200)!r}")
        answer.read()

    def replies(self) -> dict[str, float]:
        """Sid of a text → when the first reply to its number had been handed over, seconds since 1970."""
        found = self._rows(
            "SELECT i.sid, min(o.sent_at) FROM message i JOIN message o ON o.to_number = i.from_number "
            "WHERE i.direction = 'in' AND o.direction = 'out' AND o.sid IS NOT NULL GROUP BY i.sid"
        )
        return {sid: datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() for sid, at in found}

    def left(self) -> int:
        """Work that is still to do for messages."""
        asked = "SELECT count(*) FROM outbox WHERE state <> 'done' AND topic IN ('inbound.process', 'sms.send')"
        return int(self._rows(asked)[0][0])

    def cpu(self) -> dict[str, float]:
        """CPU seconds of each process so far."""
        return {name: cpu_seconds(pid) for name, pid in self.pids.items()}

    def resident(self) -> dict[str, float]:
        """Megabytes in memory of each process."""
        pages = {name: Path(f"/proc/{pid}/statm").read_text("ascii").split()[1] for name, pid in self.pids.items()}
        return {name: int(count) * os.sysconf("SC_PAGE_SIZE") / 1e6 for name, count in pages.items()}

    def on_disk(self) -> float:
        """Kilobytes of the database with its log."""
        return sum(path.stat().st_size for path in self.settings.data_dir.glob("ordercare.sqlite3*")) / 1e3

    def _rows(self, sql: str) -> list[tuple[str, str]]:
        path = self.settings.data_dir / "ordercare.sqlite3"
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20) as connection:
            return connection.execute(sql).fetchall()


def run(say: Say) -> bool:
    """Both parts; whether both limits hold."""
    say(f"Whole messages: {STEADY} at {RATE}/s, then a backlog of {BACKLOG} (SQLite)")
    with TemporaryDirectory(prefix="ordercare-bench-") as folder, _product(Path(folder)) as product:
        _steady(product, 0, RATE)  # warms up: models are read, statements prepared
        product.sent.clear()
        memory, disk = product.resident(), product.on_disk()
        is_quick = _report_steady(product, say)
        is_cheap = _report_backlog(product, say)
        _report_growth(product, memory, disk, say)
    return is_quick and is_cheap


def _steady(product: Product, first: int, count: int) -> None:
    """Texts at the rate, and waiting until all are worked off."""
    connection = http.client.HTTPConnection("127.0.0.1", product.settings.port, timeout=20)
    begun = time.monotonic()
    for index in range(count):
        time.sleep(max(0.0, begun + index / RATE - time.monotonic()))
        product.post(connection, first + index)
    connection.close()
    _wait_for_end(product)


def _report_steady(product: Product, say: Say) -> bool:
    before, begun = product.cpu(), time.monotonic()
    _steady(product, 1000, STEADY)
    elapsed, spent = time.monotonic() - begun, _difference(product.cpu(), before)
    replies = product.replies()
    waits = sorted(replies[sid] - at for sid, at in product.sent.items() if sid in replies)
    if len(waits) < STEADY:
        say(f"  {STEADY - len(waits)} of {STEADY} texts have no reply")
    p95 = waits[int(len(waits) * 0.95)]
    used = ", ".join(f"{name} {1000 * cpu / STEADY:.1f}" for name, cpu in spent.items())
    say(f"  text in to reply out: p50 {statistics.median(waits):.3f} s, p95 {p95:.3f} s, slowest {waits[-1]:.3f} s; "
        f"{STEADY / elapsed:.1f} messages/s; CPU ms a message: {used}")  # fmt: skip
    holds = p95 <= SLOWEST and len(waits) == STEADY
    say(f"  p95 {p95:.3f} s, limit {SLOWEST:.1f} s: {'ok' if holds else 'TOO SLOW'}")
    return holds


def _report_backlog(product: Product, say: Say) -> bool:
    worker = product.pids["worker"]
    os.kill(worker, signal.SIGSTOP)
    connection = http.client.HTTPConnection("127.0.0.1", product.settings.port, timeout=20)
    for index in range(BACKLOG):
        product.post(connection, 10_000 + index)
    connection.close()
    before, begun = product.cpu(), time.monotonic()
    os.kill(worker, signal.SIGCONT)
    _wait_for_end(product)
    spent, elapsed = _difference(product.cpu(), before), time.monotonic() - begun
    rate = BACKLOG / sum(spent.values())
    used = ", ".join(f"{name} {cpu:.2f} s" for name, cpu in spent.items())
    holds = rate >= FEWEST
    say(f"  backlog of {BACKLOG} worked off in {elapsed:.1f} s; CPU {used}: {rate:.0f} messages a core-second, "
        f"at least {FEWEST}: {'ok' if holds else 'TOO FEW'}")  # fmt: skip
    return holds


def _report_growth(product: Product, memory: dict[str, float], disk: float, say: Say) -> None:
    grown = ", ".join(f"{name} {now - memory[name]:+.1f} MB" for name, now in product.resident().items())
    per_message = (product.on_disk() - disk) / (STEADY + BACKLOG)
    say(f"  growth over {STEADY + BACKLOG} messages: {grown}; database {per_message:.1f} kB a message")


def _wait_for_end(product: Product) -> None:
    end = time.monotonic() + PATIENCE
    while product.left():
        if time.monotonic() > end:
            raise RuntimeError(f"{product.left()} rows are still to do after {PATIENCE:.0f} s")
        time.sleep(0.2)


def _difference(after: dict[str, float], before: dict[str, float]) -> dict[str, float]:
    return {name: after[name] - before[name] for name in after}


@contextmanager
def _product(folder: Path) -> Iterator[Product]:
    own = {"HELPDESK_DATA_DIR": str(folder / "instance"), "PORT": str(free_port()), "DEMO": "1"}
    settings = load_settings(own)
    settings.data_dir.mkdir(mode=0o700, parents=True)
    for command in (("db", "upgrade"), ("demo",)):
        call(helpdesk(*command), env={**os.environ, **own}, check=True, capture_output=True)
    with ExitStack() as stack:
        server = [sys.executable, "-m", "helpdesk.embedded", str(settings.data_dir)]
        pids = {"redis": stack.enter_context(running(server, own))}
        wait_until(lambda: embedded.ready(settings.data_dir), "Redis")
        pids["web"] = stack.enter_context(running(helpdesk("serve"), own))
        pids["worker"] = stack.enter_context(running(helpdesk("worker", "--queue", "fast"), own))
        wait_until(lambda: listens(settings.port), "the product")
        yield Product(settings, pids)
