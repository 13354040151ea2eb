"""A call on its way out: the call-back that kept the caller's place, placed through the gateway."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from helpdesk.channels.addresses import answer_url, voice_url
from helpdesk.channels.gateway import Accepted, Gateway, OutgoingCall, TransportError
from helpdesk.channels.models import Call
from order_core.kernel import outbox


def ask(
    session: Session,
    *,
    number: str,
    language: str,
    contact_id: int | None,
    issue_id: int | None,
    at: datetime,
) -> Call:
    """Ask for a call to a customer; it is placed once."""
    call = Call(
        direction="out",
        sid=None,
        number=number,
        contact_id=contact_id,
        language=language,
        state="ringing",
        started_at=at,
        issue_id=issue_id,
    )
    session.add(call)
    session.flush()
    outbox.publish(session, "call.place", {"call_id": call.id}, at=at, key=f"call:{call.id}")
    return call


def prepare(session: Session, payload: dict[str, Any], at: datetime, again: bool) -> OutgoingCall | None:
    """What to ask of the provider; a call that may have rung is not repeated (at most once).

    It is in doubt from here until the provider has answered.
    """
    call = session.get_one(Call, payload["call_id"])
    if call.sid is not None or call.number is None or call.state != "ringing":
        return None
    call.state = "unknown"
    return OutgoingCall(
        reference=f"call:{call.id}",
        to=call.number,
        answer_url=answer_url(call.id),
        status_callback=voice_url(f"status?call={call.id}"),
    )


def perform(gateway: Gateway, request: OutgoingCall) -> Accepted:
    """Place it."""
    return gateway.place_call(request)


def settle(session: Session, payload: dict[str, Any], outcome: Any, at: datetime) -> None:
    """Write down what became of it."""
    call = session.get_one(Call, payload["call_id"])
    if isinstance(outcome, Accepted):
        call.sid = outcome.sid
        call.state = "ended" if outcome.status == "completed" else "answered"
        call.ended_at = at if call.state == "ended" else None
    elif isinstance(outcome, TransportError) and call.state == "unknown":
        if outcome.permanent:
            call.state = "failed"
        elif outcome.unprocessed:
            call.state = "ringing"
