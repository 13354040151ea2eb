"""Exponential smoothing, grid point by grid point, against statsmodels' state-space models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.exponential_smoothing.ets import ETSModel

from order_core.planner.seasons import Floats, indices
from order_core.planner.smoothing import Grid, smooth
from tests.order_core.planner.test_theta import PASSENGERS

pytestmark = pytest.mark.once

SERIES = np.array(PASSENGERS, dtype=float)
AHEAD = 15


def ets(start: Floats | None, point: tuple[float, float, float, float]) -> Any:
    """statsmodels' ETS(A,Ad,A) or (A,Ad,N) at these parameters and seasons, level and slope by least squares."""
    alpha, beta, gamma, phi = point
    season: dict[str, Any] = {"seasonal": "add", "seasonal_periods": len(start)} if start is not None else {}
    dated = pd.Series(SERIES, index=pd.period_range("1949-01", periods=len(SERIES), freq="M"))
    model = ETSModel(dated, error="add", trend="add", damped_trend=True, **season)
    given = [alpha, beta, phi] if start is None else [alpha, beta, gamma, phi]
    seasons: list[float] = [] if start is None else start[::-1].tolist()

    def run(level: float, slope: float) -> Any:
        return model.smooth(np.array([*given, level, slope, *seasons]))

    base = run(0, 0).resid
    directions = np.column_stack([run(1, 0).resid - base, run(0, 1).resid - base])
    return run(*np.linalg.lstsq(directions, -base, rcond=None)[0])


@pytest.mark.parametrize("seasonal", [False, True])
@pytest.mark.parametrize("point", [(0.45, 0.09, 0.05, 0.9), (0.25, 0.0125, 0.2, 0.98), (0.1, 0.02, 0.5, 0.8)])
@pytest.mark.clause("2.1.2-b")
def test_a_grid_point_is_the_state_space_model(point: tuple[float, float, float, float], seasonal: bool) -> None:
    start = indices(SERIES, 12, multiplicative=False) if seasonal else None
    alpha, beta, gamma, phi = (np.array([value]) for value in point)
    grid = Grid(alpha, beta, gamma if seasonal else np.zeros(1), phi)
    found = smooth(SERIES[None], [len(SERIES)], start[None] if start is not None else None, AHEAD, grid)
    other = ets(start, point).get_prediction(len(SERIES), len(SERIES) + AHEAD - 1)
    assert found.mean[0] == pytest.approx(other.predicted_mean.to_numpy(), rel=1e-8)
    variance = np.asarray(other.forecast_variance)
    assert found.variance[0] / found.variance[0, 0] == pytest.approx(variance / variance[0], rel=1e-8)


def test_a_row_does_not_see_behind_its_end() -> None:
    start = np.array([indices(SERIES[:end], 12, multiplicative=False) for end in (60, 40)])
    rows = np.array([SERIES, [*SERIES[:40], *[9e9] * 20]])
    both = smooth(rows, [60, 40], start, 5)
    alone = smooth(rows[1:, :40], [40], start[1:], 5)
    assert both.mean[1] == pytest.approx(alone.mean[0], rel=1e-12)
    assert both.variance[1] == pytest.approx(alone.variance[0], rel=1e-9)
