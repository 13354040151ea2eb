"""Answers to the one open question, one function a kind. None: the message is no answer to it at all."""

from collections.abc import Callable
from dataclasses import replace

from helpdesk.chatbot import opening
from helpdesk.chatbot.actions import (
    Action,
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
from helpdesk.chatbot.since import LONGEST, since_answer
from helpdesk.chatbot.state import DialogueState, Heard, Outcome, World
from helpdesk.chatbot.survey import answer_survey
from helpdesk.chatbot.turns import SHOWN, hand_over, misunderstood, question_again, to_its_ticket

Answer = Callable[[DialogueState, Heard, World], Outcome | None]


def answer(question: Question, state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """What the message answers to the open question; ``9`` goes one question back."""
    if heard.reading.option == BACK:
        return _back(question, state, world)
    if question != "survey" and (world.burst or heard.media) and not _reads_as_answer(heard):
        return Outcome(state, (to_its_ticket(heard, world),))
    return _ANSWERS[question](state, heard, world)


def _reads_as_answer(heard: Heard) -> bool:
    reading = heard.reading
    return reading.option is not None or reading.yes is not None


def _back(question: Question, state: DialogueState, world: World) -> Outcome:
    """The question before this one, or this one again when it is the first."""
    earlier = tuple(asked for asked in state.trail if asked != question)
    target = earlier[-1] if earlier else question
    again = replace(state, stage=target, trail=earlier or state.trail, tries=0)
    return Outcome(again, (CloseQuestion(), question_again(target, state, world)))


def _words(heard: Heard, world: World) -> tuple[Action, ...]:
    """Words worth keeping go into the ticket even where they do not answer."""
    return (to_its_ticket(heard, world),) if len(heard.text.strip()) >= opening.WORTH_A_TICKET else ()


def _product(state: DialogueState, heard: Heard, world: World) -> Outcome:
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
            return misunderstood(state, heard, world, *_words(heard, world))
        serial = found[0].serial
    done = (CloseQuestion(), RecordSlot("product", serial))
    return opening.after_identity(state.with_fact("product", serial), heard, world, *done)


def _identity(state: DialogueState, heard: Heard, world: World) -> Outcome:
    """Name and address in their own words, for a person to match."""
    if heard.reading.unclear or heard.reading.option is not None:
        return misunderstood(state, heard, world)
    value = heard.text.strip()[:LONGEST]
    done = (CloseQuestion(), RecordSlot("identity", value))
    return opening.after_identity(state.with_fact("identity", value), heard, world, *done)


def _since(state: DialogueState, heard: Heard, world: World) -> Outcome:
    value = since_answer(heard.text, heard.reading)
    if value is None:
        return misunderstood(state, heard, world)
    done = (CloseQuestion(), *_words(heard, world), RecordSlot("since", value))
    return opening.after_since(state.with_fact("since", value), heard, world, *done)


def _selfhelp(state: DialogueState, heard: Heard, world: World) -> Outcome:
    """1 or yes: solved. 2, no, or the fault described again: a visit."""
    reading, step = heard.reading, world.selfhelp or "generic"
    if reading.option == 1 or reading.yes is True:
        after = replace(state, stage="idle", tries=0)
        return Outcome(after, (CloseQuestion(), SolvedBySelfHelp(step), Say("selfhelp.solved")))
    if reading.option == 2 or reading.yes is False or heard.triage.symptom:
        done = (CloseQuestion(), *_words(heard, world), RecordSlot("selfhelp", step))
        return opening.offer(state.with_fact("selfhelp", step), heard, world, *done)
    return misunderstood(state, heard, world, *_words(heard, world))


def _slot(state: DialogueState, heard: Heard, world: World) -> Outcome:
    """One of the windows offered; none of them is for a person to solve."""
    option = world.offered if heard.reading.option == LAST else heard.reading.option
    if option is not None and 1 <= option <= world.offered:
        after = replace(state, stage="idle", tries=0)
        return Outcome(after, (CloseQuestion(), ChooseSlot(option)))
    if heard.reading.yes is False:
        return hand_over(state, heard, world, "no_slot_suits")
    return misunderstood(state, heard, world, *_words(heard, world))


def _choice(state: DialogueState, heard: Heard, world: World) -> Outcome:
    """Which ticket a message was about; one number more is something new."""
    shown, held = world.open_tickets[:SHOWN], state.collected.get("held", "")
    option = heard.reading.option
    if option is None or not 1 <= option <= len(shown) + 1:
        return misunderstood(state, heard, world, *_words(heard, world))
    idle = DialogueState(language=state.language)
    if option <= len(shown):
        into = AddToTicket(shown[option - 1].number, text=held)
        return Outcome(idle, (CloseQuestion(), into, Say("ticket.noted")))
    fresh = Heard.of(held, owned=world.owned, language=state.language)
    outcome = opening.begin(idle, fresh, replace(world, question=None, late=None))
    return replace(outcome, actions=(CloseQuestion(), *outcome.actions))


def _cancel(state: DialogueState, heard: Heard, world: World) -> Outcome:
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
    return misunderstood(state, heard, world, *_words(heard, world))


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
