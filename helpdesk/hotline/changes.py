"""Work at the provider about calls: hold, resume, transfer, pause; and the deletion of old recordings.

A line is moved at most once and only while it matters: a hold that comes a minute late would cut a talk off.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from helpdesk.channels import addresses
from helpdesk.channels.gateway import TransportError
from helpdesk.channels.models import Call
from helpdesk.hotline.models import CallLeg, Recording
from helpdesk.hotline.telephone import Telephone
from order_core.kernel.notice import tell

IN_TIME = timedelta(seconds=45)
BEFORE = {"hold": "talking", "resume": "held"}
"""What a leg was before a change that failed."""


@dataclass(frozen=True)
class Asked:
    """``what``: move, pause, record, delete; ``target``: sid of a line or recording; ``url``: where a line goes."""

    what: str
    target: str
    url: str = ""


def prepare(session: Session, payload: dict[str, Any], at: datetime, again: bool) -> Asked | None:
    """What to ask; None for what was asked before, comes too late, or has no line any more."""
    leg = session.get_one(CallLeg, payload["leg_id"])
    call = session.get_one(Call, leg.call_id)
    what, agent = payload["what"], leg.person_id
    if again or call.ended_at is not None:
        return None
    if what in ("pause", "record"):
        line = leg.sid or call.sid
        return Asked(what, line) if line else None
    if what == "resume":
        return Asked("move", leg.sid, addresses.voice_url(f"resume?call={call.id}&agent={agent}")) if leg.sid else None
    if call.sid is None:
        return None
    if what == "end":
        return Asked("move", call.sid, addresses.voice_url("bye"))
    path = f"hold?call={call.id}" if what == "hold" else f"transfer?call={call.id}&agent={payload['to']}"
    return Asked("move", call.sid, addresses.voice_url(path))


def perform(telephone: Telephone, asked: Asked) -> bool:
    """Ask it."""
    if asked.what == "move":
        telephone.move(asked.target, asked.url)
    elif asked.what == "delete":
        telephone.delete(asked.target)
    else:
        telephone.pause(asked.target, asked.what == "pause")
    return True


def settle(session: Session, payload: dict[str, Any], outcome: Any, at: datetime) -> None:
    """A change that the provider refused is taken back, and the agent is told."""
    if not isinstance(outcome, TransportError):
        return
    leg = session.get_one(CallLeg, payload["leg_id"])
    leg.state = BEFORE.get(payload["what"], leg.state)
    tell(session, key="call.change_failed", at=at, person=leg.person_id, params={"what": payload["what"]})


def prepare_deletion(session: Session, payload: dict[str, Any], at: datetime, again: bool) -> Asked | None:
    """A recording past its time; asking twice is harmless."""
    row = session.get_one(Recording, payload["recording_id"])
    return None if row.state == "deleted" or row.delete_after > at else Asked("delete", row.sid)


def settle_deletion(session: Session, payload: dict[str, Any], outcome: Any, at: datetime) -> None:
    """Written down when it is gone; a failure is tried again by the outbox."""
    if outcome is True:
        row = session.get_one(Recording, payload["recording_id"])
        row.state, row.deleted_at = "deleted", at
