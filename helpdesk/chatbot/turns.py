"""The moves that every part of the dialogue is made of: ask, offer, hand over, ask again."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from helpdesk.chatbot.actions import (
    Action,
    AddToTicket,
    CloseQuestion,
    HandOver,
    OfferSlots,
    OpenTicket,
    Question,
    RepeatBack,
    Say,
)
from helpdesk.chatbot.state import DialogueState, Heard, Outcome, TicketRef, World
from helpdesk.knowledge.selfhelp import steps_for
from helpdesk.triage.language import normalise
from helpdesk.triage.values import Appliance, OwnedProduct

MAX_TRIES = 2
"""Misunderstandings after which a person takes over (B12)."""
SHOWN = 3
"""Products or tickets that one message lists."""
SUBJECT = 200
"""Characters of the first words that become the subject."""
PICTURE = "\N{CAMERA}"
"""The subject where there are no words."""


def open_ticket(heard: Heard, *, product: OwnedProduct | None = None, follows: str | None = None) -> OpenTicket:
    """The ticket that this message deserves."""
    triage = heard.triage
    return OpenTicket(
        product_serial=product.serial if product else None,
        appliance=cast(Appliance, product.appliance) if product else triage.appliance,
        symptom=triage.symptom,
        urgency=triage.urgency,
        safety=triage.safety,
        subject=heard.text.strip()[:SUBJECT] or PICTURE,
        category=triage.intent,
        team=triage.team,
        follows=follows,
    )


def is_other_appliance(heard: Heard, ticket: TicketRef) -> bool:
    """The message names an appliance, and not that ticket's."""
    return "none" not in (heard.triage.appliance, ticket.appliance) and heard.triage.appliance != ticket.appliance


def named_units(text: str, appliance: str, owned: Sequence[OwnedProduct]) -> tuple[OwnedProduct, ...]:
    """The units that words can mean: by model, name, room or serial number, else by kind, else all."""
    words = normalise(text)
    kind = tuple(unit for unit in owned if appliance in ("none", unit.appliance))
    named = tuple(
        unit
        for unit in kind
        if any(name and normalise(name) in words for name in (unit.model, unit.name, unit.room, unit.serial))
    )
    return named if len(named) == 1 else kind


def again(heard: Heard, text: str, state: DialogueState, world: World) -> Heard:
    """Other words of the same message (or of one before), read by themselves."""
    return Heard.of(text, owned=world.owned, language=state.language, media=heard.media)


def to_its_ticket(heard: Heard, world: World) -> Action:
    """Into the open ticket, back into the one just closed, or into a new one: every contact has its ticket."""
    if world.ticket:
        return AddToTicket(world.ticket.number, safety=heard.triage.safety)
    if world.closed and world.may_reopen:
        return AddToTicket(world.closed.number, reopen=True, safety=heard.triage.safety)
    product = world.owned[0] if len(world.owned) == 1 else None
    return open_ticket(heard, product=product, follows=world.closed.number if world.closed else None)


def ask(state: DialogueState, question: Question, say: Action, *before: Action) -> Outcome:
    """Do what comes before, then put the question."""
    trail = (*(asked for asked in state.trail if asked != question), question)
    return Outcome(replace(state, stage=question, trail=trail, tries=0), (*before, say))


def question_again(question: Question, state: DialogueState, world: World) -> Action:
    """The message that puts a question (once more)."""
    if question == "slot":
        return OfferSlots()
    if question == "confirm":
        return RepeatBack(int(state.collected.get("window", "1")))
    if question in ("product", "unit"):
        return ask_product(world.owned, question)
    return Say(_purpose(question, state), _choices(question, world), asks=question)


def _purpose(question: Question, state: DialogueState) -> str:
    if question == "selfhelp":
        return f"selfhelp.{next_step(state) or 'generic'}"
    if question == "detail" and {"error_code", "photo"} & state.collected.keys():
        return "ask.safe"
    return {"survey": "survey.ask", "choice": "ask.ticket"}.get(question, f"ask.{question}")


def _choices(question: Question, world: World) -> dict[str, list[str]]:
    if question == "choice":
        return {"tickets": [ticket.label or ticket.number for ticket in world.open_tickets[:SHOWN]]}
    if question == "person":
        return {"people": [person.hint for person in world.people[:SHOWN]]}
    return {}


def ask_product(owned: Sequence[OwnedProduct], question: Question = "product") -> Say:
    """Which of your units? By nickname and room (B6); one number more is another one."""
    shown = [{"name": product.name or product.serial, "room": product.room} for product in owned[:SHOWN]]
    return Say(f"ask.{question}", {"products": shown}, asks=question)


def next_step(state: DialogueState) -> str | None:
    """The step of self-help that has not been tried yet."""
    known = state.collected
    steps = steps_for(known.get("appliance"), known.get("symptom"))
    return next((step for step in steps if step not in state.tried), None)


def hand_over(
    state: DialogueState, heard: Heard, world: World, reason: str, *before: Action, say: str = "handover"
) -> Outcome:
    """A person takes over, with all that is known; there is a ticket for it in any case."""
    has_ticket = any(isinstance(action, AddToTicket | OpenTicket) for action in before)
    into = () if has_ticket else (to_its_ticket(heard, world),)
    closing = (CloseQuestion(),) if world.question and CloseQuestion() not in before else ()
    summary = {
        **{name: value for name, value in state.collected.items() if value and name != "held"},
        "language": state.language,
        "sentiment": heard.triage.sentiment,
        "said": heard.text.strip()[:SUBJECT],
    }
    after = replace(state, stage="person", tries=0)
    return Outcome(after, (*before, *closing, *into, HandOver(reason, summary), Say(say)))


def misunderstood(state: DialogueState, heard: Heard, world: World) -> Outcome:
    """Ask for the number once; the second time a person takes over."""
    tries = state.tries + 1
    if tries >= MAX_TRIES:
        return hand_over(state, heard, world, "not_understood")
    reason = "" if world.ticket else "unclear"
    return Outcome(replace(state, tries=tries), (Say("not_understood", asks=world.question),), no_ticket=reason)
