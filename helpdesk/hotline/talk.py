"""The plain values of a telephone dialogue: where a caller is, what we know of him, what he said, what he hears."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Tongue = Literal["cmn-Hant", "yue", "cmn-Hans", "en"]
"""What is spoken on the line; both of the first two are worded in Traditional Chinese."""
LANGUAGE: dict[Tongue, str] = {"cmn-Hant": "zh-Hant", "yue": "zh-Hant", "cmn-Hans": "zh-Hans", "en": "en"}
"""Tongue → the language of its wording."""

Step = Literal[
    "menu", "language", "who", "postcode", "serial", "code", "report", "number", "queue", "voicemail", "done"
]
Wish = Literal["order", "visit", "ticket", "fault", "human", "language"]
Act = Literal["none", "tell", "send_code", "report", "number", "danger", "queue", "desk", "voicemail"]
"""What a turn asks the service to do; "desk" is the queue for one of our own, who opens no ticket."""


@dataclass(frozen=True)
class Talk:
    """The state of a call's dialogue.

    Attributes:
        call: the call's id, which salts the code's digest.
        n: turns so far; an answer to an earlier turn is a repetition.
        tries: how often this step was answered with nothing that fits.
        wants: what the caller wants to hear once he is checked, or do after giving a number.
        person, checked: contact that he says he is, that he has shown to be.
        failures: failed checks of this call; code: digest of the one-time code sent.
        asked_number: a withheld number was asked for one to call back.
    """

    call: int = 0
    step: Step = "menu"
    tongue: Tongue = "cmn-Hant"
    n: int = 0
    tries: int = 0
    wants: Wish | None = None
    person: int | None = None
    checked: int | None = None
    postcode: str = ""
    failures: int = 0
    code: str = ""
    asked_number: bool = False

    def to_json(self) -> dict[str, Any]:
        """As it is stored."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Talk:
        """As it was stored."""
        return cls(**stored)


@dataclass(frozen=True)
class Known:
    """A contact with the caller's number. ``proofs``: (postcode, serial's end) as keypad digits, one a unit."""

    contact_id: int
    name: str
    proofs: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Facts:
    """What holds while a step is answered.

    Attributes:
        known: contacts with this number; more than one is a family.
        ours: the number is one of our own people's.
        withheld: nobody could be rung back.
        open: the hotline is staffed by the calendar.
        barred: too many failed checks from this number lately.
        textable: a one-time code can be sent to the number.
        code: the one-time code sent is still good.
    """

    known: tuple[Known, ...] = ()
    ours: bool = False
    withheld: bool = False
    open: bool = True
    barred: bool = False
    textable: bool = False
    code: bool = False


@dataclass(frozen=True)
class Heard:
    """What the caller did: keys, words, and what the words mean. ``tongue``: a language he named."""

    keys: str = ""
    words: str = ""
    hazard: str | None = None
    wish: Wish | None = None
    tongue: Tongue | None = None

    @property
    def nothing(self) -> bool:
        """Neither keys nor words."""
        return not self.keys and not self.words.strip()


@dataclass(frozen=True)
class Say:
    """A sentence: ``templates/voice/<purpose>``, in the caller's tongue unless it names another."""

    purpose: str
    params: Mapping[str, Any] = field(default_factory=dict)
    tongue: Tongue | None = None


@dataclass(frozen=True)
class Turn:
    """What follows: the new state, what is done, and what is said after what was done."""

    talk: Talk
    says: tuple[Say, ...] = ()
    act: Act = "none"
    words: str = ""
