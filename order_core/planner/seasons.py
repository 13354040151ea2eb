"""Seasons of a series: whether there are any, what they are, and the series without them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SIGNIFICANT = 1.645
"""Two-sided 90 % of the normal distribution, the usual limit of this test (Makridakis et al. 2020, M4)."""
SEASONS_NEEDED = 3
SMALLEST_INDEX = 0.01
"""A month at less than a hundredth of the year's level is not divided by: the season is added instead."""


def is_seasonal(values: Floats, season: int) -> bool:
    """Whether the series repeats itself after a season, or its changes do (a trend hides a season in the values).

    Args:
        values: (n,) one number a period.
        season: periods in a season, 1 or more.
    """
    if season < 2 or len(values) < SEASONS_NEEDED * season:
        return False
    return _repeats(values, season) or _repeats(np.diff(values), season)


def _repeats(values: Floats, season: int) -> bool:
    """Whether the autocorrelation at one season is beyond chance, as the M competitions test it."""
    centred = values - values.mean()
    power = float(centred @ centred)
    if power <= 0:
        return False
    lags = np.array([centred[lag:] @ centred[:-lag] for lag in range(1, season + 1)]) / power
    limit = SIGNIFICANT * np.sqrt((1 + 2 * (lags[:-1] ** 2).sum()) / len(values))
    return bool(abs(lags[-1]) > limit)


def indices(values: Floats, season: int, *, multiplicative: bool) -> Floats:
    """(season,) seasonal indices by classical decomposition; the first belongs to the first value.

    Multiplicative ones have the mean 1, additive ones the mean 0.
    """
    ends = [0.5] if season % 2 == 0 else []
    window = np.array([*ends, *np.ones(season - len(ends)), *ends]) / season
    trend = np.convolve(values, window, "valid")
    first = len(window) // 2
    inner = values[first : first + len(trend)]
    ratio = inner / trend if multiplicative else inner - trend
    phase = np.arange(first, first + len(trend)) % season
    found = np.array([ratio[phase == each].mean() for each in range(season)])
    centred: Floats = found / found.mean() if multiplicative else found - found.mean()
    return centred


@dataclass(frozen=True)
class View:
    """A series up to some moment, as the methods look at it.

    Attributes:
        values: (n,) what was known then.
        seasonal: (season,) indices, or None where no season shows.
        logs: whether changes are proportions (all values positive, no additive season).
    """

    values: Floats
    seasonal: Floats | None
    logs: bool

    @classmethod
    def of(cls, values: Floats, season: int) -> View:
        """Look at the values and at nothing else: no later value has a say."""
        positive = bool((values > 0).all())
        if not is_seasonal(values, season):
            return cls(values, None, positive)
        found = indices(values, season, multiplicative=positive)
        if positive and bool((found <= SMALLEST_INDEX).any()):
            return cls(values, indices(values, season, multiplicative=False), False)
        return cls(values, found, positive)

    def additive(self) -> View:
        """The same, as if changes were no proportions."""
        if not self.logs:
            return self
        season = None if self.seasonal is None else len(self.seasonal)
        return View(self.values, indices(self.values, season, multiplicative=False) if season else None, False)

    def transformed(self) -> Floats:
        """(n,) the values on the scale on which changes add up."""
        return np.log(self.values) if self.logs else self.values

    def restored(self, transformed: Floats) -> Floats:
        """Back from that scale; what would overflow stays just finite."""
        return np.exp(np.minimum(transformed, 700.0)) if self.logs else transformed

    def starting_seasons(self) -> Floats | None:
        """(season,) indices on that scale, adding up to zero."""
        if self.seasonal is None:
            return None
        start: Floats = np.log(self.seasonal) if self.logs else self.seasonal
        centred: Floats = start - start.mean()
        return centred

    def adjusted(self) -> Floats:
        """(n,) the values without their season."""
        if self.seasonal is None:
            return self.values
        pattern = np.resize(self.seasonal, len(self.values))
        return self.values / pattern if self.logs else self.values - pattern

    def seasoned(self, adjusted: Floats) -> Floats:
        """(h,) with the season of the next h periods put back."""
        if self.seasonal is None:
            return adjusted
        coming = np.arange(len(self.values), len(self.values) + len(adjusted)) % len(self.seasonal)
        return adjusted * self.seasonal[coming] if self.logs else adjusted + self.seasonal[coming]
