"""Keeps the processes of ``helpdesk up`` running: starts them, starts them again, stops them all.

One thread and one loop. A child that ends, by whatever signal, is started again after a pause that grows
while it keeps failing; one that ends with status 2 (bad configuration, something in its place already) is
not, since nothing would change: then everything stops. Each child leads a session of its own; when it ends,
what is left of its session is killed. When the supervisor itself is killed, the kernel tells the children
(Linux) and the guardian clears up (everywhere).
"""

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import IO

from helpdesk import guardian
from helpdesk.child import LONGEST_LINE, Child, Kept, Lines

READY_WITHIN = 30.0
GRACE = 5.0
"""Seconds to stop in, before a child is killed."""
HOPELESS = 2
"""Exit status that no restart mends."""
TICK = 0.25


class Supervisor:
    """``Supervisor(children).run()`` returns the exit status when all have stopped.

    ``announce`` is called a few times a second, once all are started, until it returns true: it looks
    whether the service answers and says so.
    """

    def __init__(
        self,
        children: Iterable[Child],
        *,
        announce: Callable[[], bool] | None = None,
        out: IO[bytes] | None = None,
        grace: float = GRACE,
    ) -> None:
        self._kept = [Kept(child) for child in children]
        self._announce = announce
        self._out = out or sys.stdout.buffer
        self._grace = grace
        self._width = max((len(kept.name) for kept in self._kept), default=0)
        self._selector = selectors.DefaultSelector()
        self._asked_to_stop = 0
        self._status: int | None = None
        self._guardian: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """Start all, keep them running until SIGINT, SIGTERM or SIGHUP, stop all; the exit status.

        A second signal kills at once. Must be called in the main thread.
        """
        restore = self._listen_to_signals()
        foundations = [kept for kept in self._kept if kept.child.ready]
        others = [kept for kept in self._kept if not kept.child.ready]
        try:
            for kept in foundations:
                self._start(kept)
                self._wait_until_ready(kept)
            for kept in others:
                self._start(kept)
            while not self._over():
                self._turn(TICK)
                self._say_once_that_all_is_up()
        finally:
            self._stop(others)
            self._stop(foundations[::-1])
            self._dismiss_guardian()
            restore()
        return self._status or 0

    def _over(self) -> bool:
        return bool(self._asked_to_stop) or self._status is not None

    def _say_once_that_all_is_up(self) -> None:
        if self._announce and self._announce():
            self._announce = None

    def _start(self, kept: Kept) -> None:
        if self._over():
            return
        try:
            kept.start()
        except OSError as error:
            self._say(kept.name, f"cannot be started: {error}")
            self._status = 1
            return
        self._tell_guardian(f"+{kept.pid}")
        self._selector.register(kept.output, selectors.EVENT_READ, Lines(kept.name))

    def _wait_until_ready(self, kept: Kept) -> None:
        end = time.monotonic() + READY_WITHIN
        while not self._over() and not (kept.child.ready and kept.child.ready()):
            if time.monotonic() > end:
                self._say(kept.name, f"not ready within {READY_WITHIN:.0f} seconds")
                self._status = 1
            self._turn(0.02)

    def _turn(self, seconds: float) -> None:
        """Pass on what the children say, see who has ended, start again whose pause is over."""
        self._pass_on(seconds)
        now = time.monotonic()
        for kept in self._kept:
            if kept.has_ended():
                self._bury(kept, now)
            elif not kept.process and kept.start_at is not None and now >= kept.start_at:
                self._start(kept)

    def _pass_on(self, seconds: float) -> None:
        for key, _events in self._selector.select(seconds):
            if not isinstance(key.data, Lines):
                os.read(key.fd, 4096)  # the bytes that signals left
                continue
            said = os.read(key.fd, LONGEST_LINE)
            for line in key.data.cut(said):
                self._write(key.data.name, line)
            if not said:
                self._selector.unregister(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr]

    def _bury(self, kept: Kept, now: float) -> None:
        pid = kept.pid
        status = kept.end(now)
        guardian.end_session(pid, signal.SIGKILL)
        self._tell_guardian(f"-{pid}")
        if self._over():
            return
        if status == HOPELESS:
            self._say(kept.name, "ended with status 2; starting it again would change nothing")
            self._status = status
        else:
            self._say(kept.name, f"ended ({_manner(status)}), starts again")

    def _stop(self, group: list[Kept]) -> None:
        end = time.monotonic() + self._grace
        running = [kept for kept in group if kept.process]
        for kept in running:
            with suppress(ProcessLookupError):
                os.kill(kept.pid, signal.SIGTERM)
        while any(kept.process for kept in running):
            if time.monotonic() > end or self._asked_to_stop > 1:
                for kept in running:
                    if kept.process:
                        guardian.end_session(kept.pid, signal.SIGKILL)
            self._pass_on(0.05)
            for kept in running:
                if kept.has_ended():
                    self._bury(kept, time.monotonic())
        self._pass_on(0)

    def _listen_to_signals(self) -> Callable[[], None]:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        self._selector.register(ours, selectors.EVENT_READ)
        wakeup = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        stopping = [s for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if not _ignored(s)]
        before = {sign: signal.signal(sign, self._asked) for sign in stopping}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)

        def restore() -> None:
            for sign, handler in before.items():
                signal.signal(sign, handler)
            signal.set_wakeup_fd(wakeup)
            self._selector.close()
            ours.close()
            theirs.close()

        return restore

    def _asked(self, *_: object) -> None:
        self._asked_to_stop += 1

    def _tell_guardian(self, line: str) -> None:
        if self._guardian is None or self._guardian.poll() is not None:
            self._guardian = subprocess.Popen(
                [sys.executable, "-I", "-S", guardian.__file__], stdin=subprocess.PIPE, start_new_session=True
            )
            line = "\n".join([*(f"+{kept.pid}" for kept in self._kept if kept.process), line])
        assert self._guardian.stdin
        with suppress(BrokenPipeError):
            self._guardian.stdin.write(f"{line}\n".encode())
            self._guardian.stdin.flush()

    def _dismiss_guardian(self) -> None:
        if self._guardian and self._guardian.stdin:
            self._guardian.stdin.close()
            self._guardian.wait()

    def _say(self, name: str, text: str) -> None:
        self._write(name, f"* {text}".encode())

    def _write(self, name: str, line: bytes) -> None:
        with suppress(OSError, ValueError):  # whoever read us is gone; the children go on
            self._out.write(f"{name:<{self._width}} | ".encode() + line + b"\n")
            self._out.flush()


def _ignored(sign: signal.Signals) -> bool:
    return signal.getsignal(sign) == signal.SIG_IGN


def _manner(status: int) -> str:
    if status >= 0:
        return f"status {status}"
    with suppress(ValueError):
        return signal.Signals(-status).name
    return f"signal {-status}"
