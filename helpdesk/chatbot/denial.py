"""What a message denies is not what it means: "not yesterday, today"."""

import re
from functools import lru_cache

from helpdesk.chatbot.phrases import either, table
from helpdesk.triage.language import normalise


def without_denied(text: str) -> str:
    """A text without what it denies: ``not yesterday, today`` → ``today``; as it is where nothing else is left.

    What is denied runs to the next comma, stop, "but" or "是".
    """
    normal = normalise(text)
    return _left(normal) or normal


def denies_all(text: str) -> bool:
    """Whether a text says no more than what is not meant: ``not the fridge``."""
    return not _left(normalise(text))


def _left(normal: str) -> str:
    return _denied_pattern().sub(" ", normal).strip(" ,.;!、，。；！")


@lru_cache(maxsize=1)
def _denied_pattern() -> re.Pattern[str]:
    denying = either(table()["anywhere"]["not"])
    until = r"[,.;!、，。；！]|\bbut\b|而?是|系|$"
    return re.compile(rf"(?:\b|(?<=[^a-z]))(?:{denying})\s*[^,.;!、，。；！]*?(?={until})")
