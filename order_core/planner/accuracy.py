"""How good a forecast was: errors scaled by what the seasonal naive forecast does in the known part.

Source: Hyndman & Koehler 2006, Another look at measures of forecast accuracy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from order_core.planner.seasons import Floats


def naive_scale(known: Floats, season: int) -> float:
    """Mean absolute error of the seasonal naive forecast within ``known``; of the plain one where that is short.

    Gaps (NaN) do not count. 0.0 when there is nothing to compare, or nothing ever changes.
    """
    lag = season if len(known) > season else 1
    steps = np.abs(known[lag:] - known[:-lag])
    steps = steps[~np.isnan(steps)]
    return float(steps.mean()) if len(steps) else 0.0


def scaled_errors(known: Floats, actual: Floats, forecast: Floats, season: int) -> Floats:
    """(k,) actual minus forecast in units of ``naive_scale``; gaps are left out; empty when the scale is 0."""
    scale = naive_scale(known, season)
    errors = actual - forecast
    return errors[~np.isnan(errors)] / scale if scale > 0 else np.empty(0)


def mase(known: Sequence[float], actual: Sequence[float], forecast: Sequence[float], season: int = 1) -> float | None:
    """Mean absolute scaled error; below 1 is better than the naive forecast was in the known part.

    Returns:
        None where the known part never changes, so that there is no scale.
    """
    errors = scaled_errors(np.asarray(known, float), np.asarray(actual, float), np.asarray(forecast, float), season)
    return float(np.abs(errors).mean()) if len(errors) else None


@dataclass(frozen=True)
class Score:
    """Errors over all origins: how large (MASE), and to which side (positive: forecasts were too low)."""

    mase: float
    bias: float


def rolling_score(actual: Floats, origins: Sequence[int], forecasts: Floats, season: int) -> Score | None:
    """Judge forecasts made at earlier moments by what came after.

    Args:
        actual: (n,) the series, with NaN for gaps.
        origins: (o,) how many values were known each time.
        forecasts: (o, h) what was expected then; steps beyond the series are not judged.
        season: periods in a season.

    Returns:
        None when no origin has a scale or a known value after it.
    """
    found = [
        scaled_errors(actual[:end], actual[end : end + len(row)], row[: len(actual) - end], season)
        for end, row in zip(origins, forecasts, strict=True)
    ]
    errors = np.concatenate([np.empty(0), *found])
    return Score(float(np.abs(errors).mean()), float(errors.mean())) if len(errors) else None
