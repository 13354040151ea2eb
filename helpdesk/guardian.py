"""What outlives the supervisor for a few seconds, so that nothing else does.

The supervisor keeps a pipe to this process and writes ``+PID`` and ``-PID`` of the sessions it starts and
sees end. When the pipe breaks, the supervisor is gone, however it died: the sessions still on the list are
asked to stop, then killed. Standard library only; run by its path, so that it starts in milliseconds.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress

GRACE = 5.0
"""Seconds between the request to stop and the kill."""


def end_session(leader: int, how: int) -> bool:
    """Send a signal to every process of a session; whether there was any.

    A work-horse of RQ has a process group of its own but stays in its worker's session. Without /proc only
    the leader's own process group is reached.
    """
    reached = False
    for process in members(leader):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process, how)
            reached = True
    return reached


def members(leader: int) -> list[int]:
    """The living processes of a session: not zombies, which only wait to be looked at."""
    try:
        names = os.listdir("/proc")
    except OSError:
        return _group(leader)
    return [int(name) for name in names if name.isdigit() and _session(name) == leader]


def _session(process: str) -> int | None:
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            state, _parent, _group_id, session = file.read().rpartition(b")")[2].split()[:4]
    except OSError:
        return None
    return None if state in (b"Z", b"X") else int(session)


def _group(leader: int) -> list[int]:
    try:
        os.killpg(leader, 0)
    except (ProcessLookupError, PermissionError):
        return []
    return [-leader]


def watch(lines: Iterable[str]) -> set[int]:
    """Read ``+PID`` and ``-PID`` to the end; the sessions that are left over."""
    left: set[int] = set()
    for line in lines:
        (left.add if line[0] == "+" else left.discard)(int(line[1:]))
    return left


def clear_up(sessions: set[int], grace: float = GRACE) -> None:
    """Ask the leaders to stop; kill what is left of their sessions when they have, or have had their time."""
    for leader in sessions:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(leader, signal.SIGTERM)
    end = time.monotonic() + grace
    while sessions and time.monotonic() < end:
        time.sleep(0.05)
        sessions = {leader for leader in sessions if _sweep(leader)}
    for leader in sessions:
        end_session(leader, signal.SIGKILL)


def _sweep(leader: int) -> bool:
    """Whether the leader still runs; when it does not, what it left behind is killed."""
    left = members(leader)
    if leader in left or -leader in left:
        return True
    end_session(leader, signal.SIGKILL)
    return False


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    clear_up(watch(sys.stdin))
