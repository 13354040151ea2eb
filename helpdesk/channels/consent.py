"""The consent ledger: what a number may be sent, word by word. Entries are appended and never changed (B7)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpdesk.channels.capabilities import bare
from helpdesk.channels.models import ConsentEntry, Message
from helpdesk.channels.rules import may_send
from order_core.clauses import carries
from order_core.errors import Invalid

Source = Literal["word", "provider", "agent", "web"]
SCOPES = ("all", "survey", "marketing")


def ledger(session: Session, phone: str) -> list[ConsentEntry]:
    """Every entry of a number, the oldest first."""
    wanted = select(ConsentEntry).where(ConsentEntry.phone == bare(phone))
    return list(session.scalars(wanted.order_by(ConsentEntry.id)))


@carries("guard", "5.1.1-a")
def allows(session: Session, phone: str, scope: str) -> bool:
    """Whether a number may be sent messages of a scope now."""
    said = select(ConsentEntry.scope, ConsentEntry.allowed).where(ConsentEntry.phone == bare(phone))
    rows = session.execute(said.order_by(ConsentEntry.id))
    return may_send([(row.scope, row.allowed) for row in rows], scope)


def standing(session: Session, phone: str) -> str:
    """Where a number stands, in a word of the catalogue (``consent.<word>``): none, no_survey, all, marketing."""
    may = {scope: allows(session, phone, scope) for scope in ("service", "survey", "marketing")}
    if not may["service"]:
        return "none"
    return "no_survey" if not may["survey"] else "marketing" if may["marketing"] else "all"


def record(
    session: Session,
    phone: str,
    scope: str,
    allowed: bool,
    *,
    source: Source,
    at: datetime,
    word: str = "",
    by_id: int | None = None,
) -> bool:
    """Append what was said; False when it says nothing new.

    Raises:
        Invalid: no such scope.
    """
    if scope not in SCOPES:
        raise Invalid("consent.scope", field="scope")
    history = [(entry.scope, entry.allowed) for entry in ledger(session, phone)]
    after = [*history, (scope, allowed)]
    if all(may_send(history, one) == may_send(after, one) for one in ("service", "survey", "marketing")):
        return False
    session.add(
        ConsentEntry(phone=bare(phone), scope=scope, allowed=allowed, source=source, word=word[:40], at=at, by_id=by_id)
    )
    session.flush()
    return True


def confirmed(session: Session, message: Message) -> bool:
    """Whether a confirmation like this one has left already since the number last said yes: one is enough."""
    yes = select(func.max(ConsentEntry.at)).where(ConsentEntry.phone == bare(message.to_number), ConsentEntry.allowed)
    since = session.scalar(yes)
    earlier = select(func.count(Message.id)).where(
        Message.to_number == message.to_number,
        Message.purpose == message.purpose,
        Message.body == message.body,
        Message.id < message.id,
        Message.status != "suppressed",
    )
    return bool(session.scalar(earlier.where(Message.created_at > since) if since else earlier))
