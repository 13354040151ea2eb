"""Methods for looking into a set of figures: what is in it, what weighs most, where it goes, what comes every year.

Pure: the same rows and settings give the same result, to the last digit that is kept.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = tuple[str, float]
"""(key, value): a model and its units, a month (``2026-11``) and its orders …"""
Settings = Mapping[str, float]
DIGITS = 10
"""Significant digits kept of what is computed: more would differ between machines."""


@dataclass(frozen=True)
class Setting:
    """A method's number that may be chosen within limits."""

    usual: float
    least: float
    most: float


@dataclass(frozen=True)
class Method:
    """A way of looking. ``monthly``: rows are consecutive months; ``least``: rows needed, by the settings."""

    compute: Callable[[Sequence[Row], Settings], dict[str, Any]]
    settings: Mapping[str, Setting] = field(default_factory=dict)
    monthly: bool = False
    least: Callable[[Settings], int] = lambda _settings: 1


def tidy(value: float) -> float:
    """A number with the digits that are kept."""
    return float(f"{value:.{DIGITS}g}")


def summary(rows: Sequence[Row], _settings: Settings) -> dict[str, Any]:
    """Count, total, mean, median, quartiles, sample standard deviation, extremes."""
    values = [value for _, value in rows]
    quartiles = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    return {
        "count": len(values),
        "total": tidy(math.fsum(values)),
        "mean": tidy(statistics.fmean(values)),
        "median": tidy(statistics.median(values)),
        "quartiles": [tidy(quartiles[0]), tidy(quartiles[2])],
        "deviation": tidy(statistics.stdev(values)) if len(values) > 1 else 0.0,
        "least": tidy(min(values)),
        "most": tidy(max(values)),
    }


def pareto(rows: Sequence[Row], settings: Settings) -> dict[str, Any]:
    """Keys by weight, each with its share and the running share; the vital few reach ``vital`` per cent together."""
    totals: dict[str, float] = {}
    for key, value in rows:
        totals[key] = totals.get(key, 0.0) + value
    ordered = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
    whole = math.fsum(totals.values())
    items, running, vital = [], 0.0, 0
    for key, value in ordered:
        vital += whole > 0 and 100 * running / whole < settings["vital"]
        running += value
        share = [tidy(100 * part / whole) if whole else 0.0 for part in (value, running)]
        items.append({"key": key, "value": tidy(value), "share": share[0], "running": share[1]})
    return {"total": tidy(whole), "items": items, "vital": int(vital)}


def trend(rows: Sequence[Row], settings: Settings) -> dict[str, Any]:
    """Where it goes: the least-squares line, and whether a direction shows at all.

    The direction is that of the Mann-Kendall test (Mann 1945, Kendall 1975) with its correction for ties, which
    a few odd months do not mislead.
    """
    values = [value for _, value in rows]
    steps = range(len(values))
    line = statistics.linear_regression(steps, values)
    chance = _mann_kendall(values)
    shows = chance < 1 - settings["confidence"] / 100
    direction = "none" if not shows else "rising" if _balance(values) > 0 else "falling"
    return {
        "slope": tidy(line.slope),
        "start": tidy(line.intercept),
        "line": [tidy(line.intercept + line.slope * step) for step in steps],
        "chance": tidy(chance),
        "direction": direction,
    }


def _balance(values: Sequence[float]) -> int:
    """Pairs that rise less pairs that fall."""
    return sum((later > earlier) - (later < earlier) for n, earlier in enumerate(values) for later in values[n + 1 :])


def _mann_kendall(values: Sequence[float]) -> float:
    """Two-sided probability of such a balance without any trend."""
    n, balance = len(values), _balance(values)
    ties = [values.count(value) for value in set(values)]
    spread = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
    if spread == 0 or balance == 0:
        return 1.0
    z = (abs(balance) - 1) / spread**0.5
    return 2 * (1 - statistics.NormalDist().cdf(z))


def seasonality(rows: Sequence[Row], settings: Settings) -> dict[str, Any]:
    """What comes back every season: additive indices by classical decomposition, and how strong they are.

    ``strength``: 1 - var(rest) / var(season + rest), 0 to 1 (Wang, Smith & Hyndman 2006).
    """
    values, season = [value for _, value in rows], int(settings["season"])
    level = _moving_average(values, season)
    loose = [(step, values[step] - mean) for step, mean in level.items()]
    found = [statistics.fmean([rest for step, rest in loose if step % season == phase]) for phase in range(season)]
    middle = statistics.fmean(found)
    indices = [index - middle for index in found]
    rest = statistics.pvariance([value - indices[step % season] for step, value in loose])
    whole = statistics.pvariance([value for _, value in loose])
    return {
        "indices": [{"key": rows[phase][0], "value": tidy(indices[phase])} for phase in range(season)],
        "strength": tidy(max(0.0, 1 - rest / whole)) if whole else 0.0,
    }


def _moving_average(values: Sequence[float], season: int) -> dict[int, float]:
    """Step → centred mean over one season; an even season counts its two ends half."""
    half = season // 2
    weights = [1.0] * season if season % 2 else [0.5, *[1.0] * (season - 1), 0.5]
    return {
        step: math.fsum(w * v for w, v in zip(weights, values[step - half :], strict=False)) / season
        for step in range(half, len(values) - half)
    }


METHODS: dict[str, Method] = {
    "summary": Method(summary),
    "pareto": Method(pareto, {"vital": Setting(80, 1, 100)}),
    "trend": Method(trend, {"confidence": Setting(95, 50, 99.9)}, monthly=True, least=lambda _settings: 4),
    "seasonality": Method(
        seasonality, {"season": Setting(12, 2, 12)}, monthly=True, least=lambda settings: 2 * int(settings["season"])
    ),
}
"""By name; the settings not given are the usual ones."""
