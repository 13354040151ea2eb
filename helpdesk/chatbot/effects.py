"""Carrying out what a turn of the dialogue asks for, in the message's own transaction."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels import service as channels
from helpdesk.channels.models import Interaction, Message
from helpdesk.chatbot import actions as do
from helpdesk.chatbot import talk as talks
from helpdesk.chatbot.models import Conversation
from helpdesk.chatbot.state import DialogueState, Outcome, World
from helpdesk.chatbot.world import Party
from helpdesk.dispatch import service as dispatch
from helpdesk.dispatch import slots
from helpdesk.dispatch.machine import OPEN
from helpdesk.i18n import translate
from helpdesk.pipeline.queries import order_status_for
from order_core.aftersales import surveys
from order_core.aftersales.models import InstalledProduct, Survey
from order_core.errors import Conflict, Invalid
from order_core.issues import rules
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.kernel.actor import WORKER, Actor
from order_core.kernel.case import note
from order_core.kernel.notice import tell

CODE = re.compile(r"[a-z][a-z0-9_.]{0,31}|[A-Z]+[0-9-]+|[0-9]")
"""What the dialogue itself coined; anything else may be the customer's own words."""


@dataclass
class Turn:
    """One message being answered. ``issue``: what it turned out to belong to; ``opened``: by this message."""

    session: Session
    message: Message
    who: Party
    talk: Conversation
    world: World
    state: DialogueState
    at: datetime
    issue: Issue | None = None
    opened: bool = False
    spoken: list[str] = field(default_factory=list)

    def carry_out(self, outcome: Outcome) -> None:
        """Do every action in order and keep the new state."""
        if self.world.ticket is not None and not outcome.no_ticket:
            self.issue = self._ticket(self.world.ticket.number)
        for action in outcome.actions:
            STEPS[type(action)](self, action)
        if self.issue is not None:
            self.talk.issue_id = self.issue.id
            self.state = replace(self.state, ticket=self.issue.number)
        self.talk.state = self.state.to_json()
        self.session.flush()

    def customer(self) -> Actor:
        """The one who wrote."""
        return self.who.contact.actor() if self.who.contact else Actor(kind="customer")

    @property
    def language(self) -> str:
        """What we answer in."""
        return self.state.language

    def say(self, purpose: str, **params: Any) -> None:
        """Send a message to the one who wrote; only telephone numbers can be answered."""
        if self.who.sender.number is None:
            return
        number = self.issue.number if self.issue else self.state.ticket or ""
        channels.send(
            self.session,
            contact=self.who.contact,
            to=self.who.sender.number,
            purpose=purpose,
            params={"number": number, **params},
            language=self.language,
            at=self.at,
            issue_id=self.issue.id if self.issue else None,
        )

    def ask(self, question: str, ref: int | None = None) -> None:
        """Open a question."""
        talks.ask(self.session, self.talk.phone, question, ref, at=self.at)

    def ticket(self) -> Issue:
        """The ticket this is about. Raises ``Invalid`` when the dialogue asks for one that is not there."""
        if self.issue is None:
            raise Invalid("ticket.unknown", field="number", number="")
        return self.issue

    def _ticket(self, number: str) -> Issue:
        return self.session.scalars(select(Issue).where(Issue.number == number)).one()

    def unit(self, serial: str | None) -> InstalledProduct | None:
        """The writer's own unit with that serial number."""
        if serial is None or self.who.contact is None:
            return None
        return self.session.scalars(
            select(InstalledProduct).where(
                InstalledProduct.serial == serial,
                InstalledProduct.customer_id == self.who.contact.customer_id,
            )
        ).first()


def _say(turn: Turn, action: do.Say) -> None:
    turn.say(action.purpose, **action.params)
    if action.asks:
        turn.ask(action.asks, turn.issue.id if turn.issue else None)


