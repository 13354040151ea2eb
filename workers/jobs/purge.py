"""Rows of the outbox that were brought about long ago are let go."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from order_core.kernel.outbox import OutboxRow

KEPT = timedelta(days=90)
"""Longer than the longest period of a key that must stay used (surveys, reminders)."""


def run(session: Session, _payload: dict[str, Any], at: datetime) -> None:
    """Rows that failed or died stay: somebody has to look at them."""
    old = OutboxRow.done_at < at - KEPT
    session.execute(delete(OutboxRow).where(OutboxRow.state.in_(("done", "cancelled")), old))
