"""What the dialogue knows: its own state, what was just heard, and the facts of the world as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

from helpdesk.chatbot.actions import Action, Question
from helpdesk.chatbot.intents import Reading, read
from helpdesk.chatbot.since import says_only_since
from helpdesk.triage.language import normalise
from helpdesk.triage.rules import classify
from helpdesk.triage.safety import hazard_in
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
        person: who of those that share the number is meant, a contact's id; ``proven``: when he proved it, ISO.
    """

    language: Language = "zh-Hant"
    stage: str = "idle"
    collected: Mapping[str, str] = field(default_factory=dict)
    trail: tuple[Question, ...] = ()
    tries: int = 0
    ticket: str | None = None
    person: int | None = None
    proven: str | None = None

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

    def without(self, *names: str) -> Self:
        """As it is, with these facts forgotten."""
        return replace(self, collected={name: value for name, value in self.collected.items() if name not in names})

    def afresh(self) -> Self:
        """Nothing is asked or known of a matter any more; who speaks, and how, stays."""
        return type(self)(language=self.language, tries=self.tries, person=self.person, proven=self.proven)

    @property
    def tried(self) -> tuple[str, ...]:
        """Steps of self-help that did not help."""
        return tuple(filter(None, self.collected.get("selfhelp", "").split(",")))


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
        reading = read(text)
        triage = classify(text, owned=owned, stored_language=language)
        known = reading.whole or says_only_since(text)
        if known and hazard_in(normalise(text)) is None:  # an answer on file that names no danger tells of none
            triage = replace(triage, safety=False, hazard=None)
        return cls(text, triage, reading, media)


@dataclass(frozen=True)
class TicketRef:
    """A ticket as a conversation knows it; ``label`` is shown where one must be chosen."""

    number: str
    appliance: str = "none"
    label: str = ""
    serial: str = ""


@dataclass(frozen=True)
class Cover:
    """What the warranty of a unit says: ``covered``, ``partly`` (parts alone), ``over`` or ``unsure``."""

    standing: Literal["covered", "partly", "over", "unsure"]
    until: str = ""
    rule: str = ""


@dataclass(frozen=True)
class PartRef:
    """A part of the price list; ``price`` as one reads it, with its currency."""

    name: str
    price: str


@dataclass(frozen=True)
class PersonRef:
    """One of those who share a number; ``hint``: enough of the name to know oneself by, and no more."""

    id: int
    hint: str


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
        has_visit: one that the bot may still call off or move; ``fixed``: why not, where there is one that it may not.
        cover, parts: what the warranty and the price list say, where the message asks.
        people: those who share the number, while nobody has proved who he is; ``proof``: this message does.
        with_person: a hand-over stands; ``outside``: to a bot that lives elsewhere.
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
    has_visit: bool = False
    fixed: Literal["", "near", "often", "under_way"] = ""
    cover: Mapping[str, Cover] = field(default_factory=dict)
    parts: tuple[PartRef, ...] = ()
    people: tuple[PersonRef, ...] = ()
    proof: bool = False
    with_person: bool = False
    outside: bool = False
    burst: bool = False


@dataclass(frozen=True)
class Outcome:
    """The new state and what is to be done; ``no_ticket`` is the coded reason why a contact led to none."""

    state: DialogueState
    actions: tuple[Action, ...] = ()
    no_ticket: str = ""
