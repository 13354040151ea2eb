"""One word for what is said differently in Taipei, Hong Kong and Beijing, or in a hurry (``data/wording.toml``)."""

import re
from functools import lru_cache

from helpdesk.triage.language import normalise
from helpdesk.triage.lexicon import table


def common(normal: str) -> str:
    """A normalised text in the words that the trained engine knows best."""
    pattern, becomes = _pairs()
    return pattern.sub(lambda match: becomes[match.group()], normal)


@lru_cache(maxsize=1)
def _pairs() -> tuple[re.Pattern[str], dict[str, str]]:
    """(any of the words, the longest first; word → what it becomes)"""
    rows = table("wording")
    phrases = {normalise(word): becomes for becomes, words in rows["phrases"].items() for word in words}
    words = {normalise(word): becomes for becomes, words in rows["words"].items() for word in words}
    longest = sorted(phrases, key=len, reverse=True)
    latin = "|".join(sorted(words, key=len, reverse=True))
    pattern = "|".join(map(re.escape, longest)) + rf"|(?<![a-z0-9])(?:{latin})(?![a-z0-9])"
    return re.compile(pattern), {**phrases, **words}
