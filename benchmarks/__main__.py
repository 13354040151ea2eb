"""``make bench``: every benchmark, a verdict each; exit status 1 when a limit is passed.

python -m benchmarks                            all, on SQLite
python -m benchmarks steps board                these
python -m benchmarks --postgresql steps         on a PostgreSQL started for it
python -m benchmarks --database postgresql+psycopg://USER:PASSWORD@HOST/EMPTY_DATABASE
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import board, dispatch, forecast, messages, steps, tickets, triage, webhook
from tests import databases

Bench = Callable[[str | None], bool]
"""The URL of an empty PostgreSQL database, or None → whether the limit holds."""


def main(arguments: list[str]) -> int:
    """Run those named, or all, each on an empty database."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed as ratios against honest floors.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--postgresql", action="store_true", help="on a PostgreSQL that is started for it")
    parser.add_argument("--database", metavar="URL", help="on this empty PostgreSQL database")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.names) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    held = []
    for name in asked.names or BENCHMARKS:  # all of them, also after one that does not hold
        with _database(asked.database, own=asked.postgresql) as url:
            held.append(BENCHMARKS[name](url))
    return int(not all(held))


@contextmanager
def _database(url: str | None, *, own: bool) -> Iterator[str | None]:
    """The database given, an empty one of a server of our own, or None for SQLite."""
    if url or not own:
        yield url
        return
    with (
        tempfile.TemporaryDirectory(prefix="ordercare-bench-") as folder,
        databases.server_database(Path(folder), "bench") as started,
    ):
        yield started


def ratio(title: str, bench: Any, labels: tuple[str, str]) -> Bench:
    """A benchmark that compares two sides of one run; ``labels``: what the base and the measured side are called."""

    def run(url: str | None) -> bool:
        _say(f"{title} ({'PostgreSQL' if url else 'SQLite'})")
        with tempfile.TemporaryDirectory(prefix="ordercare-bench-") as folder:
            found = bench.measure(Path(folder), database_url=url, say=_say)
        base, measured = (
            (found.floor, found.webhook) if isinstance(found, webhook.Result) else (found.small, found.large)
        )
        holds = bool(found.ratio <= bench.LIMIT)
        _say(
            f"{labels[1]} {measured:.3f} ms / {labels[0]} {base:.3f} ms = {found.ratio:.2f} "
            f"({found.lowest:.2f} … {found.highest:.2f}), limit {bench.LIMIT:.1f}: {_verdict(holds)}"
        )
        return holds

    return run


def _forecast(_url: str | None) -> bool:
    accurate = forecast.run(_say)
    _say(f"forecast: sMAPE at most that of the M3 competition's winner: {_verdict(accurate)}")
    return accurate


def _triage(_url: str | None) -> bool:
    good = triage.run(_say)
    _say(f"triage: right, dangers seen, few false alarms: {_verdict(good)}")
    return good


def _messages(_url: str | None) -> bool:
    return messages.run(_say)


def _retraining(_url: str | None) -> bool:
    return triage.retraining(_say)


def _dispatch(_url: str | None) -> bool:
    good = dispatch.run(_say)
    _say(f"dispatch: far better than the nearest who can: {_verdict(good)}")
    return good


def _tickets(_url: str | None) -> bool:
    _say("Agents' console, server CPU a request against bare floors (PostgreSQL)")
    holds = tickets.run(_say)
    _say(f"tickets: every page within its limit: {_verdict(holds)}")
    return holds


def _verdict(holds: bool) -> str:
    return "ok" if holds else "TOO MUCH"


BENCHMARKS: dict[str, Bench] = {
    "webhook": ratio("SMS webhook, server CPU a request against one INSERT and COMMIT", webhook, ("floor", "webhook")),
    "steps": ratio("Two steps on an order, CPU with a long journal against a short one", steps, ("short", "long")),
    "board": ratio("Board of the pipeline, CPU a page with 50,000 open orders against 500", board, ("500", "50,000")),
    "forecast": _forecast,
    "triage": _triage,
    "retraining": _retraining,
    "dispatch": _dispatch,
    "messages": _messages,
    "tickets": _tickets,
}


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
