"""The one open question of a person."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.chatbot.models import Conversation
from order_core.issues.models import Issue

OUTSIDE = "outside"
"""Owner of a conversation that a bot which lives elsewhere holds."""


def conversation(session: Session, phone: str) -> Conversation:
    """The conversation of a number, made when there is none; locked until the transaction ends."""
    found = session.scalars(select(Conversation).where(Conversation.phone == phone).with_for_update()).first()
    if found is None:
        found = Conversation(phone=phone, state={})
        session.add(found)
        session.flush()
    return found


def ask(session: Session, phone: str, question: str, ref: int | None, *, at: datetime) -> Conversation:
    """Make ``question`` (survey, slot, selfhelp, since, product, identity …) the open one."""
    talk = conversation(session, phone)
    if talk.question is not None and talk.question != question:
        talk.closed_question = talk.question
    talk.question, talk.question_ref, talk.question_at = question, ref, at
    session.flush()
    return talk


def close(talk: Conversation) -> None:
    """Nothing is asked any more."""
    talk.question = talk.question_ref = talk.question_at = None


def owner_of(session: Session, issue: Issue) -> str | None:
    """Who holds the conversation of a ticket (bot, human, outside); None where none belongs to it."""
    return session.scalar(select(Conversation.owner).where(Conversation.issue_id == issue.id).limit(1))