def _open_ticket(turn: Turn, action: do.OpenTicket) -> None:
    unit = turn.unit(action.product_serial)
    contact = turn.who.contact
    site = unit.site_id if unit else contact.customer.sites[0].id if contact and contact.customer.sites else None
    turn.issue = issues.open_ticket(
        turn.session,
        subject=action.subject,
        channel="sms",
        phone=turn.who.sender.number,
        language=turn.language,
        contact=contact,
        site_id=site,
        product_id=unit.id if unit else None,
        appliance=None if action.appliance == "none" else action.appliance,
        symptom=action.symptom,
        urgency=action.urgency,
        safety=action.safety,
        category=rules.category_of(action.category),
        by=turn.customer(),
        at=turn.at,
    )
    turn.issue.team = action.team
    turn.opened = True
    if action.follows:
        issues.link(turn.session, turn.issue, turn._ticket(action.follows), "follow_up", at=turn.at)


def _add_to_ticket(turn: Turn, action: do.AddToTicket) -> None:
    turn.issue = turn._ticket(action.number)
    if action.reopen and turn.issue.state == "closed":
        issues.step(turn.session, turn.issue, "reopen", {}, by=turn.customer(), at=turn.at)
    if action.text:
        _bring_along(turn, turn.issue, action.text)
    if action.safety and not turn.issue.safety:
        turn.issue.safety, turn.issue.urgency = True, "emergency"
        params = {"number": turn.issue.number}
        tell(turn.session, key="ticket.safety", at=turn.at, about=turn.issue, department="AFS", params=params)


def _bring_along(turn: Turn, issue: Issue, text: str) -> None:
    """The message that had to wait for "which matter is this about?" joins that matter, and its contact too."""
    waiting = turn.session.scalars(
        select(Message)
        .where(Message.from_number == turn.message.from_number, Message.direction == "in")
        .where(Message.issue_id.is_(None), Message.id < turn.message.id)
        .order_by(Message.id.desc())
        .limit(5)
    )
    held = next((message for message in waiting if message.body.strip() == text), None)
    if held is None:
        return
    held.issue_id = issue.id
    contact = turn.session.scalars(select(Interaction).where(Interaction.message_id == held.id)).first()
    if contact is not None:
        contact.issue_id, contact.no_issue_reason = issue.id, None


def coded(value: str) -> str:
    """A code as it is; of a customer's own words only their length, for journals are not erased."""
    return value if CODE.fullmatch(value) else f"{len(value)} characters"


def _record_slot(turn: Turn, action: do.RecordSlot) -> None:
    issue = turn.ticket()
    if action.name == "product" and (unit := turn.unit(action.value)) is not None:
        issue.product_id, issue.site_id = unit.id, unit.site_id
    data = {"fact": action.name} if action.name == "identity" else {"fact": action.name, "value": coded(action.value)}
    note(turn.session, issue, "fact_recorded", by=turn.customer(), at=turn.at, data=data, clauses=("5.1.2-c",))


def _offer_slots(turn: Turn, _action: do.OfferSlots) -> None:
    _offer(turn, "offer.slots")


def _offer(turn: Turn, purpose: str) -> None:
    """Three windows and their question; when there is none, a person has to find one."""
    issue = turn.ticket()
    windows = slots.offer(turn.session, issue, at=turn.at)
    if not windows:
        _hand_over(turn, do.HandOver("no_window"))
        turn.say("handover")
        return
    zone = slots.site_of(turn.session, issue).zone
    turn.say(purpose, windows=windows, zone=zone)
    turn.ask("slot", issue.id)


def _choose_slot(turn: Turn, action: do.ChooseSlot) -> None:
    """Book it; a window that has gone meanwhile is answered with the next ones (B15)."""
    issue = turn.ticket()
    try:
        dispatch.take(turn.session, issue, action.index, by=turn.customer(), at=turn.at)
    except Conflict:
        _offer(turn, "slot.taken")


def _cancel_visit(turn: Turn, _action: do.CancelVisit) -> None:
    """Call the visit off. (Once the technician is on his way the dialogue hands over: ``World.has_visit``.)"""
    visit = dispatch.open_visit(turn.session, turn.ticket())
    if visit is not None and visit.state in OPEN:
        dispatch.cancel(turn.session, visit, "customer", by=turn.customer(), at=turn.at)


