"""A small honest stand-in of Twilio's REST API: the official client talks to it through ``TWILIO_API_BASE_URL``.

    with TwilioStandIn() as twilio:
        twilio.next(accept_then_drop())
        ...                                 # a message is sent through a gateway with base_url=twilio.url
        assert [m["body"] for m in twilio.messages] == ["..."]

It checks what Twilio checks (account, password, required fields, opt-outs) with Twilio's status and error
codes, remembers what it accepted, and misbehaves when told to: see the functions that make a ``Fault``.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import socket
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

ACCOUNT = "AC" + "1" * 32
TOKEN = "stand-in-token"
VERSION = "2010-04-01"
E164 = re.compile(r"^\+[1-9]\d{6,14}$")
PATH = re.compile(rf"^/{VERSION}/Accounts/(?P<account>\w+)/(?P<kind>Messages|Calls)(?:/(?P<sid>\w+))?\.json$")
MEDIA = re.compile(rf"^/{VERSION}/Accounts/\w+/Messages/(?P<sid>\w+)/Media\.json$")
LONGEST_BODY = 1600
MOST_A_PAGE = 1000

Record = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """How one request goes wrong.

    Args:
        accept: whether it is acted on before anything goes wrong.
        answer: status, error code and headers instead of the true answer.
        drop: close the connection without an answer.
        wait: seconds to keep the client waiting (released early when the stand-in closes).
    """

    accept: bool = False
    answer: tuple[int, int, dict[str, str]] | None = None
    drop: bool = False
    wait: float = 0.0


def refuse(status: int = 500, code: int = 20500) -> Fault:
    """Answer with an error before accepting anything."""
    return Fault(answer=(status, code, {}))


def rate_limit(retry_after: int = 1) -> Fault:
    """429 with Retry-After: certainly not acted on."""
    return Fault(answer=(429, 20429, {"Retry-After": str(retry_after)}))


def accept_then_fail(status: int = 500) -> Fault:
    """Act on it, then answer with an error: an unknown outcome."""
    return Fault(accept=True, answer=(status, 20500, {}))


def accept_then_drop() -> Fault:
    """Act on it, then close the connection: an unknown outcome."""
    return Fault(accept=True, drop=True)


def drop() -> Fault:
    """Close the connection without acting: an unknown outcome as well, seen from outside."""
    return Fault(drop=True)


def time_out(*, accept: bool, after: float = 30.0) -> Fault:
    """Let the client's patience run out, having acted or not."""
    return Fault(accept=accept, drop=True, wait=after)


def slow(seconds: float) -> Fault:
    """Answer truly, but late."""
    return Fault(accept=True, wait=seconds)


