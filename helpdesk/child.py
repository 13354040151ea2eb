"""One process that the supervisor keeps running: how it is started, when again, what it says."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
STEADY = 10.0
"""A child that has lived this many seconds has not failed at starting."""
LONGEST_LINE = 65536
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Child:
    """A process to keep running.

    ``env`` is added to our own environment. With ``ready`` it is a foundation: it is started before the
    others, they wait until ``ready()`` is true, and it is stopped after them.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] | None = None


def pause(failures: int) -> float:
    """Seconds before the next start after so many failures in a row (the first is 1)."""
    return min(FIRST_PAUSE * 2.0 ** min(failures - 1, 30), LONGEST_PAUSE)


class Kept:
    """A child and its present process."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.name = child.name
        self.process: subprocess.Popen[bytes] | None = None
        self.start_at: float | None = None
        self._started_at = 0.0
        self._failures = 0

    @property
    def pid(self) -> int:
        assert self.process
        return self.process.pid

    @property
    def output(self) -> IO[bytes]:
        assert self.process
        assert self.process.stdout
        return self.process.stdout

    def start(self) -> None:
        self._started_at, self.start_at = time.monotonic(), None
        self.process = subprocess.Popen(
            list(self.child.argv),
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self.child.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_stop_with(os.getpid()),  # safe: the supervisor has one thread
        )

    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def end(self, now: float) -> int:
        """Note that the process has ended and when to start the next; its exit status."""
        assert self.process
        status = self.process.returncode
        self.process = None
        self._failures = 1 if now - self._started_at >= STEADY else self._failures + 1
        self.start_at = now + pause(self._failures)
        return status


class Lines:
    """Cuts what a child says into lines."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._rest = b""

    def cut(self, said: bytes) -> list[bytes]:
        """The lines that are complete now; at the end (``b""``) also what never was."""
        *lines, self._rest = (self._rest + said).split(b"\n")
        if self._rest and (not said or len(self._rest) > LONGEST_LINE):
            lines, self._rest = [*lines, self._rest], b""
        return lines


def _stop_with(parent: int) -> Callable[[], None] | None:
    """On Linux: the kernel sends the child a SIGTERM when the supervisor dies, even by kill -9."""
    libc = _libc
    if libc is None:
        return None

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return ask
