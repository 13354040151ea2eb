"""An inbound message is understood and answered."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from helpdesk.chatbot import service
from helpdesk.triage import service as triage
from workers import runtime


def run(session: Session, payload: dict[str, Any], at: datetime) -> None:
    """``payload``: message_id."""
    settings = runtime.app().settings
    triage.refresh(session, settings.data_dir)
    service.handle_message(
        session,
        payload["message_id"],
        region=settings.default_region,
        assisted=settings.assist_url is not None,
        reworded=settings.assist_rewords,
        at=at,
    )
