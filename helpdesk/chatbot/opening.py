"""A contact that belongs to nothing that is open: what it leads to, and what is not known of a fault yet (B2, B6)."""

from dataclasses import replace

from helpdesk.chatbot import info
from helpdesk.chatbot.actions import Action, CloseQuestion, OfferSlots, OpenTicket, Question, RecordSlot, Say
from helpdesk.chatbot.since import since_in
from helpdesk.chatbot.state import DialogueState, Heard, Outcome, World
from helpdesk.chatbot.turns import (
    ask,
    ask_product,
    hand_over,
    is_other_appliance,
    named_units,
    next_step,
    open_ticket,
    question_again,
)
from helpdesk.triage.values import OwnedProduct

WORTH_A_TICKET = 4
"""Characters below which a message that nobody understands is asked about instead."""
SAYS_THE_TICKET: tuple[Question, ...] = ("since", "product", "identity")
"""Questions whose wording, as the first one, names the new ticket."""


def begin(state: DialogueState, heard: Heard, world: World) -> Outcome:
    """Open the ticket that the message deserves, or say why there is none."""
    state = state.afresh()
    reading, intent = heard.reading, heard.triage.intent
    if reading.option is not None and world.late:
        return Outcome(state, (Say("late_answer"),), no_ticket="late_answer")
    if reading.greeting or intent == "greeting":
        return Outcome(state, (Say("greeting"),), no_ticket="greeting")
    if reading.lone:
        state = state.with_fact("held", heard.text.strip())
        return replace(ask(state, "wish", Say("ask.wish", asks="wish")), no_ticket="asked_what")
    if {"report_fault", "book_visit"} & info.wishes(heard) or heard.media:
        return fault(state, heard, world)
    if _says_nothing(heard):
        return one_try(state)
    if (told := info.tell(intent, state, heard, world)) is not None:
        return told
    if not world.identified:
        return proceed(_known(state, heard, world, None), heard, world, open_ticket(heard))
    return hand_over(state, heard, world, intent)


def _says_nothing(heard: Heard) -> bool:
    """A lone digit, yes, "?" or a few letters, with nothing asked: never a ticket of that title (B2)."""
    reading = heard.reading
    is_short = heard.triage.intent == "other" and len(heard.text.strip()) < WORTH_A_TICKET
    return is_short or reading.unclear or reading.option is not None or reading.yes is not None


def one_try(state: DialogueState, purpose: str = "not_understood", reason: str = "unclear") -> Outcome:
    """Ask once what is wanted, then be quiet about it."""
    saying = () if state.tries else (Say(purpose),)
    return Outcome(replace(state, tries=state.tries + 1), saying, no_ticket=reason)


def fault(state: DialogueState, heard: Heard, world: World) -> Outcome:
    """The ticket at once, then the first thing that is not known yet."""
    candidates = named_units(heard.text, heard.triage.appliance, world.owned)
    product = candidates[0] if len(candidates) == 1 else None
    state = replace(_known(state, heard, world, product), tries=0)
    opened = open_ticket(heard, product=product, follows=_predecessor(heard, world) if product else None)
    facts = tuple(
        RecordSlot(name, state.collected[name]) for name in ("since", "error_code") if state.collected.get(name)
    )
    return proceed(state, heard, world, opened, *facts)


def _known(state: DialogueState, heard: Heard, world: World, product: OwnedProduct | None) -> DialogueState:
    """What the first words say already."""
    triage = heard.triage
    facts = {
        "appliance": product.appliance if product else triage.appliance,
        "symptom": "" if triage.symptom in (None, "other", "error_code") else triage.symptom or "",
        "product": product.serial if product else "",
        "since": since_in(heard.text) or "",
        "error_code": triage.error_code or "",
        "photo": "1" if heard.media else "",
        "wants": "visit" if "book_visit" in info.wishes(heard) and triage.intent != "report_fault" else "",
    }
    if not facts["symptom"] and triage.error_code:
        facts["symptom"] = "error_code"
    for name, value in facts.items():
        state = state.with_fact(name, value) if value and value != "none" else state
    return state


def _predecessor(heard: Heard, world: World) -> str | None:
    """The closed ticket of the same appliance that this one follows from."""
    return world.closed.number if world.closed and not is_other_appliance(heard, world.closed) else None


def proceed(state: DialogueState, heard: Heard, world: World, *done: Action) -> Outcome:
    """The first thing that is not known yet: who, which, what, since when; then self-help and a window."""
    question = _missing(state, world)
    if question is None:
        return offer(state, heard, world, *done)
    opened = any(isinstance(action, OpenTicket) for action in done)
    if question == "product":
        candidates = named_units("", state.collected.get("appliance", "none"), world.owned)
        return ask(state, question, ask_product(candidates or world.owned), *done)
    if question == "since" and opened:
        return ask(state, question, Say("ticket.opened", asks="since"), *done)
    told = (Say("ticket.created"),) if opened and question not in SAYS_THE_TICKET else ()
    return ask(state, question, question_again(question, state, world), *done, *told)


def _missing(state: DialogueState, world: World) -> Question | None:
    known = state.collected
    if not world.identified and "identity" not in known:
        return "person" if world.people else "identity"
    if world.identified and "product" not in known and len(_candidates(state, world)) > 1:
        return "product"
    if "symptom" not in known and known.get("wants") != "visit":
        return "symptom"
    if "since" not in known:
        return "since"
    return "selfhelp" if known.get("wants") != "visit" and "solved" not in known and next_step(state) else None


def _candidates(state: DialogueState, world: World) -> tuple[OwnedProduct, ...]:
    return named_units("", state.collected.get("appliance", "none"), world.owned)


def offer(state: DialogueState, heard: Heard, world: World, *done: Action) -> Outcome:
    """Real windows; somebody whose address nobody knows gets a person instead."""
    if not world.identified:
        return hand_over(state, heard, world, "unidentified", *done)
    before = tuple(action for action in done if not isinstance(action, CloseQuestion))
    closing = (CloseQuestion(),) if world.question else ()
    return ask(state, "slot", OfferSlots(), *closing, *before)
