"""What of an assistant's answer may be used: the facts as they were, our language, no word of the provider's."""

import re
import unicodedata

from helpdesk.triage.language import detect_language

LONGEST = 1600
GROWTH = 1.5
"""How much longer than ours a sentence may become."""
ROOM = 40
"""Characters by which a short one may grow in any case."""
BARRED = re.compile(r"\b(?:cancel|end|quit|stop|stopall|unsubscribe)\b|https?:|www\.", re.IGNORECASE)
"""Words that the provider takes for an opt-out, and links."""
_FACT = re.compile(r"[0-9][0-9:.,/-]*[0-9]|[0-9]|[A-Z]{1,4}[0-9-]*[0-9]")
_OPTION = re.compile(r"^\s*([0-9])\s+(.+?)\s*$", re.MULTILINE)
_NUMBER = re.compile(r"\+?[0-9][0-9 ()-]{5,}[0-9]")
MASK = "…"


def facts(text: str) -> list[str]:
    """Numbers, dates, times and codes in their order."""
    return _FACT.findall(unicodedata.normalize("NFKC", text))


def options(text: str) -> list[tuple[str, str]]:
    """The choices that a message offers, number and words."""
    return _OPTION.findall(text)


def faithful(ours: str, theirs: str, language: str) -> bool:
    """Whether a sentence says the same facts and choices as ours, in the same language, and nothing it may not."""
    if not theirs.strip() or "\x00" in theirs or len(theirs) > max(len(ours) * GROWTH, len(ours) + ROOM):
        return False
    return (
        facts(theirs) == facts(ours)
        and options(theirs) == options(ours)
        and detect_language(theirs, language) == detect_language(ours, language)
        and not (set(map(str.casefold, BARRED.findall(theirs))) - set(map(str.casefold, BARRED.findall(ours))))
    )


def usable(text: str) -> str | None:
    """A suggestion for an agent's eyes, cut to what can be sent; None for nothing."""
    clean = "".join(char for char in text if char == "\n" or unicodedata.category(char) not in ("Cc", "Cs")).strip()
    return clean[:LONGEST] or None


def masked(text: str) -> str:
    """A text without telephone, card and house numbers of six signs and more."""
    return _NUMBER.sub(MASK, text)
