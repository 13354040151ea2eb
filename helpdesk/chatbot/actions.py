"""What a turn of the dialogue asks to be done. Plain values; the service carries them out in order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from helpdesk.chatbot.intents import Scope
from helpdesk.triage.values import Appliance, Intent, Language, Urgency

Question = Literal[
    "product",
    "identity",
    "symptom",
    "since",
    "selfhelp",
    "detail",
    "slot",
    "confirm",
    "survey",
    "choice",
    "cancel",
    "wish",
    "unit",
    "person",
    "check",
]
"""What a person can be asked; at most one is open at a time.

``detail``: an error code or photo, and whether all is safe; ``confirm``: window and address read back; ``wish``: what
about it? after a lone noun; ``unit``: which of your units a question is about; ``person``, ``check``: which of those
who share the number, and the proof of it (B5).
"""


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
    """A fact of the ticket: ``product`` (serial), ``symptom`` (code), ``since``, ``identity``, ``error_code``,
    ``photo``, ``safe``, ``address``, ``selfhelp`` (step without help).
    ``corrects``: takes the place of what was said before."""

    name: str
    value: str
    corrects: bool = False


@dataclass(frozen=True)
class OfferSlots:
    """Hold real windows and send ``offer.slots``, which opens the question ``slot``."""


@dataclass(frozen=True)
class RepeatBack:
    """Read the window at ``index`` and the address back, which opens the question ``confirm``."""

    index: int


@dataclass(frozen=True)
class ChooseSlot:
    """Book the offered window at ``index`` (1-based); offer again, as ``slot.taken``, when it has gone.

    ``moves``: the visit there is goes to that window, with its part.
    """

    index: int
    moves: bool = False


@dataclass(frozen=True)
class Prepare:
    """Where the visit is booked: ask for what the technician should know, as ``purpose``; opens ``detail``."""

    purpose: str


@dataclass(frozen=True)
class Identify:
    """The one chosen among those who share the number has proved it: from now on he is the contact."""


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
    | RepeatBack
    | ChooseSlot
    | Prepare
    | Identify
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
