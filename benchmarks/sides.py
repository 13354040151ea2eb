"""Two sides of a comparison in one process, measured in rounds that take turns; a database's own processes count."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.webhook import backends

Work = Callable[[], None]


@dataclass(frozen=True)
class Result:
    """CPU milliseconds in the median round of either side, and the median of the rounds' ratios with their range."""

    small: float
    large: float
    ratio: float
    lowest: float
    highest: float


def compare(
    small: Work, large: Work, *, rounds: int, repeat: int, postgresql: bool, say: Callable[[str], None]
) -> Result:
    """Do either side ``repeat`` times a round; the first round only warms up."""
    pairs: list[Sequence[float]] = []
    for number in range(rounds + 1):
        order = (small, large) if number % 2 else (large, small)
        spent = {work: _spent(work, repeat, postgresql) for work in order}
        if number:
            pairs.append((spent[small], spent[large]))
            say(f"  round {number}/{rounds}: small {pairs[-1][0]:.3f} ms, large {pairs[-1][1]:.3f} ms")
    ratios = [after / before for before, after in pairs]
    return Result(
        statistics.median(before for before, _ in pairs),
        statistics.median(after for _, after in pairs),
        statistics.median(ratios),
        min(ratios),
        max(ratios),
    )


def _spent(work: Work, repeat: int, postgresql: bool) -> float:
    """CPU milliseconds once."""
    gc.collect()
    before = _cpu(postgresql)
    for _ in range(repeat):
        work()
    return 1000 * (_cpu(postgresql) - before) / repeat


def _cpu(postgresql: bool) -> float:
    return time.process_time() + (backends() if postgresql else 0.0)
