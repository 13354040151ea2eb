"""Asking the provider for messages that no webhook brought: it does not send a failed one again.

Whatever is in its list and not with us is taken in by its sid, like the webhook does it; what the webhook has
brought is claimed already. Messages that come late are answered once a person, not one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from helpdesk.channels import service
from helpdesk.channels.gateway import Gateway, RemoteInbound
from helpdesk.channels.models import PollMark
from helpdesk.now import wall
from order_core.clauses import carries

NAME = "inbound"
OVERLAP = timedelta(minutes=30)
"""The list is read again over this time: it is not in order to the second, and a webhook may be on its way."""
FIRST = timedelta(days=2)
"""How far back the first look goes."""
LATE = timedelta(minutes=10)
"""A message that is older than this when it is taken in is a late one."""


@dataclass(frozen=True)
class Look:
    """Read the list of messages since a moment; ``until``: when it was asked. Real time."""

    since: datetime
    until: datetime


def prepare(session: Session, _payload: dict[str, Any], _at: datetime, _again: bool) -> Look:
    """From the last look on, with an overlap; however long we were away."""
    moment = wall()
    mark = session.get(PollMark, NAME)
    return Look((mark.read_until - OVERLAP) if mark else moment - FIRST, moment)


def perform(gateway: Gateway, look: Look) -> tuple[Look, str, list[RemoteInbound]]:
    """Ask; returns what the provider has, the oldest first, with its name."""
    found = gateway.find_inbound(look.since)
    return look, gateway.name, sorted(found, key=lambda one: one.sent_at)


@carries("case", "5.1.1-d")
def settle(session: Session, _payload: dict[str, Any], outcome: Any, at: datetime) -> None:
    """Take in what is missing and remember how far we have read; after a failure the next look reads it again."""
    if isinstance(outcome, Exception):
        return
    look, provider, found = outcome
    for one in found:
        age = max(wall() - one.sent_at, timedelta(0))
        service.receive(session, provider, one.inbound, at=at, written_at=at - age, late=age > LATE)
    mark = session.get(PollMark, NAME)
    if mark is None:
        session.add(PollMark(name=NAME, read_until=look.until))
    else:
        mark.read_until = max(mark.read_until, look.until)
