"""The doors of a webhook gateway: nothing without a signature, a repetition harmless, reports attached."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels import hmac_signature, service
from helpdesk.channels.models import InboundEvent, Message, MessageMedia
from tests.helpdesk.channels.conftest import LIN, Stored, stored
from tests.helpdesk.channels.test_gateways import webhook_settings
from tests.standins.webhook import SECRET, WebhookStandIn

MESSAGE = {"id": "in-1", "from": LIN, "to": "+85230000000", "body": "冰箱不冷", "extra": {"a": 1}}


@pytest.fixture
def post(client: Any, settings: Any) -> Any:
    """Post JSON to a door, signed rightly unless told otherwise."""
    service_of_ours = WebhookStandIn()
    client.application.settings = webhook_settings(settings, service_of_ours)
    service_of_ours._server.server_close()

    def post(path: str, what: Any, *, secret: str = SECRET, at: float | None = None, kind: str = "json") -> Any:
        body = what if isinstance(what, bytes) else json.dumps(what).encode()
        head = hmac_signature.headers(secret, int(at or time.time()), body)
        with client.application.app_context():
            return client.post(path, data=body, headers=head, content_type=f"application/{kind}")

    return post


@pytest.mark.clause("5.1.1-d")
def test_a_message_is_taken_once(post: Any, session: Session) -> None:
    answers = [post("/gateway/messages", MESSAGE), post("/gateway/messages", {**MESSAGE, "body": "other"})]
    assert [(answer.status_code, answer.get_json()["new"]) for answer in answers] == [(200, True), (200, False)]
    assert stored(session) == Stored(1, 1, 1)
    message = session.scalars(select(Message)).one()
    assert (message.provider, message.sid, message.from_number, message.body) == ("webhook", "in-1", LIN, "冰箱不冷")
    assert session.scalars(select(InboundEvent)).one().raw["extra"] == "{'a': 1}"


def test_the_old_secret_is_good_during_rotation(post: Any) -> None:
    assert post("/gateway/messages", MESSAGE, secret="old").status_code == 200


@pytest.mark.parametrize("path", ["/gateway/messages", "/gateway/status"])
@pytest.mark.parametrize(
    "wrong",
    [{"secret": "x"}, {"at": time.time() - 3600}, {"at": time.time() + 3600}, {"kind": "x-www-form-urlencoded"}],
)
def test_nothing_is_looked_at_without_a_right_signature(
    post: Any, session: Session, path: str, wrong: dict[str, Any]
) -> None:
    assert post(path, MESSAGE, **wrong).status_code == 403
    assert stored(session) == Stored(0, 0, 0)


def test_without_a_gateway_the_doors_are_closed(client: Any) -> None:
    body = json.dumps(MESSAGE).encode()
    head = hmac_signature.headers("", int(time.time()), body)
    assert client.post("/gateway/messages", data=body, headers=head, content_type="application/json").status_code == 403


@pytest.mark.parametrize(
    "what",
    [b"", b"[]", b"{", b'"x"', {}, {**MESSAGE, "id": ""}, {**MESSAGE, "id": "a b"}, {**MESSAGE, "id": 7},
     {**MESSAGE, "from": None}, {**MESSAGE, "to": " "}, {**MESSAGE, "body": ["x"]}, {**MESSAGE, "id": "x" * 65}],
)  # fmt: skip
def test_what_is_no_message_is_refused_and_leaves_nothing(post: Any, session: Session, what: Any) -> None:
    assert post("/gateway/messages", what).status_code == 400
    assert stored(session) == Stored(0, 0, 0)


def test_odd_media_are_left_out(post: Any, session: Session) -> None:
    media = [{"url": "https://files.example/1", "type": "image/png"}, {"url": 5}, "x", {"type": "image/png"}, {}]
    assert post("/gateway/messages", {**MESSAGE, "media": media}).status_code == 200
    assert [row.url for row in session.scalars(select(MessageMedia))] == ["https://files.example/1"]


def test_reports_only_rise_and_find_their_message(post: Any, session: Session) -> None:
    message = service.send_text(session, contact=None, to=LIN, text="hi", language="en", at=datetime.now(UTC))
    session.commit()
    report = {"id": "m-9", "reference": f"message:{message.id}"}
    for status in ("delivered", "sent", "delivered", "marvellous"):
        assert post("/gateway/status", {**report, "status": status}).status_code == 200
    session.refresh(message)
    assert (message.sid, message.status) == ("m-9", "delivered")
    assert post("/gateway/status", {"id": "nobody", "reference": "message:²", "status": "sent"}).status_code == 200
