"""Averages over a grid of parameters, instead of the one parameter that an optimiser happens to find.

Each grid point is fitted in closed form and weighs as much as its likelihood (Bayesian model averaging with a
flat prior: Hoeting, Madigan, Raftery & Volinsky 1999). Short series, which cannot tell parameters apart, are
not overfitted, and the answer is the same on every machine and at every run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from order_core.planner.seasons import Floats


@dataclass(frozen=True)
class Outlook:
    """What a family of methods expects, per row (a series up to one moment).

    Attributes:
        mean: (rows, horizon) in the unit of the rows.
        variance: (rows, horizon) of a forecast's error, within and between the grid's points.
        parameters: name → (rows,) average over the grid.
    """

    mean: Floats
    variance: Floats
    parameters: dict[str, Floats]


def likelihood_weights(squares: Floats, lengths: Floats) -> Floats:
    """(rows, grid) weights, adding up to 1 in a row: normal likelihood with the variance at its best.

    Args:
        squares: (rows, grid) sums of squared one-step errors.
        lengths: (rows,) number of errors in each sum.
    """
    floor = 1e-13 * np.maximum(squares.max(axis=1, keepdims=True), 1e-300)
    logs = -0.5 * lengths[:, None] * np.log(np.maximum(squares, floor))
    likelihood = np.exp(logs - logs.max(axis=1, keepdims=True))
    weights: Floats = likelihood / likelihood.sum(axis=1, keepdims=True)
    return weights


def averages(weights: Floats, **parameters: Floats) -> dict[str, Floats]:
    """Each (grid,) parameter's (rows,) average."""
    return {name: weights @ values for name, values in parameters.items()}
