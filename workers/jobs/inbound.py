"""An inbound message is understood and answered."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from helpdesk.chatbot import service
from workers import runtime


def run(session: Session, payload: dict[str, Any], at: datetime) -> None:
    """``payload``: message_id."""
    region = runtime.app().settings.default_region
    service.handle_message(session, payload["message_id"], region=region, at=at)
