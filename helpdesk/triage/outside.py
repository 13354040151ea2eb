"""The engine on labels of somebody else's: learn from a few examples, then label messages with a confidence.

In any language. What belongs to none of the labels gets a low confidence: while learning, some labels are left
out in turn, and their messages show what unknown ones look like.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from helpdesk.triage.classifier import Classifier, Guess, Neighbours
from helpdesk.triage.encoders import E5, USE, encode, installed
from helpdesk.triage.grams import Grams
from helpdesk.triage.language import normalise
from helpdesk.triage.training import (
    FOLDS,
    Rows,
    Table,
    calibrate,
    fit_grams,
    fit_weights,
    hold_out,
    spread,
)

FEW = 3000
"""Examples up to which the large encoder is asked too: it takes 15 ms a text, and helps most where there are few."""
MANY = 6000
"""Examples from which two folds instead of five are held out, and n-grams must occur twice."""


@dataclass(frozen=True)
class Learned:
    """A classifier of somebody's labels."""

    grams: Grams
    classifier: Classifier
    near: Neighbours | None

    def guess(self, texts: Sequence[str]) -> list[Guess]:
        """A label with its confidence for each text."""
        normal = [normalise(text) for text in texts]
        vectors = {name: encode(name, normal) for name in self.classifier.encoders}
        return [
            self.classifier.guess(
                self.grams.weigh(text), {name: rows[at] for name, rows in vectors.items()}, near=self.near
            )
            for at, text in enumerate(normal)
        ]


def learn(texts: Sequence[str], labels: Sequence[str]) -> Learned:
    """Fit and calibrate; at least two labels.

    Raises:
        ValueError: fewer than two labels.
    """
    truth = np.array(labels, np.str_)
    if len(np.unique(truth)) < 2:
        raise ValueError("at least two different labels are needed")
    many = len(texts) >= MANY
    rows = Rows.of([normalise(text) for text in texts], installed((USE, E5) if len(texts) <= FEW else (USE,)))
    grams = fit_grams(rows.texts, rarest=2 if many else 1)
    fold = spread(truth, FOLDS)
    table = Table.of(grams, rows)
    unknown = len(np.unique(truth)) > FOLDS
    held = hold_out(table, rows, truth, fold, leave_labels=unknown, only=2 if many else FOLDS)
    classifier = calibrate(fit_weights(table, truth), held)
    name = next(iter(rows.vectors), None)
    near = Neighbours.of(name, rows.texts, labels, rows.vectors[name]) if name else None
    return Learned(grams, classifier, near)
