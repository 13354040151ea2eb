"""A customer is told of a step of a case of his."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from helpdesk.pipeline import customers


def run(session: Session, payload: dict[str, Any], at: datetime) -> None:
    """``payload``: kind, id, step, entry."""
    customers.tell(session, payload, at=at)
