"""A number that several people share: who is it, and the proof of it, before anybody's data is spoken of (B5)."""

from dataclasses import replace

from helpdesk.chatbot import info, opening
from helpdesk.chatbot.actions import Action, CloseQuestion, Identify, RecordSlot, Say
from helpdesk.chatbot.state import DialogueState, Heard, Outcome, World
from helpdesk.chatbot.turns import SHOWN, ask, hand_over, question_again

MAX_CHECKS = 3
"""Failed checks after which a person takes over (B12)."""


def answer_person(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """A number of the list, then the check; one more is somebody else, who says his name and address."""
    shown, option = world.people[:SHOWN], heard.reading.option
    if option is None or not 1 <= option <= len(shown) + 1:
        return None
    if option > len(shown):
        return hand_over(state, heard, world, "unidentified") if not world.ticket else _stranger(state, world)
    state = replace(state, person=shown[option - 1].id)
    return replace(
        ask(state, "check", Say("ask.check", asks="check"), CloseQuestion()), no_ticket=_reason(world, "asked_who")
    )


def _stranger(state: DialogueState, world: World) -> Outcome:
    return ask(state, "identity", question_again("identity", state, world), CloseQuestion())


def answer_check(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """Postcode and the end of a serial number; what is compared is compared by the service, and never said."""
    if world.proof:
        return _proven(replace(state, tries=0), heard, world)
    tries = state.tries + 1
    if tries >= MAX_CHECKS:
        return hand_over(replace(state, person=None), heard, world, "identity_failed")
    return Outcome(
        replace(state, tries=tries), (Say("check.failed", asks="check"),), no_ticket=_reason(world, "asked_who")
    )


def _proven(state: DialogueState, heard: Heard, world: World) -> Outcome:
    """On with what was wanted."""
    done: tuple[Action, ...] = (CloseQuestion(), Identify())
    wanted = state.collected.get("wants", "")
    if world.ticket is None or wanted in info.TELLS.values():
        idle = replace(state, stage="idle").without("wants")
        told = info.answer(wanted, idle, heard, replace(world, question=None)) if wanted else Outcome(idle)
        reason = "" if world.ticket else told.no_ticket or "answered"
        return replace(told, actions=(*done, *told.actions), no_ticket=reason)
    return opening.proceed(state.with_fact("identity", "check"), heard, world, *done, RecordSlot("identity", "check"))


def _reason(world: World, reason: str) -> str:
    return "" if world.ticket else reason
