"""What can be told at once: warranty, price, where an order or a visit stands; beside another wish, too."""

from collections.abc import Callable
from dataclasses import replace

from helpdesk.chatbot.actions import Action, OpenTicket, Question, Say, Status
from helpdesk.chatbot.state import DialogueState, Heard, Outcome, World
from helpdesk.chatbot.turns import ask, ask_product, hand_over, named_units, question_again
from helpdesk.triage.values import OwnedProduct

TELLS: dict[str, str] = {
    "warranty_inquiry": "warranty",
    "parts_inquiry": "parts",
    "order_status": "order",
    "technician_eta": "visit",
}
"""Intent → what is wanted, as it is kept while somebody proves who he is or says which unit he means."""
WORKING = ("report_fault", "book_visit", "reschedule_visit", "cancel_visit", "complaint")
"""Wishes that are more than a question."""


def wishes(heard: Heard) -> frozenset[str]:
    """What a message wants, the second wish too."""
    triage = heard.triage
    return frozenset(filter(None, (triage.intent, triage.secondary_intent)))


def tell(intent: str, state: DialogueState, heard: Heard, world: World) -> Outcome | None:
    """Answer a question of this intent; None for one that is none, or that only a person can answer.

    Nobody is told anything of anybody's before it is known who asks (B5); prices are no secret.
    """
    wanted = TELLS.get(intent)
    if wanted is None:
        return None
    if not world.identified and wanted != "parts":
        return _who_asks(state.with_fact("wants", wanted), world)
    return answer(wanted, state, heard, world)


def answer(wanted: str, state: DialogueState, heard: Heard, world: World) -> Outcome:
    """Tell it, and put the open question again; a person where the records do not say."""
    units = _units(heard, world)
    if wanted == "warranty" and len(units) > 1:
        asked = ask(state.with_fact("wants", wanted), "unit", ask_product(units, "unit"))
        return replace(asked, no_ticket="" if world.ticket else "asked_which")
    said = facts(wanted, heard, world)
    if not said:
        return hand_over(state, heard, world, f"{wanted}_unknown")
    again = (question_again(world.question, state, world),) if world.question else ()
    return Outcome(state, (*said, *again), no_ticket="" if world.ticket else "answered")


def facts(wanted: str, heard: Heard, world: World) -> tuple[Action, ...]:
    """What the records say; nothing where they do not."""
    return _FACTS[wanted](heard, world)


def cover_of(unit: OwnedProduct, world: World) -> tuple[Action, ...]:
    """The warranty of a unit: covered or not, until when, by which rule (B6)."""
    cover = world.cover.get(unit.serial)
    if cover is None:
        return ()
    said = {"name": unit.name or unit.serial, "until": cover.until, "rule": cover.rule}
    return (Say(f"warranty.{cover.standing}", said),)


def _units(heard: Heard, world: World) -> tuple[OwnedProduct, ...]:
    """The units that are asked about: those named, else the open ticket's, else all."""
    found = named_units(heard.text, heard.triage.appliance, world.owned)
    if len(found) > 1 and world.ticket and world.ticket.serial:
        return tuple(unit for unit in found if unit.serial == world.ticket.serial) or found
    return found


def _warranty(heard: Heard, world: World) -> tuple[Action, ...]:
    units = _units(heard, world)
    return cover_of(units[0], world) if len(units) == 1 else ()


def _parts(_heard: Heard, world: World) -> tuple[Action, ...]:
    """The price list's own words; what is not on it has no price (no invented prices)."""
    listed = [{"name": part.name, "price": part.price} for part in world.parts]
    return (Say("parts.price", {"parts": listed}),) if listed else ()


def _order(_heard: Heard, _world: World) -> tuple[Action, ...]:
    return (Status("order"),)


def _visit(_heard: Heard, _world: World) -> tuple[Action, ...]:
    return (Status("ticket"),)


_FACTS: dict[str, Callable[[Heard, World], tuple[Action, ...]]] = {
    "warranty": _warranty,
    "parts": _parts,
    "order": _order,
    "visit": _visit,
}


def _who_asks(state: DialogueState, world: World) -> Outcome | None:
    """One of those who share the number has to say and prove which; a stranger gets a person who looks."""
    if not world.people:
        return None
    question: Question = "person"
    return replace(ask(state, question, question_again(question, state, world)), no_ticket="asked_who")


STORY = 100
"""Characters of a text that is a story: what a model reads beside its subject is hardly ever a second wish."""


def beside(outcome: Outcome, heard: Heard, world: World) -> Outcome:
    """A second question in the same message is answered before the next thing is asked."""
    triage = heard.triage
    second = TELLS.get(triage.secondary_intent or "") or (
        TELLS.get(triage.intent) if triage.secondary_intent in WORKING else None
    )
    opened = any(isinstance(action, OpenTicket) for action in outcome.actions)
    if (
        len(heard.text) > STORY
        or second is None
        or not opened
        or not world.identified
        or outcome.state.stage == "person"
    ):
        return outcome
    said = tuple(action for action in facts(second, heard, world) if action not in outcome.actions)
    if not said or any(isinstance(action, Status) for action in outcome.actions):
        return outcome
    *before, last = outcome.actions
    return replace(outcome, actions=(*before, *said, last))
