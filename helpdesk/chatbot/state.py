"""What the dialogue knows: its own state, what was just heard, and the facts of the world as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from helpdesk.chatbot.actions import Action, Question
from helpdesk.chatbot.intents import Reading, read
from helpdesk.triage.rules import classify
from helpdesk.triage.values import Language, OwnedProduct, Triage


@dataclass(frozen=True)
class DialogueState:
    """Where a conversation stands; kept as JSON between messages.

    Attributes:
        stage: ``idle``, the question that was asked last, or ``person`` after a hand-over.
        collected: facts by name, as in ``RecordSlot``; ``held`` is a message waiting for a choice.
        trail: the questions answered so far in this matter, for the way back.
        tries: misunderstandings in a row.
        ticket: number of the ticket it is about, filled in by the service.
    """

    language: Language = "zh-Hant"
    stage: str = "idle"
    collected: Mapping[str, str] = field(default_factory=dict)
    trail: tuple[Question, ...] = ()
    tries: int = 0
    ticket: str | None = None

    def to_json(self) -> dict[str, Any]:
        """A value that JSON knows."""
        return {**vars(self), "collected": dict(self.collected), "trail": list(self.trail)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The state that ``to_json`` wrote."""
        return cls(**{**value, "trail": tuple(value.get("trail", ()))})

    def with_fact(self, name: str, value: str) -> Self:
        """As it is, with one more fact."""
        return replace(self, collected={**self.collected, name: value})


@dataclass(frozen=True)
class Heard:
    """A message: its words, what they are about, and how they read as a short reply."""

    text: str
    triage: Triage
    reading: Reading
    media: int = 0

    @classmethod
    def of(
        cls, text: str, *, owned: tuple[OwnedProduct, ...] = (), language: str | None = None, media: int = 0
    ) -> Self:
        """Read a text with the engines as shipped."""
        return cls(text, classify(text, owned=owned, stored_language=language), read(text), media)


@dataclass(frozen=True)
class TicketRef:
    """A ticket as a conversation knows it; ``label`` is shown where one must be chosen."""

    number: str
    appliance: str = "none"
    label: str = ""


@dataclass(frozen=True)
class World:
    """The facts that a turn may depend on.

    Attributes:
        identified: the sender is a contact person of ours.
        question: the one open question; ``late``: one asked lately that has been closed meanwhile.
        ticket: the open ticket that last messaged this person, or their only one.
        open_tickets: all of them, for a choice.
        closed: the ticket closed last; ``may_reopen``: within its queue's days (B3).
        offered: how many windows the open offer holds.
        selfhelp: step for the ticket's (before there is one, for the message's) appliance and symptom.
        with_person: a hand-over stands.
        burst: came within seconds of the message before (B4).
    """

    identified: bool = True
    owned: tuple[OwnedProduct, ...] = ()
    question: Question | None = None
    late: Question | None = None
    ticket: TicketRef | None = None
    open_tickets: tuple[TicketRef, ...] = ()
    closed: TicketRef | None = None
    may_reopen: bool = False
    offered: int = 0
    selfhelp: str | None = None
    has_visit: bool = False
    with_person: bool = False
    burst: bool = False


@dataclass(frozen=True)
class Outcome:
    """The new state and what is to be done; ``no_ticket`` is the coded reason why a contact led to none."""

    state: DialogueState
    actions: tuple[Action, ...] = ()
    no_ticket: str = ""
