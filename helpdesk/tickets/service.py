"""What an agent does on a ticket: reply, note, take a step, call back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from helpdesk.channels import service as channels
from helpdesk.channels.models import Message
from helpdesk.dispatch import service as dispatch
from helpdesk.tickets.models import TicketNote
from order_core.errors import Conflict, Invalid
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.kernel.actor import PLANNER, Actor
from order_core.kernel.case import note
from order_core.parties.models import ContactPerson

MAX_REPLY = 1600
MAX_NOTE = 10_000


def reply(session: Session, issue: Issue, text: str, *, by: Actor, at: datetime) -> Message:
    """Send the customer a person's own words by SMS; a person's answer stops the contact clock (B10).

    Raises:
        Invalid: empty, longer than 1,600 characters, or nobody to send it to.
    """
    text = text.strip()
    if not text or len(text) > MAX_REPLY:
        raise Invalid("ticket.reply", field="text", maximum=MAX_REPLY)
    contact = session.get(ContactPerson, issue.contact_id) if issue.contact_id else None
    phone = (contact.phone if contact else None) or issue.phone
    if phone is None:
        raise Invalid("ticket.no_number", field="phone", number=issue.number)
    message = channels.send_text(
        session,
        contact=contact,
        to=phone,
        text=text,
        language=contact.language if contact else issue.language,
        at=at,
        author="agent",
        author_id=by.id,
        issue_id=issue.id,
    )
    issues.replied(session, issue, by=by, at=at, data={"message": message.id})
    return message


def add_note(session: Session, issue: Issue, text: str, *, by: Actor, at: datetime) -> TicketNote:
    """Write an internal note.

    Raises:
        Invalid: empty or longer than 10,000 characters.
    """
    text = text.strip()
    if not text or len(text) > MAX_NOTE or by.id is None:
        raise Invalid("ticket.note", field="text", maximum=MAX_NOTE)
    written = TicketNote(issue_id=issue.id, author_id=by.id, text=text, at=at)
    session.add(written)
    session.flush()
    note(session, issue, "noted", by=by, at=at, data={"note": written.id})
    return written


def take_step(
    session: Session,
    issue: Issue,
    step: str,
    values: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    expected_version: int | None = None,
) -> None:
    """Take a declared step of the Issue machine with the fields of its form.

    A ticket that turns out to be none takes its visit with it, and the customer is told.

    Raises:
        Conflict: the ticket has changed since the page was shown (``StaleVersion``).
        Refusal: whatever the step's condition says.
    """
    if expected_version is not None and expected_version != issue.version:
        raise Conflict("case.stale", number=issue.number)
    visit = dispatch.open_visit(session, issue) if step == "void" else None
    issues.step(session, issue, step, dict(values), by=by, at=at)
    if visit is not None:
        dispatch.cancel(session, visit, "ticket_void", by=PLANNER, at=at)  # follows from her step; not hers to plan
        dispatch.tell_customer(session, visit, "visit.called_off", at=at)
