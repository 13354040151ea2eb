"""Receiving once and sending once: inbound claims, outbound messages with their outbox row."""

from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Insert
from sqlalchemy.orm import Session

from helpdesk.channels import consent, media, wording
from helpdesk.channels.capabilities import barred_links, capability, without_barred_links
from helpdesk.channels.consent import Source
from helpdesk.channels.models import Call, InboundEvent, Interaction, Message
from helpdesk.channels.purposes import policy, way
from helpdesk.channels.reach import address_for
from helpdesk.channels.rules import Inbound, clean, rises
from helpdesk.now import now
from order_core.db import insert_new, new_id, plain_insert
from order_core.errors import Invalid
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


def receive(
    session: Session,
    provider: str,
    inbound: Inbound,
    *,
    at: datetime,
    written_at: datetime | None = None,
    late: bool = False,
) -> bool:
    """Claim, store and publish an inbound message; nothing else happens here. False for a repetition.

    Three plain INSERTs: the provider waits for this answer, and a unit of work costs twice as much.

    Args:
        written_at: when it was sent, if that is not now; late: whether its answers come too late.
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
        "created_at": written_at or at,
        "author_kind": "customer",
        "status": "received",
    }
    message_id = new_id(session, _STORE, values)
    payload = {"message_id": message_id, "late": True} if late else {"message_id": message_id}
    outbox.publish(session, "inbound.process", payload, at=at)
    if inbound.media:
        media.expect(session, message_id, inbound.media, at=at)
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
    not_before: datetime | None = None,
) -> Message:
    """Ask for a message of a purpose, worded in the recipient's language.

    Where a message cannot do what the purpose is for (no reply comes back, no link may go there), it becomes a
    keypad call, a person's call or a web code by itself; the message returned is then the one that leaves
    instead, or one with status ``diverted``.
    """
    address = address_for(session, to, at=at)
    able = capability(address)
    how = way(policy(purpose), able)
    text = wording.render(purpose, language, params, two_way=able.two_way)
    message = _stored(
        session,
        contact_id=contact.id if contact else None,
        to=address,
        text=without_barred_links(text, able),
        language=language,
        at=at,
        status="queued" if how == "message" else "diverted",
        purpose=purpose,
        issue_id=issue_id,
        visit_id=visit_id,
    )
    if how == "message":
        _publish(session, message, at=at, due=not_before)
        return message
    from helpdesk.channels import diversions

    return diversions.divert(session, message, how, at=at)


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
    not_before: datetime | None = None,
) -> Message:
    """Store a message of these words and publish its sending, in the caller's transaction.

    Raises:
        Invalid: it has a link, and links may not go there.
    """
    address = address_for(session, to, at=at)
    if barred := barred_links(text, capability(address)):
        raise Invalid("sms.link_barred", field="text", link=barred[0])
    message = _stored(
        session,
        contact_id=contact.id if contact else None,
        to=address,
        text=text,
        language=language,
        at=at,
        author=author,
        author_id=author_id,
        purpose=purpose,
        issue_id=issue_id,
        visit_id=visit_id,
    )
    _publish(session, message, at=at, due=not_before)
    return message


def _stored(
    session: Session, *, to: str, text: str, at: datetime, author: str = "bot", status: str = "queued", **more: Any
) -> Message:
    message = Message(
        direction="out",
        provider="",
        account="",
        from_number="",
        to_number=to,
        body=clean(text),
        created_at=at,
        author_kind=author,
        status=status,
        **more,
    )
    session.add(message)
    session.flush()
    return message


def _publish(session: Session, message: Message, *, at: datetime, due: datetime | None) -> None:
    outbox.publish(session, "sms.send", {"message_id": message.id}, at=at, due=due, key=f"sms:{message.id}")


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
    if status in ("failed", "undelivered"):
        from helpdesk.channels import diversions

        diversions.unreachable(session, message, error_code, at=at)
    session.flush()
    return True


def opt_out(session: Session, phone: str, scope: str, word: str, *, at: datetime, source: Source = "word") -> bool:
    """Record a refusal; False when it was known."""
    return consent.record(session, phone, scope, False, source=source, word=word, at=at)


def opt_in(session: Session, phone: str, *, at: datetime | None = None) -> None:
    """Take every refusal of a number back (not what it never allowed: marketing)."""
    for scope in ("all", "survey"):
        consent.record(session, phone, scope, True, source="word", at=at or now(session))


def refused(session: Session, phone: str, scopes: tuple[str, ...]) -> bool:
    """Whether a number wants no messages of any of these scopes."""
    return any(not consent.allows(session, phone, scope) for scope in (scopes or ("service",)))


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
