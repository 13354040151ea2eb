"""Reads about messages: which one a report is about, and which contacts have led to nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from helpdesk.channels.models import Interaction, Message
from order_core.clauses import probe

TIME_TO_ANSWER = timedelta(minutes=10)


def reported(session: Session, sid: str, wanted: str) -> Message | None:
    """The message that a delivery report is about, locked: by our id (``wanted``), which the report's address
    carries even when the answer with the sid was lost, else by its sid."""
    if wanted.isdecimal() and wanted.isascii() and len(wanted) < 19:
        message = session.get(Message, int(wanted), with_for_update=True)
        if message is not None and message.direction == "out" and message.sid in (None, sid):
            return message
    by_sid = select(Message).where(Message.sid == sid, Message.direction == "out")
    return session.scalars(by_sid.with_for_update().limit(1)).first()


@probe("5.1.1-d")
def led_to_nothing(session: Session, at: datetime) -> int:
    """Messages that came in a while ago and led neither to a ticket nor to a reason why not."""
    known = exists().where(Interaction.message_id == Message.id)
    late = Message.created_at < at - TIME_TO_ANSWER
    return session.scalar(select(func.count(Message.id)).where(Message.direction == "in", late, ~known)) or 0
