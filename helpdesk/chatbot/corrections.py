"""Something said before is taken back: another unit, another day, another window, "it does not work after all"."""

import re
from dataclasses import replace

from helpdesk.chatbot import opening
from helpdesk.chatbot.actions import Action, CloseQuestion, RecordSlot, RepeatBack, Say
from helpdesk.chatbot.denial import without_denied
from helpdesk.chatbot.since import CHOICES, since_in
from helpdesk.chatbot.state import DialogueState, Heard, Outcome, World
from helpdesk.chatbot.turns import again, named_units, question_again
from helpdesk.triage.language import normalise
from helpdesk.triage.values import OwnedProduct

BARE = 12
"""Characters of a correction that does not say yet what is right."""
_DIGIT = re.compile(r"(?<![0-9a-z:])([1-9])(?![0-9a-z:]|\s*(?:天|日|day|点))")
_STRONG = re.compile(r"\b(?:meant?|typo|typed)\b|[按选拣打写讲说]错")
"""Words after which a number belongs to the question before."""


def corrected(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """What a message puts right; None when it puts nothing right. The newest word counts, however often it changes."""
    left = without_denied(heard.text)
    if world.ticket is None or not (heard.reading.corrects or left != normalise(heard.text)):
        return None
    said = again(heard, left, state, world)
    for test in (_unit, _day, _window, _number):
        outcome = test(state, said, world)
        if outcome is not None:
            return outcome
    if heard.reading.corrects and world.question and len(heard.text.strip()) <= BARE:
        return Outcome(state, (Say("take_your_time"),))  # "no, wait": what is right comes next
    return None


def _unit(state: DialogueState, said: Heard, world: World) -> Outcome | None:
    """Another appliance: warranty, self-help and part follow it, and both stay in the trail (B6)."""
    known = state.collected.get("product") or (world.ticket.serial if world.ticket else "")
    unit = _named(said, world)
    if world.question == "product" or not known or unit is None or unit.serial == known:
        return None
    after = state.without("selfhelp", "detail", "window", "solved")
    after = after.with_fact("product", unit.serial).with_fact("appliance", unit.appliance)
    done: tuple[Action, ...] = (RecordSlot("product", unit.serial, corrects=True),)
    if world.has_visit:
        return Outcome(replace(after, stage="idle"), (*done, Say("ticket.noted")))
    closing = (CloseQuestion(),) if world.question else ()
    return opening.proceed(after, said, world, *closing, *done)


def _named(said: Heard, world: World) -> OwnedProduct | None:
    """The one unit that the words name; several of a kind, or none named, are no correction."""
    everything = named_units("", "none", world.owned)
    found = named_units(said.text, said.triage.appliance, world.owned)
    return found[0] if len(found) == 1 and len(everything) > 1 else None


def _day(state: DialogueState, said: Heard, world: World) -> Outcome | None:
    value = since_in(said.text)
    if value is None or world.question == "since" or state.collected.get("since", value) == value:
        return None
    return _since(state, value, world)


def _since(state: DialogueState, value: str, world: World) -> Outcome:
    after = state.with_fact("since", value)
    then = question_again(world.question, after, world) if world.question else Say("ticket.noted")
    return Outcome(after, (RecordSlot("since", value, corrects=True), then))


def _window(state: DialogueState, said: Heard, world: World) -> Outcome | None:
    """Another of the windows on offer, while the one chosen is read back."""
    number = _last_number(said.text)
    if world.question != "confirm" or number is None or not 1 <= number <= world.offered:
        return None
    return Outcome(state.with_fact("window", str(number)), (RepeatBack(number),))


def _number(state: DialogueState, said: Heard, world: World) -> Outcome | None:
    """ "Sorry, I meant 2" after the next question was put belongs to the one before."""
    number = _last_number(said.text)
    earlier = [asked for asked in state.trail if asked != world.question]
    if number is None or not earlier or not _STRONG.search(normalise(said.text)):
        return None
    if earlier[-1] == "since" and number in CHOICES and world.question != "since":
        return _since(state, CHOICES[number], world)
    if earlier[-1] == "product" and 1 <= number <= len(world.owned) and world.question not in ("product", "slot"):
        unit = world.owned[number - 1]
        return _unit(state, replace(said, text=unit.serial), world)
    return None


def _last_number(text: str) -> int | None:
    found = _DIGIT.findall(normalise(text))
    return int(found[-1]) if found else None


def solved_after_all(state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """ "It works" was said, and then that it does not: on with the next step, or a visit."""
    solved = state.collected.get("solved")
    reading = heard.reading
    if not solved or not (reading.yes is False or reading.option == 2 or heard.triage.symptom):
        return None
    tried = ",".join(dict.fromkeys((*state.tried, solved)))
    after = state.without("solved").with_fact("selfhelp", tried)
    return opening.proceed(after, heard, world, RecordSlot("selfhelp", solved, corrects=True))
