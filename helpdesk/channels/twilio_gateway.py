"""Twilio through its official client: the only file that imports it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from requests.exceptions import RequestException
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from helpdesk.channels.fetching import fetch
from helpdesk.channels.gateway import (
    Accepted,
    OutgoingCall,
    OutgoingSms,
    RemoteInbound,
    RemoteMessage,
    TransportError,
)
from helpdesk.channels.rules import MAX_MEDIA, Inbound, read_message

TIMEOUT_SECONDS = 10
MOST_INBOUND = 5000
API_HOST = "api.twilio.com"
MEDIA_HOSTS = (API_HOST, ".twiliocdn.com")
"""Where Twilio serves and keeps the files of messages."""
NEVER_AGAIN = frozenset({21211, 21212, 21408, 21610, 21612, 21614, 21617, 30004, 30005, 30006})
"""Twilio's errors that a repetition cannot cure: invalid or unreachable number, opt-out, too long."""


class RedirectedHttpClient(TwilioHttpClient):  # type: ignore[misc]
    """The official HTTP client with scheme and host of every request rewritten (a stand-in, a proxy)."""

    def __init__(self, base_url: str | None) -> None:
        super().__init__(timeout=TIMEOUT_SECONDS, max_retries=0)
        self._base = urlsplit(base_url) if base_url else None

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        if self._base is not None:
            asked = urlsplit(url)
            path = self._base.path.rstrip("/") + asked.path
            url = urlunsplit((self._base.scheme, self._base.netloc, path, asked.query, ""))
        return super().request(method, url, *args, **kwargs)


class TwilioGateway:
    """Messages and calls by Twilio's REST API.

    Args:
        account: account sid; token: its auth token (the first one during rotation).
        sender: our number in E.164, or None; service: Messaging Service sid, which wins over the number.
        base_url: where REST calls go instead of Twilio.
    """

    name = "twilio"

    def __init__(
        self,
        account: str,
        token: str,
        *,
        sender: str | None,
        service: str | None = None,
        base_url: str | None = None,
    ) -> None:
        self.account = account
        self._token = token
        self._base_url = base_url
        self._sender = sender
        self._service = service
        self._client = Client(account, token, http_client=RedirectedHttpClient(base_url))

    def send_message(self, sms: OutgoingSms) -> Accepted:
        """Send, or adopt what an earlier attempt sent: with ``look_first`` the Messages list is asked before."""
        if sms.look_first:
            for found in self.find_messages(sms.to, sms.created_at):
                if found.body == sms.body and found.sid not in sms.known_sids:
                    return Accepted(found.sid, found.status)
        given = {"status_callback": sms.status_callback, "validity_period": sms.valid_seconds}
        options = {name: value for name, value in given.items() if value is not None}
        origin = self._origin(sms.to)
        message = self._asked(lambda: self._client.messages.create(to=sms.to, body=sms.body, **origin, **options))
        return Accepted(str(message.sid), str(message.status))

    def _origin(self, to: str) -> dict[str, Any]:
        """Who sends; WhatsApp knows our number by a name of its own."""
        if self._service:
            return {"messaging_service_sid": self._service}
        return {"from_": f"whatsapp:{self._sender}" if to.startswith("whatsapp:") else self._sender}

    def find_messages(self, to: str, since: datetime) -> list[RemoteMessage]:
        """The list is asked without DateSent (queued messages have none yet) and cut by creation time."""
        rows = self._asked(lambda: self._client.messages.list(to=to, limit=200))
        earliest = since.astimezone(UTC) - timedelta(seconds=5)  # their clock has whole seconds, and is another one
        return [
            RemoteMessage(str(row.sid), str(row.to), str(row.body), str(row.status), row.date_created)
            for row in rows
            if row.date_created is None or row.date_created >= earliest
        ]

    def find_inbound(self, since: datetime) -> list[RemoteInbound]:
        """What came in since then, to any of our senders; the list is cut by the day, so it is cut again here."""
        rows = self._asked(lambda: self._client.messages.list(date_sent_after=since, limit=MOST_INBOUND))
        return [
            RemoteInbound(self._as_webhook(row), row.date_sent or row.date_created)
            for row in rows
            if row.direction == "inbound" and (row.date_sent or row.date_created) >= since
        ]

    def _as_webhook(self, row: Any) -> Inbound:
        """The listed message as the form that its webhook posts; its files are listed apart."""
        form = {
            "MessageSid": str(row.sid), "AccountSid": self.account, "From": str(row.from_), "To": str(row.to),
            "Body": str(row.body or ""), "NumMedia": str(row.num_media or 0), "NumSegments": str(row.num_segments or 1),
        }  # fmt: skip
        if form["NumMedia"] != "0":
            files = self._asked(lambda: self._client.messages(row.sid).media.list(limit=MAX_MEDIA))
            for index, file in enumerate(files):
                form[f"MediaUrl{index}"] = f"https://{API_HOST}{str(file.uri).removesuffix('.json')}"
                form[f"MediaContentType{index}"] = str(file.content_type)
        return read_message({name: [value] for name, value in form.items()})

    def fetch_media(self, url: str) -> bytes:
        """A file by its address at Twilio; the address redirects to where Twilio keeps it."""
        if self._base_url:
            url = url.replace(f"https://{API_HOST}", self._base_url.rstrip("/"), 1)
        return fetch(url, MEDIA_HOSTS, auth=(self.account, self._token), trusted=self._base_url)

    def place_call(self, call: OutgoingCall) -> Accepted:
        options: dict[str, Any] = {"status_callback": call.status_callback} if call.status_callback else {}
        made = self._asked(
            lambda: self._client.calls.create(to=call.to, from_=self._sender, url=call.answer_url, **options)
        )
        return Accepted(str(made.sid), str(made.status))

    def _asked(self, work: Any) -> Any:
        try:
            return work()
        except TwilioRestException as error:
            raise TransportError(
                f"{error.status} {error.code}: {error.msg}"[:300],
                permanent=error.code in NEVER_AGAIN or (400 <= error.status < 500 and error.status not in (408, 429)),
                unprocessed=error.status == 429,
                code=error.code,
            ) from error
        except (TwilioException, RequestException) as error:
            raise TransportError(type(error).__name__) from error
