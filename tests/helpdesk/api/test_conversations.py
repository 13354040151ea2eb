"""Bots that live elsewhere: they take a conversation, answer in it and hand it on, by the API and under our rules."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpdesk.channels import outgoing
from helpdesk.channels import service as channels
from helpdesk.channels.models import Message
from helpdesk.channels.rules import Inbound
from helpdesk.chatbot import service
from helpdesk.chatbot.models import Conversation
from helpdesk.demo import people

LIN = "+85261230001"


class Bot:
    """A bot elsewhere, with a token."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def ask(self, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer {people.TOKEN}"} | ({"Idempotency-Key": key} if key else {})
        with self.client.application.app_context():
            return self.client.open(f"/api/v1/conversations/{path}", method=method, json=body, headers=headers)


@pytest.fixture
def bot(client: Any, company: Any) -> Bot:
    return Bot(client)


def text(session: Session, body: str, at: datetime) -> None:
    sid = f"SM{session.scalar(select(func.count(Message.id))):032d}"
    channels.receive(session, "console", Inbound("AC1", sid, LIN, "+85230000000", body, [], {}), at=at)
    message = session.scalars(select(Message).where(Message.sid == sid)).one()
    service.handle_message(session, message.id, region="HK", at=at)
    session.commit()


@pytest.mark.clause("5.1.2-b")
def test_a_bot_elsewhere_takes_answers_and_hands_on(bot: Bot, session: Session, at: datetime) -> None:
    assert bot.ask("GET", "+85261230001").status_code == 404
    text(session, "冰箱不冷，一直滴水", at)
    seen = bot.ask("GET", "+85261230001").json
    assert (seen["owner"], seen["question"], seen["language"]) == ("bot", "since", "zh-Hant")
    assert seen["ticket"].startswith("T")

    refused = bot.ask("POST", "+85261230001/messages", {"text": "您好"})
    assert (refused.status_code, refused.json["type"]) == (409, "urn:ordercare:talk.not_yours")
    assert bot.ask("POST", "+85261230001/owner", {"owner": "outside"}).json["owner"] == "outside"

    before = session.scalar(select(func.count(Message.id)))
    text(session, "昨天開始", at)
    assert session.scalar(select(func.count(Message.id))) == (before or 0) + 1, "our bot is silent meanwhile"

    for _time in range(2):
        said = bot.ask("POST", "+85261230001/messages", {"text": "請問冰箱的溫度是幾度？"}, key="once")
        assert said.status_code == 201
    ours = session.scalars(select(Message).where(Message.purpose == "outside")).all()
    assert [(row.author_kind, row.issue_id) for row in ours] == [("bot", seen["ticket_id"])]
    barred = bot.ask("POST", "+85261230001/messages", {"text": "reply CANCEL to call it off"})
    assert barred.status_code == 400

    assert outgoing.prepare(session, {"message_id": ours[0].id}, at, False) is not None
    assert bot.ask("POST", "+85261230001/owner", {"owner": "human"}).json["owner"] == "human"
    assert outgoing.prepare(session, {"message_id": ours[0].id}, at, False) is None, "a person has it: it stays unsaid"
    assert bot.ask("POST", "+85261230001/owner", {"owner": "outside"}).status_code == 409
    assert bot.ask("POST", "+85261230001/owner", {"owner": "bot"}).json["owner"] == "bot"
    text(session, "師傅幾點到", at)
    session.expire_all()
    assert session.scalars(select(Conversation).where(Conversation.phone == LIN)).one().owner == "bot"
    last = session.scalars(select(Message).where(Message.direction == "out").order_by(Message.id.desc())).first()
    assert last is not None
    assert last.purpose == "status.ticket"
