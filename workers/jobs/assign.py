"""A booked visit is given to a technician."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from helpdesk.dispatch import service


def run(session: Session, payload: dict[str, Any], at: datetime) -> None:
    """``payload``: visit_id."""
    service.assign(session, payload["visit_id"], at=at)