def _solved(turn: Turn, action: do.SolvedBySelfHelp) -> None:
    """Solved by the customer himself: noted, and left to a person to confirm and close."""
    data = {"step": action.step}
    note(
        turn.session, turn.ticket(), "selfhelp_helped", by=turn.customer(), at=turn.at, data=data, clauses=("5.2.1-b",)
    )


def _hand_over(turn: Turn, action: do.HandOver) -> None:
    """From here on a person's; the bot is silent until it is given back (B12). The words stay in the thread."""
    turn.talk.owner = "human"
    talks.close(turn.talk)
    issue = turn.issue
    if issue is None:
        return
    tried = {k: coded(v) for k, v in action.summary.items() if k not in ("said", "identity")}
    note(
        turn.session,
        issue,
        "handed_to_person",
        by=WORKER,
        at=turn.at,
        data={"reason": action.reason, **tried},
        clauses=("5.1.2-b",),
    )
    params = {"number": issue.number, "reason": action.reason}
    tell(turn.session, key="ticket.handover", at=turn.at, about=issue, department="AFS", params=params)


def _record_survey(turn: Turn, action: do.RecordSurvey) -> None:
    survey = turn.session.get(Survey, turn.talk.question_ref) if turn.talk.question_ref else None
    if survey is None:
        survey = turn.session.scalars(
            select(Survey).where(Survey.phone == turn.talk.phone, Survey.state == "sent").order_by(Survey.id.desc())
        ).first()
    if survey is None:
        return
    turn.message.issue_id = survey.issue_id
    if action.score is None:
        survey.comment = f"{survey.comment or ''} {action.comment}".strip()
        return
    try:
        surveys.answer(turn.session, survey, action.score, action.comment, by=turn.customer(), at=turn.at)
    except Conflict:
        turn.say("late_answer")


def _opt_out(turn: Turn, action: do.OptOut) -> None:
    channels.opt_out(turn.session, turn.talk.phone, action.scope, turn.message.body, at=turn.at)


def _opt_in(turn: Turn, _action: do.OptIn) -> None:
    channels.opt_in(turn.session, turn.talk.phone)


def _switch_language(turn: Turn, action: do.SwitchLanguage) -> None:
    turn.state = replace(turn.state, language=action.language)
    if turn.who.contact is not None:
        turn.who.contact.language = action.language


def _close_question(turn: Turn, _action: do.CloseQuestion) -> None:
    turn.talk.closed_question = turn.talk.question
    if turn.talk.question != "survey":
        turn.talk.question_ref = None
    turn.talk.question = turn.talk.question_at = None


def _status(turn: Turn, action: do.Status) -> None:
    """The next event with its date, not a status word."""
    if action.about == "order" and turn.who.contact is not None:
        status = order_status_for(turn.session, turn.who.contact)
        if status is not None:
            state = translate(turn.language, f"state.Order.{status.state}")
            turn.say("status.order", order=status.number, state=state, on=status.on if status.open else None)
            return
    visit = dispatch.open_visit(turn.session, turn.issue) if turn.issue else None
    window = {"starts_at": visit.starts_at, "ends_at": visit.ends_at, "zone": visit.site.zone} if visit else {}
    state = translate(turn.language, f"state.Issue.{turn.issue.state}") if turn.issue else ""
    turn.say("status.ticket", state=state, visit=window)


STEPS: dict[type, Callable[[Turn, Any], None]] = {
    do.Say: _say,
    do.OpenTicket: _open_ticket,
    do.AddToTicket: _add_to_ticket,
    do.RecordSlot: _record_slot,
    do.OfferSlots: _offer_slots,
    do.ChooseSlot: _choose_slot,
    do.CancelVisit: _cancel_visit,
    do.SolvedBySelfHelp: _solved,
    do.HandOver: _hand_over,
    do.RecordSurvey: _record_survey,
    do.OptOut: _opt_out,
    do.OptIn: _opt_in,
    do.SwitchLanguage: _switch_language,
    do.CloseQuestion: _close_question,
    do.Status: _status,
}
