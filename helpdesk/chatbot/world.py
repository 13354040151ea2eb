"""The facts of a conversation as the dialogue sees them, read from the records."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from helpdesk.channels.models import Message
from helpdesk.chatbot import moving, prices
from helpdesk.chatbot.actions import Question
from helpdesk.chatbot.models import Conversation
from helpdesk.chatbot.state import Cover, PersonRef, TicketRef, World
from helpdesk.chatbot.talk import OUTSIDE
from helpdesk.chatbot.who import Party, hint
from helpdesk.dispatch import service as dispatch
from helpdesk.dispatch import slots
from helpdesk.dispatch.machine import OPEN
from helpdesk.triage.lexicon import read_table
from helpdesk.triage.values import OwnedProduct, Triage
from order_core.aftersales.models import InstalledProduct
from order_core.aftersales.service import products_of, warranty
from order_core.issues.models import Issue
from order_core.issues.rules import OPEN_STATES, REOPEN_WITHIN

BURST = timedelta(seconds=90)
"""Messages this close together are one contact (B4)."""
LATE_WITHIN = timedelta(days=180)
"""Within which time a new fault still follows from a ticket that was closed."""
QUEUES = Path(__file__).parent / "data" / "queues.toml"
OF_A_TICKET: tuple[Question, ...] = ("since", "symptom", "selfhelp", "detail", "slot", "confirm", "product", "cancel")
"""Questions that end with their ticket."""


def tickets_of(session: Session, who: Party) -> list[Issue]:
    """The party's open tickets, the one that last changed first."""
    return list(
        session.scalars(
            select(Issue)
            .where(_mine(who), Issue.kind == "ticket", Issue.state.in_(OPEN_STATES))
            .order_by(Issue.changed_at.desc(), Issue.id.desc())
        )
    )


def _mine(who: Party) -> ColumnElement[bool]:
    """The contact's own; of a number alone only what nobody in particular owns."""
    of_the_number = and_(Issue.phone == who.phone, Issue.contact_id.is_(None))
    return or_(Issue.contact_id == who.contact.id, of_the_number) if who.contact else of_the_number


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
    visit = dispatch.open_visit(session, ticket) if ticket else None
    return World(
        identified=who.contact is not None,
        owned=units,
        question=_still_open(question, ticket),
        late=late,
        ticket=_ref(session, ticket),
        open_tickets=tuple(ref for issue in opened if (ref := _ref(session, issue))),
        closed=_ref(session, closed),
        may_reopen=closed is not None and closed.closed_at is not None and at <= closed.closed_at + _reopens(closed),
        offered=len(slots.offered(session, ticket)) if ticket else 0,
        has_visit=visit is not None and visit.state in OPEN,
        fixed=moving.fixed(session, visit, at=at),
        cover=_cover(session, who, triage, question, at=at),
        parts=prices.named_in(session, message.body, units) if _asks("parts_inquiry", triage) else (),
        people=tuple(PersonRef(contact.id, hint(contact.name)) for contact in who.sharing),
        proof=question == "check" and who.contact is not None,
        with_person=talk.owner != "bot" and (bool(opened) or talk.owner == OUTSIDE),
        outside=talk.owner == OUTSIDE,
        burst=_burst(session, message),
    )


def _asks(intent: str, triage: Triage) -> bool:
    return intent in (triage.intent, triage.secondary_intent)


def _cover(session: Session, who: Party, triage: Triage, question: str | None, *, at: datetime) -> dict[str, Cover]:
    """What the warranty of each unit says, where it is or may be asked."""
    if who.contact is None or not (_asks("warranty_inquiry", triage) or question in ("unit", "wish", "check")):
        return {}
    return {unit.serial: _covered(session, unit, at) for unit in products_of(session, who.contact.customer_id)}


def _covered(session: Session, unit: InstalledProduct, at: datetime) -> Cover:
    found = warranty(session, unit, at=at)
    if found.until is None:
        return Cover("unsure", rule=found.rule)
    standing: Any = "covered" if found.covered else "partly" if found.parts else "over"
    return Cover(standing, found.until.date().isoformat(), found.rule)


def _reopens(closed: Issue) -> timedelta:
    """Within which time a ticket of its queue opens again (B3); never longer than the regulation allows."""
    days = read_table(QUEUES)["days"]
    return min(REOPEN_WITHIN, timedelta(days=days.get(closed.team or "", days["other"])))


def _still_open(question: Question | None, ticket: Issue | None) -> Question | None:
    """A question about a ticket that has been closed meanwhile is not open any more."""
    return None if question in OF_A_TICKET and ticket is None else question


def _ref(session: Session, issue: Issue | None) -> TicketRef | None:
    if issue is None:
        return None
    unit = session.get(InstalledProduct, issue.product_id) if issue.product_id else None
    return TicketRef(issue.number, issue.appliance or "none", issue.subject[:20], unit.serial if unit else "")


def _closed(session: Session, who: Party, at: datetime) -> Issue | None:
    return session.scalars(
        select(Issue)
        .where(_mine(who), Issue.kind == "ticket", Issue.state == "closed", Issue.closed_at > at - LATE_WITHIN)
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
