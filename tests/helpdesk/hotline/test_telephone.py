"""What Twilio's REST API is asked about calls under way, seen from its side."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from helpdesk.channels.gateway import TransportError
from helpdesk.hotline.telephone import RemoteCall, TwilioTelephone

ACCOUNT = "AC" + "1" * 32
HERE = f"/2010-04-01/Accounts/{ACCOUNT}"
CALL, RECORDING = "CA" + "2" * 32, "RE" + "3" * 32
STAMP = "Mon, 23 Nov 2026 04:00:00 +0000"
CALLS = {
    "calls": [
        {"sid": CALL, "direction": "inbound", "from": "+85261230001", "to": "+85230000000", "status": "completed",
         "start_time": STAMP, "duration": "42"},
        {"sid": "CA" + "4" * 32, "direction": "outbound-api", "from": "+85230000000", "to": "+85230000000",
         "status": "completed", "start_time": STAMP, "duration": "3"},
    ],
    "next_page_uri": None, "page_size": 50,
}  # fmt: skip
RECORDINGS = {"recordings": [{"sid": RECORDING, "call_sid": CALL, "duration": "17"}], "next_page_uri": None}
ANSWERS: dict[tuple[str, str], tuple[int, Any]] = {
    ("POST", f"{HERE}/Calls/{CALL}.json"): (200, {"sid": CALL}),
    ("POST", f"{HERE}/Calls/{CALL}/Recordings/Twilio.CURRENT.json"): (200, {"sid": RECORDING}),
    ("DELETE", f"{HERE}/Recordings/{RECORDING}.json"): (204, None),
    ("GET", f"{HERE}/Recordings/{RECORDING}.mp3"): (200, b"ID3sound"),
    ("GET", f"{HERE}/Calls.json"): (200, CALLS),
    ("GET", f"{HERE}/Recordings.json"): (200, RECORDINGS),
}


class Side:
    """A server that answers what is listed above, and 404 as Twilio does to everything else."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        side = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                path = urlsplit(self.path).path
                side.asked.append((self.command, path, dict(parse_qsl(body))))
                missing = (404, {"code": 20404, "message": "not found", "status": 404})
                status, answer = ANSWERS.get((self.command, path), missing)
                content = (
                    answer if isinstance(answer, bytes) else b"" if answer is None else json.dumps(answer).encode()
                )
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_DELETE = _serve

            def log_message(self, *_args: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.phone = TwilioTelephone(ACCOUNT, "t", base_url=f"http://127.0.0.1:{self.server.server_port}")


@pytest.fixture
def side() -> Iterator[Side]:
    made = Side()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_a_line_is_moved_and_its_recording_paused(side: Side) -> None:
    side.phone.move(CALL, "https://care.example/twilio/voice/hold?call=7")
    side.phone.pause(CALL, True)
    side.phone.pause(CALL, False)
    fields = [fields for _method, _path, fields in side.asked]
    assert fields[0] == {"Url": "https://care.example/twilio/voice/hold?call=7", "Method": "POST"}
    assert fields[1] == {"Status": "paused", "PauseBehavior": "silence"}
    assert fields[2] == {"Status": "in-progress"}


def test_a_recording_is_heard_and_deleted(side: Side) -> None:
    assert side.phone.sound(RECORDING) == (b"ID3sound", "audio/mpeg")
    side.phone.delete(RECORDING)
    side.phone.delete("RE" + "9" * 32)
    assert [method for method, _path, _fields in side.asked] == ["GET", "DELETE", "DELETE"], "one that is gone is gone"


def test_calls_that_came_are_listed_with_their_messages(side: Side) -> None:
    since = datetime(2026, 11, 22, tzinfo=UTC)
    came = RemoteCall(CALL, "+85261230001", datetime(2026, 11, 23, 4, tzinfo=UTC), 42, ((RECORDING, 17),))
    assert side.phone.calls("+85230000000", since) == [came], "our own calls are none"


def test_a_refusal_says_what_follows_from_it(side: Side) -> None:
    with pytest.raises(TransportError) as refused:
        side.phone.move("CA" + "9" * 32, "https://care.example/x")
    assert (refused.value.permanent, refused.value.code) == (True, 20404)
    with pytest.raises(TransportError) as gone:
        side.phone.sound("RE" + "9" * 32)
    assert gone.value.permanent
