"""Offers whose last day is over expire."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from order_core.acquisition.quote import service


def run(session: Session, _payload: dict[str, Any], at: datetime) -> None:
    """Once an hour is enough: offers end with a day."""
    service.lapse_due(session, at=at)
