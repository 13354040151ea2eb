"""Triage on messages that nothing was learned from: how often right, how sure, how fast, how large.

Accuracy does not depend on the machine; milliseconds are this process's own CPU time, on one core.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable

import numpy as np

from helpdesk.triage import artefact, building, corpus, judging
from helpdesk.triage.corpus import Example
from helpdesk.triage.engine import Engine
from helpdesk.triage.rules import Triage, classify

Say = Callable[[str], None]
MANY = 10_000
LIMITS = {"accuracy": 0.87, "safety_recall": 0.95, "alarms_ordinary": 0.05, "urgency": 0.80}
"""What must hold from one change to the next; the aims are on the page ``/reports/triage``."""


def resident() -> float:
    """Memory of this process in MB, now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6


def run(say: Say) -> bool:
    """Both tiers; whether the limits hold for what is shipped."""
    before, started = resident(), time.process_time()
    model = artefact.shipped()
    fast = Engine.of(model, use_encoders=False)
    say(f"triage: model {artefact.SHIPPED.stat().st_size / 1e6:.1f} MB on disk, read in "
        f"{time.process_time() - started:.2f} CPU s, {resident() - before:.0f} MB in memory")  # fmt: skip
    _tier("fast", fast, say)
    between = resident()
    full = Engine.of(model)
    full.read("to load the encoder, something odd")
    say(f"with the encoder {', '.join(full.encoders) or '(not installed)'}: {resident() - between:.0f} MB more")
    return _holds(_tier("shipped", full, say))


def _tier(name: str, engine: Engine, say: Say) -> judging.Scores:
    spent: list[float] = []

    def read(text: str) -> Triage:
        begun = time.process_time()
        found = classify(text, reader=engine)
        spent.append(1000 * (time.process_time() - begun))
        return found

    read("warm up")
    spent.clear()
    scores = judging.judge(read)
    middle, high = np.percentile(spent, (50, 95))
    say(
        f"  {name:8} right {scores.accuracy:.1%}  macro-F1 {scores.macro_f1:.1%}  asks {scores.abstention:.1%}  "
        f"right when not {scores.right_when_sure:.1%}  calibration error {scores.calibration_error:.3f}"
    )
    say(
        f"  {'':8} dangers {scores.safety_recall:.1%}  alarms ordinary {scores.alarms_ordinary:.1%} hard "
        f"{scores.alarms_hard:.1%}  urgency {scores.urgency:.1%}  appliance {scores.appliance:.1%}  "
        f"CPU ms p50 {middle:.2f} p95 {high:.2f}"
    )
    say(f"  {'':8} " + "  ".join(f"{lang} {share:.1%}" for lang, share in scores.by_language.items()))
    return scores


def _holds(scores: judging.Scores) -> bool:
    floors = ("accuracy", "safety_recall", "urgency")
    return all(getattr(scores, name) >= LIMITS[name] for name in floors) and (
        scores.alarms_ordinary <= LIMITS["alarms_ordinary"]
    )


def retraining(say: Say) -> bool:
    """A night with so many corrections that ``MANY`` messages are learned from."""
    seeds = corpus.seeds()
    missing = MANY - len(seeds) - len(corpus.dangers())
    extra = [
        Example(f"{seed.text} {number}", seed.label, seed.lang)
        for number, seed in zip(range(missing), (*seeds, *seeds, *seeds), strict=False)
    ]
    begun = time.process_time()
    building.build(building.lesson(extra), "benchmark")
    spent, peak = time.process_time() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    say(f"retraining with {MANY} messages: {spent:.0f} CPU s, at most {peak:.0f} MB (limits 60 s, 600 MB)")
    return spent < 60 and peak < 600
