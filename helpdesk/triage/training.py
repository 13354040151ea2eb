"""Fitting classifiers with scikit-learn, which is imported here only: in the heavy worker, ``lab classify`` and
``make triage-model``.

Nothing is drawn by chance: the same messages give the same model.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helpdesk.triage.classifier import Classifier, Dense, Neighbours, log_odds, softmax, unit
from helpdesk.triage.encoders import encode
from helpdesk.triage.grams import Block, Floats, Grams, characters, plain, words

Labels = NDArray[np.str_]
Ints = NDArray[np.int64]
COST = 0.5
"""The linear machine's C; between 0.25 and 1 little changes."""
LENGTHS = {"use": 0.7, "e5": 1.0}
"""How long an embedding is beside the n-grams, of which either block has length 1."""
FOLDS = 5
FEWEST = 3
"""Rows of a label below which it cannot be held out."""
UNKNOWN_SHARE = 0.25
"""What messages of labels that were left out weigh, together, against the others when trust is fitted."""


@dataclass(frozen=True)
class Rows:
    """Texts, normalised, with everything that is computed once: n-grams are left to the fit, embeddings are here."""

    texts: tuple[str, ...]
    vectors: dict[str, Floats]

    @classmethod
    def of(cls, texts: Sequence[str], encoders: Sequence[str]) -> "Rows":
        """Embed all texts."""
        return cls(tuple(texts), {name: encode(name, texts) for name in encoders})

    def take(self, at: Ints) -> "Rows":
        """Some of them."""
        return Rows(tuple(self.texts[i] for i in at), {name: rows[at] for name, rows in self.vectors.items()})

    def with_only(self, encoders: Sequence[str]) -> "Rows":
        """The same texts with fewer embeddings."""
        return Rows(self.texts, {name: self.vectors[name] for name in encoders})


def fit_grams(texts: Sequence[str], *, rarest: int = 1) -> Grams:
    """Vocabulary and weights; ``rarest``: texts that an n-gram must occur in."""
    return Grams(*(_fit_block(texts, split, rarest) for split in (words, characters)))


def _fit_block(texts: Sequence[str], split: Callable[[str], list[str]], rarest: int) -> Block:
    """As scikit-learn weighs (smoothed), without the matrix it would make of all texts on the way."""
    occurs = Counter(token for text in texts for token in set(split(plain(text))))
    entries = tuple(sorted(token for token, count in occurs.items() if count >= rarest))
    counts = np.fromiter((occurs[entry] for entry in entries), np.float64, len(entries))
    return Block(entries, (np.log((1 + len(texts)) / (1 + counts)) + 1).astype(np.float32))


def matrix(grams: Grams, texts: Sequence[str]) -> Any:
    """The texts' n-grams as one sparse matrix (texts, columns)."""
    from scipy.sparse import csr_matrix

    weighed = [grams.weigh(text) for text in texts]
    ends = np.cumsum([0, *(len(columns) for columns, _ in weighed)])
    columns = np.concatenate([columns for columns, _ in weighed]) if weighed else np.zeros(0, np.int64)
    values = np.concatenate([values for _, values in weighed]) if weighed else np.zeros(0, np.float32)
    return csr_matrix((values, columns, ends), shape=(len(texts), grams.width))


@dataclass(frozen=True)
class Table:
    """Rows as one sparse matrix: n-grams, then each embedding prepared as ``dense`` says (its weights still empty)."""

    matrix: Any
    grams: int
    dense: dict[str, Dense]

    @classmethod
    def of(cls, grams: Grams, rows: Rows) -> "Table":
        """Everything that a machine is fitted on, made once for all folds."""
        from scipy.sparse import csr_matrix, hstack

        dense = {name: _prepared(name, vectors) for name, vectors in rows.vectors.items()}
        parts = [csr_matrix(dense[name].prepare(rows.vectors[name])) for name in dense]
        return cls(hstack([matrix(grams, rows.texts), *parts]).tocsr(), grams.width, dense)


def _prepared(name: str, vectors: Floats) -> Dense:
    centre = vectors.mean(axis=0, dtype=np.float32)
    length = float(np.linalg.norm(vectors - centre, axis=1).mean()) or 1.0
    return Dense(np.zeros((0, 0), np.float32), centre, LENGTHS[name] / length)


