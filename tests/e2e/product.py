"""A whole product for tests: ``helpdesk up`` on a scratch data directory and a free port.

    with Product(tmp_path) as product:                      # SQLite and the bundled Valkey
        product.phone("+85261230001").text("冰箱不冷")
        product.kill("worker-fast")                         # SIGKILL; the supervisor starts it again

For PostgreSQL give ``database_url``; for a stand-in of the provider give ``env`` with ``TWILIO_…`` settings.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import IO

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from helpdesk import database
from helpdesk.commands.up import is_ready
from helpdesk.config import Settings, load_settings
from helpdesk.story.play import Scene
from helpdesk.story.visitor import Browser, Phone

ROOT = Path(__file__).parent.parent.parent
READY_SECONDS = 60.0
STOP_SECONDS = 20.0
CONSOLE_ACCOUNT = "AC" + "0" * 32
"""Account of webhooks where no Twilio account is configured."""
HOTLINE = "+85230000000"

ROLES = {
    "web": ("helpdesk.cli", "serve"),
    "worker-fast": ("helpdesk.cli", "worker", "--queue", "fast"),
    "worker-plan": ("helpdesk.cli", "worker", "--queue", "plan"),
    "worker-heavy": ("helpdesk.cli", "worker", "--queue", "heavy"),
    "scheduler": ("helpdesk.cli", "scheduler"),
    "redis": ("valkey-server", "redis-server"),
}
"""Process of the product → how its command line ends."""


class Product:
    """One running product.

    Args:
        folder: scratch folder; data directory and log go there.
        database_url: PostgreSQL; default: the embedded SQLite.
        env: further settings.
    """

    def __init__(self, folder: Path, *, database_url: str | None = None, env: Mapping[str, str] | None = None) -> None:
        self.data_dir = folder / "instance"
        self.log_file = folder / "product.log"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._env = {
            "HELPDESK_DATA_DIR": str(self.data_dir),
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "DEMO": "1",
            **({"DATABASE_URL": database_url, "SECRET_KEY": "only-for-tests"} if database_url else {}),
            **(env or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    @cached_property
    def settings(self) -> Settings:
        """What the product's processes read from their environment."""
        return load_settings(self._env)

    @cached_property
    def engine(self) -> Engine:
        """The tests' own way into the product's database."""
        engine = create_engine(self.settings.database_url)
        database.configure(engine)
        return engine

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A read-only session on the product's database."""
        with Session(self.engine) as session:
            database.begin(session, write=False)
            yield session

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the product's commands, with none of this machine's own settings."""
        kept = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "TEST_DATABASE")
        ours = {name: os.environ[name] for name in kept if name in os.environ}
        return {**ours, "PYTHONPATH": str(ROOT), **self._env}

    def __enter__(self) -> "Product":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """``helpdesk up`` until ``/readyz`` says so.

        Raises:
            AssertionError: it ended, or was not ready in time; the log's end is in the message.
        """
        self._log = self.log_file.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "helpdesk.cli", "up"],
            cwd=self.log_file.parent,
            env=self.environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.wait_until(lambda: is_ready(self.url), READY_SECONDS, "ready")

    def stop(self) -> int:
        """Ctrl-C; the exit status. What does not stop in time is killed and fails the test."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(signal.SIGINT)
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError(f"not stopped after {STOP_SECONDS:.0f} s\n{self.log_tail()}") from None
        finally:
            if self._log:
                self._log.close()
            if "engine" in self.__dict__:
                self.engine.dispose()

    def run(self, *arguments: str, timeout: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Run one ``helpdesk`` command against this product."""
        return subprocess.run(
            [sys.executable, "-m", "helpdesk.cli", *arguments],
            cwd=self.log_file.parent,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def pids(self, role: str) -> list[int]:
        """The processes of a role (``ROLES``, or ``horse`` for the forked children of workers)."""
        if role == "horse":
            workers = {pid for name in ROLES if name.startswith("worker") for pid in self.pids(name)}
            return [pid for pid, parent in _parents().items() if parent in workers]
        ours = _session_leaders_of(self._process.pid if self._process else 0)
        return [pid for pid in ours if (line := _command_line(pid)) and _is(line, ROLES[role])]

    def kill(self, role: str, how: signal.Signals = signal.SIGKILL) -> list[int]:
        """Send a signal (default: kill -9) to every process of a role; the processes it reached."""
        reached = []
        for pid in self.pids(role):
            try:
                os.kill(pid, how)
                reached.append(pid)
            except ProcessLookupError:
                continue
        return reached

    def serves(self) -> bool:
        """Whether the web server answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except OSError:
            return False

    def wait_until(self, true: Callable[[], bool], seconds: float, what: str) -> None:
        """Look ten times a second until ``true()``; fail with the log's end when that takes too long."""
        end = time.monotonic() + seconds
        while not true():
            ended = self._process is not None and self._process.poll() is not None
            assert not ended, f"the product ended before it was {what}\n{self.log_tail()}"
            assert time.monotonic() < end, f"not {what} after {seconds:.0f} s\n{self.log_tail()}"
            time.sleep(0.1)

    def log_tail(self, lines: int = 60) -> str:
        """The end of what the processes said."""
        return "\n".join(self.log_file.read_text("utf-8", "replace").splitlines()[-lines:])

    def phone(self, number: str, ours: str = HOTLINE) -> Phone:
        """A customer's telephone."""
        token = self.settings.webhook_auth_token
        assert token
        account = self.settings.twilio_account_sid or CONSOLE_ACCOUNT
        return Phone(self.url, self.settings.public_url, token, account, number, ours)

    def scene(self, patience: float) -> Scene:
        """Where the story can be played, step by step."""
        token, settings = self.settings.webhook_auth_token, self.settings
        assert token
        account = settings.twilio_account_sid or CONSOLE_ACCOUNT
        return Scene(self.url, settings.public_url, token, account, HOTLINE, patience=patience)

    def browser(self, email: str, password: str = "demo") -> Browser:
        """A person of ours, signed in."""
        return Browser(self.url).sign_in(email, password)


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _parents() -> dict[int, int]:
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                state, parent = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if state not in "ZX":
                found[int(name)] = int(parent)
    return found


def _session_leaders_of(supervisor: int) -> list[int]:
    return [pid for pid, parent in _parents().items() if parent == supervisor]


def _command_line(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").rstrip("\0")
        return text.split("\0") if text.strip() else []
    except OSError:
        return []


def _is(command: list[str], ending: tuple[str, ...]) -> bool:
    if Path(command[0].split()[0]).name in ending:  # a Redis server writes its own command line
        return True
    return tuple(command[-len(ending) :]) == ending
