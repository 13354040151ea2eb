"""The hotline: who calls, what he hears, the queue, the call-back that keeps his place (clauses 5.1.1)."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpdesk import i18n
from helpdesk.channels import service
from helpdesk.channels.models import Call, Interaction
from helpdesk.hotline import calls
from helpdesk.pipeline.queries import OrderStatus, order_status_for
from order_core.aftersales.service import products_of
from order_core.errors import Conflict, Invalid
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.issues.rules import OPEN_STATES
from order_core.kernel.actor import WORKER, Actor
from order_core.kernel.case import note
from order_core.parties.models import ContactPerson, Person
from order_core.values import read_sender

OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
"""Statuses of a call that has ended."""
SERVED = frozenset({"bridged", "bridging-in-process", "redirected-from-bridged"})
"""Ways out of the queue that lead to an agent."""
ABANDONED_AFTER = 8
"""Seconds in the queue from which hanging up counts as abandoned (B13)."""
DEFAULT_LANGUAGE = "zh-Hant"


def begin(session: Session, sid: str, number: str, *, region: str, at: datetime) -> Call:
    """The call's record; the caller recognised by his number when exactly one contact has it."""
    known = session.scalar(select(Call).where(Call.sid == sid))
    if known is not None:
        return known
    sender = read_sender(number, region)
    contact = caller(session, sender.number)
    call = Call(
        direction="in",
        sid=sid,
        number=sender.number,
        contact_id=contact.id if contact else None,
        language=contact.language if contact else _language_of(sender.number),
        state="menu",
        started_at=at,
    )
    session.add(call)
    session.flush()
    return call


def caller(session: Session, number: str | None) -> ContactPerson | None:
    """The contact with this number; None when nobody or more than one person has it (B5)."""
    if number is None:
        return None
    found = session.scalars(select(ContactPerson).where(ContactPerson.phone == number).limit(2)).all()
    return found[0] if len(found) == 1 else None


def _language_of(number: str | None) -> str:
    if number is None or number.startswith(("+852", "+853", "+886")):
        return DEFAULT_LANGUAGE
    return "zh-Hans" if number.startswith("+86") else "en"


def order_status(session: Session, call: Call, *, at: datetime) -> OrderStatus | None:
    """The recognised caller's order; the contact is on record without a ticket."""
    contact = session.get(ContactPerson, call.contact_id) if call.contact_id else None
    status = order_status_for(session, contact) if contact else None
    _contact_made(session, call, at=at, reason="answered_by_menu")
    return status


def report(session: Session, call: Call, words: str, *, at: datetime) -> Issue:
    """A fault told on the telephone opens the call's ticket."""
    issue = ticket_of(session, call, words.strip() or i18n.translate(call.language, "call.subject.fault"), at=at)
    call.state = "ended"
    return issue


def ticket_of(session: Session, call: Call, subject: str, *, at: datetime) -> Issue:
    """The one ticket of a call: the caller's open one, else a new one."""
    if call.issue_id is not None:
        return session.get_one(Issue, call.issue_id)
    contact = session.get(ContactPerson, call.contact_id) if call.contact_id else None
    issue = _open_ticket(session, contact) or _new_ticket(session, call, contact, subject, at=at)
    call.issue_id = issue.id
    note(session, issue, "called", by=WORKER, at=at, data={"call": call.id}, clauses=("5.1.1-d",))
    _contact_made(session, call, at=at, issue=issue)
    return issue


def _open_ticket(session: Session, contact: ContactPerson | None) -> Issue | None:
    if contact is None:
        return None
    return session.scalars(
        select(Issue)
        .where(Issue.contact_id == contact.id, Issue.kind == "ticket", Issue.state.in_(OPEN_STATES))
        .order_by(Issue.id.desc())
    ).first()


