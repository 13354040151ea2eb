"""A paper office: plays conversation files against the dialogue engine and writes down who says what.

A file tells a conversation::

    # Title
    Given zh-Hant
    Given owns R1: refrigerator, Fresh 420, 廚房

    Lin: 冰箱不冷，一直滴水
      > opens a ticket: refrigerator, not_cooling, high, R1
    Bot: ticket.opened: 案件 T1

Lines of the bot name the purpose and some of its words; ``>`` lines say what is done besides talking.
``Office:`` lines are what happens meanwhile: see ``Office.happens``. ``Then`` lines say what is true afterwards: the
ticket with its facts, the visit, whose turn it is, what is asked. ``recording`` writes such files.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from helpdesk.channels import samples, wording
from helpdesk.chatbot import actions as do
from helpdesk.chatbot import info
from helpdesk.chatbot.dialogue import DialogueState, Heard, Outcome, World, respond
from helpdesk.chatbot.state import Cover, PartRef, PersonRef, TicketRef
from helpdesk.triage.values import OwnedProduct

BOT, DONE, THEN = "Bot: ", "  > ", "Then "


@dataclass
class Office:
    """The world behind the bot, on paper; carries out actions as the service does."""

    world: World = field(default_factory=World)
    state: DialogueState = field(default_factory=DialogueState)
    stored: str = "zh-Hant"
    opened: list[do.OpenTicket] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    hidden: tuple[OwnedProduct, ...] = ()
    proof: str = ""
    visit: str = ""

    def given(self, text: str) -> None:
        """A fact that holds before the conversation."""
        if text in wording.LANGUAGES:
            self.stored, self.state = text, DialogueState(language=text)  # type: ignore[arg-type]
        elif text == "unknown number":
            self.world = replace(self.world, identified=False)
        elif text == "a visit is booked":
            self.world, self.visit = replace(self.world, has_visit=True), "booked"
        else:
            kind, _space, rest = text.partition(" ")
            getattr(self, f"_given_{kind}")(rest)

    def _given_owns(self, text: str) -> None:
        serial, rest = text.split(": ", 1)
        appliance, name, room = rest.split(", ")
        unit = OwnedProduct(serial=serial, appliance=appliance, name=name, room=room)
        if self.world.people:
            self.hidden = (*self.hidden, unit)
        else:
            self.world = replace(self.world, owned=(*self.world.owned, unit))

    def _given_open(self, text: str) -> None:
        number, rest = text.removeprefix("ticket ").split(": ", 1)
        appliance, label = rest.split(", ")
        serial = next((unit.serial for unit in self.world.owned if unit.appliance == appliance), "")
        tickets = (*self.world.open_tickets, TicketRef(number, appliance, label, serial))
        self.world = replace(self.world, open_tickets=tickets, ticket=tickets[0] if len(tickets) == 1 else None)

    def _given_shared(self, text: str) -> None:
        """``shared by 林＊＊, 陳＊; proof 106 4821``: who has the number, and what the first would prove it with."""
        names, self.proof = text.removeprefix("by ").split("; proof ")
        people = tuple(PersonRef(index, name) for index, name in enumerate(names.split(", "), 1))
        self.world = replace(self.world, people=people, identified=False)

    def _given_cover(self, text: str) -> None:
        serial, rest = text.split(": ", 1)
        standing, until, rule = rest.split(", ")
        cover = Cover(standing, until, rule)  # type: ignore[arg-type]
        self.world = replace(self.world, cover={**self.world.cover, serial: cover})

    def _given_part(self, text: str) -> None:
        name, price = text.split(": ", 1)
        self.world = replace(self.world, parts=(*self.world.parts, PartRef(name, price)))

    def happens(self, text: str) -> None:
        """What happens between messages."""
        ticket = self.world.ticket or self.world.closed
        after = {
            "the visit is done, the survey goes out": {
                "ticket": None, "open_tickets": (), "closed": ticket, "may_reopen": True, "has_visit": False,
                "question": "survey", "with_person": False,
            },
            "the ticket is closed": {
                "ticket": None, "open_tickets": (), "closed": ticket, "may_reopen": True, "has_visit": False,
                "with_person": False,
            },
            "weeks go by": {"may_reopen": False, "question": None},
            "the question lapses": {"question": None, "late": self.world.question},
            "seconds later": {"burst": True},
            "minutes later": {"burst": False},
            "the bot gets it back": {"with_person": False},
            "the visit is near": {"fixed": "near"},
            "the technician is on the way": {"fixed": "under_way", "has_visit": False},
            "it has been moved three times": {"fixed": "often"},
        }[text]  # fmt: skip
        self.world = replace(self.world, **after)  # type: ignore[arg-type]

    def hears(self, text: str) -> None:
        """A message of the customer's; ``[photo]`` in it is one."""
        media = text.count("[photo]")
        words = text.replace("[photo]", "").strip()
        language = self.stored if self.state.stage == "idle" else self.state.language
        if self.world.question == "check" and self.state.person == 1 and words == self.proof:
            self.world = replace(self.world, proof=True, identified=True, people=(), owned=self.hidden)
        heard = Heard.of(words, owned=self.world.owned, language=language, media=media)
        world = replace(self.world, parts=self.world.parts if "parts_inquiry" in info.wishes(heard) else ())
        outcome = respond(self.state, heard, world)
        assert DialogueState.from_json(outcome.state.to_json()) == outcome.state
        self.state = outcome.state
        self._carry_out(outcome)
        self.world = replace(self.world, proof=False)

    def _carry_out(self, outcome: Outcome) -> None:
        for action in outcome.actions:
            if words := _told(action):
                self.written.append(DONE + words)
            getattr(self, f"_{type(action).__name__}", lambda _action: None)(action)
        if outcome.no_ticket:
            self.written.append(f"{DONE}no ticket: {outcome.no_ticket}")

    def say(self, purpose: str, params: dict[str, Any]) -> None:
        """Render what the customer reads."""
        number = self.world.ticket.number if self.world.ticket else self.state.ticket or "T0"
        text = wording.render(purpose, self.state.language, {"number": number, **params})
        self.written.append(f"{BOT}{purpose}: " + text.replace("\n", " / "))

    def _Say(self, action: do.Say) -> None:
        self.say(action.purpose, dict(action.params))
        if action.asks:
            self.world = replace(self.world, question=action.asks, late=self.world.question)

    def _OpenTicket(self, action: do.OpenTicket) -> None:
        self.opened.append(action)
        ticket = TicketRef(f"T{len(self.opened)}", action.appliance, action.subject)
        self.world = replace(self.world, ticket=ticket, open_tickets=(*self.world.open_tickets, ticket), closed=None)

    def _AddToTicket(self, action: do.AddToTicket) -> None:
        known = [*self.world.open_tickets, *([self.world.closed] if self.world.closed else [])]
        ticket = next(ref for ref in known if ref.number == action.number)
        tickets = (*self.world.open_tickets, ticket) if action.reopen else self.world.open_tickets
        self.world = replace(self.world, ticket=ticket, open_tickets=tickets)

    def _RecordSlot(self, action: do.RecordSlot) -> None:
        if not self.opened:
            return
        if action.name == "symptom":
            self.opened[-1] = replace(self.opened[-1], symptom=action.value)
        for unit in self.world.owned if action.name == "product" else ():
            if unit.serial == action.value:
                changed = replace(self.opened[-1], appliance=unit.appliance, product_serial=unit.serial)  # type: ignore[arg-type]
                self.opened[-1] = changed
                ticket = self.world.ticket
                if ticket is not None:
                    self.world = replace(
                        self.world, ticket=replace(ticket, appliance=unit.appliance, serial=unit.serial)
                    )

    def _OfferSlots(self, _action: do.OfferSlots) -> None:
        self.say("offer.slots", samples.sample("offer.slots") | {"number": "T1"})
        self.world = replace(self.world, question="slot", offered=3)

    def _RepeatBack(self, action: do.RepeatBack) -> None:
        window = samples.sample("offer.slots")["windows"][action.index - 1]
        self.say("ask.confirm", {**window, "zone": "Asia/Taipei", "address": "Main Street 1"})
        self.world = replace(self.world, question="confirm")

    def _ChooseSlot(self, action: do.ChooseSlot) -> None:
        self.visit = "moved" if action.moves else "booked"
        self.visit += f" to window {action.index}"
        self.world = replace(self.world, has_visit=True, offered=0)
        self.say("visit.booked", samples.sample("visit.booked") | {"number": self._number()})

    def _Prepare(self, action: do.Prepare) -> None:
        self.say(action.purpose, samples.sample(action.purpose))
        self.world = replace(self.world, question="detail")

    def _CancelVisit(self, _action: do.CancelVisit) -> None:
        self.visit = "called off"
        self.world = replace(self.world, has_visit=False)

    def _HandOver(self, _action: do.HandOver) -> None:
        self.world = replace(self.world, with_person=True, question=None)

    def _CloseQuestion(self, _action: do.CloseQuestion) -> None:
        self.world = replace(self.world, late=self.world.question, question=None)

    def _SwitchLanguage(self, action: do.SwitchLanguage) -> None:
        self.stored = action.language

    def _Status(self, action: do.Status) -> None:
        if action.about == "order":
            on = datetime(2026, 12, 24, tzinfo=UTC).date()
            self.say("status.order", {"order": "SO1", "state": "-", "on": on})
            return
        if self.world.ticket is None and not self.world.has_visit:
            self.say("status.nothing", {})
            return
        window = samples.sample("visit.booked") if self.world.has_visit else {}
        self.say("status.ticket", {"state": "-", "visit": window, "contact_by": {}})

    def then(self) -> str:
        """What is true now."""
        world = self.world
        ticket = world.ticket or (world.open_tickets[-1] if world.open_tickets else None)
        facts: list[str] = ["no open ticket"]
        if ticket is not None:
            last = self.opened[-1] if self.opened else None
            known = [last.appliance, last.symptom or last.category, last.product_serial] if last else [ticket.appliance]
            facts = [f"ticket {ticket.number} ({', '.join(str(fact) for fact in known if fact)})"]
        if self.visit:
            facts.append(f"visit {self.visit}")
        facts.append("with a person" if world.with_person else "with the bot")
        facts.append(f"asked: {world.question}" if world.question else "nothing asked")
        return THEN + "; ".join(facts)

    def _number(self) -> str:
        return self.world.ticket.number if self.world.ticket else ""


