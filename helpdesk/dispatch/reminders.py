"""Reminding the customer of a visit that still stands."""

from datetime import datetime

from sqlalchemy.orm import Session

from helpdesk.dispatch.machine import OPEN
from helpdesk.dispatch.models import Visit
from helpdesk.dispatch.service import tell_customer


def remind(session: Session, visit_id: int, *, at: datetime) -> bool:
    """Send the reminder when the visit is still to come; a moved or cancelled one says nothing."""
    visit = session.get_one(Visit, visit_id)
    if visit.state not in OPEN or visit.starts_at <= at:
        return False
    tell_customer(session, visit, "visit.reminder", at=at)
    return True
