"""A stand-in of the small service behind a webhook gateway: signed JSON, references kept as idempotency keys.

It takes the same faults as Twilio's stand-in and counts what it was asked.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from helpdesk.channels import hmac_signature
from tests.standins.twilio import E164, Fault

SECRET = "both-sides-know-it"


class WebhookStandIn:
    """A service on a free port of this machine."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []
        self.inbound: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str]] = []
        self.opted_out: set[str] = set()
        self.released = threading.Event()
        self._faults: deque[Fault] = deque()
        self._lock = threading.RLock()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> WebhookStandIn:
        self._thread.start()
        return self

    def __exit__(self, *_what: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def next(self, *faults: Fault) -> None:
        """The next POSTs go wrong so."""
        self._faults.extend(faults)

    def take_fault(self) -> Fault | None:
        with self._lock:
            return self._faults.popleft() if self._faults else None

    def asked(self, method: str) -> int:
        return sum(1 for seen in self.requests if seen[0] == method)

    def take(self, kind: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Act on a POST: once a reference."""
        if not E164.match(given["to"]):
            return 422, {"code": 21211}
        if given["to"] in self.opted_out:
            return 403, {"code": 21610}
        with self._lock:
            rows = self.messages if kind == "messages" else self.calls
            known = [row for row in rows if row["reference"] == given["reference"]]
            row = known[0] if known else {**given, "id": f"{kind[:-1]}-{len(rows) + 1}", "status": "queued"}
            if not known:
                rows.append(row)
        return 201, row


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, owner: WebhookStandIn) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.owner = owner

    def handle_error(self, _request: Any, _address: Any) -> None:
        """A client that has gone is what the faults are for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        if self._is_signed(b""):
            target = urlsplit(self.path)
            query = dict(parse_qsl(target.query))
            self.server.owner.requests.append(("GET", target.path))
            found = self.server.owner.inbound if target.path == "/inbound" else self.server.owner.messages
            self._answer(200, {"messages": [row for row in found if query.get("to") in (None, row["to"])]})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self._is_signed(body):
            return
        owner, kind = self.server.owner, self.path.strip("/")
        owner.requests.append(("POST", self.path))
        fault = owner.take_fault() or Fault(accept=True)
        status, answer = owner.take(kind, json.loads(body)) if fault.accept else (0, {})
        if fault.wait:
            owner.released.wait(fault.wait)
        if fault.answer:
            self._answer(fault.answer[0], {"code": fault.answer[1]})
        elif fault.drop:
            self.close_connection = True
            self.connection.close()
        else:
            self._answer(status, answer)

    def _is_signed(self, body: bytes) -> bool:
        given = (self.headers.get(name, "") for name in (hmac_signature.TIMESTAMP, hmac_signature.SIGNATURE))
        timestamp, signature = given
        if hmac_signature.verify([SECRET], timestamp, body, signature, now=time.time()):
            return True
        self._answer(403, {})
        return False

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Silent."""
