"""Reading a short reply: an option, yes or no, a score, thanks, a wish to be left alone or to talk to a person.

A reply counts when it is the whole message but for politeness: ``2``, ``２。``, ``選2``, ``第二個``, ``the second
one``. "Not 2" and "2 or 3" are read as nothing, so that the question is put again.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from helpdesk.chatbot.phrases import anywhere, bare, either, folded, made_of, phrases, table
from helpdesk.triage.language import normalise
from helpdesk.triage.lexicon import patterns
from helpdesk.triage.values import Language

LAST = -1
"""The option "the last one"."""
PERSON, BACK = 0, 9
"""Options that mean the same under every question."""

ABUSE_BESIDE = 8
"""Characters beside words that hurt, up to which a message says nothing else."""

Scope = Literal["all", "survey", "marketing"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

_STARS = re.compile(r"^([★⭐🌟])(?:\s*\1){0,4}$")


@dataclass(frozen=True)
class Reading:
    """What a message says when it is read as a short reply; every field is empty by itself.

    Attributes:
        option: 0 to 9, or ``LAST``.
        opt_out: what the person does not want to be sent any more; ``by_provider`` when the word was one that
            the provider takes for an opt-out whatever was meant.
        language: asked for; ``zh`` where the script is left open.
        cancel: a lone "cancel", which does not say what.
        helping: asks what can be done here; ``repeat``, ``why``, ``wait``, ``refuse``, ``never_mind``: what is
            said about a question instead of answering it.
        lone: a thing or a deed named, and no more: ``fridge``, ``維修``.
        abuse: words that hurt and hardly any others; ``corrects``: something said before is taken back.
    """

    option: int | None = None
    yes: bool | None = None
    opt_out: Scope | None = None
    by_provider: bool = False
    opt_in: bool = False
    human: bool = False
    thanks: bool = False
    greeting: bool = False
    unclear: bool = False
    cancel: bool = False
    helping: bool = False
    repeat: bool = False
    why: bool = False
    wait: bool = False
    refuse: bool = False
    wrong_number: bool = False
    never_mind: bool = False
    lone: bool = False
    abuse: bool = False
    corrects: bool = False
    language: Language | Literal["zh"] | None = None

    @property
    def whole(self) -> bool:
        """Whether the message is, as a whole, one of the phrases on file."""
        said = (self.option, self.yes, self.opt_out, self.language)
        told = (self.thanks, self.greeting, self.cancel, self.helping, self.repeat, self.why, self.wait, self.refuse)
        return any(value is not None for value in said) or any((*told, self.wrong_number, self.never_mind, self.abuse))


def read(text: str) -> Reading:
    """Read a message as a short reply."""
    words, normal = bare(text), normalise(text)
    said = phrases()
    scope = next((kind for kind in SCOPES if words in said[f"opt_out.{kind}"]), None)
    by_provider = words in said["opt_out.provider"]
    return Reading(
        option=_option(normal),
        yes=True if made_of("yes").fullmatch(words) else False if made_of("no").fullmatch(words) else None,
        opt_out="all" if by_provider else scope,
        by_provider=by_provider,
        opt_in=words in said["opt_in"],
        human=words in said["human"] or bool(anywhere("human").search(normal)),
        thanks=bool(made_of("thanks").fullmatch(words)),
        greeting=words in said["greeting"],
        unclear=not words or words in said["unclear"],
        cancel=words in said["cancel"],
        helping=words in said["help"],
        lone=_is_lone(words),
        abuse=_is_abuse(words),
        corrects=bool(anywhere("correct").search(normal)),
        repeat=words in said["repeat"],
        why=words in said["why"],
        wait=bool(made_of("wait").fullmatch(words)),
        refuse=bool(made_of("refuse").fullmatch(words)),
        wrong_number=words in said["wrong_number"],
        never_mind=bool(made_of("never_mind").fullmatch(words)),
        language=next((tag for tag in table()["language"] if words in said[f"language.{tag}"]), None),
    )


def score(text: str) -> tuple[int | None, str]:
    """A score of 1 to 5 at the start of a survey's answer, and what else was written.

    ``2`` → (2, ""); ``5, but it leaks again`` → (5, "but it leaks again"); ``2 小時才到`` → (None, all of it),
    because the 2 counts hours.
    """
    stripped = text.strip()
    if stars := _STARS.match(stripped.replace("\ufe0f", "")):
        return stripped.count(stars.group(1)), ""
    if bare(text) in folded(table()["score"]["full"]):
        return 5, ""
    match = _score_pattern().match(_keeping_length(stripped))
    if match is None or _counts_things(stripped[match.end("digit") :]):
        return None, stripped
    digit = next(value for value in range(1, 6) if match.group("digit") in _names(value))
    return digit, stripped[match.end() :].strip(" \t\n.,!;:、，。！；：~-—–")


def contradicts(value: int, comment: str) -> bool:
    """A good score with words that say otherwise: a person has to read it."""
    return value >= 4 and bool(anywhere("displeased").search(normalise(comment)))


def _is_abuse(words: str) -> bool:
    left, count = anywhere("abuse").subn("", words)
    return count > 0 and len(left.strip()) <= ABUSE_BESIDE


def _is_lone(words: str) -> bool:
    """A deed or an appliance, and nothing about it."""
    return bool(_lone_pattern().fullmatch(words)) or any(
        pattern.fullmatch(_lone_before().sub("", words)) for pattern in patterns("appliances").values()
    )


@lru_cache(maxsize=1)
def _lone_before() -> re.Pattern[str]:
    return re.compile(rf"^(?:(?:{either(table()['lone']['before'])})\s*)+")


@lru_cache(maxsize=1)
def _lone_pattern() -> re.Pattern[str]:
    return re.compile(rf"(?:(?:{either(table()['lone']['before'])})\s*)*(?:{either(phrases()['lone'])})")


def _option(normal: str) -> int | None:
    match = _option_pattern().fullmatch(normal)
    if match is None:
        return LAST if bare(normal) in folded(table()["around"]["last"]) else None
    return next(value for value in range(10) if match.group("digit") in _names(value))


@lru_cache(maxsize=16)
def _names(value: int) -> frozenset[str]:
    return frozenset(normalise(name) for name in table()["numbers"][str(value)])


def _digits(values: Iterable[int]) -> str:
    return either(name for value in values for name in _names(value))


@lru_cache(maxsize=1)
def _option_pattern() -> re.Pattern[str]:
    around = table()["around"]
    glue = r"[\s.,!:;、。)(\]~]*"
    return re.compile(
        f"{glue}(?:(?:{either(around['before'])}){glue})*(?P<digit>{_digits(range(10))})"
        f"{glue}(?:(?:{either(around['after'])}){glue})*"
    )


@lru_cache(maxsize=1)
def _score_pattern() -> re.Pattern[str]:
    row = table()["score"]
    return re.compile(
        rf"\s*(?:(?:{either(row['before'])})\s*)?(?P<digit>{_digits(range(1, 6))})(?![0-9a-z]|\.[0-9])"
        rf"(?:\s*(?:{either(row['after'])})(?!钟))?"
    )


def _counts_things(rest: str) -> bool:
    return bool(anywhere("units").match(normalise(rest)))


def _keeping_length(text: str) -> str:
    """Normalised character by character, so that a match also cuts the original."""
    return "".join(plain if len(plain := normalise(char) or " ") == 1 else char for char in text)
