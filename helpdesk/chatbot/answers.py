"""Answers to the one open question, one function a kind. None: the message is no answer to it at all."""

from collections.abc import Callable
from dataclasses import replace

from helpdesk.chatbot import opening
from helpdesk.chatbot.actions import (
    AddToTicket,
    CancelVisit,
    ChooseSlot,
    CloseQuestion,
    OptOut,
    Question,
    RecordSlot,
    Say,
    SolvedBySelfHelp,
)
from helpdesk.chatbot.intents import BACK, LAST
from helpdesk.chatbot.since import LONGEST, since_answer, since_in
from helpdesk.chatbot.state import DialogueState, Heard, Outcome, World
from helpdesk.chatbot.survey import answer_survey
from helpdesk.chatbot.turns import SHOWN, hand_over, misunderstood, question_again, to_its_ticket

Answer = Callable[[DialogueState, Heard, World], Outcome | None]


def answer(question: Question, state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """What the message answers to the open question; ``9`` goes one question back.

    What answers nothing is asked about, or just filed when it came in a burst or with a picture. Words that a
    survey does not expect are left to the tests that follow.
    """
    if heard.reading.option == BACK:
        return _back(question, state, world)
    outcome = _ANSWERS[question](state, heard, world)
    if outcome is not None or question == "survey":
        return outcome
    if world.burst or heard.media:
        return Outcome(state, (to_its_ticket(heard, world),))
    return misunderstood(state, heard, world)


def _back(question: Question, state: DialogueState, world: World) -> Outcome:
    """The question before this one, or this one again when it is the first."""
    earlier = tuple(asked for asked in state.trail if asked != question)
    target = earlier[-1] if earlier else question
    again = replace(state, stage=target, trail=earlier or state.trail, tries=0)
    return Outcome(again, (CloseQuestion(), question_again(target, state, world)))


def _product(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """A number of the list, one more for another unit, or its name, room or kind."""
    shown = world.owned[:SHOWN]
    option = heard.reading.option
    if option is not None and 1 <= option <= len(shown) + 1:
        serial = shown[option - 1].serial if option <= len(shown) else ""
    else:
        named = [p for p in world.owned if any(word and word in heard.text for word in (p.name, p.room, p.model))]
        kind = [p for p in world.owned if p.appliance == heard.triage.appliance]
        found = named if len(named) == 1 else kind
        if len(found) != 1:
            return None
        serial = found[0].serial
    done = (CloseQuestion(), RecordSlot("product", serial))
    return opening.after_identity(state.with_fact("product", serial), heard, world, *done)


def _identity(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """Name and address in their own words, for a person to match."""
    if heard.reading.unclear or heard.reading.option is not None:
        return None
    value = heard.text.strip()[:LONGEST]
    done = (CloseQuestion(), RecordSlot("identity", value))
    return opening.after_identity(state.with_fact("identity", value), heard, world, *done)


def _since(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    value = since_in(heard.text) if world.burst else None
    value = value or (None if world.burst and heard.reading.option is None else since_answer(heard.text, heard.reading))
    if value is None:
        return None
    done = (CloseQuestion(), RecordSlot("since", value))
    return opening.after_since(state.with_fact("since", value), heard, world, *done)


def _selfhelp(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """1 or yes: solved. 2, no, or the fault described again: a visit."""
    reading, step = heard.reading, world.selfhelp or "generic"
    if reading.option == 1 or reading.yes is True:
        after = replace(state, stage="idle", tries=0)
        return Outcome(after, (CloseQuestion(), SolvedBySelfHelp(step), Say("selfhelp.solved")))
    if reading.option == 2 or reading.yes is False or (heard.triage.symptom and not world.burst):
        done = (CloseQuestion(), RecordSlot("selfhelp", step))
        return opening.offer(state.with_fact("selfhelp", step), heard, world, *done)
    return None


def _slot(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """One of the windows offered; none of them is for a person to solve."""
    option = world.offered if heard.reading.option == LAST else heard.reading.option
    if option is not None and 1 <= option <= world.offered:
        after = replace(state, stage="idle", tries=0)
        return Outcome(after, (CloseQuestion(), ChooseSlot(option)))
    if heard.reading.yes is False:
        return hand_over(state, heard, world, "no_slot_suits")
    return None


def _choice(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """Which ticket a message was about; one number more is something new."""
    shown, held = world.open_tickets[:SHOWN], state.collected.get("held", "")
    option = heard.reading.option
    if option is None or not 1 <= option <= len(shown) + 1:
        return None
    idle = DialogueState(language=state.language)
    if option <= len(shown):
        into = AddToTicket(shown[option - 1].number, text=held)
        return Outcome(idle, (CloseQuestion(), into, Say("ticket.noted")))
    fresh = Heard.of(held, owned=world.owned, language=state.language)
    outcome = opening.begin(idle, fresh, replace(world, question=None, late=None))
    return replace(outcome, actions=(CloseQuestion(), *outcome.actions))


def _cancel(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """1 the visit, 2 our messages, 3 nothing after all."""
    idle, option = replace(state, stage="idle", tries=0), heard.reading.option
    if option == 1 and world.has_visit:
        return Outcome(idle, (CloseQuestion(), CancelVisit(), Say("visit.cancelled")))
    if option == 1:
        return hand_over(state, heard, world, "cancel_visit")
    if option == 2:
        return Outcome(
            idle, (CloseQuestion(), OptOut("all"), Say("optout.done", {"scope": "all"})), no_ticket="opt_out"
        )
    if option == 3:
        return Outcome(idle, (CloseQuestion(), Say("nothing_changed")), no_ticket="nothing_changed")
    return None


_ANSWERS: dict[Question, Answer] = {
    "product": _product,
    "identity": _identity,
    "since": _since,
    "selfhelp": _selfhelp,
    "slot": _slot,
    "survey": answer_survey,
    "choice": _choice,
    "cancel": _cancel,
}
