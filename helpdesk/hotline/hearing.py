"""What a caller's words mean: a key that he said, a language, a wish, a danger. Pure but for the reader's engine."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from helpdesk.hotline.talk import Heard, Step, Tongue, Wish
from helpdesk.triage.language import normalise
from helpdesk.triage.rules import classify
from helpdesk.triage.safety import hazard

FREE: frozenset[Step] = frozenset({"menu", "report"})
"""Steps in which anything may be spoken."""
SHORT, LOOSE = 4, 10
"""Words up to so many times the length of a known phrase still are that phrase: ``the order please``; the first
where a story is told, in which such words occur by the way."""
SURE = 0.5
INTENTS: dict[str, Wish] = {
    "order_status": "order", "technician_eta": "visit", "report_fault": "fault", "human_agent": "human",
    "complaint": "human",
}  # fmt: skip


@lru_cache(maxsize=1)
def settings() -> dict[str, Any]:
    """``data/hotline.toml``: phrases, queues, consent."""
    return tomllib.loads((Path(__file__).parent / "data" / "hotline.toml").read_text(encoding="utf-8"))


def understand(step: Step, keys: str, words: str) -> Heard:
    """What was heard in a step. Keys win over words; danger is looked for in words of any step."""
    words = words.strip()
    if keys or not words:
        return Heard(keys=keys)
    danger = hazard(words)
    if danger:
        return Heard(words=words, hazard=danger)
    plain = normalise(words).strip(" .。,，!！?？")
    most = SHORT if step == "report" else LOOSE
    tongue = cast(Tongue | None, _phrase("tongue", plain, most))
    strict, loose = (cast(Wish | None, _phrase("wish", plain, limit)) for limit in (SHORT, most))
    wish = strict or loose
    if tongue or wish in ("human", "language"):
        return Heard(words=words, tongue=tongue, wish=wish)
    if step in ("menu", "who", "language") and (key := _exactly("key", plain)):
        return Heard(keys=key)
    return _read(words, strict, loose, step) if step in FREE else Heard(words=words)


def _read(words: str, strict: Wish | None, loose: Wish | None, step: Step) -> Heard:
    read = classify(words)
    if read.safety:
        return Heard(words=words, hazard=read.hazard)
    if step == "report":
        return Heard(words=words)
    meant = INTENTS.get(read.intent) if read.confidence >= SURE else None
    return Heard(words=words, wish=strict or meant or loose)


def _exactly(kind: str, plain: str) -> str | None:
    return next((code for code, phrases in settings()[kind].items() if plain in _normal(phrases)), None)


def _phrase(kind: str, plain: str, most: int) -> str | None:
    """The code whose phrase the words are, give or take a little round it; the longest phrase wins."""
    found = [
        (len(phrase), code)
        for code, phrases in settings()[kind].items()
        for phrase in _normal(phrases)
        if phrase in plain and len(plain) <= most * len(phrase)
    ]
    return max(found)[1] if found else None


def _normal(phrases: list[str]) -> list[str]:
    return [normalise(phrase) for phrase in phrases]
