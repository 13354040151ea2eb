"""Forecast of one series: several methods, weighed by how each would have done on this very series.

Exponential smoothing, Theta, seasonal naive and drift forecast from earlier moments of the series (rolling
origins); the forecast is their average, each weighing as the fourth power of its accuracy. Combinations of that
kind beat selection (Bates & Granger 1969; Makridakis & Hibon 2000). Nothing is drawn by chance and nothing is
searched for, so that the same series gives the same answer every time. See docs/adr/0021.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from order_core.clauses import carries
from order_core.errors import Invalid
from order_core.planner.accuracy import Score, rolling_score
from order_core.planner.methods import LEARNING, METHODS, Expectations, expectations
from order_core.planner.seasons import Floats, View

CLAUSE = "2.1.2-b"
SHORTEST = 4
"""Three values to learn from and one to be judged by."""
LONGEST_HORIZON = 1000
LARGEST = 1e100
"""Beyond this, squares are no numbers any more."""
LOOKS_BACK = (8, 24)
"""At least that many origins (one a step of the horizon) where the series is long enough, at most that many."""
POWER = 4
"""Of the accuracy, in the weights: chosen on the M3 series, confirmed on M1 and tourism; it is not critical."""
BEST_ERROR = 1e-6
"""An error (MASE) below this weighs no more than this."""


@dataclass(frozen=True)
class Forecast:
    """What is expected, how sure that is, how it came about, and how it would have done before.

    Attributes:
        values, lower, upper: (horizon,) expectation and prediction interval, in the unit of the series.
        level: probability that a value falls into its interval.
        season: periods in a season.
        method: ``combination``, or ``constant`` for a series that never changed.
        parameters: weights of the methods (adding up to 1) and averages of their parameters.
        origins: number of earlier moments from which it was judged.
        mase: rolling-origin mean absolute scaled error; None where the series has no scale.
        mase_seasonal_naive: that of the seasonal naive forecast, from the same origins.
        bias: mean scaled error; positive when forecasts were too low.
    """

    values: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    level: float
    season: int
    method: str
    parameters: Mapping[str, float]
    origins: int = 0
    mase: float | None = None
    mase_seasonal_naive: float | None = None
    bias: float | None = None

    @property
    def beats_seasonal_naive(self) -> bool:
        """Whether its error is the smaller one; a forecast for which this does not hold is labelled so."""
        return self.mase is not None and self.mase_seasonal_naive is not None and self.mase < self.mase_seasonal_naive


@carries("planner", "2.1.2-b")
def forecast(series: Sequence[float | None], *, horizon: int, season: int = 1, level: float = 0.95) -> Forecast:
    """Forecast the next ``horizon`` periods of a series.

    Args:
        series: (n,) one number a period, oldest first; None for a period that is not known. The first and the
            last must be known.
        horizon: periods ahead, 1 to 1000.
        season: periods in a season (12 for months, 1 for none).
        level: of the prediction interval, between 0 and 1.

    Raises:
        Invalid: ``forecast.horizon``, ``.season``, ``.level``, ``.short``, ``.number`` (at: position from 1),
            ``.gap`` (first or last value unknown).
    """
    known = _checked(series, horizon, season, level)
    values = _filled(known)
    if values.min() == values.max():
        same = (float(values[0]),) * horizon
        return Forecast(same, same, same, level, season, "constant", {})
    origins = _origins(len(values), horizon, season)
    views = [View.of(values[:end], season) for end in (*origins, len(values))]
    expected = expectations(views, season, horizon)
    scores = {name: rolling_score(known, origins, mean[:-1], season) for name, mean in expected.means.items()}
    weights = _weights(scores)
    mean = np.sum([weights[name] * expected.means[name] for name in METHODS], axis=0)
    lower, upper = _interval(views[-1], mean[-1], expected, weights, level)
    score, naive = rolling_score(known, origins, mean[:-1], season), scores["seasonal_naive"]
    return Forecast(
        values=tuple(map(float, mean[-1])),
        lower=tuple(map(float, lower)),
        upper=tuple(map(float, upper)),
        level=level,
        season=season,
        method="combination",
        parameters={**{f"weight_{name}": weight for name, weight in weights.items()}, **expected.parameters},
        origins=len(origins),
        mase=score.mase if score else None,
        mase_seasonal_naive=naive.mase if naive else None,
        bias=score.bias if score else None,
    )


def _checked(series: Sequence[float | None], horizon: int, season: int, level: float) -> Floats:
    """(n,) the series with NaN for gaps, once everything is in order."""
    if not 1 <= horizon <= LONGEST_HORIZON:
        raise Invalid("forecast.horizon", field="horizon", clause=CLAUSE, most=LONGEST_HORIZON)
    if season < 1:
        raise Invalid("forecast.season", field="season", clause=CLAUSE)
    if not 0 < level < 1:
        raise Invalid("forecast.level", field="level", clause=CLAUSE)
    for position, value in enumerate(series, 1):
        if value is not None and not (math.isfinite(value) and abs(value) <= LARGEST):
            raise Invalid("forecast.number", field="series", clause=CLAUSE, at=position)
    if sum(value is not None for value in series) < SHORTEST:
        raise Invalid("forecast.short", field="series", clause=CLAUSE, least=SHORTEST)
    if series[0] is None or series[-1] is None:
        raise Invalid("forecast.gap", field="series", clause=CLAUSE)
    return np.array([np.nan if value is None else value for value in series], dtype=np.float64)


def _filled(known: Floats) -> Floats:
    """Gaps filled on the straight line between their neighbours; they are not judged by."""
    gap = np.isnan(known)
    places = np.arange(len(known))
    return np.where(gap, np.interp(places, places[~gap], known[~gap]), known)


def _origins(length: int, horizon: int, season: int) -> list[int]:
    """Earlier moments to forecast from, as numbers of values known; the latest last."""
    fewest, most = LOOKS_BACK
    earliest = min(max(season + 2, 5), max(SHORTEST - 1, length - SHORTEST))
    start = max(earliest, length - max(horizon, fewest))
    step = -(-(length - start) // most)
    return list(range(length - 1, start - 1, -step))[::-1]


def _weights(scores: Mapping[str, Score | None]) -> dict[str, float]:
    """Shares of the methods, adding up to 1; without scores, two that learn share alike."""
    errors = {name: max(score.mase, BEST_ERROR) for name, score in scores.items() if score}
    if not errors:
        return {name: 1 / len(LEARNING) if name in LEARNING else 0.0 for name in METHODS}
    best = min(errors.values())
    accuracy = {name: (best / error) ** POWER for name, error in errors.items()}
    return {name: share / sum(accuracy.values()) for name, share in accuracy.items()}


def _interval(
    view: View, mean: Floats, expected: Expectations, weights: Mapping[str, float], level: float
) -> tuple[Floats, Floats]:
    """(horizon,) bounds: the model's variance and how far the methods disagree, at Student's quantile."""
    unit = mean if view.logs else np.ones_like(mean)
    apart = np.sum([weights[name] * ((expected.means[name][-1] - mean) / unit) ** 2 for name in METHODS], axis=0)
    reach = _student(level, max(len(view.values) - 4, 2)) * np.sqrt(expected.variance + apart)
    if view.logs:
        reach = np.minimum(reach, 100.0)
        return mean * np.exp(-reach), mean * np.exp(reach)
    lowest = 0.0 if view.values.min() >= 0 else -np.inf
    return np.maximum(mean - reach, lowest), mean + reach


def _student(level: float, freedom: int) -> float:
    """Two-sided quantile of Student's t (Abramowitz & Stegun 1964, 26.7.5, two terms)."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
