"""Recurring duties are kept going: rounds planned, opened, missed. The app has imported every room with its duties."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from order_core.rounds import service


def run(session: Session, _payload: dict[str, Any], at: datetime) -> None:
    """Once an hour is enough: rounds open at a midnight of their own zone."""
    service.keep_all_going(session, at=at)