def _told(action: do.Action) -> str:
    """An action other than talking, in words; empty for what shows by itself."""
    return TOLD.get(type(action), lambda _action: "")(action)


def _ticket_opened(action: do.OpenTicket) -> str:
    facts = [action.appliance, action.symptom or action.category, action.urgency, action.product_serial]
    follows = f" (follows {action.follows})" if action.follows else ""
    return "opens a ticket: " + ", ".join(str(fact) for fact in facts if fact) + follows


def _survey_told(action: do.RecordSurvey) -> str:
    comment = f', "{action.comment}"' if action.comment else ""
    return f"survey: {action.score}{comment}" + (", to be read" if action.read else "")


TOLD: dict[type, Callable[[Any], str]] = {
    do.OpenTicket: _ticket_opened,
    do.AddToTicket: lambda it: (
        f"{'reopens' if it.reopen else 'adds to'} {it.number}" + (", danger" if it.safety else "")
    ),
    do.RecordSlot: lambda it: f"{'corrects' if it.corrects else 'notes'} {it.name}: {it.value}",
    do.ChooseSlot: lambda it: f"{'moves the visit to' if it.moves else 'books'} window {it.index}",
    do.Identify: lambda it: "knows who writes",
    do.CancelVisit: lambda it: "calls the visit off",
    do.SolvedBySelfHelp: lambda it: f"solved by {it.step}",
    do.HandOver: lambda it: f"hands over: {it.reason}",
    do.RecordSurvey: _survey_told,
    do.OptOut: lambda it: f"opt-out: {it.scope}" + (", by the provider" if it.by_provider else ""),
    do.OptIn: lambda it: "opt-in",
    do.SwitchLanguage: lambda it: f"language: {it.language}",
}


def play(path: Path) -> tuple[list[str], list[str]]:
    """(what the file says happens, what happens), line by line; customers' lines are in both."""
    office, told = Office(), []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("Given "):
            office.given(line.removeprefix("Given "))
            continue
        told.append(line.rstrip())
        if line.startswith(THEN):
            office.written.append(office.then())
        if line.startswith((BOT, DONE, THEN)):
            continue
        office.written.append(line.rstrip())
        who, words = line.split(":", 1)
        if who == "Office":
            office.happens(words.strip())
        else:
            office.hears(words.strip())
    return told, office.written


def agrees(told: str, happened: str) -> bool:
    """Whether a line is as the file tells it: for the bot the purpose, and words that it contains."""
    if not told.startswith(BOT):
        return told == happened
    purpose, _colon, words = told.removeprefix(BOT).partition(": ")
    return happened.startswith(f"{BOT}{purpose}: ") and words in happened
