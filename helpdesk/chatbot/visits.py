"""Booking, moving and calling off: real windows, read back before they hold (B15, B17)."""

from dataclasses import replace

from helpdesk.chatbot.actions import (
    Action,
    CancelVisit,
    ChooseSlot,
    CloseQuestion,
    OfferSlots,
    OptOut,
    Prepare,
    RecordSlot,
    RepeatBack,
    Say,
)
from helpdesk.chatbot.intents import LAST
from helpdesk.chatbot.state import DialogueState, Heard, Outcome, World
from helpdesk.chatbot.turns import ask, hand_over
from helpdesk.triage.language import normalise

ADDRESS_WRONG = 3


def move(state: DialogueState, heard: Heard, world: World, *before: Action) -> Outcome:
    """Other windows for the visit there is; too late, too often or under way, a person decides (B17)."""
    if world.fixed:
        return hand_over(state, heard, world, f"move_{world.fixed}", *before, say="visit.fixed")
    if not world.has_visit:
        return hand_over(state, heard, world, "reschedule_visit", *before)
    closing = (CloseQuestion(),) if world.question else ()
    return ask(state.without("window").with_fact("moving", "1"), "slot", OfferSlots(), *closing, *before)


def ask_cancel(state: DialogueState, world: World) -> Outcome:
    """What is it that shall be called off? Never by the word that the provider takes for an opt-out."""
    outcome = ask(state, "cancel", Say("ask.cancel", asks="cancel"))
    return replace(outcome, no_ticket="" if world.ticket else "asked_what")


def answer_cancel(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """1 the visit, 2 our messages, 3 nothing after all."""
    idle, option = replace(state, stage="idle", tries=0), heard.reading.option
    if option == 1 and world.fixed:
        return hand_over(state, heard, world, f"cancel_{world.fixed}", say="visit.fixed")
    if option == 1 and world.has_visit:
        return Outcome(idle, (CloseQuestion(), CancelVisit(), Say("visit.cancelled")))
    if option == 1:
        return hand_over(state, heard, world, "cancel_visit")
    if option == 2:
        said = (OptOut("all"), Say("optout.done", {"scope": "all"}))
        return Outcome(idle, (CloseQuestion(), *said), no_ticket="opt_out")
    if option == 3:
        return Outcome(idle, (CloseQuestion(), Say("nothing_changed")), no_ticket="nothing_changed")
    return None


def answer_slot(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """A window by its digit is taken, one by other words is read back first; none of them is for a person to solve."""
    option = world.offered if heard.reading.option == LAST else heard.reading.option
    if option is not None and 1 <= option <= world.offered:
        if normalise(heard.text).strip() == str(option):
            return _take(state, option)
        return ask(state.with_fact("window", str(option)), "confirm", RepeatBack(option), CloseQuestion())
    if heard.reading.yes is False:
        return hand_over(state, heard, world, "no_slot_suits")
    return None


def answer_confirm(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """1 as read back, 2 another time, 3 another address."""
    reading = heard.reading
    if reading.option == 1 or reading.yes is True:
        return _take(state, int(state.collected.get("window", "1")), RecordSlot("address", "confirmed"))
    if reading.option == 2 or reading.yes is False:
        return ask(state.without("window"), "slot", OfferSlots(), CloseQuestion())
    if reading.option == ADDRESS_WRONG:
        return hand_over(state, heard, world, "other_address")
    return None


def _take(state: DialogueState, option: int, *facts: Action) -> Outcome:
    """Book the window or move the visit there; then, once, ask what the technician should know."""
    moving, known = "moving" in state.collected, state.collected.keys()
    after = replace(state, stage="idle", tries=0).without("moving", "window")
    done = (CloseQuestion(), *facts, ChooseSlot(option, moving))
    if moving or "detail" in known:
        return Outcome(after, done)
    purpose = "ask.safe" if {"error_code", "photo"} & known else "ask.detail"
    return ask(after, "detail", Prepare(purpose), *done)
