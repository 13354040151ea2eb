"""The gateway without a provider: messages are delivered into the database, where the simulator shows them.

The sid follows from our own reference, so sending twice is sending once.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from helpdesk.channels.gateway import (
    Accepted,
    OutgoingCall,
    OutgoingSms,
    RemoteInbound,
    RemoteMessage,
    TransportError,
)


def sid(prefix: str, reference: str) -> str:
    """A sid of the provider's form (two letters, 32 hex digits) that only depends on the reference."""
    return prefix + hashlib.sha256(f"console:{reference}".encode()).hexdigest()[:32]


class ConsoleGateway:
    """Delivers at once; nothing leaves the machine."""

    name = "console"

    def __init__(self, account: str) -> None:
        self.account = account

    def send_message(self, sms: OutgoingSms) -> Accepted:
        return Accepted(sid("SM", sms.reference), "delivered")

    def find_messages(self, to: str, since: datetime) -> list[RemoteMessage]:
        """Nothing to find: a repetition has the same sid anyway."""
        return []

    def find_inbound(self, since: datetime) -> list[RemoteInbound]:
        """Nothing: what is written in the simulator is posted to us, and we are there or not."""
        return []

    def fetch_media(self, url: str) -> bytes:
        """Nobody keeps files for us here."""
        raise TransportError("no provider", permanent=True)

    def place_call(self, call: OutgoingCall) -> Accepted:
        return Accepted(sid("CA", call.reference), "completed")
