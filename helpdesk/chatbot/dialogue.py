"""The dialogue engine: one message in, what is to be done out. Pure; the service carries it out.

The order of the tests is the product's promise (B2): danger → opt-out → (a person is on it: silence) → what
counts at any time → the one open question → the open ticket → the choice among several → something new.
"""

from dataclasses import replace

from helpdesk.chatbot import info, visits
from helpdesk.chatbot.actions import (
    AddToTicket,
    CloseQuestion,
    HandOver,
    OptIn,
    OptOut,
    RecordSurvey,
    Say,
    Status,
    SwitchLanguage,
)
from helpdesk.chatbot.answers import answer
from helpdesk.chatbot.asides import aside
from helpdesk.chatbot.corrections import corrected, solved_after_all
from helpdesk.chatbot.intents import PERSON, Scope, score
from helpdesk.chatbot.opening import begin, offer
from helpdesk.chatbot.since import since_in
from helpdesk.chatbot.state import DialogueState, Heard, Outcome, World
from helpdesk.chatbot.turns import (
    ask,
    hand_over,
    is_other_appliance,
    question_again,
    to_its_ticket,
)
from helpdesk.triage.language import normalise

__all__ = ["DialogueState", "Heard", "Outcome", "World", "respond"]

SURE = 0.6
"""Confidence from which an intent alone turns the dialogue."""


def respond(state: DialogueState, heard: Heard, world: World) -> Outcome:
    """Answer one message of a customer. Never raises, never silent but for a person's sake or a burst's."""
    if world.question not in ("identity", "check"):  # names and codes are of no language
        state = replace(state, language=heard.triage.lang)
    for test in (_danger, _refuses, _left_to_a_person, aside, _at_any_time, corrected, _tells, _answers, _goes_on):
        outcome = test(state, heard, world)
        if outcome is not None:
            return info.beside(outcome, heard, world)
    return info.beside(_chooses(state, heard, world) or begin(state, heard, world), heard, world)


