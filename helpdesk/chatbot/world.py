"""The facts of a conversation as the dialogue sees them, read from the records."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpdesk.channels.models import Message
from helpdesk.chatbot.actions import Question
from helpdesk.chatbot.models import Conversation
from helpdesk.chatbot.state import TicketRef, World
from helpdesk.dispatch import service as dispatch
from helpdesk.dispatch import slots
from helpdesk.dispatch.machine import OPEN
from helpdesk.dispatch.models import Visit
from helpdesk.knowledge import selfhelp
from helpdesk.triage.values import OwnedProduct, Triage
from order_core.aftersales.models import InstalledProduct
from order_core.issues.models import Issue
from order_core.issues.rules import OPEN_STATES, REOPEN_WITHIN
from order_core.parties.models import ContactPerson, Person, ProductModel
from order_core.values import Sender

BURST = timedelta(seconds=90)
"""Messages this close together are one contact (B4)."""
LATE_WITHIN = timedelta(days=14)


@dataclass(frozen=True)
class Party:
    """Who writes: a contact of ours (when the number has exactly one), a person of ours, or nobody known."""

    sender: Sender
    contact: ContactPerson | None
    technician: Person | None

    @property
    def phone(self) -> str:
        """What the conversation is kept under."""
        return self.sender.number or self.sender.text[:64]


def party(session: Session, sender: Sender) -> Party:
    """Who has this number. More than one contact: nobody is assumed (B5)."""
    if sender.number is None:
        return Party(sender, None, None)
    contacts = session.scalars(select(ContactPerson).where(ContactPerson.phone == sender.number).limit(2)).all()
    ours = session.scalars(select(Person).where(Person.phone == sender.number, Person.active)).first()
    return Party(sender, contacts[0] if len(contacts) == 1 else None, ours)


def owned(session: Session, contact: ContactPerson | None, language: str) -> tuple[OwnedProduct, ...]:
    """The contact's units, the oldest first."""
    if contact is None:
        return ()
    rows = session.execute(
        select(InstalledProduct, ProductModel)
        .join(ProductModel, ProductModel.code == InstalledProduct.model_code)
        .where(InstalledProduct.customer_id == contact.customer_id)
        .order_by(InstalledProduct.id)
    )
    return tuple(
        OwnedProduct(unit.serial, model.appliance, model.names.get(language, model.code), unit.room, model.code)
        for unit, model in rows
    )


def tickets_of(session: Session, who: Party) -> list[Issue]:
    """The party's open tickets, the one that last changed first."""
    mine = Issue.contact_id == who.contact.id if who.contact else Issue.phone == who.phone
    return list(
        session.scalars(
            select(Issue)
            .where(mine, Issue.kind == "ticket", Issue.state.in_(OPEN_STATES))
            .order_by(Issue.changed_at.desc(), Issue.id.desc())
        )
    )


def current_ticket(session: Session, talk: Conversation, opened: list[Issue]) -> Issue | None:
    """The open ticket that last messaged this person, or the only one."""
    for issue in opened:
        if issue.id == talk.issue_id:
            return issue
    return opened[0] if len(opened) == 1 else None


def facts(
    session: Session,
    who: Party,
    talk: Conversation,
    message: Message,
    triage: Triage,
    units: tuple[OwnedProduct, ...],
    *,
    at: datetime,
) -> World:
    """Everything that the coming turn may depend on."""
    opened = tickets_of(session, who)
    ticket = current_ticket(session, talk, opened)
    closed = _closed(session, who, at) if ticket is None else None
    question: Any = talk.question
    late: Any = talk.closed_question
    return World(
        identified=who.contact is not None,
        owned=units,
        question=_still_open(session, question, ticket),
        late=late,
        ticket=_ref(ticket),
        open_tickets=tuple(ref for issue in opened if (ref := _ref(issue))),
        closed=_ref(closed),
        may_reopen=closed is not None and closed.closed_at is not None and at <= closed.closed_at + REOPEN_WITHIN,
        offered=len(slots.offered(session, ticket)) if ticket else 0,
        selfhelp=selfhelp.step_for(
            ticket.appliance if ticket and ticket.appliance else triage.appliance,
            ticket.symptom if ticket and ticket.symptom else triage.symptom,
        ),
        has_visit=ticket is not None and _cancellable(dispatch.open_visit(session, ticket)),
        with_person=talk.owner == "human" and bool(opened),
        burst=_burst(session, message),
    )


def _cancellable(visit: Visit | None) -> bool:
    """Whether the bot may still call it off; once the technician is on his way a person decides."""
    return visit is not None and visit.state in OPEN


def _still_open(session: Session, question: Question | None, ticket: Issue | None) -> Question | None:
    """A question about a ticket that has been closed meanwhile is not open any more."""
    if question in ("since", "selfhelp", "slot", "product", "cancel") and ticket is None:
        return None
    return question


def _ref(issue: Issue | None) -> TicketRef | None:
    return TicketRef(issue.number, issue.appliance or "none", issue.subject[:20]) if issue else None


def _closed(session: Session, who: Party, at: datetime) -> Issue | None:
    mine = Issue.contact_id == who.contact.id if who.contact else Issue.phone == who.phone
    return session.scalars(
        select(Issue)
        .where(mine, Issue.kind == "ticket", Issue.state == "closed", Issue.closed_at > at - LATE_WITHIN)
        .order_by(Issue.closed_at.desc())
    ).first()


def _burst(session: Session, message: Message) -> bool:
    """Whether the same number wrote within the last seconds, with no answer asked for in between."""
    earlier = session.scalar(
        select(func.max(Message.created_at)).where(
            Message.from_number == message.from_number, Message.direction == "in", Message.id < message.id
        )
    )
    return earlier is not None and message.created_at - earlier <= BURST
