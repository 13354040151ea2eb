"""``make bench``: every benchmark, one line each; exit status 1 when a limit is passed.

python -m benchmarks                      on SQLite
python -m benchmarks postgresql+psycopg://USER:PASSWORD@HOST/EMPTY_DATABASE
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks import forecast, webhook


def main(arguments: list[str]) -> int:
    """Run all; the first argument may be an empty PostgreSQL database."""
    url = arguments[0] if arguments else None
    _say(f"SMS webhook, server CPU a request against one INSERT and COMMIT ({'PostgreSQL' if url else 'SQLite'})")
    with tempfile.TemporaryDirectory(prefix="ordercare-bench-") as folder:
        found = webhook.measure(Path(folder), database_url=url, say=_say)
    verdict = "ok" if found.ratio <= webhook.LIMIT else "TOO MUCH"
    _say(
        f"webhook {found.webhook:.3f} ms / floor {found.floor:.3f} ms = {found.ratio:.2f} "
        f"({found.lowest:.2f} … {found.highest:.2f}), limit {webhook.LIMIT:.1f}: {verdict}"
    )
    accurate = forecast.run(_say)
    _say(f"forecast: sMAPE at most that of the M3 competition's winner: {'ok' if accurate else 'TOO MUCH'}")
    return 0 if found.ratio <= webhook.LIMIT and accurate else 1


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
