"""The supervisor, run as a process of its own over small scripts: restarts, output, stopping, no orphans."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpdesk import guardian
from helpdesk.child import LONGEST_LINE, LONGEST_PAUSE, Child, Lines, pause
from helpdesk.supervisor import HOPELESS, Supervisor

pytestmark = pytest.mark.once

DRIVER = """
import json, os, sys
from pathlib import Path
from helpdesk.supervisor import Child, Supervisor
children = [
    Child(name, [sys.executable, "-c", code], ready=Path(ready).exists if ready else None)
    for name, code, ready in json.loads(sys.argv[1])
]
sys.exit(Supervisor(children, grace=float(sys.argv[2])).run())
"""
WAIT = "import os, time; os.write(1, b'pid %d\\n' % os.getpid()); time.sleep(600)"
IGNORE = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
DEAF = f"{IGNORE}; {WAIT}"
WITH_HORSE = (  # like RQ: the work-horse has a process group of its own
    "import os, time\n"
    "if os.fork() == 0:\n"
    "    os.setpgrp(); os.write(1, b'horse %d\\n' % os.getpid()); time.sleep(600)\n" + WAIT
)


class Running:
    """A supervisor in a process of its own, and what it has said."""

    def __init__(self, *children: tuple[str, str, str | None], grace: float = 5) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, json.dumps(children), str(grace)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        self.lines: list[str] = []

    def said(self, words: str) -> str:
        """Wait for the next line with these words; what follows them."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if words in line:
                return line.partition(words)[2].strip()
        raise AssertionError(f"never said {words!r}: {self.lines}")

    def pid(self, name: str = "") -> int:
        return int(self.said(f"{name} | pid" if name else "| pid"))

    def stop(self, how: int = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        assert self.process.stdout
        self.lines += self.process.stdout.read().splitlines()
        return self.process.wait(20)


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def run(*children: tuple[str, str, str | None], grace: float = 5) -> Running:
        started.append(Running(*children, grace=grace))
        return started[-1]

    yield run
    for running in started:
        running.process.kill()
        running.process.wait()


def gone(*processes: int) -> bool:
    """Whether all of them end within a while."""
    for _ in range(400):
        if not any(_lives(process) for process in processes):
            return True
        time.sleep(0.05)
    return False


def _lives(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGHUP])
def test_a_child_that_dies_by_any_signal_is_started_again(start: Callable[..., Running], how: signal.Signals) -> None:
    up = start(("web", WAIT, None), ("worker", WAIT, None))
    first = up.pid("web   ")
    os.kill(first, how)
    assert up.said(f"* ended ({how.name})") == ", starts again"
    assert up.pid("web   ") != first
    assert up.stop() == 0


def test_a_child_that_ends_by_itself_is_started_again(start: Callable[..., Running]) -> None:
    up = start(("brief", "print('done')", None))
    for _ in range(3):
        up.said("brief | done")
    assert up.stop() == 0


def test_status_two_is_hopeless_and_ends_all(start: Callable[..., Running]) -> None:
    up = start(("web", WAIT, None), ("worker", "raise SystemExit(2)", None))
    up.said("starting it again would change nothing")
    assert up.process.wait(20) == HOPELESS


def test_what_cannot_be_started_ends_all() -> None:
    out = io.BytesIO()
    assert Supervisor([Child("web", ["/nowhere/at/all"])], out=out).run() == 1
    assert b"web | * cannot be started" in out.getvalue()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_all_cleanly(start: Callable[..., Running], how: int) -> None:
    polite = (
        "import os, signal, time\n"
        "def leave(*_): print('bye'); raise SystemExit\n"
        "signal.signal(signal.SIGTERM, leave)\n" + WAIT
    )
    up = start(("web", polite, None))
    child = up.pid()
    assert up.stop(how) == 0
    assert "web | bye" in up.lines
    assert gone(child)


