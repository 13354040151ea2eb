"""The next batch of an action on many tickets."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from helpdesk.tickets import bulk


def run(session: Session, payload: dict[str, Any], at: datetime) -> None:
    """``payload``: bulk_id."""
    bulk.work(session, payload["bulk_id"], at=at)
