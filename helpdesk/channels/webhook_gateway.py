"""A provider behind a small web service of one's own: JSON out, signed; JSON in (``gateway_views``).

``docs/gateways.md`` describes both sides. The service keeps ``reference`` as an idempotency key, so that a repetition
is answered with the first one's id and sends nothing.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests

from helpdesk.channels.fetching import fetch
from helpdesk.channels.gateway import (
    Accepted,
    OutgoingCall,
    OutgoingSms,
    RemoteInbound,
    RemoteMessage,
    TransportError,
)
from helpdesk.channels.hmac_signature import headers
from helpdesk.channels.json_rules import read_inbound, status_of

TIMEOUT_SECONDS = 10
ABSENT = frozenset({404, 405, 501})
"""Answers of a service that does not offer a list."""


class WebhookGateway:
    """Messages and calls by signed JSON requests.

    Args:
        url: where the service is; requests go to ``/messages``, ``/calls`` and ``/inbound`` below it.
        secret: what both sides sign with.
        sender: our number.
    """

    name = "webhook"

    def __init__(self, url: str, secret: str, *, sender: str) -> None:
        self.account = account_of(url)
        self._url, self._secret, self._sender = url.rstrip("/"), secret, sender

    def send_message(self, sms: OutgoingSms) -> Accepted:
        """Hand over; the reference makes a repetition harmless, so that nothing has to be looked for."""
        return self._made(
            "/messages",
            sms.reference,
            {
                "to": sms.to,
                "body": sms.body,
                "status_callback": sms.status_callback,
                "valid_seconds": sms.valid_seconds,
            },
        )

    def place_call(self, call: OutgoingCall) -> Accepted:
        return self._made(
            "/calls",
            call.reference,
            {"to": call.to, "answer_url": call.answer_url, "status_callback": call.status_callback},
        )

    def find_messages(self, to: str, since: datetime) -> list[RemoteMessage]:
        """What the service lists; nothing where it keeps no list."""
        rows = self._listed("/messages", {"to": to, "since": since.astimezone(UTC).isoformat()})
        return [
            RemoteMessage(str(row["id"]), str(row["to"]), str(row["body"]), status_of(row.get("status")), None)
            for row in rows
        ]

    def find_inbound(self, since: datetime) -> list[RemoteInbound]:
        rows = self._listed("/inbound", {"since": since.astimezone(UTC).isoformat()})
        return [
            RemoteInbound(read_inbound(row, self.account), datetime.fromisoformat(str(row["sent_at"]))) for row in rows
        ]

    def fetch_media(self, url: str) -> bytes:
        """A file from the service itself, and from nobody else."""
        return fetch(url, (urlsplit(self._url).hostname or "",), trusted=self._url)

    def _made(self, path: str, reference: str, what: dict[str, Any]) -> Accepted:
        given = {name: value for name, value in what.items() if value is not None}
        made = self._asked("POST", path, {"reference": reference, "from": self._sender, **given})
        try:
            return Accepted(str(made["id"])[:64], status_of(made.get("status")))
        except (KeyError, TypeError, AttributeError) as error:
            raise TransportError("an answer without an id") from error

    def _listed(self, path: str, query: dict[str, str]) -> list[dict[str, Any]]:
        found = self._asked("GET", f"{path}?{urlencode(query)}", None)
        rows = found.get("messages", []) if isinstance(found, dict) else []
        return [row for row in rows if isinstance(row, dict)]

    def _asked(self, method: str, path: str, what: dict[str, Any] | None) -> Any:
        body = json.dumps(what, ensure_ascii=False).encode() if what else b""
        sent = {"Content-Type": "application/json", **headers(self._secret, int(time.time()), body)}
        if what:
            sent["Idempotency-Key"] = str(what["reference"])
        try:
            answer = requests.request(
                method, self._url + path, data=body, headers=sent, timeout=TIMEOUT_SECONDS, allow_redirects=False
            )
            code = answer.status_code
            if method == "GET" and code in ABSENT:
                return {}
            if 200 <= code < 300:
                return answer.json()
        except requests.RequestException as error:
            raise TransportError(type(error).__name__) from error
        permanent = 400 <= code < 500 and code not in (408, 425, 429)
        raise TransportError(f"HTTP {code}", permanent=permanent, unprocessed=code == 429, code=_code(answer))


def account_of(url: str) -> str:
    """The service's host: what its messages are filed under."""
    return (urlsplit(url).hostname or "")[:64]


def _code(answer: requests.Response) -> int | None:
    """The error code in an answer, of Twilio's numbering where the service knows it (21610: opted out)."""
    try:
        given = answer.json().get("code")
    except (ValueError, AttributeError):
        return None
    return given if isinstance(given, int) and 0 < given < 10**8 else None
