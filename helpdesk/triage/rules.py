"""Reading a message by rules: language, what is wanted, of which appliance, how urgent.

Pure, without training; any later engine answers with the same ``Triage``.
"""

import re
from collections.abc import Sequence
from typing import cast

from helpdesk.triage.language import detect_language, normalise
from helpdesk.triage.lexicon import hits, patterns, table
from helpdesk.triage.safety import hazard_in
from helpdesk.triage.values import Appliance, Intent, OwnedProduct, Triage, Urgency

__all__ = ["OwnedProduct", "Triage", "classify", "detect_language"]

SAYS, HINTS = 3.0, 1.0
SECONDARY_AT = 3.0
"""A second intent is reported when it is said, not hinted at."""
_ERROR_CODE = re.compile(r"(?<![a-z0-9])(?:[a-z]{1,2}-?\d{1,3}|\d{1,2}[a-z]|[a-z]{2})(?![a-z0-9])")
_CODE_CONTEXT = re.compile(r"(?:error|fault|code|显示|代码|错误|故障码|出现|面板|闪|报)")
_PLAIN_CODE = re.compile(r"(?<![a-z0-9])(?:e|f|er|err|u|h|p)-?\d{1,3}(?![a-z0-9])")


def classify(text: str, *, owned: Sequence[OwnedProduct] = (), stored_language: str | None = None) -> Triage:
    """Read one message.

    Args:
        owned: the sender's products; a single one is meant where a fault names no appliance.
        stored_language: the sender's, for a text that shows none.
    """
    normal = normalise(text)
    danger = hazard_in(normal)
    code = error_code(normal)
    symptom = _symptom(normal) or ("error_code" if code else None)
    scores = _intent_scores(normal, has_symptom=bool(symptom or danger))
    intent, secondary = _ranked(scores)
    if intent == "report_fault" or secondary == "report_fault":
        symptom = symptom or "other"
    elif not danger:
        symptom = None
    appliance = _appliance(normal, owned, assume=symptom is not None)
    urgency = _urgency(normal, intent, appliance, symptom, danger=danger is not None)
    return Triage(
        lang=detect_language(text, stored_language),
        intent=intent,
        secondary_intent=secondary,
        appliance=appliance,
        symptom=symptom,
        urgency=urgency,
        safety=danger is not None,
        confidence=_confidence(scores),
        team="safety" if danger else str(table("intents")[intent]["team"]),
        hazard=danger,
        error_code=code,
    )


def error_code(normal: str) -> str | None:
    """A code as appliances show them: ``E24`` anywhere, ``4C`` or ``OE`` where a display is spoken of."""
    match = _PLAIN_CODE.search(normal)
    if match is None and (context := _CODE_CONTEXT.search(normal)):
        found = [m for m in _ERROR_CODE.finditer(normal, context.end()) if m.group() not in _WORDS_OF_TWO]
        match = found[0] if found else None
    return match.group().upper().replace("-", "") if match else None


_WORDS_OF_TWO = frozenset(
    [
        "ac",
        "tv",
        "is",
        "it",
        "on",
        "in",
        "my",
        "of",
        "to",
        "at",
        "an",
        "as",
        "be",
        "by",
        "do",
        "go",
        "he",
        "if",
        "me",
        "no",
        "or",
        "so",
        "up",
        "us",
        "we",
        "am",
        "hi",
        "ok",
        "pm",
        "id",
    ]
)


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


def _intent_scores(normal: str, *, has_symptom: bool) -> dict[Intent, float]:
    says, hinted = patterns("intents", "says"), patterns("intents", "hints")
    scores: dict[Intent, float] = {}
    for name in says:
        distinct = {match.group() for match in says[name].finditer(normal)}
        score = SAYS * min(len(distinct), 2) + HINTS * bool(hinted[name].search(normal))
        scores[cast(Intent, name)] = score
    if has_symptom:
        scores["report_fault"] += SAYS
    if scores["greeting"] and max(score for name, score in scores.items() if name != "greeting") >= SAYS:
        scores["greeting"] = HINTS
    return scores


def _ranked(scores: dict[Intent, float]) -> tuple[Intent, Intent | None]:
    """The best intent and a second one that is really said; the table's order breaks ties."""
    first, second = sorted(scores, key=lambda name: -scores[name])[:2]
    if not scores[first]:
        return "other", None
    return first, second if scores[second] >= SECONDARY_AT else None


def _confidence(scores: dict[Intent, float]) -> float:
    """From how clearly the best is said and how far the next is behind."""
    best, rival = sorted(scores.values(), reverse=True)[:2]
    if not best:
        return 0.2
    clear, lead = min(best / SAYS, 1.0), (best - rival) / best
    return round(0.3 + 0.65 * clear * (0.45 + 0.55 * lead), 2)


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
