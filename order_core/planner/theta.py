"""The dynamic Theta method, averaged over its parameters.

Theta (Assimakopoulos & Nikolopoulos 2000) won the M3 competition. Its dynamic form (Fiorucci, Pellegrini, Louzada,
Petropoulos & Koehler 2016) estimates the trend line anew with every value. Errors are linear in the starting
level, so that every grid point has its least-squares start in closed form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from order_core.planner.averaging import Outlook, averages, likelihood_weights
from order_core.planner.seasons import Floats

ALPHAS = (0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.98)
THETAS = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 10.0)
"""1 is simple exponential smoothing, 2 the classical choice, more follows the trend line more."""


@dataclass
class Line:
    """The trend line through what came so far: intercept, slope and mean, of any shape; changed in place."""

    intercept: Floats
    slope: Floats
    mean: Floats

    def learn(self, value: Floats, time: Floats | int) -> None:
        """Take in the value of period ``time`` (the first is 1)."""
        change = value - self.mean
        first = np.asarray(time) == 1
        self.slope = np.where(first, 0.0, ((time - 2) * self.slope + 6 / time * change) / (time + 1))
        self.mean = self.mean + change / time
        self.intercept = self.mean - (time + 1) / 2 * self.slope


@dataclass(frozen=True)
class Fits:
    """Each row at its end, (rows, grid): level, what is left of the start, squares; the line is (rows, 1)."""

    level: Floats
    left: Floats
    squares: Floats
    line: Line


def grid(alphas: Sequence[float] = ALPHAS, thetas: Sequence[float] = THETAS) -> tuple[Floats, Floats]:
    """(grid,) alphas and thetas, every pair of them."""
    alpha, theta = np.array(list(product(alphas, thetas))).T
    return alpha, theta


def dynamic_theta(
    rows: Floats, ends: Sequence[int], horizon: int, points: tuple[Floats, Floats] | None = None
) -> Outlook:
    """Fit every row (without season) and look ahead; arguments as those of ``smoothing.smooth``.

    The variance is that between the grid's points only.
    """
    alpha, theta = points or grid()
    offset = rows[:, :1]
    fits = _fit(rows - offset, ends, alpha, 1 - 1 / theta)
    weights = likelihood_weights(fits.squares, np.array(ends, dtype=np.float64))
    means = _ahead(fits, np.array(ends)[:, None], alpha, 1 - 1 / theta, horizon)
    weighted = weights[:, None, :]
    mean = (weighted @ means)[:, 0]
    between = (weighted @ (means - mean[:, None, :]) ** 2)[:, 0]
    return Outlook(offset + mean, between, averages(weights, alpha=alpha, theta=theta))


def _fit(rows: Floats, ends: Sequence[int], alpha: Floats, share: Floats) -> Fits:
    """Run through the rows; ``share`` is the trend line's part, 1 - 1/theta."""
    count, points = len(rows), len(alpha)
    level, left = np.zeros((count, points)), np.ones(points)
    to_start, squares = np.zeros((count, points)), np.zeros((count, points))
    start_power = np.zeros(points)
    line = Line(*np.zeros((3, count)))
    kept = [np.empty((count, points)) for _ in range(5)]
    lines = np.empty((3, count, 1))
    for time in range(1, rows.shape[1] + 1):
        value = rows[:, time - 1]
        error = value[:, None] - _expected(level, left, alpha, share, line.intercept[:, None], line.slope[:, None])
        start_power = start_power + left**2
        to_start, squares = to_start + left * error, squares + error**2
        level, left = level + alpha * (value[:, None] - level), left * (1 - alpha)
        line.learn(value, time)
        for row in (row for row, end in enumerate(ends) if end == time):
            for place, found in zip(kept, (level[row], left, squares[row], to_start[row], start_power), strict=True):
                place[row] = found
            lines[:, row, 0] = line.intercept[row], line.slope[row], line.mean[row]
    level, gone, squares, to_start, power = kept
    start = to_start / power
    return Fits(level + gone * start, gone, np.maximum(squares - start * to_start, 0.0), Line(*lines))


def _expected(level: Floats, left: Floats, alpha: Floats, share: Floats, intercept: Floats, slope: Floats) -> Floats:
    """The next value: the level, and the line as far as it has not been smoothed into the level."""
    return level + share * (left * intercept + (1 - left * (1 - alpha)) / alpha * slope)


def _ahead(fits: Fits, ends: Floats, alpha: Floats, share: Floats, horizon: int) -> Floats:
    """(rows, grid, horizon); each step takes the one before for true."""
    level, left, line = fits.level, fits.left, fits.line
    steps = []
    for step in range(1, horizon + 1):
        value = _expected(level, left, alpha, share, line.intercept, line.slope)
        steps.append(value)
        level, left = level + alpha * (value - level), left * (1 - alpha)
        line.learn(value, ends + step)
    return np.stack(steps, axis=2)
