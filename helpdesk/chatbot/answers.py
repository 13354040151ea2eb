"""Answers to the one open question, one function a kind. None: the message is no answer to it at all."""

from collections.abc import Callable
from dataclasses import replace

from helpdesk.chatbot import family, info, opening, visits
from helpdesk.chatbot.actions import (
    AddToTicket,
    CloseQuestion,
    Question,
    RecordSlot,
    Say,
    SolvedBySelfHelp,
)
from helpdesk.chatbot.denial import denies_all, without_denied
from helpdesk.chatbot.intents import BACK
from helpdesk.chatbot.since import LONGEST, since_answer, since_in
from helpdesk.chatbot.state import DialogueState, Heard, Outcome, World
from helpdesk.chatbot.survey import answer_survey
from helpdesk.chatbot.turns import (
    SHOWN,
    again,
    hand_over,
    misunderstood,
    named_units,
    next_step,
    question_again,
    to_its_ticket,
)
from helpdesk.triage.language import normalise
from helpdesk.triage.lexicon import hits, patterns
from helpdesk.triage.values import Intent, OwnedProduct

Answer = Callable[[DialogueState, Heard, World], Outcome | None]
SYMPTOMS = {1: "no_power", 2: "leaking", 3: "noise", 4: "error_code", 5: "other"}
"""What ``ask.symptom`` offers."""
WORDS_ENOUGH = 4
"""Characters of the shortest free answer."""


