"""The dynamic Theta method, grid point by grid point, against another implementation of the paper."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.tsa.holtwinters import SimpleExpSmoothing

from order_core.planner.theta import dynamic_theta

pytestmark = pytest.mark.once

PASSENGERS = [
    *(112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118, 115, 126, 141, 135, 125, 149, 170, 170),
    *(158, 133, 114, 140, 145, 150, 178, 163, 172, 178, 199, 199, 184, 162, 146, 166, 171, 180, 193, 181),
    *(183, 218, 230, 242, 209, 191, 172, 194, 196, 196, 236, 235, 229, 243, 264, 272, 237, 211, 180, 201),
]
"""Airline passengers, 1949 to 1953, in thousands (Box & Jenkins 1976, series G)."""


@pytest.mark.parametrize(
    ("alpha", "theta", "ahead"),
    [
        (0.3, 2.0, [216.528168, 217.511206, 218.481711, 219.440106, 220.386791, 221.322144]),
        (0.5, 1.5, [204.359507, 205.014721, 205.655559, 206.282703, 206.896788, 207.498403]),
        (0.8, 4.0, [200.232601, 201.727659, 203.185902, 204.610165, 206.003002, 207.366725]),
    ],
)
@pytest.mark.clause("2.1.2-b")
def test_a_grid_point_is_the_dynamic_theta_model(alpha: float, theta: float, ahead: list[float]) -> None:
    """Expected: DOTM of statsforecast 2.1.1 with these parameters. (Its start is found by search: 6 digits.)"""
    rows = np.array([PASSENGERS], dtype=float)
    found = dynamic_theta(rows, [len(PASSENGERS)], 6, (np.array([alpha]), np.array([theta])))
    assert found.mean[0] == pytest.approx(ahead, rel=1e-6)


@pytest.mark.parametrize("alpha", [0.2, 0.5, 0.9])
def test_a_theta_of_one_is_simple_exponential_smoothing(alpha: float) -> None:
    series = np.array(PASSENGERS, dtype=float)
    found = dynamic_theta(series[None], [len(series)], 3, (np.array([alpha]), np.array([1.0])))
    other = SimpleExpSmoothing(series, initialization_method="estimated").fit(smoothing_level=alpha, optimized=True)
    assert found.mean[0] == pytest.approx(other.forecast(3), rel=1e-4)


def test_a_row_does_not_see_behind_its_end() -> None:
    rows = np.array([PASSENGERS, [*PASSENGERS[:40], *[9e9] * 20]], dtype=float)
    both = dynamic_theta(rows, [60, 40], 4)
    assert both.mean[1] == pytest.approx(dynamic_theta(rows[:1, :40], [40], 4).mean[0], rel=1e-12)
