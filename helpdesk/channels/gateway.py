"""The gateway: what any provider of messages and calls must do, and how it fails.

``docs/gateways.md`` says what a second provider has to bring; a contract test runs against every one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from helpdesk.channels.rules import Inbound


class TransportError(Exception):
    """A provider did not do as asked; the error carries its consequence.

    Attributes:
        permanent: never repeat (a wrong number, an opt-out).
        unprocessed: certainly not acted on: safe to repeat later (HTTP 429).
        code: the provider's code, e.g. 21610.
        Neither permanent nor unprocessed: unknown, reconcile before repeating.
    """

    def __init__(self, message: str, *, permanent: bool = False, unprocessed: bool = False, code: int | None = None):
        super().__init__(message)
        self.permanent = permanent
        self.unprocessed = unprocessed
        self.code = code


@dataclass(frozen=True)
class OutgoingSms:
    """A message to send. ``reference``: our id, the same on every repetition; ``look_first``: an earlier attempt
    may have arrived; ``valid_seconds``: after so long the provider need not try any more."""

    reference: str
    to: str
    body: str
    created_at: datetime
    status_callback: str | None = None
    look_first: bool = False
    known_sids: frozenset[str] = frozenset()
    valid_seconds: int | None = None


@dataclass(frozen=True)
class OutgoingCall:
    """A call to place: the provider asks ``answer_url`` for TwiML when it is taken."""

    reference: str
    to: str
    answer_url: str
    status_callback: str | None = None


@dataclass(frozen=True)
class Accepted:
    """What the provider made of it."""

    sid: str
    status: str


@dataclass(frozen=True)
class RemoteMessage:
    """A message as the provider lists it."""

    sid: str
    to: str
    body: str
    status: str
    created_at: datetime | None


@dataclass(frozen=True)
class RemoteInbound:
    """A message to us as the provider lists it, in the form that its webhook would have had."""

    inbound: Inbound
    sent_at: datetime


class Gateway(Protocol):
    """A provider. ``name`` and ``account`` are part of every inbound event's key."""

    name: str
    account: str

    def send_message(self, sms: OutgoingSms) -> Accepted:
        """Hand a message over. Raises ``TransportError``."""

    def find_messages(self, to: str, since: datetime) -> list[RemoteMessage]:
        """Messages of ours to a number since a moment, queued ones included. Raises ``TransportError``."""

    def find_inbound(self, since: datetime) -> list[RemoteInbound]:
        """Messages to us since a moment, whether a webhook brought them or not. Raises ``TransportError``."""

    def fetch_media(self, url: str) -> bytes:
        """A file that came with a message, from the provider's own hosts alone. Raises ``TransportError``."""

    def place_call(self, call: OutgoingCall) -> Accepted:
        """Ring a number. Raises ``TransportError``."""
