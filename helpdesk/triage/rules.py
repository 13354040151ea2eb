"""Reading a message: language, what is wanted, of which appliance, how urgent, is somebody in danger.

Danger by word lists or by the trained classifier, whichever sees it, and a word is overruled only where the
classifier is all but certain; intents by the trained engine; appliance,
symptom and urgency by word lists. Pure: the same text and engine give the same ``Triage``.
"""

import re
from collections.abc import Sequence
from typing import cast

from helpdesk.triage import engine
from helpdesk.triage.classifier import Guess
from helpdesk.triage.engine import Engine
from helpdesk.triage.language import detect_language, normalise
from helpdesk.triage.lexicon import hits, patterns, table
from helpdesk.triage.safety import hazard_in
from helpdesk.triage.values import Appliance, Hazard, Intent, OwnedProduct, Sentiment, Triage, Urgency

__all__ = ["OwnedProduct", "Triage", "classify", "detect_language"]

SAID_TOO = 0.3
"""Probability from which a second intent of the whole message is reported."""
SAID_APART = 0.7
"""Confidence from which a clause of its own says a second intent."""
CLAUSE, CLAUSES = 4, 4
"""Characters of the shortest clause that can say something, and how many, the longest, are asked."""
_BETWEEN = re.compile(r"[.!?;。\n]+|,? (?:and|also|but|plus|btw) |,|(?:而且|另外|还有|顺便|同埋|不过|但是|并且)")
_ANYTHING = re.compile(r"\w")
_ERROR_CODE = re.compile(r"(?<![a-z0-9])(?:[a-z]{1,2}-?\d{1,3}|\d{1,2}[a-z]|[a-z]{2})(?![a-z0-9])")
_CODE_CONTEXT = re.compile(r"(?:error|fault|code|显示|代码|错误|故障码|出现|面板|闪|报)")
_PLAIN_CODE = re.compile(r"(?<![a-z0-9])(?:e|f|er|err|u|h|p)-?\d{1,3}(?![a-z0-9])")
_WORDS_OF_TWO = re.compile(r"ac|tv|is|it|on|in|my|of|to|at|an|as|be|by|do|go|he|if|me|no|or|so|up|us|we|am|hi|ok|pm|id")


def classify(
    text: str,
    *,
    owned: Sequence[OwnedProduct] = (),
    stored_language: str | None = None,
    reader: Engine | None = None,
) -> Triage:
    """Read one message.

    Args:
        owned: the sender's products; a single one is meant where a fault names no appliance.
        stored_language: the sender's, for a text that shows none.
        reader: the engine, of this process when not given.
    """
    reader = reader or engine.current()
    normal = normalise(text)
    opinion = reader.read(normal, hazard_in(normal))
    danger = cast(Hazard | None, opinion.danger)
    guess = _in_danger(opinion.intent) if danger else opinion.intent
    intent = cast(Intent, guess.label)
    secondary = _secondary(reader, normal, guess)
    code = error_code(normal)
    symptom = _symptom(normal) or ("error_code" if code else None)
    if "report_fault" in (intent, secondary):
        symptom = symptom or "other"
    elif not danger:
        symptom = None
    appliance = _appliance(normal, owned, assume=symptom is not None)
    return Triage(
        lang=detect_language(text, stored_language),
        intent=intent,
        secondary_intent=secondary,
        appliance=appliance,
        symptom=symptom,
        urgency=_urgency(normal, intent, appliance, symptom, danger=danger is not None),
        safety=danger is not None,
        confidence=guess.confidence,
        team="safety" if danger else str(table("intents")[intent]["team"]),
        hazard=danger,
        error_code=code,
        sentiment=_sentiment(guess),
        advice=reader.advice(guess),
        alternatives=guess.ranked,
        because=guess.nearest[0] if guess.nearest else None,
    )


def _in_danger(guess: Guess) -> Guess:
    """Whoever is in danger reports a fault, whatever else the words are like; a complaint, and what an
    agent said, stay."""
    if guess.label in ("report_fault", "complaint") or guess.tier in ("known", "correction"):
        return guess
    others = tuple(entry for entry in guess.ranked if entry[0] != "report_fault")[:2]
    share = max(guess.probability("report_fault"), 0.5)
    return Guess("report_fault", share, (("report_fault", share), *others), guess.tier, guess.nearest)


def _secondary(reader: Engine, normal: str, guess: Guess) -> Intent | None:
    """A second wish: nearly as likely as the first, or said in a clause of its own."""
    if not _ANYTHING.search(normal):
        return None
    for label, share in guess.ranked[1:]:
        if share >= SAID_TOO:
            return cast(Intent, label)
    clauses = [part for part in _BETWEEN.split(normal) if len(part.strip()) >= CLAUSE]
    if len(clauses) < 2:
        return None
    apart = [reader.quick(clause.strip()) for clause in sorted(clauses, key=len, reverse=True)[:CLAUSES]]
    clear = [said for said in apart if said.confidence >= SAID_APART and said.label not in (guess.label, *_POLITE)]
    return cast(Intent, max(clear, key=lambda said: said.confidence).label) if clear else None


_POLITE = ("greeting", "praise", "other", "survey_reply")
"""Said in passing, beside what is wanted."""


def error_code(normal: str) -> str | None:
    """A code as appliances show them: ``E24`` anywhere, ``4C`` or ``OE`` where a display is spoken of."""
    match = _PLAIN_CODE.search(normal)
    if match is None and (context := _CODE_CONTEXT.search(normal)):
        found = [m for m in _ERROR_CODE.finditer(normal, context.end()) if not _WORDS_OF_TWO.fullmatch(m.group())]
        match = found[0] if found else None
    return match.group().upper().replace("-", "") if match else None


def _symptom(normal: str) -> str | None:
    """The symptom that is spoken of first."""
    return next((code for _start, _end, code in hits(patterns("symptoms"), normal)), None)


def _appliance(normal: str, owned: Sequence[OwnedProduct], *, assume: bool) -> Appliance:
    named = [code for _start, _end, code in hits(patterns("appliances"), normal)]
    by_model = [p.appliance for p in owned if p.model and normalise(p.model) in normal]
    for candidates in (by_model, [code for code in named if code != "other"], named):
        if candidates:
            return cast(Appliance, candidates[0])
    kinds = {product.appliance for product in owned}
    return cast(Appliance, kinds.pop()) if assume and len(kinds) == 1 else "none"


def _sentiment(guess: Guess) -> Sentiment:
    """As far as the intents show it."""
    pleased, cross = guess.probability("praise"), guess.probability("complaint")
    if max(pleased, cross) < SAID_TOO:
        return "neutral"
    return "positive" if pleased > cross else "negative"


def _urgency(normal: str, intent: Intent, appliance: Appliance, symptom: str | None, *, danger: bool) -> Urgency:
    if danger:
        return "emergency"
    rules = table("urgency")
    spoiling = appliance in rules["perishable"]["appliances"] and symptom in rules["perishable"]["symptoms"]
    running = symptom in rules["running_water"]["symptoms"] and _finds("running_water", "words", normal)
    waiting = intent not in rules["levels"]["low"] and _finds("words", "high", normal)
    if spoiling or running or waiting or intent in rules["levels"]["high"]:
        return "high"
    return "low" if intent in rules["levels"]["low"] else "normal"


def _finds(section: str, field: str, normal: str) -> bool:
    return bool(patterns("urgency", field)[section].search(normal))