def _new_ticket(session: Session, call: Call, contact: ContactPerson | None, subject: str, *, at: datetime) -> Issue:
    units = products_of(session, contact.customer_id) if contact else []
    unit = units[0] if len(units) == 1 else None
    return issues.open_ticket(
        session,
        subject=subject,
        channel="phone",
        phone=call.number,
        language=call.language,
        contact=contact,
        site_id=unit.site_id if unit else None,
        product_id=unit.id if unit else None,
        category="question",
        by=contact.actor() if contact else Actor(kind="customer"),
        at=at,
    )


def enqueue(session: Session, call: Call, *, at: datetime) -> int:
    """Queue the caller for an agent; returns his position, from 1."""
    ticket_of(session, call, i18n.translate(call.language, "call.subject.person"), at=at)
    if call.queued_at is None:
        call.queued_at, call.state = at, "queued"
        session.flush()
    return position(session, call)


def position(session: Session, call: Call) -> int:
    """How many wait up to and with this caller."""
    ahead = session.scalar(select(func.count(Call.id)).where(Call.state == "queued", Call.queued_at < call.queued_at))
    return (ahead or 0) + 1


def keep_place(session: Session, call: Call, *, at: datetime) -> Issue | None:
    """A call-back instead of waiting: a task for an agent, once a call; its place is that of the caller.

    None for a withheld number: nobody could ring it.
    """
    if call.state == "callback" or call.issue_id is None or call.number is None:
        return None
    call.state = "callback"
    cause = session.get_one(Issue, call.issue_id)
    agent = session.scalars(select(Person).where(Person.active).order_by(Person.id)).all()
    owner = next((person for person in agent if "agent" in person.roles), None)
    if owner is None:
        raise Invalid("callback.nobody", field="assignee", clause="5.1.1-b")
    return issues.open_callback(session, cause, owner_id=owner.id, subject=cause.subject, by=WORKER, at=at)


def left_queue(call: Call, result: str) -> None:
    """The caller is out of the queue; one who has got his agent waits no longer and is not called back."""
    if call.state == "queued" and result in SERVED:
        call.state = "answered"


def ended(session: Session, call: Call, seconds: int | None, *, at: datetime) -> None:
    """The caller has hung up; one who waited eight seconds or more is called back (clause 5.1.1-c)."""
    waited = (at - call.queued_at).total_seconds() if call.state == "queued" and call.queued_at else 0
    if call.state == "queued" and max(waited, seconds or 0) >= ABANDONED_AFTER:
        keep_place(session, call, at=at)
    if call.state != "callback":
        call.state = "ended"
    call.ended_at, call.seconds = at, seconds
    reason = "under_8_seconds" if (seconds or 0) < ABANDONED_AFTER else "hung_up"
    _contact_made(session, call, at=at, reason=reason)


def call_back(session: Session, callback: Issue, *, by: Actor, at: datetime) -> Call:
    """An agent takes a call-back: the customer is rung and the task is in contact.

    Raises:
        Invalid: there is no number to ring.
    """
    if callback.phone is None:
        raise Invalid("ticket.no_number", field="phone", number=callback.number)
    if callback.state not in ("assigned", "contacted", "acting"):
        raise Conflict("callback.not_open", clause="5.1.1-c", number=callback.number)
    note(session, callback, "called_back", by=by, at=at, clauses=("5.1.1-c",))
    return calls.ask(
        session,
        number=callback.phone,
        language=callback.language,
        contact_id=callback.contact_id,
        issue_id=callback.id,
        at=at,
    )


def _contact_made(
    session: Session, call: Call, *, at: datetime, issue: Issue | None = None, reason: str | None = None
) -> None:
    """One interaction a call: it is written once, and a ticket takes the place of a reason why not."""
    known = session.scalar(select(Interaction).where(Interaction.call_id == call.id))
    if known is None:
        service.interaction(
            session, "call", at=at, call=call, contact_id=call.contact_id,
            issue_id=issue.id if issue else None, reason=None if issue else reason,
        )  # fmt: skip
    elif issue is not None and known.issue_id is None:
        known.issue_id, known.no_issue_reason = issue.id, None
