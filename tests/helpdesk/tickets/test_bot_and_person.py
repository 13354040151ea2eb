"""Bot and person on the ticket page: whose the conversation is, what was proposed, and the way back (B12)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels import service as channels
from helpdesk.channels.models import Message
from helpdesk.channels.rules import Inbound
from helpdesk.chatbot import service
from helpdesk.chatbot.assist.models import Suggestion
from helpdesk.chatbot.models import Conversation
from order_core.issues.models import Issue

LIN = "+85261230001"


@pytest.mark.clause("5.1.2-b")
def test_an_agent_sees_whose_it_is_and_gives_it_back(as_: Any, session: Session, at: datetime) -> None:
    for number, body in enumerate(("冰箱不冷，一直滴水", "轉人工")):
        sid = f"SM{number:032d}"
        channels.receive(session, "console", Inbound("AC1", sid, LIN, "+85230000000", body, [], {}), at=at)
        text = session.scalars(select(Message).where(Message.sid == sid)).one()
        service.handle_message(session, text.id, region="HK", at=at)
    issue = session.scalars(select(Issue).where(Issue.phone == LIN).order_by(Issue.id.desc())).first()
    assert issue is not None
    said = Suggestion(issue_id=issue.id, message_id=text.id, source="127.0.0.1", text="您好，我們馬上處理。", at=at)
    session.add(said)
    session.commit()
    mei = as_("mei")
    page = mei.get(f"/tickets/{issue.number}").get_data(as_text=True)
    assert "由專人處理" in page
    assert "您好，我們馬上處理。" in page
    assert "未傳送" in page
    assert mei.post(f"/tickets/{issue.number}/bot", {}).status_code == 302
    assert session.scalars(select(Conversation.owner).where(Conversation.phone == LIN)).one() == "bot"
    page = mei.get(f"/tickets/{issue.number}").get_data(as_text=True)
    assert "由機器人處理" in page
    assert "交回機器人" in page, "the journal says so"
    assert mei.post(f"/tickets/{issue.number}/bot", {}).status_code == 409
