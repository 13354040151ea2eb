"""The engine: danger first, then what is wanted, by the cheapest tier that is sure.

*fast* reads n-grams alone, well under a millisecond; *full* adds sentence embeddings and is asked when fast is
not sure enough. Without an encoder fast decides alone. A message that is, but for its spelling, a stored
example or a correction by an agent has that label.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from helpdesk.triage import artefact, corpus
from helpdesk.triage.artefact import Model
from helpdesk.triage.classifier import Classifier, Guess, Vectors, unit, vectors_of
from helpdesk.triage.corpus import Example
from helpdesk.triage.grams import Floats
from helpdesk.triage.language import normalise
from helpdesk.triage.values import Advice
from helpdesk.triage.wording import common

SURE = 0.9
"""Confidence from which the fast tier is believed without asking the encoder."""
KNOWN = 0.99
"""Confidence in a message that was seen before; people change their minds about one in a hundred."""
ALIKE = 0.9
"""Cosine from which an agent's correction decides about a new message too."""
Weighed = tuple[NDArray[np.int64], Floats]


@dataclass(frozen=True)
class Correction:
    """What an agent said a message is, by normalised text; ``row``: its embedding, centred, of length one."""

    normal: str
    intent: str
    row: Floats | None = None


@dataclass(frozen=True)
class Opinion:
    """What the engine holds of one message: a kind of danger or None, and the intent."""

    danger: str | None
    intent: Guess


@dataclass(frozen=True)
class Engine:
    """A model with the corrections that came after it."""

    model: Model
    corrections: tuple[Correction, ...] = ()
    known: Mapping[str, str] = field(default_factory=dict)
    dangers: Mapping[str, str] = field(default_factory=dict)
    use_encoders: bool = True

    @classmethod
    def of(
        cls,
        model: Model,
        corrections: Sequence[Correction] = (),
        *,
        harmless: Sequence[str] = (),
        use_encoders: bool = True,
    ) -> "Engine":
        """Ready to read.

        Args:
            harmless: normalised texts that agents said are no danger; words of danger outrank them.
            use_encoders: False for the fast tier alone, as in a process that must stay small.
        """
        known = _unambiguous(corpus.seeds()) | {correction.normal: correction.intent for correction in corrections}
        dangers = dict.fromkeys(_unambiguous(corpus.seeds()), corpus.NO_DANGER) | _unambiguous(corpus.dangers())
        dangers |= dict.fromkeys(harmless, corpus.NO_DANGER)
        return cls(model, tuple(corrections), known, dangers, use_encoders)

    def read(self, normal: str, word: str | None = None) -> Opinion:
        """Judge a normalised text; ``word``: the danger that it has a word for."""
        message = _Message(self, normal)
        return Opinion(message.danger(word), message.intent())

    def quick(self, normal: str) -> Guess:
        """What a piece of a message wants, by the fast tier."""
        return self.model.intents.fast.guess(self.model.grams.weigh(common(normal)), {})

    def advice(self, guess: Guess) -> Advice:
        """What may be done on this guess."""
        floors = self.model.floors
        if guess.confidence >= floors.act[guess.label]:
            return "act"
        return "prefill" if guess.confidence >= floors.prefill[guess.label] else "ask"

    def embed(self, normal: str) -> Floats | None:
        """A text's row in the store of neighbours, None without an encoder."""
        near = self.model.near
        if near is None or not self.encoders:
            return None
        return unit(vectors_of((near.encoder,), common(normal))[near.encoder] - near.centre)

    @property
    def encoders(self) -> tuple[str, ...]:
        """Those it asks when it is in doubt."""
        return self.model.encoders if self.use_encoders else ()


@lru_cache(maxsize=4)
def _labels_by_text(examples: tuple[Example, ...]) -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for example in examples:
        normal = normalise(example.text)
        found[normal] = found.get(normal, frozenset()) | {example.label}
    return found


def _unambiguous(examples: tuple[Example, ...]) -> dict[str, str]:
    """Normalised text → label, for texts that are stored under one label only."""
    return {text: next(iter(labels)) for text, labels in _labels_by_text(examples).items() if len(labels) == 1}


class _Message:
    """One text on its way through the tiers; its embedding is made once, and only when asked for."""

    def __init__(self, engine: Engine, normal: str) -> None:
        self._engine, self._model, self._normal = engine, engine.model, normal
        self._common = common(normal)
        self._weighed: Weighed = engine.model.grams.weigh(self._common)

    @cached_property
    def _vectors(self) -> Vectors:
        return vectors_of(self._engine.encoders, self._common)

    def danger(self, word: str | None) -> str | None:
        """A word of danger counts unless the full tier is all but certain that it is meant otherwise."""
        known = self._engine.dangers.get(self._normal)
        if known is not None:
            return word if known == corpus.NO_DANGER else word or known
        tiers, gate = self._model.dangers, self._model.gate
        fast = tiers.fast.probabilities(tiers.fast.margins(self._weighed, {}))
        risk = 1 - float(fast[tiers.fast.labels.index(corpus.NO_DANGER)])
        if tiers.full is None or not self._engine.encoders:
            return word or (_gravest(tiers.fast, fast) if risk >= gate.alone else None)
        if word is None and risk < gate.doubt:
            return None
        full = tiers.full.probabilities(tiers.full.margins(self._weighed, self._vectors))
        risk = 1 - float(full[tiers.full.labels.index(corpus.NO_DANGER)])
        if word is not None:
            return word if risk >= gate.meant else None
        return _gravest(tiers.full, full) if risk >= gate.full else None

    def intent(self) -> Guess:
        known = self._engine.known.get(self._normal)
        if known is not None:
            return Guess(known, KNOWN, ((known, KNOWN),), "known", (self._normal, known, 1.0))
        tiers = self._model.intents
        guess = replace(tiers.fast.guess(self._weighed, {}), tier="fast")
        if tiers.full is None or not self._engine.encoders or guess.confidence >= SURE:
            return guess
        guess = replace(tiers.full.guess(self._weighed, self._vectors, near=self._model.near), tier="full")
        return self._corrected(guess)

    def _corrected(self, guess: Guess) -> Guess:
        """As an agent put right a message that is nearly this one."""
        near = self._model.near
        rows = [correction for correction in self._engine.corrections if correction.row is not None]
        if near is None or not rows:
            return guess
        mine = unit(self._vectors[near.encoder] - near.centre)
        cosines = np.stack([correction.row for correction in rows if correction.row is not None]) @ mine
        best = int(np.argmax(cosines))
        if cosines[best] < ALIKE:
            return guess
        said = rows[best]
        others = tuple((label, share) for label, share in guess.ranked if label != said.intent)[:2]
        ranked = ((said.intent, float(cosines[best])), *others)
        return Guess(
            said.intent, float(cosines[best]), ranked, "correction", (said.normal, said.intent, float(cosines[best]))
        )


def _gravest(classifier: Classifier, shares: Floats) -> str:
    """The likeliest kind of danger."""
    return max(
        (float(share), label)
        for label, share in zip(classifier.labels, shares, strict=True)
        if label != corpus.NO_DANGER
    )[1]


_current: list[Engine] = []


def current() -> Engine:
    """The engine of this process: the shipped model, until ``use`` says otherwise."""
    if not _current:
        _current.append(Engine.of(artefact.shipped()))
    return _current[0]


def use(engine: Engine) -> None:
    """From now on this process reads with another engine."""
    _current[:] = [engine]
