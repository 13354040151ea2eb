"""A customer is reminded of a visit that still stands."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from helpdesk.dispatch import reminders


def run(session: Session, payload: dict[str, Any], at: datetime) -> None:
    """``payload``: visit_id."""
    reminders.remind(session, payload["visit_id"], at=at)
