"""Asking an assistant without anybody waiting for it: a row, a question between two transactions, a checked answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from helpdesk.channels.models import Message
from helpdesk.chatbot.assist import rules
from helpdesk.chatbot.assist.contract import Asked, Assistant, Line
from helpdesk.chatbot.assist.models import Suggestion
from helpdesk.chatbot.assist.openai import OpenAiAssistant
from helpdesk.config import Settings
from order_core.kernel import outbox
from order_core.kernel.outbox import OutboxRow

TOPIC = "assist.ask"
REPHRASE_WITHIN = timedelta(seconds=2)
"""So long a sentence of ours may wait for another wording; then it goes out as it is."""
FRESH = timedelta(minutes=15)
"""An agent has read a message that is older."""
LINES = 12
"""Messages of the thread that an assistant sees."""
WORDED_ANEW = (
    "greeting", "thanks", "take_your_time", "not_understood", "why.", "ask.since", "ask.symptom", "ask.wish",
)  # fmt: skip
"""Purposes whose wording may change; safety, addresses, bookings, warranty and prices stay as the house wrote them."""


@dataclass(frozen=True)
class Question:
    """What is to be asked of whom, and of which message."""

    assistant: Assistant
    asked: Asked


def assistant_of(settings: Settings) -> Assistant | None:
    """The assistant that is configured, if any."""
    if settings.assist_url is None:
        return None
    return OpenAiAssistant(
        settings.assist_url, settings.assist_model, settings.assist_api_key, float(settings.assist_seconds)
    )


def want_suggestion(session: Session, message: Message, *, at: datetime) -> None:
    """A customer has written to a person: ask for what the agent might answer."""
    payload = {"kind": "suggest", "message_id": message.id}
    outbox.publish(session, TOPIC, payload, at=at, key=f"suggest:{message.id}")


def want_rewording(session: Session, message: Message, *, at: datetime) -> None:
    """Hold a sentence of ours back for a moment and ask for another wording; it goes out then in any case."""
    if not (message.purpose or "").startswith(WORDED_ANEW):
        return
    _due(session, message.id, at + REPHRASE_WITHIN)
    outbox.publish(session, TOPIC, {"kind": "rephrase", "message_id": message.id}, at=at, key=f"rephrase:{message.id}")


def prepare(session: Session, payload: dict[str, Any], at: datetime, settings: Settings) -> Question | None:
    """What to ask, or None: nobody is configured, or it is too late to be of use."""
    assistant, message = assistant_of(settings), session.get_one(Message, payload["message_id"])
    if assistant is None:
        return None
    language = message.language or settings.default_locale.replace("_", "-")
    if payload["kind"] == "rephrase":
        waiting = message.status == "queued" and message.sid is None and at < message.created_at + REPHRASE_WITHIN
        return Question(assistant, Asked("rephrase", language, message.body)) if waiting else None
    if message.issue_id is None or at > message.created_at + FRESH:
        return None
    return Question(assistant, Asked("suggest", language, thread=_thread(session, message)))


def perform(question: Question) -> tuple[str, str] | None:
    """(who, what) it answered; None when it did not, for whatever reason: that is nobody's trouble."""
    try:
        return question.assistant.name, question.assistant.advise(question.asked)
    except Exception:  # somebody else's program may fail in any way
        return None


def settle(session: Session, payload: dict[str, Any], outcome: object, at: datetime) -> None:
    """Keep what may be used. A message that left meanwhile, or whose facts would change, stays as it is."""
    message = session.get_one(Message, payload["message_id"], with_for_update=True)
    answered = outcome if isinstance(outcome, tuple) else None
    if payload["kind"] == "rephrase":
        text = answered[1].strip() if answered else ""
        if message.status == "queued" and message.sid is None:
            if rules.faithful(message.body, text, message.language or ""):
                message.body = text
            _due(session, message.id, at)
    elif answered and message.issue_id is not None and (text := rules.usable(answered[1]) or ""):
        session.add(Suggestion(issue_id=message.issue_id, message_id=message.id, source=answered[0], text=text, at=at))
    session.flush()


def _due(session: Session, message_id: int, due: datetime) -> None:
    session.execute(
        update(OutboxRow).where(OutboxRow.key == f"sms:{message_id}", OutboxRow.state == "pending").values(due_at=due)
    )


def _thread(session: Session, message: Message) -> tuple[Line, ...]:
    rows = session.scalars(
        select(Message)
        .where(Message.issue_id == message.issue_id, Message.id <= message.id)
        .order_by(Message.id.desc())
        .limit(LINES)
    ).all()
    return tuple(Line(row.author_kind, rules.masked(row.body)) for row in reversed(rows))