def _danger(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """What to do now, and a person at once; self-help ends (B12)."""
    if not heard.triage.safety:
        return None
    into = to_its_ticket(heard, world)
    before = [into]
    value, comment = score(heard.text)
    if world.question == "survey" and value is not None:
        before.append(RecordSurvey(value, comment, read=True))
    return hand_over(state, heard, world, "safety", *before, say=f"safety.{heard.triage.hazard}")


def _refuses(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """Opt-out words, exact; a sentence that says so; and the way back in (B7)."""
    reading = heard.reading
    if reading.opt_in:
        return Outcome(state, (OptIn(), Say("optin.done")), no_ticket="opt_in")
    scope = reading.opt_out or _refusal_in_words(heard)
    if scope is None:
        return None
    closing = (CloseQuestion(),) if world.question and scope in ("all", world.question) else ()
    saying = () if reading.by_provider else (Say("optout.done", {"scope": scope}),)
    actions = (*closing, OptOut(scope, reading.by_provider), *saying)
    if reading.by_provider and world.has_visit and normalise(heard.text) == "cancel":
        into = to_its_ticket(heard, world)  # perhaps it was the visit that was meant: a person rings
        return Outcome(replace(state, stage="person"), (*actions, into, HandOver("cancel_or_opt_out")))
    return Outcome(replace(state, stage="idle" if closing else state.stage), actions, no_ticket="opt_out")


def _refusal_in_words(heard: Heard) -> Scope | None:
    triage, normal = heard.triage, normalise(heard.text)
    if heard.reading.whole:
        return None
    if triage.intent != "opt_out" or triage.secondary_intent or triage.confidence < SURE:
        return None
    return "survey" if any(word in normal for word in ("survey", "问卷", "调查")) else "all"


def _left_to_a_person(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """After a hand-over the bot only files; a survey it sent itself it may still thank for."""
    if not world.with_person or world.question == "survey":
        return None
    if world.outside and not world.ticket and not world.closed:
        return Outcome(state, no_ticket="outside")  # whoever holds it says whether it is worth a ticket
    return Outcome(state, (to_its_ticket(heard, world),))


def _at_any_time(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """A person, another language, a complaint, a cancellation: from any state."""
    reading, intent = heard.reading, heard.triage.intent
    sure = heard.triage.confidence >= SURE and not _plain_answer(heard, world)
    if reading.human or reading.option == PERSON or (intent == "human_agent" and sure):
        return hand_over(state, heard, world, "asked")
    if intent == "complaint" and sure and world.question != "survey":
        return hand_over(state, heard, world, "complaint", say="complaint")
    if reading.language:
        return _switch(state, heard, world)
    if reading.cancel or (intent == "cancel_visit" and sure and (world.has_visit or world.fixed or world.ticket)):
        return visits.ask_cancel(state, world)
    if intent == "reschedule_visit" and sure and (world.has_visit or world.fixed) and world.ticket:
        return visits.move(state, heard, world, AddToTicket(world.ticket.number))
    return None


def _plain_answer(heard: Heard, world: World) -> bool:
    """With a question open, a message that answers it in so many words is no wish, whatever it is like."""
    return world.question is not None and (heard.reading.whole or since_in(heard.text) is not None)


def _tells(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """A question that the records answer, asked alone; the one that is open is put again after it."""
    if heard.triage.confidence < SURE or world.question in ("survey", "identity", "check", "choice"):
        return None
    if _plain_answer(heard, world):
        return None
    if set(info.WORKING) & info.wishes(heard) or heard.reading.option is not None or heard.reading.lone:
        return None
    intent = heard.triage.intent
    if world.question and intent in ("how_to", "invoice_or_payment", "return_refund"):
        into = to_its_ticket(heard, world)
        return Outcome(state, (into, Say("question.noted"), question_again(world.question, state, world)))
    return info.tell(intent, state, heard, world)


def _switch(state: DialogueState, heard: Heard, world: World) -> Outcome:
    asked = heard.reading.language
    if asked == "zh":
        asked = state.language if state.language != "en" else "zh-Hant"
    state = replace(state, language=asked or state.language)
    again = (question_again(world.question, state, world),) if world.question else ()
    actions = (SwitchLanguage(state.language), Say("language.changed"), *again)
    return Outcome(state, actions, no_ticket="language")


def _answers(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    return answer(world.question, state, heard, world) if world.question else None


def _goes_on(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """The open ticket, or the one closed lately: more words, a wish, thanks."""
    reading, triage = heard.reading, heard.triage
    if world.ticket and (after := solved_after_all(state, heard, world)) is not None:
        return after
    if reading.thanks or (triage.intent == "praise" and triage.confidence >= SURE):
        return Outcome(state, (Say("thanks"),), no_ticket="thanks")
    ticket = world.ticket or (world.closed if not world.open_tickets else None)
    if ticket is None or reading.option is not None or reading.greeting or is_other_appliance(heard, ticket):
        return None
    if world.ticket is None:
        return _after_closing(state, heard, world)
    into = AddToTicket(ticket.number)
    if triage.intent in ("complaint", "cancel_visit"):
        return hand_over(state, heard, world, triage.intent, into)
    if triage.intent == "reschedule_visit":
        return visits.move(state, heard, world, into)
    if triage.intent == "book_visit":
        return Outcome(state, (into, Status("ticket"))) if world.has_visit else offer(state, heard, world, into)
    return Outcome(state, (into,) if world.burst or heard.media else (into, Say("ticket.noted")))


def _after_closing(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """It came back, or was never right: the ticket reopens and a person looks (B3)."""
    wanted = heard.triage.intent in ("report_fault", "complaint")
    if not wanted or not world.may_reopen:
        return None
    return hand_over(state, heard, world, "came_back")


def _chooses(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """Several tickets are open and none of them spoke last: which one is it about?"""
    named = heard.triage.appliance != "none"
    same = [ticket for ticket in world.open_tickets if not named or not is_other_appliance(heard, ticket)]
    if len(world.open_tickets) < 2 or world.ticket or heard.reading.option is not None or not same:
        return None
    if named and len(same) == 1:
        return Outcome(state, (AddToTicket(same[0].number), Say("ticket.noted")))
    state = state.with_fact("held", heard.text.strip())
    return replace(ask(state, "choice", question_again("choice", state, world)), no_ticket="asked_which")
