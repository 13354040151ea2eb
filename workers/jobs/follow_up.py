"""A question that was never answered, or a person who did not come: looked at once more."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from helpdesk.chatbot import follow_up


def run(session: Session, payload: dict[str, Any], at: datetime) -> None:
    """``payload``: kind, issue_id."""
    follow_up.run(session, payload, at=at)
