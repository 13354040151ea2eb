"""A message on its way out: claimed, performed without the database, settled (see ``workers.external``)."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels import budget, consent, diversions, service
from helpdesk.channels.capabilities import capability, quiet_until
from helpdesk.channels.gateway import Accepted, Gateway, OutgoingSms, TransportError
from helpdesk.channels.models import Message
from helpdesk.channels.purposes import Policy, policy
from helpdesk.channels.reach import zone_of
from helpdesk.now import wall
from order_core.clauses import carries
from order_core.kernel.outbox import Later

LOOK_BACK = timedelta(hours=6)
AWAKE = timedelta(hours=1)
"""Somebody who has written within this time is awake: the house's night does not count for him."""


@carries("guard", "5.1.1-a")
def prepare(session: Session, payload: dict[str, Any], at: datetime, again: bool) -> OutgoingSms | Later | None:
    """What to ask of the provider; None: sent already, not wanted, in doubt; ``Later``: its time has not come.

    Whether the customer wants it is asked here, inside the claim, so that a refusal stops what was queued
    before it. A survey is in doubt from here until the provider has answered, and one in doubt is not repeated
    (at most once); a provider that was too busy to take it leaves no doubt.
    """
    message = session.get_one(Message, payload["message_id"])
    if message.sid is not None or message.status not in ("queued", "unknown"):
        return None
    rule = policy(message.purpose)
    if not _is_wanted(session, message, rule, at):
        message.status = "suppressed"
        return None
    if not _still_ours(session, message):
        message.status = "suppressed"
        return None
    if rule.once and message.status == "unknown":
        return None
    wait = _quiet(session, message, rule, at)
    if wait is not None and rule.night == "drop":
        message.status = "suppressed"
        return None
    if wait is None:
        wait = budget.take(session, message, at=at, urgent=rule.scope == "required")
    if wait is not None:
        return Later(wait)
    if rule.once:
        message.status = "unknown"
    return OutgoingSms(
        reference=f"message:{message.id}",
        to=message.to_number,
        body=message.body,
        created_at=wall() - (at - message.created_at),  # the provider knows real time, not a demo's
        status_callback=_callback(message),
        look_first=again,
        known_sids=_known_sids(session, message, at) if again else frozenset(),
        valid_seconds=rule.valid * 60 if rule.valid else None,
    )


def _is_wanted(session: Session, message: Message, rule: Policy, at: datetime) -> bool:
    """What must be told to somebody who refuses messages is told by telephone; a refusal is confirmed once."""
    if rule.scope == "consent":
        return not consent.confirmed(session, message)
    scope = "service" if rule.scope == "required" else rule.scope
    if consent.allows(session, message.to_number, scope):
        return True
    if rule.scope == "required":
        diversions.divert(session, message, "callback", at=at)
    return False


def _quiet(session: Session, message: Message, rule: Policy, at: datetime) -> datetime | None:
    """Until when the addressee is left in peace, by his own clock; None: not now."""
    able, night = capability(message.to_number), rule.night != "go"
    if not (night or able.quiet.get(rule.scope) or able.quiet.get("all")):
        return None
    zone = zone_of(session, message.contact_id, message.to_number)
    until = quiet_until(rule.scope, able, zone, at, night=night)
    if until is None or rule.scope == "marketing":
        return until
    wrote = select(Message.id).where(
        Message.from_number == message.to_number, Message.direction == "in", Message.created_at > at - AWAKE
    )
    return None if session.scalars(wrote.limit(1)).first() is not None else until


def perform(gateway: Gateway, request: OutgoingSms) -> tuple[Accepted, str, str]:
    """Send; returns what the provider made of it with its name and account."""
    return gateway.send_message(request), gateway.name, gateway.account


def settle(session: Session, payload: dict[str, Any], outcome: Any, at: datetime) -> None:
    """Write the outcome onto the message; an opt-out that the provider knows becomes ours."""
    message = session.get_one(Message, payload["message_id"], with_for_update=True)  # a report may come at once
    if isinstance(outcome, TransportError):
        message.error_code = outcome.code
        if outcome.permanent:
            message.status = "failed"
        elif not outcome.unprocessed:
            message.status = "unknown"
        elif policy(message.purpose).once:
            message.status = "queued"
        if outcome.permanent:
            diversions.unreachable(session, message, outcome.code, at=at)
        return
    if isinstance(outcome, Exception):
        message.status = "unknown"
        return
    accepted, message.provider, message.account = outcome
    message.sid = message.sid or accepted.sid
    message.sent_at = at
    if message.status == "unknown":
        message.status = "queued"
    service.apply_status(session, message, accepted.status, sid=accepted.sid, error_code=None, at=at)
    if message.status == "queued":
        message.status = "accepted"


def _known_sids(session: Session, message: Message, at: datetime) -> frozenset[str]:
    """Sids of other messages to the number, so that a twin's is not adopted."""
    rows = session.scalars(
        select(Message.sid).where(
            Message.to_number == message.to_number,
            Message.sid.is_not(None),
            Message.created_at > message.created_at - LOOK_BACK,
        )
    )
    return frozenset(sid for sid in rows if sid)


def _callback(message: Message) -> str | None:
    from helpdesk.channels.addresses import status_callback

    return status_callback(message.id)


def _still_ours(session: Session, message: Message) -> bool:
    from helpdesk.chatbot.service import may_send

    return may_send(session, message)
