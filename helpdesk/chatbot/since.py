"""Since when? Reading the answer, and noticing when it was already said."""

import re
from functools import lru_cache
from pathlib import Path

from helpdesk.chatbot.intents import Reading
from helpdesk.triage.language import normalise
from helpdesk.triage.lexicon import compile_words, read_table

DATA = Path(__file__).parent / "data" / "since.toml"
CHOICES = {1: "today", 2: "yesterday", 3: "earlier"}
LONGEST = 200
BESIDE = 16
"""Characters beside the day up to which nothing else is said."""

_COUNTED = re.compile(r"\d+\s*(?:days?|weeks?|months?|天|日|周|个月|星期|个星期|礼拜)(?:\s*ago|了|前)?")


@lru_cache(maxsize=1)
def _days() -> dict[str, re.Pattern[str]]:
    return {name: compile_words(row["words"]) for name, row in read_table(DATA).items()}


def since_in(text: str) -> str | None:
    """``today``, ``yesterday`` or ``earlier`` when a message says so."""
    normal = normalise(text)
    found = next((name for name, pattern in _days().items() if pattern.search(normal)), None)
    return found or ("earlier" if _COUNTED.search(normal) else None)


def says_only_since(text: str) -> bool:
    """Whether a message says since when, and hardly a word more."""
    normal = normalise(text)
    left = normal
    for pattern in (*_days().values(), _COUNTED):
        left = pattern.sub("", left)
    return left != normal and len(left.strip(" ,.!;:、，。")) <= BESIDE


def since_answer(text: str, reading: Reading) -> str | None:
    """The answer to "since when?": an option, a day, or free words; None for what is no answer at all."""
    if reading.option is not None:
        return CHOICES.get(reading.option)
    if said := since_in(text):
        return said
    asks = text.strip().endswith(("?", "？"))
    if asks or reading.unclear or reading.thanks or reading.greeting or reading.yes is not None:
        return None
    return text.strip()[:LONGEST] or None