def answer(question: Question, state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """What the message answers to the open question; ``9`` goes one question back.

    What is denied in it does not count. What answers nothing is asked about, or just filed when it came in a burst
    or with a picture. Words that a survey does not expect are left to the tests that follow.
    """
    if heard.reading.option == BACK:
        return _back(question, state, world)
    outcome = _ANSWERS[question](state, _meant(question, state, heard, world), world)
    if outcome is not None or question == "survey":
        return outcome
    if world.burst or heard.media:
        return Outcome(state, (to_its_ticket(heard, world),))
    return misunderstood(state, heard, world)


def _meant(question: Question, state: DialogueState, heard: Heard, world: World) -> Heard:
    left = without_denied(heard.text) if question in ("product", "unit", "since", "slot", "symptom") else ""
    return again(heard, left, state, world) if left and left != normalise(heard.text) else heard


def _back(question: Question, state: DialogueState, world: World) -> Outcome:
    """The question before this one, or this one again when it is the first."""
    earlier = tuple(asked for asked in state.trail if asked != question)
    target = earlier[-1] if earlier else question
    returned = replace(state, stage=target, trail=earlier or state.trail, tries=0)
    if target == "selfhelp":
        returned = returned.without("selfhelp", "solved")
    return Outcome(returned, (CloseQuestion(), question_again(target, returned, world)))


def _which(state: DialogueState, heard: Heard, world: World) -> OwnedProduct | str | None:
    """A unit by its number, name, room or kind; "" for another one; None for no answer."""
    appliance = state.collected.get("appliance", "none")
    shown = (named_units("", appliance, world.owned) or world.owned)[:SHOWN]
    option = heard.reading.option
    if option is not None and 1 <= option <= len(shown) + 1:
        return shown[option - 1] if option <= len(shown) else ""
    found = named_units(heard.text, heard.triage.appliance, world.owned)
    if denies_all(heard.text):
        found = tuple(unit for unit in shown if unit not in found)
    return found[0] if len(found) == 1 else None


def _product(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    unit = _which(state, heard, world)
    if unit is None:
        return hand_over(state, heard, world, "refused") if heard.reading.refuse else None
    serial = unit.serial if isinstance(unit, OwnedProduct) else ""
    state = state.with_fact("product", serial)
    if isinstance(unit, OwnedProduct):
        state = state.with_fact("appliance", unit.appliance)
    return opening.proceed(state, heard, world, CloseQuestion(), RecordSlot("product", serial))


def _unit(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """Which unit a question was about: told at once."""
    unit = _which(state, heard, world)
    if not isinstance(unit, OwnedProduct):
        return hand_over(state, heard, world, "unit_unknown") if unit == "" else None
    said = info.cover_of(unit, world)
    idle = replace(state, stage="idle", tries=0).without("wants")
    return Outcome(idle, (CloseQuestion(), *said), no_ticket="" if world.ticket else "answered") if said else None


def _identity(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """Name and address in their own words, for a person to match."""
    if heard.reading.unclear or heard.reading.option is not None:
        return None
    value = heard.text.strip()[:LONGEST]
    done = (CloseQuestion(), RecordSlot("identity", value))
    return opening.proceed(state.with_fact("identity", value), heard, world, *done)


def _symptom(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """A number of the list, or own words; a code or a photo along with them is kept."""
    reading, triage = heard.reading, heard.triage
    named = next((code for _start, _end, code in hits(patterns("symptoms"), normalise(heard.text))), None)
    code = SYMPTOMS.get(reading.option or 0) or named
    if code is None:
        words = heard.text.strip()
        if reading.option is not None or reading.unclear or (len(words) < WORDS_ENOUGH and not heard.media):
            return None
        code = "other"
    state = state.with_fact("symptom", code)
    facts = [RecordSlot("symptom", code)]
    if triage.error_code:
        state = state.with_fact("error_code", triage.error_code)
        facts.append(RecordSlot("error_code", triage.error_code))
    return opening.proceed(state, heard, world, CloseQuestion(), *facts)


def _since(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    value = since_in(heard.text) if world.burst else None
    value = value or (None if world.burst and heard.reading.option is None else since_answer(heard.text, heard.reading))
    value = "unknown" if heard.reading.refuse else value
    if value is None:
        return None
    done = (CloseQuestion(), RecordSlot("since", value))
    return opening.proceed(state.with_fact("since", value), heard, world, *done)


def _selfhelp(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """1 or yes: solved. 2, no, or the fault described again: the next step, then a visit."""
    reading, step = heard.reading, next_step(state) or "generic"
    if reading.option == 1 or reading.yes is True:
        after = replace(state, stage="idle", tries=0).with_fact("solved", step)
        return Outcome(after, (CloseQuestion(), SolvedBySelfHelp(step), Say("selfhelp.solved")))
    tried = state.with_fact("selfhelp", ",".join((*state.tried, step)))
    done = (CloseQuestion(), RecordSlot("selfhelp", step))
    if heard.triage.intent == "book_visit" or heard.triage.secondary_intent == "book_visit":
        return opening.proceed(tried.with_fact("wants", "visit"), heard, world, *done)
    if reading.option == 2 or reading.yes is False or reading.refuse or (heard.triage.symptom and not world.burst):
        return opening.proceed(tried, heard, world, *done)
    return None


def _detail(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """1 no code and all safe, 2 not safe; a code, a photo, or words about it."""
    reading, code = heard.reading, heard.triage.error_code
    if reading.option == 2 or (reading.yes is False and "error_code" in state.collected):
        into = AddToTicket(world.ticket.number, safety=True) if world.ticket else to_its_ticket(heard, world)
        return hand_over(state, heard, world, "safety", into, say="safety.unsure")
    facts = [RecordSlot("safe", "yes")]
    if code:
        facts.insert(0, RecordSlot("error_code", code))
        state = state.with_fact("error_code", code)
    if heard.media:
        facts.insert(0, RecordSlot("photo", "1"))
    answered = reading.option == 1 or reading.yes is not None or reading.refuse or code or heard.media
    if not answered and (reading.option is not None or reading.unclear or len(heard.text.strip()) < WORDS_ENOUGH):
        return None
    idle = replace(state.with_fact("detail", "1"), stage="idle", tries=0)
    return Outcome(idle, (CloseQuestion(), *facts, Say("ticket.noted")))


def _choice(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """Which ticket a message was about; one number more is something new."""
    shown, held = world.open_tickets[:SHOWN], state.collected.get("held", "")
    option = heard.reading.option
    if option is None or not 1 <= option <= len(shown) + 1:
        return None
    idle = state.afresh()
    if option <= len(shown):
        into = AddToTicket(shown[option - 1].number, text=held)
        return Outcome(idle, (CloseQuestion(), into, Say("ticket.noted")))
    fresh = again(heard, held, state, world)
    outcome = opening.begin(idle, fresh, replace(world, question=None, late=None))
    return replace(outcome, actions=(CloseQuestion(), *outcome.actions))


def _wish(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """What about it? 1 a fault, 2 a visit, 3 the warranty, 4 an order; or more words."""
    held, option = state.collected.get("held", ""), heard.reading.option
    said = again(heard, held if option is not None else f"{held} {heard.text}", state, world)
    free = replace(world, question=None, late=None)
    outcome: Outcome | None
    if option in (1, 2):
        outcome = _told_apart(state.afresh(), said, free, visit=option == 2)
    elif option in (3, 4):
        outcome = info.tell("warranty_inquiry" if option == 3 else "order_status", state.afresh(), said, free)
    elif option is None and not heard.reading.lone and len(heard.text.strip()) >= WORDS_ENOUGH:
        outcome = opening.begin(state.afresh(), said, free)
    else:
        return None
    if outcome is None:
        return hand_over(state, heard, world, "unidentified")
    return replace(outcome, actions=(CloseQuestion(), *outcome.actions))


def _told_apart(state: DialogueState, said: Heard, world: World, *, visit: bool) -> Outcome:
    """A ticket of the kind that was chosen, whatever the lone word looked like."""
    kind: Intent = "book_visit" if visit else "report_fault"
    return opening.fault(state, replace(said, triage=replace(said.triage, intent=kind)), world)


_ANSWERS: dict[Question, Answer] = {
    "product": _product,
    "unit": _unit,
    "identity": _identity,
    "person": family.answer_person,
    "check": family.answer_check,
    "symptom": _symptom,
    "since": _since,
    "selfhelp": _selfhelp,
    "detail": _detail,
    "slot": visits.answer_slot,
    "confirm": visits.answer_confirm,
    "survey": answer_survey,
    "choice": _choice,
    "cancel": visits.answer_cancel,
    "wish": _wish,
}
