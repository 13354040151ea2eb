"""What a turn of the dialogue asks to be done. Plain values; the service carries them out in order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from helpdesk.chatbot.intents import Scope
from helpdesk.triage.values import Appliance, Intent, Language, Urgency

Question = Literal["product", "identity", "since", "selfhelp", "slot", "survey", "choice", "cancel"]
"""What a person can be asked; at most one is open at a time."""


@dataclass(frozen=True)
class Say:
    """Send ``templates/sms/<purpose>``; ``asks`` opens that question.

    The service adds ``number`` (of the ticket, which may just have been opened) to ``params``.
    """

    purpose: str
    params: Mapping[str, Any] = field(default_factory=dict)
    asks: Question | None = None


@dataclass(frozen=True)
class OpenTicket:
    """A new ticket for this contact; ``follows`` is the closed ticket it comes back from."""

    product_serial: str | None
    appliance: Appliance
    symptom: str | None
    urgency: Urgency
    safety: bool
    subject: str
    category: Intent
    team: str
    follows: str | None = None


@dataclass(frozen=True)
class AddToTicket:
    """The message belongs to that ticket; ``text`` instead of it when an earlier one was held back."""

    number: str
    reopen: bool = False
    safety: bool = False
    text: str = ""


@dataclass(frozen=True)
class RecordSlot:
    """A fact of the ticket: ``product`` (serial), ``since``, ``identity``, ``selfhelp`` (step without help)."""

    name: str
    value: str


@dataclass(frozen=True)
class OfferSlots:
    """Hold real windows and send ``offer.slots``, which opens the question ``slot``."""


@dataclass(frozen=True)
class ChooseSlot:
    """Book the offered window at ``index`` (1-based); offer again, as ``slot.taken``, when it has gone."""

    index: int


@dataclass(frozen=True)
class CancelVisit:
    """The customer calls the visit off."""


@dataclass(frozen=True)
class SolvedBySelfHelp:
    """The step helped: the ticket can be closed without a visit."""

    step: str


@dataclass(frozen=True)
class HandOver:
    """A person takes over; from here to the return the bot is silent (B12).

    ``summary``: language, the last words, what was collected and tried.
    """

    reason: str
    summary: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RecordSurvey:
    """An answer to the open survey; ``read`` asks for a person's eyes (words at odds with the score)."""

    score: int | None
    comment: str
    read: bool = False


@dataclass(frozen=True)
class OptOut:
    """No more messages of that scope; ``by_provider``: it has blocked and confirmed by itself."""

    scope: Scope
    by_provider: bool = False


@dataclass(frozen=True)
class OptIn:
    """Messages again."""


@dataclass(frozen=True)
class SwitchLanguage:
    """The person's language from now on."""

    language: Language


@dataclass(frozen=True)
class CloseQuestion:
    """The open question is answered, or no longer asked."""


@dataclass(frozen=True)
class Status:
    """Tell what happens next, with its date: of the visit or ticket, or of the order."""

    about: Literal["ticket", "order"]


Action = (
    Say
    | OpenTicket
    | AddToTicket
    | RecordSlot
    | OfferSlots
    | ChooseSlot
    | CancelVisit
    | SolvedBySelfHelp
    | HandOver
    | RecordSurvey
    | OptOut
    | OptIn
    | SwitchLanguage
    | CloseQuestion
    | Status
)
