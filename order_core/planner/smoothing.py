"""Exponential smoothing with a damped trend and, where there is one, a season; averaged over its parameters.

The model is ETS(A,Ad,N) or ETS(A,Ad,A) (Hyndman, Koehler, Ord & Snyder 2008, ch. 2 and 6); given logarithms
it is the multiplicative one. Errors are linear in the starting level and slope, so three runs side by side
(from nothing, from a unit level, from a unit slope) give the least-squares start of every grid point exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from order_core.planner.averaging import Outlook, averages, likelihood_weights
from order_core.planner.seasons import Floats

ALPHAS = (0.02, 0.1, 0.25, 0.45, 0.7, 0.99)
BETAS = (0.0, 0.05, 0.2)
"""As shares of alpha."""
GAMMAS = (0.01, 0.1, 0.3, 0.6)
"""As shares of 1 - alpha."""
PHIS = (0.8, 0.9, 0.98)


@dataclass(frozen=True)
class Grid:
    """(grid,) parameters each: level, slope, season, damping."""

    alpha: Floats
    beta: Floats
    gamma: Floats
    phi: Floats

    @classmethod
    def over(cls, gammas: Sequence[float]) -> Grid:
        points = [(a, a * b, (1 - a) * c, phi) for a, b, c, phi in product(ALPHAS, BETAS, gammas, PHIS)]
        return cls(*np.array(points).T)


PLAIN = Grid.over((0.0,))
SEASONAL = Grid.over(GAMMAS)


@dataclass(frozen=True)
class States:
    """Where the three runs stand at the end of each row, and the sums of products of their errors.

    ``level``, ``slope``: (3, rows, grid); ``seasons``: (season, 3, rows, grid); ``products``: (3, 3, rows, grid).
    """

    level: Floats
    slope: Floats
    seasons: Floats
    products: Floats


def smooth(rows: Floats, ends: Sequence[int], starts: Floats | None, horizon: int, grid: Grid | None = None) -> Outlook:
    """Fit every row and look ahead.

    Args:
        rows: (rows, n); what stands behind a row's end is not looked at, but must be finite.
        ends: how many values each row has, 2 or more.
        starts: (rows, season) seasonal indices to start from, adding up to zero; None: no season.
        horizon: periods ahead.
        grid: parameters to average over.
    """
    grid = grid or (PLAIN if starts is None else SEASONAL)
    offset = rows[:, :1]
    spread = np.array([np.std(row[:end]) or 1.0 for row, end in zip(rows, ends, strict=True)])[:, None]
    season = np.zeros((len(rows), 1)) if starts is None else starts / spread
    states = _run((rows - offset) / spread, ends, season, grid)
    start, squares = _best_start(states.products)
    lengths = np.array(ends, dtype=np.float64)
    weights = likelihood_weights(squares, lengths)
    free = np.maximum(lengths - 2 - (starts.shape[1] / 2 if starts is not None else 0), 1)
    mean, variance = _ahead(states, start, squares / free[:, None], weights, grid, ends, horizon)
    parameters = averages(weights, alpha=grid.alpha, beta=grid.beta, gamma=grid.gamma, phi=grid.phi)
    return Outlook(offset + spread * mean, spread**2 * variance, parameters)


def _run(rows: Floats, ends: Sequence[int], seasons: Floats, grid: Grid) -> States:
    count, points = len(rows), len(grid.alpha)
    season = seasons.shape[1]
    level, slope = np.zeros((3, count, points)), np.zeros((3, count, points))
    level[1], slope[2] = 1.0, 1.0
    phases = np.zeros((season, 3, count, points))
    phases[:, 0] = seasons.T[:, :, None]
    products = np.zeros((3, 3, count, points))
    kept = States(level.copy(), slope.copy(), phases.copy(), products.copy())
    for time in range(rows.shape[1]):
        phase = phases[time % season]
        expected = level + grid.phi * slope
        error = -(expected + phase)
        error[0] += rows[:, time, None]
        for one in range(3):
            products[one, one:] += error[one] * error[one:]
        level = expected + grid.alpha * error
        slope = grid.phi * slope + grid.beta * error
        if season > 1:
            phase += grid.gamma * error
        for row in (row for row, end in enumerate(ends) if end == time + 1):
            kept.level[:, row], kept.slope[:, row] = level[:, row], slope[:, row]
            kept.seasons[:, :, row], kept.products[:, :, row] = phases[:, :, row], products[:, :, row]
    return kept


def _best_start(products: Floats) -> tuple[Floats, Floats]:
    """(3, rows, grid) shares of the three runs with the least squares, and (rows, grid) those squares."""
    plain, level, slope = products[0, 0], products[1, 1], products[2, 2]
    both, to_level, to_slope = products[1, 2], -products[0, 1], -products[0, 2]
    determinant = level * slope - both**2
    apart = determinant > 1e-9 * level * np.maximum(slope, 1e-300)
    divisor = np.where(apart, determinant, 1.0)
    first = np.where(apart, (to_level * slope - to_slope * both) / divisor, to_level / level)
    second = np.where(apart, (level * to_slope - both * to_level) / divisor, 0.0)
    squares = np.maximum(plain - first * to_level - second * to_slope, 0.0)
    return np.stack([np.ones_like(first), first, second]), squares


def _ahead(
    states: States,
    start: Floats,
    variance: Floats,
    weights: Floats,
    grid: Grid,
    ends: Sequence[int],
    horizon: int,
) -> tuple[Floats, Floats]:
    """(rows, horizon) mean and variance; a step's variance grows as ETS says (2008, table 6.1)."""
    steps = np.arange(1, horizon + 1)
    damped = np.cumsum(grid.phi[:, None] ** steps, axis=1)
    level, slope = (start * states.level).sum(axis=0), (start * states.slope).sum(axis=0)
    means = level[:, :, None] + slope[:, :, None] * damped
    season = len(states.seasons)
    if season > 1:
        seasons = (start * states.seasons).sum(axis=1)
        for row, end in enumerate(ends):
            means[row] += seasons[(end + steps - 1) % season, row].T
    weighted = weights[:, None, :]
    mean = (weighted @ means)[:, 0]
    renewed = steps % season == 0 if season > 1 else np.zeros(horizon, dtype=bool)
    answer = grid.alpha[:, None] + grid.beta[:, None] * damped + grid.gamma[:, None] * renewed
    growth = 1 + np.cumsum(answer**2, axis=1) - answer**2
    within = (weights * variance) @ growth
    between = (weighted @ (means - mean[:, None, :]) ** 2)[:, 0]
    return mean, within + between