def test_who_does_not_listen_is_killed_after_its_grace(start: Callable[..., Running]) -> None:
    up = start(("deaf", DEAF, None), grace=0.2)
    child = up.pid()
    assert up.stop() == 0
    assert gone(child)


def test_a_second_signal_kills_at_once(start: Callable[..., Running]) -> None:
    up = start(("deaf", DEAF, None), grace=600)
    child = up.pid()
    up.process.send_signal(signal.SIGINT)
    time.sleep(0.2)  # two signals at the same moment are one
    assert up.stop(signal.SIGINT) == 0
    assert gone(child)


def test_a_work_horse_goes_with_its_worker(start: Callable[..., Running]) -> None:
    up = start(("worker", WITH_HORSE, None))
    horse, worker = sorted(up.said("| ").split() for _ in range(2))
    os.kill(int(worker[1]), signal.SIGKILL)
    assert gone(int(horse[1]))
    second = int(up.said("| horse"))
    assert up.stop() == 0
    assert gone(second)


@pytest.mark.parametrize("code", [WITH_HORSE, f"{IGNORE}\n{WITH_HORSE}"], ids=["polite", "deaf"])
def test_nothing_is_left_when_the_supervisor_is_killed(start: Callable[..., Running], code: str) -> None:
    up = start(("worker", code, None))
    processes = [int(up.said("| ").split()[1]) for _ in range(2)]
    up.process.kill()
    assert gone(*processes)


def test_a_foundation_is_awaited_and_stopped_last(start: Callable[..., Running], tmp_path: Path) -> None:
    def says_bye(first: str) -> str:
        return (
            "import os, pathlib, signal, time\n"
            "def leave(*_): print('bye'); raise SystemExit\n"
            f"signal.signal(signal.SIGTERM, leave)\n{first}\n{WAIT}"
        )

    mark = tmp_path / "ready"
    up = start(
        ("web", says_bye(f"print('found it', pathlib.Path({str(mark)!r}).exists())"), None),
        ("redis", says_bye(f"time.sleep(0.3); pathlib.Path({str(mark)!r}).touch()"), str(mark)),
    )
    assert up.said("web   | found it") == "True"
    up.pid("web  ")
    assert up.stop() == 0
    assert [line for line in up.lines if line.endswith("bye")] == ["web   | bye", "redis | bye"]


def test_announce_is_asked_until_it_says_yes() -> None:
    answers = iter([False, False, True])

    def announce() -> bool:
        answer = next(answers)
        if answer:
            os.kill(os.getpid(), signal.SIGTERM)
        return answer

    child = Child("idle", [sys.executable, "-c", WAIT])
    assert Supervisor([child], announce=announce, out=io.BytesIO()).run() == 0
    assert next(answers, None) is None


def test_a_killed_guardian_is_replaced(start: Callable[..., Running]) -> None:
    up = start(("web", WAIT, None))
    first = up.pid()
    children = Path(f"/proc/{up.process.pid}/task/{up.process.pid}/children").read_text().split()
    os.kill(next(int(pid) for pid in children if int(pid) != first), signal.SIGKILL)
    os.kill(first, signal.SIGKILL)
    second = up.pid()
    up.process.kill()
    assert gone(second)


def test_pauses_grow_to_a_cap() -> None:
    pauses = [pause(failures) for failures in range(1, 200)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (0.1, LONGEST_PAUSE)


def test_lines_are_cut_where_they_end_or_are_too_long() -> None:
    lines = Lines("web")
    assert lines.cut(b"one\ntw") == [b"one"]
    assert lines.cut(b"o\n") == [b"two"]
    assert lines.cut(b"x" * (LONGEST_LINE + 1)) == [b"x" * (LONGEST_LINE + 1)]
    assert lines.cut(b"rest") == []
    assert lines.cut(b"") == [b"rest"]


def test_the_guardian_reads_its_list() -> None:
    assert guardian.watch(["+1\n", "+2\n", "-1\n"]) == {2}
