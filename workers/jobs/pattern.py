"""A finished repair is compared with others of its batch: the same fault again opens a quality case."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from order_core.aftersales import quality


def run(session: Session, payload: dict[str, Any], at: datetime) -> None:
    """``payload``: issue_id."""
    quality.recurring(session, payload["issue_id"], at=at)
