"""An inbound message is understood and answered."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from helpdesk.channels import late_arrivals
from helpdesk.chatbot import service
from helpdesk.triage import service as triage
from workers import runtime


def run(session: Session, payload: dict[str, Any], at: datetime) -> None:
    """``payload``: message_id; ``late`` for one that reached us too late for its answers."""
    settings = runtime.app().settings
    triage.refresh(session, settings.data_dir)
    before = late_arrivals.last_message(session) if payload.get("late") else 0
    service.handle_message(
        session,
        payload["message_id"],
        region=settings.default_region,
        assisted=settings.assist_url is not None,
        reworded=settings.assist_rewords,
        at=at,
    )
    if payload.get("late"):
        late_arrivals.answer_once(session, payload["message_id"], before, at=at)
