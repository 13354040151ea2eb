"""The values that triage deals in. They are stored and exchanged, so their spelling is fixed."""

from dataclasses import dataclass
from typing import Literal, get_args

Language = Literal["en", "zh-Hant", "zh-Hans"]
Intent = Literal[
    "report_fault",
    "order_status",
    "delivery_reschedule",
    "book_visit",
    "reschedule_visit",
    "cancel_visit",
    "technician_eta",
    "parts_inquiry",
    "warranty_inquiry",
    "how_to",
    "complaint",
    "praise",
    "human_agent",
    "invoice_or_payment",
    "return_refund",
    "opt_out",
    "greeting",
    "survey_reply",
    "other",
]
Appliance = Literal[
    "refrigerator",
    "washing_machine",
    "air_conditioner",
    "water_heater",
    "tv",
    "stove_oven",
    "dishwasher",
    "other",
    "none",
]
Urgency = Literal["emergency", "high", "normal", "low"]
Hazard = Literal["gas", "fire", "shock", "flooding", "injury"]
Sentiment = Literal["negative", "neutral", "positive"]
Advice = Literal["act", "prefill", "ask"]
"""What may be done on the engine's word: the bot acts, a form is filled in for a person, or a person is asked."""

LANGUAGES: tuple[Language, ...] = get_args(Language)
INTENTS: tuple[Intent, ...] = get_args(Intent)
APPLIANCES: tuple[Appliance, ...] = get_args(Appliance)
URGENCIES: tuple[Urgency, ...] = get_args(Urgency)
HAZARDS: tuple[Hazard, ...] = get_args(Hazard)


@dataclass(frozen=True)
class OwnedProduct:
    """One unit at a customer, as far as a conversation needs it; ``name`` in the customer's language."""

    serial: str
    appliance: str
    name: str = ""
    room: str = ""
    model: str = ""


@dataclass(frozen=True)
class Triage:
    """What a message is about.

    Attributes:
        symptom: code of ``data/symptoms.toml``; ``other`` for a fault without a known one, else None.
        safety: somebody may be in danger; ``hazard`` then says of what.
        confidence: of the intent, 0 to 1.
        team: the queue that such a message waits in.
        error_code: as shown on the appliance, upper case.
        alternatives: the likeliest intents with their probabilities, best first, at most three.
        because: the stored example that is most alike, where embeddings were asked.
    """

    lang: Language
    intent: Intent
    secondary_intent: Intent | None
    appliance: Appliance
    symptom: str | None
    urgency: Urgency
    safety: bool
    confidence: float
    team: str
    hazard: Hazard | None = None
    error_code: str | None = None
    sentiment: Sentiment = "neutral"
    advice: Advice = "ask"
    alternatives: tuple[tuple[str, float], ...] = ()
    because: str | None = None
