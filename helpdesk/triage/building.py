"""From messages to a whole model: what ``make triage-model`` and the nightly retraining both do."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from helpdesk.triage import corpus
from helpdesk.triage.artefact import SHIPPED, Floors, Gate, Model, Tiers
from helpdesk.triage.classifier import Classifier, Neighbours, softmax
from helpdesk.triage.corpus import Example
from helpdesk.triage.encoders import USE, installed
from helpdesk.triage.engine import Engine
from helpdesk.triage.grams import Floats, Grams
from helpdesk.triage.language import normalise
from helpdesk.triage.safety import hazard_in
from helpdesk.triage.training import (
    FOLDS,
    HeldOut,
    Ints,
    Labels,
    Rows,
    Table,
    calibrate,
    fit_grams,
    fit_weights,
    hold_out,
)
from helpdesk.triage.wording import common

ENCODERS = (USE,)
TOGETHER = 6
HARD, FAULT = 3.0, 2.0
"""What a hard negative, and an ordinary fault, weigh against other messages when danger is learned."""
PREFILL, ACT = 0.90, 0.98
EVIDENCE = 20
"""Held-out messages before a floor is believed."""
NEVER = 2.0
MISSED, IN_DOUBT = 0.02, 0.004
"""Share of held-out dangers that neither words nor the gate may see; and that the fast tier may not pass on."""


@dataclass(frozen=True)
class Lesson:
    """All that is learned from: rows with an intent each (``originals`` as they were written), rows of danger."""

    originals: tuple[str, ...]
    intents: Rows
    intent_labels: Labels
    intent_folds: Ints
    dangers: Rows
    danger_normals: tuple[str, ...]
    danger_labels: Labels
    danger_weights: Floats
    danger_folds: Ints


def lesson(corrections: Sequence[Example] = (), encoders: Sequence[str] = ENCODERS) -> Lesson:
    """Seeds, dangers and corrections, normalised and embedded."""
    seeds, dangers = [*corpus.seeds(), *corrections], corpus.dangers()
    rows = Rows.of([common(normalise(example.text)) for example in (*seeds, *dangers)], encoders)
    count, every = len(seeds), len(seeds) + len(dangers)
    as_dangers = [*dangers, *(Example(seed.text, corpus.NO_DANGER, seed.lang) for seed in seeds)]
    hard = [HARD if example.label == corpus.NO_DANGER else 1.0 for example in dangers]
    plain = [FAULT if seed.label == "report_fault" else 1.0 for seed in seeds]
    return Lesson(
        tuple(seed.text for seed in seeds),
        rows.take(np.arange(count)),
        np.array([seed.label for seed in seeds]),
        folds(seeds),
        rows.take(np.array([*range(count, every), *range(count)], np.int64)),
        tuple(normalise(example.text) for example in as_dangers),
        np.array([example.label for example in as_dangers]),
        np.array([*hard, *plain], np.float32),
        folds(as_dangers),
    )


def folds(examples: Sequence[Example]) -> Ints:
    """Which fold each row is held out with.

    The lists of two scripts run side by side, so that ``TOGETHER`` lines stay together: else a held-out message
    would have its own translation among the messages learned from.
    """
    places: dict[tuple[str, str], list[int]] = {}
    for at, example in enumerate(examples):
        places.setdefault((example.label, example.lang), []).append(at)
    fold = np.zeros(len(examples), np.int64)
    for rows in places.values():
        for place, at in enumerate(rows):
            fold[at] = place // TOGETHER % FOLDS
    return fold


def build(learned: Lesson, fingerprint: str) -> Model:
    """Fit both tiers of both questions, calibrate them on what was held out, and set the gates."""
    grams = fit_grams((*learned.intents.texts, *learned.dangers.texts))
    encoders = tuple(learned.intents.vectors)
    intents = [_intents(grams, learned, names) for names in ((), encoders)]
    dangers = [_dangers(grams, learned, names) for names in ((), encoders)]
    near = _neighbours(learned) if encoders else None
    fast, full = dangers
    unseen = np.array([hazard_in(text) is None for text in learned.danger_normals])
    wanted = ((fast, IN_DOUBT), (fast, MISSED), (full, MISSED))
    doubt, alone, enough = (_gate(*tier, learned.danger_folds, unseen, share) for tier, share in wanted)
    gate = Gate(doubt, alone, enough, _lowest(*full, learned.danger_folds, ~unseen) / 2 if encoders else 0.0)
    return Model(
        grams,
        Tiers(intents[0][0], intents[1][0] if encoders else None),
        Tiers(fast[0], full[0] if encoders else None),
        gate,
        floors(*intents[1]),
        near,
        fingerprint,
    )


def _intents(grams: Grams, learned: Lesson, encoders: Sequence[str]) -> tuple[Classifier, list[HeldOut]]:
    rows, labels = learned.intents.with_only(encoders), learned.intent_labels
    table = Table.of(grams, rows)
    held = hold_out(table, rows, labels, learned.intent_folds, leave_labels=False)
    return calibrate(fit_weights(table, labels), held), held


def floors(classifier: Classifier, held: Sequence[HeldOut]) -> Floors:
    """For each intent the least confidence above which enough of its held-out messages were right."""
    said: dict[str, list[tuple[float, bool]]] = {label: [] for label in classifier.labels}
    for part in held:
        shares = softmax(part.margins / np.float32(classifier.temperature))
        for row, truth, close in zip(shares, part.truth, part.similarity, strict=True):
            best = int(row.argmax())
            confidence = classifier.confidence(float(row[best]), float(close))
            said[part.known[best]].append((confidence, part.known[best] == truth))
    return Floors(*({label: _floor(rows, wanted) for label, rows in said.items()} for wanted in (PREFILL, ACT)))


def _floor(said: list[tuple[float, bool]], wanted: float) -> float:
    """The lowest confidence with ``wanted`` right at and above it; above 1, so never reached, without evidence."""
    lowest, right = NEVER, 0
    for count, (confidence, was_right) in enumerate(sorted(said, reverse=True), 1):
        right += was_right
        if count >= EVIDENCE and right / count >= wanted:
            lowest = confidence
    return lowest


def _dangers(grams: Grams, learned: Lesson, encoders: Sequence[str]) -> tuple[Classifier, list[HeldOut]]:
    rows, labels, weights = learned.dangers.with_only(encoders), learned.danger_labels, learned.danger_weights
    table = Table.of(grams, rows)
    held = hold_out(table, rows, labels, learned.danger_folds, leave_labels=False, weights=weights)
    return calibrate(fit_weights(table, labels, weights), held), held


def _gate(
    classifier: Classifier, held: Sequence[HeldOut], fold: Ints, unseen: NDArray[np.bool_], share: float
) -> float:
    """The probability of danger below which this share of held-out dangers lies, counting those that words see."""
    risks = [np.where(unseen[at], risk, 1.0) for at, risk in _risks(classifier, held, fold)]
    return float(np.quantile(np.concatenate(risks), share))


def _lowest(classifier: Classifier, held: Sequence[HeldOut], fold: Ints, seen: NDArray[np.bool_]) -> float:
    """The least probability of danger among held-out dangers that there is a word for."""
    found = (risk[seen[at]] for at, risk in _risks(classifier, held, fold))
    return min((float(risks.min()) for risks in found if risks.size), default=0.0)


def _risks(classifier: Classifier, held: Sequence[HeldOut], fold: Ints) -> Iterator[tuple[Ints, Floats]]:
    """(rows, probabilities of danger) of the dangers in each part that was held out."""
    for number, part in enumerate(held):
        shares = softmax(part.margins / np.float32(classifier.temperature))
        harmful = part.truth != corpus.NO_DANGER
        risk = 1 - shares[:, part.known.index(corpus.NO_DANGER)]
        yield np.flatnonzero(fold == number)[harmful], risk[harmful]


def _neighbours(learned: Lesson) -> Neighbours:
    name = next(iter(learned.intents.vectors))
    return Neighbours.of(
        name, learned.originals, [str(label) for label in learned.intent_labels], learned.intents.vectors[name]
    )


def main() -> None:
    """``python -m helpdesk.triage.building``: build the model that is shipped."""
    if installed(ENCODERS) != ENCODERS:
        sys.exit("the shipped model needs the encoder: make install")
    import json

    from helpdesk.triage.judging import judge
    from helpdesk.triage.rules import classify

    build(lesson(), corpus.fingerprint()).save(SHIPPED)
    model = Model.load(SHIPPED)
    reader = Engine.of(model)
    scores = judge(lambda text: classify(text, reader=reader)).to_json()
    SHIPPED.with_suffix(".json").write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"{SHIPPED}: {SHIPPED.stat().st_size / 1e6:.1f} MB from {model.fingerprint}\n")


if __name__ == "__main__":
    main()
