"""The demo's hotline: Mei and Jun share the opening hours of four weeks."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from helpdesk.hotline import roster
from order_core.parties.models import Person

WEEKS = 4
OVERLAP = timedelta(hours=1)
"""In which the two hand over."""


def add_roster(session: Session, staff: dict[str, Person], *, at: datetime) -> None:
    """Whoever is on duty first changes from day to day."""
    for day, span in enumerate(roster.opening(session, at, at + timedelta(weeks=WEEKS))):
        middle = span.starts_at + (span.ends_at - span.starts_at) / 2
        first, second = (staff["mei"], staff["jun"])[:: 1 if day % 2 else -1]
        by = staff["hua"].actor()
        roster.add(session, first, span.starts_at, middle, by=by, at=at)
        late = max(span.starts_at, middle - OVERLAP)
        roster.add(session, second, late, span.ends_at, by=by, at=at)
