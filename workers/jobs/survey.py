"""A survey goes out."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from helpdesk.surveys import service


def run(session: Session, payload: dict[str, Any], at: datetime) -> None:
    """``payload``: survey_id."""
    service.send(session, payload["survey_id"], at=at)
