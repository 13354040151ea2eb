"""The numbers of the engine are those of scikit-learn, whatever the messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.triage import training
from helpdesk.triage.classifier import Classifier, softmax
from helpdesk.triage.grams import Grams, characters, plain, words
from helpdesk.triage.training import Rows, Table

pytestmark = pytest.mark.once

TEXTS = (
    "fridge is warm",
    "冰箱 不冷",
    "where is my order",
    "订单 到哪了",
    "cancel the visit",
    "不用 来了",
    "thanks",
    "谢谢",
)
LABELS = np.array(["fault", "fault", "order", "order", "cancel", "cancel", "thanks", "thanks"])
messages = st.text(alphabet="abcdefr 冰箱订单不冷谢12.,!", max_size=40)


def fitted() -> tuple[Grams, Classifier]:
    grams = training.fit_grams(TEXTS)
    return grams, training.fit_weights(Table.of(grams, Rows(TEXTS, {})), LABELS)


GRAMS, MACHINE = fitted()


@given(messages)
def test_numpy_weighs_as_scikit_learn_does(text: str) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    columns, values = GRAMS.weigh(text)
    ours = np.zeros(GRAMS.width)
    ours[columns] = values
    blocks = []
    for split in (words, characters):
        theirs = TfidfVectorizer(analyzer=lambda t, split=split: split(plain(t)), sublinear_tf=True).fit(TEXTS)
        blocks.append(theirs.transform([text]).toarray()[0])
    np.testing.assert_allclose(ours, np.concatenate(blocks), atol=1e-5)


@given(messages)
def test_one_message_is_judged_as_many_are(text: str) -> None:
    table = Table.of(GRAMS, Rows((text, *TEXTS), {}))
    together = training.all_margins(MACHINE, table, np.array([0]))[0]
    np.testing.assert_allclose(MACHINE.margins(GRAMS.weigh(text), {}), together, atol=1e-4)


def test_scikit_learn_decides_the_same() -> None:
    from sklearn.svm import LinearSVC

    matrix = training.matrix(GRAMS, TEXTS)
    theirs = LinearSVC(C=training.COST, random_state=0, max_iter=2000).fit(matrix, LABELS)
    ours = np.stack([MACHINE.margins(GRAMS.weigh(text), {}) for text in TEXTS])
    np.testing.assert_allclose(ours, theirs.decision_function(matrix), atol=1e-4)


@given(messages)
def test_a_message_is_judged_the_same_twice(text: str) -> None:
    assert MACHINE.guess(GRAMS.weigh(text), {}) == MACHINE.guess(GRAMS.weigh(text), {})


def test_what_is_stored_is_what_was_trained(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    stored: dict[str, Any] = {**GRAMS.to_arrays(), **MACHINE.to_arrays("m")}
    np.savez(path, **stored)
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    grams, machine = Grams.from_arrays(arrays), Classifier.from_arrays(arrays, "m", ())
    for text in TEXTS:
        before, after = MACHINE.guess(GRAMS.weigh(text), {}), machine.guess(grams.weigh(text), {})
        assert after.label == before.label
        assert after.confidence == pytest.approx(before.confidence, abs=0.01)


@given(st.lists(st.floats(-50, 50, width=32), min_size=2, max_size=9))
def test_shares_sum_to_one(values: list[float]) -> None:
    assert softmax(np.array(values, np.float32)).sum() == pytest.approx(1, abs=1e-5)


@given(st.floats(0, 1), st.floats(0, 1))
def test_confidence_is_a_probability(best: float, similarity: float) -> None:
    assert 0 <= MACHINE.confidence(best, similarity) <= 1