def fit_weights(table: Table, labels: Labels, weights: Floats | None = None, at: Ints | None = None) -> Classifier:
    """One linear machine a label on all rows, or those ``at``; not calibrated yet."""
    from sklearn.svm import LinearSVC

    rows = slice(None) if at is None else at
    counted = None if weights is None else weights[rows]
    chosen = table.matrix if at is None else table.matrix[at]
    machine = LinearSVC(C=COST, random_state=0, max_iter=2000).fit(chosen, labels[rows], counted)
    coefficients, bias = machine.coef_.astype(np.float32).T, machine.intercept_.astype(np.float32)
    if len(machine.classes_) == 2:  # scikit-learn keeps one machine for two labels
        coefficients = np.concatenate((-coefficients, coefficients), axis=1)
        bias = np.array([-bias[0], bias[0]], np.float32)
    start, filled = table.grams, {}
    for name, entry in table.dense.items():
        width = len(entry.centre)
        filled[name] = Dense(coefficients[start : start + width].copy(), entry.centre, entry.scale)
        start += width
    return Classifier(tuple(str(label) for label in machine.classes_), coefficients[: table.grams].copy(), bias, filled)


def all_margins(classifier: Classifier, table: Table, at: Ints) -> Floats:
    """(rows, labels) of these rows."""
    weights = np.concatenate((classifier.grams, *(dense.weights for dense in classifier.dense.values())))
    return np.asarray(table.matrix[at] @ weights + classifier.bias, np.float32)


def spread(labels: Labels, folds: int = FOLDS) -> Ints:
    """A fold for every row, each label's rows dealt out in turn."""
    fold = np.zeros(len(labels), np.int64)
    for label in np.unique(labels):
        at = np.flatnonzero(labels == label)
        fold[at] = np.arange(len(at)) % folds
    return fold


@dataclass(frozen=True)
class HeldOut:
    """What was said of rows by machines that had not seen them.

    ``margins`` are of the labels ``known`` to the machine in question; ``similarity`` to the nearest row it had seen.
    """

    margins: Floats
    known: tuple[str, ...]
    truth: Labels
    similarity: Floats


def hold_out(
    table: Table,
    rows: Rows,
    labels: Labels,
    fold: Ints,
    *,
    leave_labels: bool,
    weights: Floats | None = None,
    only: int = FOLDS,
) -> list[HeldOut]:
    """Cross-validate over the first ``only`` folds.

    With ``leave_labels`` each machine also never sees some labels, which are unknown to it then.
    """
    names = np.unique(labels)
    found = []
    for number in range(only):
        left = names[number::FOLDS] if leave_labels else names[:0]
        seen = np.flatnonzero((fold != number) & ~np.isin(labels, left))
        unseen = np.flatnonzero(fold == number)
        if len(np.unique(labels[seen])) < 2 or not len(unseen):
            continue
        machine = fit_weights(table, labels, weights, seen)
        close = similarities(rows.take(seen), rows.take(unseen))
        found.append(HeldOut(all_margins(machine, table, unseen), machine.labels, labels[unseen], close))
    return found


def similarities(train: Rows, test: Rows) -> Floats:
    """Cosine of each test row with its nearest training row, 0 without an embedding."""
    if not train.vectors:
        return np.zeros(len(test.texts), np.float32)
    name = next(iter(train.vectors))
    near = Neighbours.of(name, train.texts, train.texts, train.vectors[name])
    return np.asarray((unit(test.vectors[name] - near.centre) @ near.rows.T).max(axis=1), np.float32)


def calibrate(classifier: Classifier, found: Sequence[HeldOut]) -> Classifier:
    """The temperature that makes the held-out labels likeliest, then trust from what was right and what was not."""
    if not found:
        return classifier
    temperature = _temperature(found)
    return replace(classifier, temperature=temperature, trust=_trust(found, temperature))


def _temperature(found: Sequence[HeldOut]) -> float:
    def surprise(temperature: float) -> float:
        total, count = 0.0, 0
        for part in found:
            inside = np.isin(part.truth, part.known)
            shares = softmax(part.margins[inside] / np.float32(temperature))
            at = np.searchsorted(np.array(part.known), part.truth[inside])
            total -= float(np.log(np.maximum(shares[np.arange(len(at)), at], 1e-9)).sum())
            count += len(at)
        return total / max(count, 1)

    return float(min(np.geomspace(0.03, 3.0, 60), key=surprise))


def _trust(found: Sequence[HeldOut], temperature: float) -> tuple[float, float, float]:
    from sklearn.linear_model import LogisticRegression

    odds, right, close, known = [], [], [], []
    for part in found:
        shares = softmax(part.margins / np.float32(temperature))
        odds += [log_odds(float(best)) for best in shares.max(axis=1)]
        right += list(np.array(part.known)[shares.argmax(axis=1)] == part.truth)
        close += list(part.similarity)
        known += list(np.isin(part.truth, part.known))
    if len(set(right)) < 2:
        return 1.0, 0.0, 0.0
    inside = np.array(known)
    weight = np.where(inside, 1.0, UNKNOWN_SHARE * inside.sum() / max((~inside).sum(), 1))
    features = np.column_stack((odds, close))
    fitted = LogisticRegression(C=100.0).fit(features, right, weight)
    return float(fitted.coef_[0, 0]), float(fitted.coef_[0, 1]), float(fitted.intercept_[0])
