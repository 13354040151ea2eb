"""The trained engine as numpy arrays: what a message is, how sure that is, and which example speaks for it.

A classifier is linear over n-grams and, when it has been trained with them, sentence embeddings. Its margins
become probabilities by one temperature; its confidence is a probability of being right, fitted on messages
that were held out (``trust``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from helpdesk.triage.encoders import encode
from helpdesk.triage.grams import Floats, Grams

Arrays = dict[str, NDArray[np.generic]]
Vectors = Mapping[str, Floats]
"""Encoder → the text's embedding."""
SMALLEST = 1e-6


@dataclass(frozen=True)
class Dense:
    """How one embedding enters: its centre is taken out, and what is left has a length of about ``scale``."""

    weights: Floats
    centre: Floats
    scale: float

    def prepare(self, rows: Floats) -> Floats:
        """Rows (n, width) as they are weighed."""
        return ((rows - self.centre) * np.float32(self.scale)).astype(np.float32)


@dataclass(frozen=True)
class Guess:
    """What a classifier holds a text to be.

    Attributes:
        confidence: probability that ``label`` is right.
        ranked: labels with their probabilities, best first, at most three.
        tier: which classifier said so.
        nearest: the stored example that is most alike, with its label and the cosine, when embeddings were used.
    """

    label: str
    confidence: float
    ranked: tuple[tuple[str, float], ...]
    tier: str = ""
    nearest: tuple[str, str, float] | None = None

    def probability(self, label: str) -> float:
        """Of one label, 0 when it is not among the first."""
        return dict(self.ranked).get(label, 0.0)


@dataclass(frozen=True)
class Classifier:
    """Weights of one tier. ``trust``: (slope on the log-odds of the best label, slope on similarity, offset)."""

    labels: tuple[str, ...]
    grams: Floats
    bias: Floats
    dense: dict[str, Dense] = field(default_factory=dict)
    temperature: float = 1.0
    trust: tuple[float, float, float] = (1.0, 0.0, 0.0)

    @property
    def encoders(self) -> tuple[str, ...]:
        """The embeddings it needs."""
        return tuple(self.dense)

    def margins(self, weighed: tuple[NDArray[np.int64], Floats], vectors: Vectors) -> Floats:
        """Signed distances from each label's border."""
        columns, values = weighed
        found = values @ self.grams[columns].astype(np.float32) + self.bias
        for name, dense in self.dense.items():
            found = found + dense.prepare(vectors[name]) @ dense.weights
        return np.asarray(found, np.float32)

    def probabilities(self, margins: Floats) -> Floats:
        """Of each label; they sum to one."""
        return softmax(margins / np.float32(self.temperature))

    def confidence(self, best: float, similarity: float = 0.0) -> float:
        """Probability of being right, from the best label's probability and the nearest example's cosine."""
        slope, closeness, offset = self.trust
        odds = slope * log_odds(best) + closeness * similarity + offset
        return float(1 / (1 + np.exp(-odds)))

    def guess(
        self, weighed: tuple[NDArray[np.int64], Floats], vectors: Vectors, *, near: "Neighbours | None" = None
    ) -> Guess:
        """The best label with its confidence."""
        shares = self.probabilities(self.margins(weighed, vectors))
        order = np.argsort(-shares, kind="stable")[:3]
        nearest = near.nearest(vectors) if near is not None else None
        sure = self.confidence(float(shares[order[0]]), nearest[2] if nearest else 0.0)
        ranked = tuple((self.labels[at], float(shares[at])) for at in order)
        return Guess(ranked[0][0], sure, ranked, nearest=nearest)

    def to_arrays(self, prefix: str) -> Arrays:
        """As it is stored; weights at half precision, which changes no label."""
        arrays: Arrays = {
            f"{prefix}.labels": np.array(self.labels),
            f"{prefix}.grams": self.grams.astype(np.float16),
            f"{prefix}.bias": self.bias,
            f"{prefix}.calibration": np.array([self.temperature, *self.trust], np.float64),
        }
        for name, dense in self.dense.items():
            arrays[f"{prefix}.{name}.weights"] = dense.weights.astype(np.float16)
            arrays[f"{prefix}.{name}.centre"] = dense.centre.astype(np.float32)
            arrays[f"{prefix}.{name}.scale"] = np.array(dense.scale, np.float64)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Arrays, prefix: str, encoders: Sequence[str]) -> "Classifier":
        """What ``to_arrays`` stored."""
        temperature, *trust = (float(value) for value in arrays[f"{prefix}.calibration"])
        dense = {
            name: Dense(
                np.asarray(arrays[f"{prefix}.{name}.weights"], np.float32),
                np.asarray(arrays[f"{prefix}.{name}.centre"], np.float32),
                float(arrays[f"{prefix}.{name}.scale"]),
            )
            for name in encoders
        }
        return cls(
            tuple(str(label) for label in arrays[f"{prefix}.labels"]),
            np.asarray(arrays[f"{prefix}.grams"]),
            np.asarray(arrays[f"{prefix}.bias"], np.float32),
            dense,
            temperature,
            (trust[0], trust[1], trust[2]),
        )


@dataclass(frozen=True)
class Neighbours:
    """Stored examples with their embeddings (n, width) by one encoder, centred and of length one."""

    encoder: str
    texts: tuple[str, ...]
    labels: tuple[str, ...]
    rows: Floats
    centre: Floats

    def nearest(self, vectors: Vectors) -> tuple[str, str, float] | None:
        """(text, label, cosine) of the most alike example."""
        if not self.texts or self.encoder not in vectors:
            return None
        cosines = self.rows @ unit(vectors[self.encoder] - self.centre)
        best = int(np.argmax(cosines))
        return self.texts[best], self.labels[best], float(cosines[best])

    @classmethod
    def of(cls, encoder: str, texts: Sequence[str], labels: Sequence[str], rows: Floats) -> "Neighbours":
        """From raw embeddings."""
        centre = rows.mean(axis=0, dtype=np.float32)
        return cls(encoder, tuple(texts), tuple(labels), unit(rows - centre), centre)


def vectors_of(encoders: Sequence[str], text: str) -> dict[str, Floats]:
    """Embeddings of one text."""
    return {name: encode(name, [text])[0] for name in encoders}


def weigh_all(grams: Grams, texts: Sequence[str]) -> list[tuple[NDArray[np.int64], Floats]]:
    """Every text as its n-grams."""
    return [grams.weigh(text) for text in texts]


def softmax(values: Floats) -> Floats:
    """Along the last axis."""
    raised = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True), np.float32)


def log_odds(probability: float) -> float:
    """ln p / (1 - p), kept finite."""
    kept = min(max(probability, SMALLEST), 1 - SMALLEST)
    return float(np.log(kept / (1 - kept)))


def unit(rows: Floats) -> Floats:
    """Rows scaled to length one; a row of zeros stays."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), np.float32)
