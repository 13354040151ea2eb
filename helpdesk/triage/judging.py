"""How good is an engine? Judged on messages that it has not learned from. Pure.

A later model is better when it loses at most ``MAY_LOSE`` points on the frozen messages, is no worse on what
agents put right, and misses no danger that its predecessor saw.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np

from helpdesk.triage import corpus
from helpdesk.triage.corpus import Example, Judged
from helpdesk.triage.values import INTENTS, Triage

MAY_LOSE = 0.005
BINS = 10
Read = Callable[[str], Triage]


@dataclass(frozen=True)
class Scores:
    """Everything that the page and the benchmark show; shares are of one.

    Attributes:
        confusion: [truth][said] counts, in the order of ``INTENTS``.
        reliability: (messages, mean confidence, share right) for each tenth of confidence.
        missed: indices of the frozen dangers that were not seen.
    """

    accuracy: float
    macro_f1: float
    abstention: float
    right_when_sure: float
    calibration_error: float
    urgency: float
    appliance: float
    by_language: dict[str, float]
    confusion: list[list[int]]
    reliability: list[tuple[int, float, float]]
    safety_recall: float
    alarms_ordinary: float
    alarms_hard: float
    missed: list[int]
    corrections: float | None = None
    corrected: int = 0
    by_intent: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """A value that JSON knows."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """What ``to_json`` gave."""
        return cls(**{**value, "reliability": [tuple(row) for row in value["reliability"]]})


def judge(read: Read, corrections: Sequence[Example] = ()) -> Scores:
    """Read the frozen messages, the frozen dangers and held-out corrections."""
    messages = corpus.frozen()
    said = [read(message.text) for message in messages]
    right = np.array([triage.intent == message.label for triage, message in zip(said, messages, strict=True)])
    sure = np.array([triage.confidence for triage in said])
    acted = np.array([triage.advice != "ask" for triage in said])
    dangers = corpus.frozen_dangers()
    alarms = np.array([read(example.text).safety for example in dangers])
    harmful = np.array([example.label != corpus.NO_DANGER for example in dangers])
    confusion = _confusion(messages, said)
    reliability = _reliability(sure, right)
    put_right = [read(example.text).intent == example.label for example in corrections]
    return Scores(
        accuracy=float(right.mean()),
        macro_f1=macro_f1(confusion),
        abstention=float(1 - acted.mean()),
        right_when_sure=float(right[acted].mean()) if acted.any() else 0.0,
        calibration_error=calibration_error(reliability),
        urgency=_share(triage.urgency == message.urgency for triage, message in zip(said, messages, strict=True)),
        appliance=_share(triage.appliance == message.appliance for triage, message in zip(said, messages, strict=True)),
        by_language={
            lang: float(right[[message.lang == lang for message in messages]].mean())
            for lang in sorted({message.lang for message in messages})
        },
        confusion=confusion,
        reliability=reliability,
        safety_recall=float(alarms[harmful].mean()),
        alarms_ordinary=_share(
            triage.safety for triage, message in zip(said, messages, strict=True) if not message.danger
        ),
        alarms_hard=float(alarms[~harmful].mean()),
        missed=[int(at) for at in np.flatnonzero(harmful & ~alarms)],
        corrections=_share(put_right) if put_right else None,
        corrected=len(put_right),
        by_intent={
            intent: float(right[[message.label == intent for message in messages]].mean()) for intent in INTENTS
        },
    )


def _share(values: Any) -> float:
    found = list(values)
    return sum(found) / len(found) if found else 0.0


def _confusion(messages: Sequence[Judged], said: Sequence[Triage]) -> list[list[int]]:
    place = {str(intent): at for at, intent in enumerate(INTENTS)}
    counts = [[0] * len(INTENTS) for _ in INTENTS]
    for message, triage in zip(messages, said, strict=True):
        counts[place[message.label]][place[triage.intent]] += 1
    return counts


def macro_f1(confusion: Sequence[Sequence[int]]) -> float:
    """Mean F1 over the labels that occur."""
    counts = np.array(confusion)
    hit, true, said = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    occurs = true > 0
    return float((2 * hit[occurs] / np.maximum(true[occurs] + said[occurs], 1)).mean()) if occurs.any() else 0.0


def _reliability(sure: Any, right: Any) -> list[tuple[int, float, float]]:
    tenth = np.minimum((np.asarray(sure) * BINS).astype(int), BINS - 1)
    rows = []
    for number in range(BINS):
        inside = tenth == number
        count = int(inside.sum())
        rows.append((count, float(sure[inside].mean()), float(right[inside].mean())) if count else (0, 0.0, 0.0))
    return rows


def calibration_error(reliability: Sequence[tuple[int, float, float]]) -> float:
    """Mean distance between confidence and share right, weighed by messages."""
    total = sum(count for count, _, _ in reliability)
    return sum(count * abs(sure - right) for count, sure, right in reliability) / total if total else 0.0


def objections(new: Scores, old: Scores) -> list[str]:
    """Why the new model may not take over from the old; empty when it may. Codes of the catalogue."""
    found = []
    if new.accuracy < old.accuracy - MAY_LOSE:
        found.append("accuracy")
    if set(new.missed) - set(old.missed):
        found.append("danger")
    if new.corrections is not None and old.corrections is not None and new.corrections < old.corrections:
        found.append("corrections")
    return found
