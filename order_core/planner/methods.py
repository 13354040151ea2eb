"""The methods a forecast is made of, each run from every earlier moment at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from order_core.planner.averaging import Outlook
from order_core.planner.seasons import Floats, View
from order_core.planner.smoothing import smooth
from order_core.planner.theta import dynamic_theta

METHODS = ("smoothing", "additive_smoothing", "theta", "seasonal_naive", "drift")
LEARNING = ("smoothing", "theta")
"""What is left to be believed when nothing could be judged."""
SMALLEST_SHARE = 1e-3
"""A series that was always positive is not expected below this share of its smallest value."""


@dataclass(frozen=True)
class Expectations:
    """What each method expects.

    Attributes:
        means: method → (views, horizon), in the unit of the series.
        variance: (horizon,) of the last view's error, on its transformed scale.
        parameters: of the last view's methods, by name.
    """

    means: dict[str, Floats]
    variance: Floats
    parameters: dict[str, float]


def expectations(views: Sequence[View], season: int, horizon: int) -> Expectations:
    """Run all methods from all views; each method sees nothing but its view."""
    smoothing = _smoothing([*(view.additive() for view in views), *views], horizon)
    theta = _theta(views, horizon)
    means = {
        "smoothing": smoothing.mean[len(views) :],
        "additive_smoothing": smoothing.mean[: len(views)],
        "theta": theta.mean,
        "seasonal_naive": _naive(views, season, horizon),
        "drift": _drift(views, horizon),
    }
    parameters = {
        **{f"smoothing_{name}": float(found[-1]) for name, found in smoothing.parameters.items()},
        **{f"theta_{name}": float(found[-1]) for name, found in theta.parameters.items()},
    }
    bounded = {name: _bounded(found, views) for name, found in means.items()}
    return Expectations(bounded, smoothing.variance[-1], parameters)


def _rows(parts: Sequence[Floats]) -> Floats:
    """(rows, longest) the parts below each other, filled up with their last value."""
    longest = max(len(part) for part in parts)
    return np.array([np.pad(part, (0, longest - len(part)), mode="edge") for part in parts])


def _smoothing(views: Sequence[View], horizon: int) -> Outlook:
    """Rows with a season and rows without have different models; each of the two is one run."""
    mean, variance = np.empty((len(views), horizon)), np.empty((len(views), horizon))
    parameters: dict[str, Floats] = {}
    for seasonal in (False, True):
        chosen = [place for place, view in enumerate(views) if (view.seasonal is not None) is seasonal]
        if not chosen:
            continue
        parts = [views[place].transformed() for place in chosen]
        starts = np.array([views[place].starting_seasons() for place in chosen]) if seasonal else None
        found = smooth(_rows(parts), [len(part) for part in parts], starts, horizon)
        mean[chosen], variance[chosen] = found.mean, found.variance
        for name, values in found.parameters.items():
            parameters.setdefault(name, np.empty(len(views)))[chosen] = values
    restored = np.array([view.restored(row) for view, row in zip(views, mean, strict=True)])
    return Outlook(restored, variance, parameters)


def _theta(views: Sequence[View], horizon: int) -> Outlook:
    parts = [view.adjusted() for view in views]
    found = dynamic_theta(_rows(parts), [len(part) for part in parts], horizon)
    seasoned = np.array([view.seasoned(row) for view, row in zip(views, found.mean, strict=True)])
    return Outlook(seasoned, found.variance, found.parameters)


def _naive(views: Sequence[View], season: int, horizon: int) -> Floats:
    """The value of the same season last time; of the last period where the series is shorter than a season."""
    steps = np.arange(horizon)
    lags = [season if len(view.values) >= season else 1 for view in views]
    return np.array([view.values[-lag:][steps % lag] for view, lag in zip(views, lags, strict=True)])


def _drift(views: Sequence[View], horizon: int) -> Floats:
    """The straight line from the first value to the last, without their seasons."""
    steps = np.arange(1, horizon + 1)
    lines = [(view, view.adjusted()) for view in views]
    return np.array([view.seasoned(y[-1] + (y[-1] - y[0]) / (len(y) - 1) * steps) for view, y in lines])


def _bounded(found: Floats, views: Sequence[View]) -> Floats:
    """What never was negative is not expected to be; what always was positive stays so."""
    least = np.array([view.values.min() for view in views])
    return np.maximum(found, np.where(least >= 0, least * SMALLEST_SHARE, -np.inf)[:, None])
