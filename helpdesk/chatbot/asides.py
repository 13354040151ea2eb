"""What is said about a question instead of answering it, and what counts at any time and changes nothing."""

from dataclasses import replace

from helpdesk.chatbot import opening
from helpdesk.chatbot.actions import Action, CloseQuestion, Question, Say, Status
from helpdesk.chatbot.state import DialogueState, Heard, Outcome, World
from helpdesk.chatbot.turns import hand_over, question_again, to_its_ticket

WHY: dict[Question, str] = {
    "identity": "why.identity",
    "person": "why.identity",
    "check": "why.identity",
    "product": "why.product",
    "unit": "why.product",
    "choice": "why.product",
    "symptom": "why.product",
    "since": "why.since",
    "selfhelp": "why.selfhelp",
    "detail": "why.detail",
    "slot": "why.slot",
    "confirm": "why.slot",
}
"""What a question is good for."""
WITHOUT = ("since", "detail", "symptom", "selfhelp")
"""Questions that can go unanswered; ``answers`` reads "I do not know" as an answer to them."""


def aside(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """Help, why, what, wait, rather not, never mind; the wrong number; words that hurt. None for all else."""
    reading, question = heard.reading, world.question
    reason = "" if world.ticket else "aside"
    if reading.helping:
        return Outcome(state, (Say("help"), *_again(state, world)), no_ticket="" if world.ticket else "help")
    if reading.wrong_number and question not in ("product", "unit", "choice"):
        return _wrong_number(state, heard, world)
    if reading.abuse:
        return _hurt(state, heard, world)
    if reading.wait and question:
        return Outcome(state, (Say("take_your_time"),), no_ticket=reason)
    if reading.why and question:
        return Outcome(state, (Say(WHY.get(question, "why.any")), *_again(state, world)), no_ticket=reason)
    if reading.repeat:
        return _what(state, world)
    if reading.never_mind:
        return _never_mind(state, world)
    if reading.refuse and question and question not in (*WITHOUT, "survey"):
        return hand_over(state, heard, world, "refused")
    return None


def _again(state: DialogueState, world: World) -> tuple[Action, ...]:
    return (question_again(world.question, state, world),) if world.question else ()


def _what(state: DialogueState, world: World) -> Outcome:
    """The question once more; without one, where the ticket stands."""
    if world.question:
        return Outcome(state, _again(state, world), no_ticket="" if world.ticket else "aside")
    if world.ticket:
        return Outcome(state, (Status("ticket"),))
    return opening.one_try(state)


def _never_mind(state: DialogueState, world: World) -> Outcome:
    """A change that was begun is dropped; a question that the matter needs stays."""
    if world.question in ("slot", "confirm") and "moving" in state.collected:
        after = replace(state, stage="idle").without("moving", "window")
        return Outcome(after, (CloseQuestion(), Say("nothing_changed")))
    if world.question in ("cancel", "wish", "unit", "person", "check"):
        after = replace(state, stage="idle", tries=0)
        return Outcome(after, (CloseQuestion(), Say("nothing_changed")), no_ticket="nothing_changed")
    return Outcome(
        state, (Say("nothing_changed"), *_again(state, world)), no_ticket="" if world.ticket else "nothing_changed"
    )


def _wrong_number(state: DialogueState, heard: Heard, world: World) -> Outcome:
    """Said once and left alone; where there is a ticket a person has to find out whose number this is."""
    if world.ticket and world.identified:
        return hand_over(state, heard, world, "wrong_number")
    closing = (CloseQuestion(),) if world.question else ()
    outcome = opening.one_try(replace(state, stage="idle"), "wrong_number", "wrong_number")
    return replace(outcome, actions=(*closing, *outcome.actions))


def _hurt(state: DialogueState, heard: Heard, world: World) -> Outcome:
    """One try, then quiet; within a matter a person reads it."""
    if world.ticket and state.tries:
        return hand_over(state, heard, world, "abuse")
    if world.ticket:
        into = to_its_ticket(heard, world)
        return Outcome(replace(state, tries=state.tries + 1), (into, Say("abuse"), *_again(state, world)))
    return opening.one_try(state, "abuse", "abuse")
