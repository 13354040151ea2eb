"""Receiving once and sending once: inbound claims, outbound messages with their outbox row."""

from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Insert, select
from sqlalchemy.orm import Session

from helpdesk.channels import wording
from helpdesk.channels.models import Call, InboundEvent, Interaction, Message, OptOut
from helpdesk.channels.rules import Inbound, clean, rises
from order_core.db import insert_new, new_id, plain_insert
from order_core.kernel import outbox
from order_core.parties.models import ContactPerson

_STORE = plain_insert(Message)


def claim(
    session: Session, provider: str, account: str, sid: str, kind: str, raw: dict[str, Any], *, at: datetime
) -> bool:
    """Claim an inbound event by its unique key; False when it has been claimed before."""
    connection = session.connection()
    values = {
        "provider": provider,
        "account": account,
        "sid": sid,
        "kind": kind,
        "raw": raw,
        "received_at": at,
    }
    return connection.execute(_claiming(connection.dialect.name), values).rowcount == 1


@lru_cache
def _claiming(dialect: str) -> Insert:
    return insert_new(InboundEvent, dialect)


def receive(session: Session, provider: str, inbound: Inbound, *, at: datetime) -> bool:
    """Claim, store and publish an inbound message; nothing else happens here. False for a repetition.

    Three plain INSERTs: the provider waits for this answer, and a unit of work costs twice as much.
    """
    if not claim(session, provider, inbound.account, inbound.sid, "message", inbound.raw, at=at):
        return False
    values = {
        "direction": "in",
        "provider": provider,
        "account": inbound.account,
        "sid": inbound.sid,
        "from_number": inbound.sender,
        "to_number": inbound.to,
        "body": inbound.body,
        "media": inbound.media or None,
        "created_at": at,
        "author_kind": "customer",
        "status": "received",
    }
    message_id = new_id(session, _STORE, values)
    outbox.publish(session, "inbound.process", {"message_id": message_id}, at=at)
    return True


def send(
    session: Session,
    *,
    contact: ContactPerson | None,
    to: str,
    purpose: str,
    params: dict[str, Any],
    language: str,
    at: datetime,
    issue_id: int | None = None,
    visit_id: int | None = None,
) -> Message:
    """Ask for a message of a purpose, worded in the recipient's language."""
    return send_text(
        session,
        contact=contact,
        to=to,
        text=wording.render(purpose, language, params),
        language=language,
        at=at,
        purpose=purpose,
        issue_id=issue_id,
        visit_id=visit_id,
    )


def send_text(
    session: Session,
    *,
    contact: ContactPerson | None,
    to: str,
    text: str,
    language: str,
    at: datetime,
    author: str = "bot",
    author_id: int | None = None,
    purpose: str | None = None,
    issue_id: int | None = None,
    visit_id: int | None = None,
) -> Message:
    """Store a message to a customer and publish its sending, in the caller's transaction."""
    message = Message(
        direction="out",
        provider="",
        account="",
        from_number="",
        to_number=to,
        body=clean(text),
        created_at=at,
        author_kind=author,
        author_id=author_id,
        status="queued",
        language=language,
        purpose=purpose,
        contact_id=contact.id if contact else None,
        issue_id=issue_id,
        visit_id=visit_id,
    )
    session.add(message)
    session.flush()
    outbox.publish(session, "sms.send", {"message_id": message.id}, at=at, key=f"sms:{message.id}")
    return message


def apply_status(
    session: Session, message: Message, status: str, *, sid: str | None, error_code: int | None, at: datetime
) -> bool:
    """Take over a provider's report when it moves the message forward; a late one changes nothing."""
    if sid and message.sid is None:
        message.sid = sid
    if not rises(message.status, status):
        return False
    message.status = status
    if status == "delivered":
        message.delivered_at = at
    if error_code:
        message.error_code = error_code
    if error_code == 21610:
        opt_out(session, message.to_number, "all", "21610", at=at)
    session.flush()
    return True


def opt_out(session: Session, phone: str, scope: str, word: str, *, at: datetime) -> bool:
    """Record a refusal; False when it was known."""
    if session.get(OptOut, (phone, scope)) is not None:
        return False
    session.add(OptOut(phone=phone, scope=scope, word=word[:40], at=at))
    session.flush()
    return True


def opt_in(session: Session, phone: str) -> None:
    """Take every refusal of a number back."""
    for row in session.scalars(select(OptOut).where(OptOut.phone == phone)):
        session.delete(row)
    session.flush()


def refused(session: Session, phone: str, scopes: tuple[str, ...]) -> bool:
    """Whether a number wants no messages of any of these scopes."""
    wanted = select(OptOut.phone).where(OptOut.phone == phone, OptOut.scope.in_(("all", *scopes)))
    return session.scalar(wanted.limit(1)) is not None


def interaction(
    session: Session,
    channel: str,
    *,
    at: datetime,
    message: Message | None = None,
    call: Call | None = None,
    contact_id: int | None = None,
    issue_id: int | None = None,
    reason: str | None = None,
) -> Interaction:
    """Write down what a contact led to: an issue, or the reason why to none.

    Raises:
        ValueError: neither or both are given.
    """
    if (issue_id is None) == (reason is None):
        raise ValueError("an interaction leads to an issue or has a reason why not")
    row = Interaction(
        channel=channel,
        at=at,
        message_id=message.id if message else None,
        call_id=call.id if call else None,
        contact_id=contact_id,
        issue_id=issue_id,
        no_issue_reason=reason,
    )
    session.add(row)
    session.flush()
    return row
