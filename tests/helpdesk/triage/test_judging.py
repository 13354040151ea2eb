"""When a new model may take over."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.triage import judging
from helpdesk.triage.judging import Scores
from helpdesk.triage.values import INTENTS

SCORES = Scores(
    accuracy=0.9,
    macro_f1=0.9,
    abstention=0.1,
    right_when_sure=0.95,
    calibration_error=0.02,
    urgency=0.9,
    appliance=0.9,
    by_language={"en": 0.9},
    confusion=[[0] * len(INTENTS) for _ in INTENTS],
    reliability=[(10, 0.9, 0.9)],
    safety_recall=0.99,
    alarms_ordinary=0.01,
    alarms_hard=0.1,
    missed=[3],
    corrections=0.5,
    corrected=4,
)


@pytest.mark.parametrize(
    ("change", "against"),
    [
        ({}, []),
        ({"accuracy": 0.896}, []),
        ({"accuracy": 0.894}, ["accuracy"]),
        ({"missed": []}, []),
        ({"missed": [3, 4]}, ["danger"]),
        ({"missed": [4]}, ["danger"]),
        ({"corrections": 0.25}, ["corrections"]),
        ({"corrections": None}, []),
        ({"accuracy": 0.5, "missed": [1], "corrections": 0.0}, ["accuracy", "danger", "corrections"]),
    ],
)
def test_objections(change: dict[str, object], against: list[str]) -> None:
    assert judging.objections(replace(SCORES, **change), SCORES) == against  # type: ignore[arg-type]


def test_scores_survive_json() -> None:
    assert Scores.from_json(SCORES.to_json()) == SCORES


@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=10))
def test_the_calibration_error_is_a_share(rows: list[tuple[int, float, float]]) -> None:
    assert 0 <= judging.calibration_error(rows) <= 1


def test_macro_f1_of_the_perfect_is_one() -> None:
    assert judging.macro_f1([[3, 0], [0, 9]]) == 1
    assert judging.macro_f1([[0, 3], [9, 0]]) == 0
