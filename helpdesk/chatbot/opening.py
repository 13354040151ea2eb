"""A contact that belongs to nothing that is open: what it leads to (B2, B6)."""

from dataclasses import replace

from helpdesk.chatbot.actions import Action, CloseQuestion, OfferSlots, RecordSlot, Say
from helpdesk.chatbot.since import since_in
from helpdesk.chatbot.state import DialogueState, Heard, Outcome, World
from helpdesk.chatbot.turns import (
    ask,
    ask_product,
    hand_over,
    is_other_appliance,
    open_ticket,
    question_again,
)
from helpdesk.triage.values import OwnedProduct

WORTH_A_TICKET = 4
"""Characters below which a message that nobody understands is asked about instead."""


def begin(state: DialogueState, heard: Heard, world: World) -> Outcome:
    """Open the ticket that the message deserves, or say why there is none."""
    state = DialogueState(language=state.language, tries=state.tries)
    reading, intent = heard.reading, heard.triage.intent
    if reading.option is not None and world.late:
        return Outcome(state, (Say("late_answer"),), no_ticket="late_answer")
    if reading.greeting or intent == "greeting":
        return Outcome(state, (Say("greeting"),), no_ticket="greeting")
    if intent in ("report_fault", "book_visit") or heard.media:
        return _fault(state, heard, world)
    if _says_nothing(heard):
        return _one_try(state)
    if not world.identified:
        return ask(state, "identity", Say("ask.identity", asks="identity"), open_ticket(heard))
    return hand_over(state, heard, world, intent)


def _says_nothing(heard: Heard) -> bool:
    """A lone digit, yes, "?" or a few letters, with nothing asked: never a ticket of that title (B2)."""
    reading = heard.reading
    is_short = heard.triage.intent == "other" and len(heard.text.strip()) < WORTH_A_TICKET
    return is_short or reading.unclear or reading.option is not None or reading.yes is not None


def _one_try(state: DialogueState) -> Outcome:
    """Ask once what is wanted, then be quiet about it."""
    saying = () if state.tries else (Say("not_understood"),)
    return Outcome(replace(state, tries=state.tries + 1), saying, no_ticket="unclear")


def _fault(state: DialogueState, heard: Heard, world: World) -> Outcome:
    """The ticket at once, then the first thing that is not known yet."""
    candidates = _meant(heard, world)
    product = candidates[0] if len(candidates) == 1 else None
    opened = open_ticket(heard, product=product, follows=world.closed.number if world.closed and product else None)
    state = replace(state, tries=0)
    if since := since_in(heard.text):
        state = state.with_fact("since", since)
    if not world.identified:
        return ask(state, "identity", Say("ask.identity", asks="identity"), opened)
    if len(candidates) > 1:
        return ask(state, "product", ask_product(candidates), opened)
    if since:
        return after_since(state, heard, world, opened, RecordSlot("since", since), Say("ticket.created"))
    return ask(state, "since", Say("ticket.opened", asks="since"), opened)


def _predecessor(heard: Heard, world: World) -> str | None:
    """The closed ticket of the same appliance that this one follows from."""
    return world.closed.number if world.closed and not is_other_appliance(heard, world.closed) else None


def _meant(heard: Heard, world: World) -> tuple[OwnedProduct, ...]:
    """The sender's products that the message can be about: by model, by kind, else all."""
    appliance = heard.triage.appliance
    if appliance == "none":
        return world.owned
    kind = tuple(product for product in world.owned if product.appliance == appliance)
    named = tuple(
        product
        for product in kind
        if any(word and word in heard.text for word in (product.model, product.room, product.serial))
    )
    return named if len(named) == 1 else kind


def after_identity(state: DialogueState, heard: Heard, world: World, *done: Action) -> Outcome:
    """Who and which are known: since when?"""
    if since := state.collected.get("since"):
        return after_since(state, heard, world, *done, RecordSlot("since", since))
    return ask(state, "since", Say("ask.since", asks="since"), *done)


def after_since(state: DialogueState, heard: Heard, world: World, *done: Action) -> Outcome:
    """One step of self-help when there is one, else a visit; never with danger about."""
    if world.selfhelp and not heard.triage.safety and heard.triage.intent != "book_visit":
        return ask(state, "selfhelp", question_again("selfhelp", state, world), *done)
    return offer(state, heard, world, *done)


def offer(state: DialogueState, heard: Heard, world: World, *done: Action) -> Outcome:
    """Real windows; somebody whose address nobody knows gets a person instead."""
    if not world.identified:
        return hand_over(state, heard, world, "unidentified", *done)
    before = tuple(action for action in done if not isinstance(action, CloseQuestion))
    closing = (CloseQuestion(),) if world.question else ()
    return ask(state, "slot", OfferSlots(), *closing, *before)
