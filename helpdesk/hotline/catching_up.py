"""Calls that reached the number while we were away: asked of the provider and worked off like any other (B13).

While our addresses do not answer, the provider plays ``static/voice/fallback.xml`` (or a copy of it with itself) and
takes a message. Afterwards every inbound call that we have no record of becomes one: its ticket, its recording, and
a call-back for whoever can be rung. Nobody is texted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk import i18n
from helpdesk.channels.models import Call
from helpdesk.hotline import queue, recordings, service
from helpdesk.hotline.rules import ABANDONED_AFTER
from helpdesk.hotline.telephone import RemoteCall, Telephone
from helpdesk.now import wall

TOPIC = "hotline.catch_up"
LOOK_BACK = timedelta(hours=26)
SETTLED = timedelta(minutes=10)
"""A call younger than this may still be on its way to us by its own webhooks."""


@dataclass(frozen=True)
class Window:
    """What is asked of the provider: calls to ``number`` between two moments of real time."""

    number: str
    since: datetime
    until: datetime


def prepare(session: Session, payload: dict[str, Any], at: datetime, again: bool) -> Window:
    """Calls of the last day that have had time to be reported."""
    return Window(payload["number"], wall() - LOOK_BACK, wall() - SETTLED)


def perform(telephone: Telephone, window: Window) -> list[RemoteCall]:
    """Ask for them."""
    return [c for c in telephone.calls(window.number, window.since) if c.started_at <= window.until]


def settle(session: Session, payload: dict[str, Any], outcome: Any, at: datetime) -> None:
    """Bring in what is missing; a failure is asked again in a quarter of an hour."""
    if isinstance(outcome, list):
        for remote in outcome:
            bring_in(session, remote, region=payload["region"], at=at)


def bring_in(session: Session, remote: RemoteCall, *, region: str, at: datetime) -> Call | None:
    """A call as it would have been; None when it is on record.

    One that was too short to be meant leads to no ticket, as always.
    """
    if session.scalar(select(Call.id).where(Call.sid == remote.sid)) is not None:
        return None
    call = service.begin(session, remote.sid, remote.number, region=region, at=at)
    if service.one_of_ours(session, call.number) is not None:
        service.contact_made(session, call, at=at, reason="technicians_number")
    elif remote.seconds >= ABANDONED_AFTER or remote.recordings:
        service.ticket_of(session, call, i18n.translate(call.language, "call.subject.missed"), at=at, step="missed")
        queue.keep_place(session, call, at=at)
    for sid, seconds in remote.recordings:
        recordings.report(
            session, call, sid, "voicemail", "completed", seconds=seconds, queue="service", at=at
        )  # fmt: skip
    queue.ended(session, call, remote.seconds, at=at)
    return call
