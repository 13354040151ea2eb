"""A message on its way out: claimed, performed without the database, settled (see ``workers.external``)."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels import rules, service
from helpdesk.channels.gateway import Accepted, Gateway, OutgoingSms, TransportError
from helpdesk.channels.models import Message
from helpdesk.now import wall

LOOK_BACK = timedelta(hours=6)
ALWAYS = ("optout.done", "safety")
"""Purposes that an opt-out does not stop: its own confirmation, and what to do in danger."""


def prepare(session: Session, payload: dict[str, Any], at: datetime, again: bool) -> OutgoingSms | None:
    """What to ask of the provider, or None: sent already, refused by the customer, or a survey in doubt.

    Whether the customer wants it is asked here, inside the claim, so that a refusal stops what was queued
    before it. A survey is in doubt from here until the provider has answered, and one in doubt is not repeated
    (at most once); a provider that was too busy to take it leaves no doubt.
    """
    message = session.get_one(Message, payload["message_id"])
    if message.sid is not None or message.status not in ("queued", "unknown"):
        return None
    purpose, survey = message.purpose or "", _is_survey(message)
    if not purpose.startswith(ALWAYS) and service.refused(session, message.to_number, ("survey",) if survey else ()):
        message.status = "suppressed"
        return None
    if not _still_ours(session, message):
        message.status = "suppressed"
        return None
    if survey and message.status == "unknown":
        return None
    if survey:
        message.status = "unknown"
    return OutgoingSms(
        reference=f"message:{message.id}",
        to=message.to_number,
        body=message.body,
        created_at=wall() - (at - message.created_at),  # the provider knows real time, not a demo's
        status_callback=_callback(message),
        look_first=again,
        known_sids=_known_sids(session, message, at) if again else frozenset(),
    )


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
        elif _is_survey(message):
            message.status = "queued"
        if outcome.code == 21610:
            service.opt_out(session, message.to_number, "all", "21610", at=at)
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


def _is_survey(message: Message) -> bool:
    return message.purpose in rules.SURVEY_PURPOSES


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
