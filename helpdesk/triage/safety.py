"""Is somebody in danger? Near-total recall by word lists; harmless phrases and plain denials are taken out.

A false alarm costs a phone call, a miss may cost a life: what is in doubt counts as danger.
"""

import re
from functools import lru_cache

from helpdesk.triage.language import normalise
from helpdesk.triage.lexicon import compile_words, patterns, table
from helpdesk.triage.values import HAZARDS, Hazard

_ARTICLE = r"\s*(?:(?:any|a|an|the|some|in)\s+)?$"


def hazard(text: str) -> Hazard | None:
    """The gravest danger a message speaks of, in the order of ``HAZARDS``; None when there is none."""
    return hazard_in(normalise(text))


def hazard_in(normal: str) -> Hazard | None:
    """As ``hazard``, of a text that is already normalised."""
    words, harmless = patterns("safety"), patterns("safety", "harmless")
    for kind in HAZARDS:
        plain = harmless[kind].sub(_blank, normal)
        if any(not _denied(plain, match) for match in words[kind].finditer(plain)):
            return kind
    return None


def _blank(match: re.Match[str]) -> str:
    """As many dots as it is long: a dot also ends the sentence, so that no pattern reaches across."""
    return "." * len(match.group())


def _denied(text: str, match: re.Match[str]) -> bool:
    denial, question, over = _denials()
    before, after = text[: match.start()], text[match.end() :]
    return bool(over.match(after) or (denial.search(before) and not question.search(before)))


@lru_cache(maxsize=1)
def _denials() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """(denied just before, only seemingly denied, denied just after)"""
    row = table("safety")["denials"]
    before, question = compile_words(row["before"]), compile_words(row["before_not"])
    after = compile_words(row["after"])
    return (
        re.compile(f"(?:{before.pattern}){_ARTICLE}"),
        re.compile(f"(?:{question.pattern}){_ARTICLE}"),
        re.compile(rf"\s*(?:{after.pattern})"),
    )
