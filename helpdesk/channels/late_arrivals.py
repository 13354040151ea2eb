"""Messages that reached us late: worked off like any other, but answered once a person, and by a person from then on.

After an outage of two hours somebody would otherwise get the answers to all he wrote in vain, one after the other.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpdesk.channels import service
from helpdesk.channels.capabilities import bare
from helpdesk.channels.models import Message
from helpdesk.channels.purposes import policy
from helpdesk.chatbot import talk
from order_core.issues.models import Issue
from order_core.parties.models import ContactPerson

PURPOSE = "late.received"
ONCE_IN = timedelta(hours=6)


def last_message(session: Session) -> int:
    """The id of the newest message: what comes after it answers what is worked off now."""
    return session.scalar(select(func.max(Message.id))) or 0


def answer_once(session: Session, message_id: int, after: int, *, at: datetime) -> None:
    """Hold the bot's answers to a late message back, but for danger, and say once that it came late."""
    message = session.get_one(Message, message_id)
    answers = session.scalars(
        select(Message).where(
            Message.id > after,
            Message.direction == "out",
            Message.author_kind == "bot",
            Message.to_number == message.from_number,
            Message.status == "queued",
        )
    ).all()
    held = [answer for answer in answers if policy(answer.purpose).scope not in ("required", "consent")]
    for answer in held:
        answer.status = "suppressed"
    if not held:
        return
    talk.close(talk.conversation(session, bare(message.from_number)))
    said = select(Message.id).where(
        Message.to_number == message.from_number, Message.purpose == PURPOSE, Message.created_at > at - ONCE_IN
    )
    if session.scalars(said.limit(1)).first() is None:
        _say(session, message, held[0], at=at)


def _say(session: Session, message: Message, held: Message, *, at: datetime) -> None:
    issue = session.get(Issue, message.issue_id) if message.issue_id else None
    service.send(
        session,
        contact=session.get(ContactPerson, message.contact_id) if message.contact_id else None,
        to=message.from_number,
        purpose=PURPOSE,
        params={"number": issue.number if issue else ""},
        language=held.language or "en",
        at=at,
        issue_id=message.issue_id,
    )