class Refused(Exception):
    """A request that Twilio refuses, with its status and error code."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass
class TwilioStandIn:
    """A Twilio with one account on a free port of this machine."""

    account: str = ACCOUNT
    token: str = TOKEN
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    messages: list[Record] = field(default_factory=list)
    calls: list[Record] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """Every authorised request: method, ``Messages`` or ``Calls``, its fields."""
    media: dict[str, list[str]] = field(default_factory=dict)
    """Sid → paths of its files."""
    files: dict[str, tuple[int, str, bytes]] = field(default_factory=dict)
    """Path → status, content type (or where it redirects to) and bytes of what came with messages."""
    opted_out: set[str] = field(default_factory=set)
    """Numbers that have sent STOP: 21610."""

    def __post_init__(self) -> None:
        self.released = threading.Event()
        self._lock = threading.RLock()
        self._faults: dict[str, deque[Fault]] = {"POST": deque(), "GET": deque()}
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The base address, for ``TWILIO_API_BASE_URL``."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> TwilioStandIn:
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def next(self, *faults: Fault, method: str = "POST") -> None:
        """The next requests of this method go wrong so, one fault each; those after them go well."""
        with self._lock:
            self._faults[method].extend(faults)

    def forget_faults(self) -> None:
        """Everything goes well from here on."""
        with self._lock:
            for waiting in self._faults.values():
                waiting.clear()

    def asked(self, method: str, kind: str = "Messages") -> int:
        """How many authorised requests of this kind have come."""
        with self._lock:
            return sum(1 for seen in self.requests if seen[:2] == (method, kind))

    def progress(self, sid: str, status: str, error_code: int | None = None) -> dict[str, str]:
        """Move a message on; returns the form that Twilio would post to its status callback."""
        with self._lock:
            message = next(row for row in self.messages if row["sid"] == sid)
            message["status"], message["error_code"] = status, error_code
            message["date_updated"] = _stamp(self.now())
            if status in ("sent", "delivered"):
                message["date_sent"] = message["date_sent"] or _stamp(self.now())
            form = {"MessageSid": sid, "SmsSid": sid, "MessageStatus": status, "SmsStatus": status}
            form |= {"AccountSid": self.account, "To": message["to"], "From": message["from"] or ""}
            return form | ({"ErrorCode": str(error_code)} if error_code else {})

    def write_in(self, sender: str, body: str, *, to: str, sent_at: datetime, media: Sequence[str] = ()) -> Record:
        """A message to the account, as the list shows it; ``media``: paths of ``files``. No webhook is posted."""
        sid = ("MM" if media else "SM") + secrets.token_hex(16)
        row = {
            **self._common(sid, "Messages", to), "from": sender, "body": body, "status": "received",
            "direction": "inbound", "num_segments": "1", "num_media": str(len(media)), "messaging_service_sid": None,
            "date_sent": _stamp(sent_at), "date_created": _stamp(sent_at), "error_code": None, "error_message": None,
        }  # fmt: skip
        with self._lock:
            self.messages.append(row)
            self.media[sid] = list(media)
        return row

    def take_fault(self, method: str) -> Fault | None:
        """The fault of the request that has just come, if one was ordered."""
        with self._lock:
            waiting = self._faults[method]
            return waiting.popleft() if waiting else None

    def note(self, method: str, target: str, fields: dict[str, str]) -> None:
        """Remember that this was asked, whatever becomes of it."""
        with self._lock:
            self.requests.append((method, "Calls" if "/Calls" in target else "Messages", fields))

    def handle(self, method: str, target: str, fields: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Act on a request as Twilio would; raises ``Refused``."""
        if method == "GET" and (listed := MEDIA.match(target)):
            files = [
                {"sid": file.rsplit("/", 1)[1], "uri": f"{file}.json", "content_type": self.files[file][1]}
                for file in self.media[listed["sid"]]
            ]
            return 200, {"media_list": files, "next_page_uri": None, "uri": target, "page": 0, "page_size": 50}
        path = PATH.match(target)
        if path is None:
            raise Refused(404, 20404, f"The requested resource {target} was not found")
        if path["account"] != self.account:
            raise Refused(401, 20003, "Authenticate")
        with self._lock:
            rows = self.messages if path["kind"] == "Messages" else self.calls
            if method == "POST" and path["sid"] is None:
                make = self._message if path["kind"] == "Messages" else self._call
                rows.append(make(fields))
                return 201, rows[-1]
            if method == "GET" and path["sid"] is None:
                return 200, self._list(target, path["kind"].lower(), rows, fields)
            if method == "GET":
                for row in rows:
                    if row["sid"] == path["sid"]:
                        return 200, row
        raise Refused(404, 20404, f"The requested resource {target} was not found")

    def _message(self, given: dict[str, str]) -> Record:
        to, sender, service = given.get("To", ""), given.get("From"), given.get("MessagingServiceSid")
        if not to:
            raise Refused(400, 21604, "A 'To' phone number is required.")
        if not sender and not service:
            raise Refused(400, 21603, "A 'From' phone number is required.")
        if not given.get("Body") and not given.get("MediaUrl"):
            raise Refused(400, 21602, "Message body is required.")
        if len(given.get("Body", "")) > LONGEST_BODY:
            raise Refused(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
        self._reachable(to)
        sid = "SM" + secrets.token_hex(16)
        return {
            **self._common(sid, "Messages", to),
            "from": sender,
            "messaging_service_sid": service,
            "body": given.get("Body", ""),
            "status": "accepted" if service else "queued",
            "direction": "outbound-api",
            "num_segments": "1",
            "num_media": "1" if given.get("MediaUrl") else "0",
            "date_sent": None,
            "error_code": None,
            "error_message": None,
            "status_callback": given.get("StatusCallback"),
        }

    def _call(self, given: dict[str, str]) -> Record:
        for name, code in (("To", 21201), ("From", 21213)):
            if not given.get(name):
                raise Refused(400, code, f"No '{name}' number is specified")
        if not any(given.get(name) for name in ("Url", "Twiml", "ApplicationSid")):
            raise Refused(400, 21205, "Url parameter is required.")
        self._reachable(given["To"])
        sid = "CA" + secrets.token_hex(16)
        return {
            **self._common(sid, "Calls", given["To"]),
            "from": given["From"],
            "status": "queued",
            "direction": "outbound-api",
            "start_time": None,
            "end_time": None,
            "duration": None,
            "url": given.get("Url"),
            "status_callback": given.get("StatusCallback"),
        }

    def _reachable(self, to: str) -> None:
        if not E164.match(to.removeprefix("whatsapp:")):
            raise Refused(400, 21211, f"The 'To' number {to} is not a valid phone number.")
        if to in self.opted_out:
            raise Refused(400, 21610, "Attempt to send to unsubscribed recipient")

    def _common(self, sid: str, kind: str, to: str) -> Record:
        stamp = _stamp(self.now())
        uri = f"/{VERSION}/Accounts/{self.account}/{kind}/{sid}.json"
        return {
            "sid": sid, "account_sid": self.account, "api_version": VERSION, "uri": uri, "to": to,
            "date_created": stamp, "date_updated": stamp, "price": None, "price_unit": "USD", "subresource_uris": {},
        }  # fmt: skip

    def _list(self, target: str, key: str, rows: list[Record], query: dict[str, str]) -> dict[str, Any]:
        wanted = [row for row in reversed(rows) if _fits(row, query)]
        size = min(int(query.get("PageSize", "50")), MOST_A_PAGE)
        page = int(query.get("Page", "0"))
        start = page * size
        filters = {name: value for name, value in query.items() if name not in ("Page", "PageSize")}
        following = urlencode({**filters, "PageSize": size, "Page": page + 1})
        return {
            key: wanted[start : start + size],
            "page": page,
            "page_size": size,
            "start": start,
            "end": max(start, min(len(wanted), start + size) - 1),
            "uri": target,
            "first_page_uri": f"{target}?{urlencode({**filters, 'PageSize': size, 'Page': 0})}",
            "previous_page_uri": None,
            "next_page_uri": f"{target}?{following}" if start + size < len(wanted) else None,
        }


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, owner: TwilioStandIn) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.owner = owner

    def handle_error(self, _request: Any, _address: Any) -> None:
        """A client that has gone is what the faults are for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._serve(dict(parse_qsl(urlsplit(self.path).query)))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self._serve(dict(parse_qsl(body, keep_blank_values=True)))

    def _serve(self, fields: dict[str, str]) -> None:
        owner, target = self.server.owner, urlsplit(self.path).path
        if not self._is_authorised():
            self._refuse(Refused(401, 20003, "Authenticate"))
            return
        if target in owner.files:
            self._file(*owner.files[target])
            return
        owner.note(self.command, target, fields)
        fault = owner.take_fault(self.command) or Fault(accept=True)
        status, answer = 0, dict[str, Any]()
        try:
            if fault.accept:
                status, answer = owner.handle(self.command, target, fields)
        except Refused as refused:
            self._refuse(refused)
            return
        if fault.wait:
            owner.released.wait(fault.wait)
        if fault.answer:
            wrong, code, headers = fault.answer
            self._refuse(Refused(wrong, code, HTTPStatus(wrong).phrase), headers)
        elif fault.drop:
            self._hang_up()
        else:
            self._answer(status, answer)

    def _is_authorised(self) -> bool:
        pair = f"{self.server.owner.account}:{self.server.owner.token}".encode()
        expected = "Basic " + base64.b64encode(pair).decode()
        return secrets.compare_digest(self.headers.get("Authorization", ""), expected)

    def _refuse(self, refused: Refused, headers: dict[str, str] | None = None) -> None:
        more = f"https://www.twilio.com/docs/errors/{refused.code}"
        body = {"code": refused.code, "message": str(refused), "more_info": more, "status": refused.status}
        self._answer(refused.status, body, headers)

    def _answer(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _file(self, status: int, kind: str, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Location" if status in (301, 302, 307) else "Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Silent."""


def _stamp(moment: datetime) -> str:
    """RFC 2822 in GMT with whole seconds, as Twilio writes times."""
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0))


def _fits(row: Record, query: dict[str, str]) -> bool:
    """Twilio's filters; ``DateSent`` never finds a message that is still queued."""
    if any(query.get(name) not in (None, row[name.lower()]) for name in ("To", "From")):
        return False
    return row.get("date_sent") is not None or not any(name.startswith("DateSent") for name in query)
