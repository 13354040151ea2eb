"""The simulator's telephone: keypad, typed words and a message, through the real signed webhooks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from flask import g
from sqlalchemy.orm import Session

from tests.helpdesk.channels.conftest import CHEN, LIN, SMITH, Outside
from tests.helpdesk.hotline.conftest import Books

Dial = Callable[..., dict[str, Any]]


@pytest.fixture
def ring(outside: Outside, books: Books, session: Session) -> Dial:
    """Post to a door of the simulator; its JSON."""

    def post(path: str, **fields: str) -> dict[str, Any]:
        g.pop("_flask_babel", None)
        with outside.client.application.app_context():
            answer = outside.client.post(f"/simulator/{path}", data=fields)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        found: dict[str, Any] = answer.get_json()
        return found

    return post


@pytest.mark.parametrize(
    ("phone", "tongue", "words"),
    [(LIN, "yue-HK", "雪櫃唔凍"), (CHEN, "cmn-CN", "冰箱不制冷"), (SMITH, "en-US", "The fridge is warm inside")],
)
def test_a_fault_is_told_by_words(ring: Dial, books: Books, phone: str, tongue: str, words: str) -> None:
    heard = ring("call", phone=phone)
    assert (heard["kind"], heard["lines"][0]["language"], heard["ended"]) == ("ask", tongue, False)
    call = {"phone": phone, "sid": heard["sid"]}
    heard = ring("press", **call, action=heard["action"], digits="2")
    heard = ring("press", **call, action=heard["action"], words=words)
    assert (heard["kind"], heard["ended"]) == ("end", True)
    assert "<Hangup" in heard["twiml"]
    assert books.issues() == 1


def test_the_queue_and_several_keys(ring: Dial, outside: Outside, books: Books) -> None:
    heard = ring("call", phone="anonymous")
    call = {"phone": "anonymous", "sid": heard["sid"]}
    heard = ring("press", **call, action=heard["action"], digits="0")
    assert (heard["kind"], heard["many"]) == ("ask", True), "a withheld number is asked for one to ring"
    heard = ring("press", **call, action=heard["action"], digits="61230001")
    assert (heard["kind"], heard["queued"]) == ("queue", True)
    with outside.client.application.app_context():
        assert outside.client.get(f"/simulator/line?sid={heard['sid']}").get_json() == {"state": "queued"}
        assert outside.client.get("/simulator/line?sid=x").get_json() == {"state": "ended"}
        assert outside.client.post("/simulator/send", data={"phone": "anonymous", "body": "x"}).status_code == 404


def test_a_message_after_hours(ring: Dial, books: Books, closed: datetime) -> None:
    heard = ring("call", phone=SMITH)
    call = {"phone": SMITH, "sid": heard["sid"]}
    heard = ring("press", **call, action=heard["action"], digits="0")
    assert heard["kind"] == "record"
    heard = ring("press", **call, action=heard["action"], message="12")
    assert "Your message is kept" in heard["lines"][0]["text"]
    assert books.issues() == 1
