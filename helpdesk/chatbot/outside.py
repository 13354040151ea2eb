"""A conversation held by a bot that lives elsewhere: it reads by the API and answers by it, under our rules."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels import service as channels
from helpdesk.channels.models import Message
from helpdesk.chatbot.assist.rules import BARRED
from helpdesk.chatbot.models import Conversation
from helpdesk.chatbot.talk import OUTSIDE, close
from helpdesk.tickets.service import MAX_REPLY
from order_core.errors import Conflict, Invalid, NotFound
from order_core.issues.models import Issue
from order_core.kernel.actor import Actor
from order_core.kernel.case import note
from order_core.kernel.notice import tell
from order_core.parties.models import ContactPerson

PURPOSE = "outside"
EVENTS = {"bot": "given_back_to_bot", "human": "handed_to_person", OUTSIDE: "talk_taken_outside"}


def find(session: Session, phone: str) -> Conversation:
    """The conversation of a number. Raises ``NotFound``."""
    talk = session.scalars(select(Conversation).where(Conversation.phone == phone).with_for_update()).first()
    if talk is None:
        raise NotFound("talk.unknown", field="phone")
    return talk


def pass_on(session: Session, phone: str, owner: str, *, by: Actor, at: datetime) -> Conversation:
    """Give a conversation to our bot, to a person, or to the one who calls; what was asked is asked no more.

    A person's is not taken from him by a program: it has to be given back first.

    Raises:
        Conflict: a person holds it and ``outside`` is asked for.
    """
    talk = find(session, phone)
    if owner == OUTSIDE and talk.owner == "human":
        raise Conflict("talk.not_yours", field="owner", clause="5.1.2-b", owner=talk.owner)
    if owner != talk.owner:
        talk.owner = owner
        close(talk)
        _write_down(session, talk, by=by, at=at)
    session.flush()
    return talk


def _write_down(session: Session, talk: Conversation, *, by: Actor, at: datetime) -> None:
    issue = session.get(Issue, talk.issue_id) if talk.issue_id else None
    if issue is None:
        return
    data = {"reason": "outside"} if talk.owner == "human" else None
    note(session, issue, EVENTS[talk.owner], by=by, at=at, data=data, clauses=("5.1.2-b",))
    if talk.owner == "human":
        params = {"number": issue.number, "reason": "outside"}
        tell(session, key="ticket.handover", at=at, about=issue, department=issue.department, params=params)


def say(session: Session, phone: str, text: str, *, language: str, at: datetime) -> Message:
    """A sentence of the outside bot's to the customer, within the ticket there is.

    Raises:
        Conflict: somebody else holds the conversation.
        Invalid: empty, too long, or with a word that the provider takes for an opt-out.
    """
    talk, text = find(session, phone), text.strip()
    if talk.owner != OUTSIDE:
        raise Conflict("talk.not_yours", field="phone", clause="5.1.2-b", owner=talk.owner)
    if not text or len(text) > MAX_REPLY or BARRED.search(text):
        raise Invalid("ticket.reply", field="text", maximum=MAX_REPLY)
    issue = session.get(Issue, talk.issue_id) if talk.issue_id else None
    contact = session.get(ContactPerson, issue.contact_id) if issue and issue.contact_id else None
    return channels.send_text(
        session,
        contact=contact,
        to=phone,
        text=text,
        language=language,
        at=at,
        purpose=PURPOSE,
        issue_id=issue.id if issue else None,
    )
