"""What happens when nobody writes: a question left open is put in mind once; a person who does not come is excused."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpdesk.channels import service as channels
from helpdesk.channels.models import Message
from helpdesk.chatbot.actions import Question
from helpdesk.chatbot.models import Conversation
from order_core.aftersales.surveys import head_of
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.issues.rules import OPEN_STATES
from order_core.kernel import outbox
from order_core.kernel.actor import WORKER
from order_core.parties.models import ContactPerson

TOPIC = "talk.follow_up"
SILENCE = timedelta(hours=4)
"""A question of ours that has been open so long is put in mind, once a ticket."""
WAIT = timedelta(minutes=30)
"""So long after a hand-over a person has written or the customer is told (B12)."""
REMINDED: tuple[Question, ...] = ("product", "symptom", "since", "selfhelp", "slot", "confirm", "identity")
"""Questions that the matter cannot do without."""


def remind_later(session: Session, phone: str, issue: Issue, *, at: datetime) -> None:
    """A question of a ticket is open: look after a while, once a ticket."""
    payload = {"kind": "silence", "issue_id": issue.id}
    outbox.publish(session, TOPIC, payload, at=at, due=at + SILENCE, key=f"silence:{phone}:{issue.id}", cause=issue)


def look_later(session: Session, phone: str, issue: Issue, *, at: datetime) -> None:
    """A person shall take over: see after ``WAIT`` whether one has."""
    last = session.scalar(select(func.max(Message.id)).where(Message.issue_id == issue.id)) or 0
    payload = {"kind": "waiting", "issue_id": issue.id, "after": last}
    outbox.publish(session, TOPIC, payload, at=at, due=at + WAIT, key=f"waiting:{phone}:{issue.id}", cause=issue)


def run(session: Session, payload: dict[str, Any], *, at: datetime) -> bool:
    """Look again; True when the customer was told something."""
    issue = session.get_one(Issue, payload["issue_id"])
    talk = session.scalars(select(Conversation).where(Conversation.issue_id == issue.id).with_for_update()).first()
    if talk is None or issue.state not in OPEN_STATES:
        return False
    if payload["kind"] == "waiting":
        return _excuse(session, talk, issue, payload["after"], at=at)
    return _remind(session, talk, issue, at=at)


def _remind(session: Session, talk: Conversation, issue: Issue, *, at: datetime) -> bool:
    """Put the open question in mind; a younger one is looked at later, one of a person's not at all."""
    if talk.owner != "bot" or talk.question not in REMINDED or talk.question_at is None:
        return False
    due = talk.question_at + SILENCE
    if due > at:
        payload = {"kind": "silence", "issue_id": issue.id}
        key = f"silence:{talk.phone}:{issue.id}:{talk.question_at.isoformat()}"
        outbox.publish(session, TOPIC, payload, at=at, due=due, key=key, cause=issue)
        return False
    _say(session, talk, issue, "still_there", at=at)
    return True


def _excuse(session: Session, talk: Conversation, issue: Issue, after: int, *, at: datetime) -> bool:
    """Nobody of ours has written: say so, and make the call a task of the head's (B12)."""
    answered = select(Message.id).where(
        Message.issue_id == issue.id, Message.author_kind == "agent", Message.id > after
    )
    if talk.owner != "human" or session.scalar(answered.limit(1)) is not None:
        return False
    _say(session, talk, issue, "handover.waiting", at=at)
    owner = head_of(session, issue.department)
    issues.open_callback(session, issue, owner_id=owner.id, subject=issue.subject, by=WORKER, at=at)
    return True


def _say(session: Session, talk: Conversation, issue: Issue, purpose: str, *, at: datetime) -> None:
    contact = session.get(ContactPerson, issue.contact_id) if issue.contact_id else None
    channels.send(
        session,
        contact=contact,
        to=talk.phone,
        purpose=purpose,
        params={"number": issue.number},
        language=str(talk.state.get("language", issue.language)),
        at=at,
        issue_id=issue.id,
    )
