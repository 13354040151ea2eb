"""The trained model as one file of numpy arrays; the product brings one, the nights make others."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from helpdesk.triage.classifier import Arrays, Classifier, Neighbours, unit
from helpdesk.triage.encoders import installed, one_thread
from helpdesk.triage.grams import Grams
from helpdesk.triage.lexicon import DATA

SHIPPED = DATA / "model.npz"


@dataclass(frozen=True)
class Gate:
    """When a probability of danger counts.

    Attributes:
        doubt: of the fast tier, from which the full one is asked.
        alone: of the fast tier, from which it counts where there is no encoder.
        full: of the full tier, from which it counts.
        meant: of the full tier, below which even a word of danger is meant otherwise.
    """

    doubt: float = 0.02
    alone: float = 0.2
    full: float = 0.1
    meant: float = 0.0


@dataclass(frozen=True)
class Floors:
    """From which confidence an intent may be acted on, or filled in for a person (98 and 90 in 100 are right)."""

    prefill: Mapping[str, float]
    act: Mapping[str, float]


@dataclass(frozen=True)
class Tiers:
    """The fast classifier and, for its encoders, the full one."""

    fast: Classifier
    full: Classifier | None = None


@dataclass(frozen=True)
class Model:
    """Everything that is trained: what ``model.npz`` holds.

    Attributes:
        fingerprint: of the data it was built from (``corpus.fingerprint``), and of the corrections.
    """

    grams: Grams
    intents: Tiers
    dangers: Tiers
    gate: Gate
    floors: Floors
    near: Neighbours | None
    fingerprint: str

    @cached_property
    def encoders(self) -> tuple[str, ...]:
        """Embeddings that the full tiers need and that can be had here; empty when any is missing."""
        needed = self.intents.full.encoders if self.intents.full else ()
        return needed if installed(needed) == needed else ()

    def save(self, path: Path) -> None:
        """Write it, complete or not at all."""
        arrays: Arrays = dict(self.grams.to_arrays())
        for name, tiers in (("intents", self.intents), ("dangers", self.dangers)):
            arrays |= tiers.fast.to_arrays(f"{name}.fast")
            if tiers.full:
                arrays |= tiers.full.to_arrays(f"{name}.full")
        arrays["encoders"] = np.array(self.intents.full.encoders if self.intents.full else (), np.str_)
        arrays["gate"] = np.array([self.gate.doubt, self.gate.alone, self.gate.full, self.gate.meant])
        labels = self.intents.fast.labels
        arrays["floors"] = np.array(
            [[kind[label] for label in labels] for kind in (self.floors.prefill, self.floors.act)]
        )
        arrays["fingerprint"] = np.array(self.fingerprint)
        if self.near is not None:
            arrays["near.encoder"] = np.array(self.near.encoder)
            arrays["near.texts"] = np.array(self.near.texts)
            arrays["near.labels"] = np.array(self.near.labels)
            arrays["near.rows"] = np.round(self.near.rows * 127).astype(np.int8)
            arrays["near.centre"] = self.near.centre
        whole = path.with_suffix(".part")
        with whole.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
        whole.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Model":
        """What ``save`` wrote.

        Raises:
            OSError, KeyError, ValueError: there is none, or it is not one of ours.
        """
        with np.load(path, allow_pickle=False) as file:
            arrays: Arrays = dict(file)
        encoders = [str(name) for name in arrays["encoders"]]
        intents, dangers = (
            Tiers(
                Classifier.from_arrays(arrays, f"{name}.fast", ()),
                Classifier.from_arrays(arrays, f"{name}.full", encoders) if encoders else None,
            )
            for name in ("intents", "dangers")
        )
        gate = Gate(*(float(value) for value in arrays["gate"]))
        floors = Floors(*(dict(zip(intents.fast.labels, row.tolist(), strict=True)) for row in arrays["floors"]))
        grams, near = Grams.from_arrays(arrays), _near(arrays)
        return cls(grams, intents, dangers, gate, floors, near, str(arrays["fingerprint"]))


def _near(arrays: Arrays) -> Neighbours | None:
    if "near.rows" not in arrays:
        return None
    rows = unit(np.asarray(arrays["near.rows"], np.float32))
    texts, labels = (tuple(str(entry) for entry in arrays[f"near.{name}"]) for name in ("texts", "labels"))
    return Neighbours(str(arrays["near.encoder"]), texts, labels, rows, np.asarray(arrays["near.centre"], np.float32))


@lru_cache(maxsize=1)
def shipped() -> Model:
    """The model that comes with the product."""
    one_thread()
    return Model.load(SHIPPED)
