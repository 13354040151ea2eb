"""Records that every company has from its first day."""

from sqlalchemy.orm import Session

from order_core.parties.models import Department
from order_core.rulebook.departments import DEPARTMENTS


def ensure_departments(session: Session) -> int:
    """Add the departments of the regulation that are not there; returns how many were added."""
    missing = [code for code in DEPARTMENTS if session.get(Department, code) is None]
    session.add_all(Department(code=code, names=DEPARTMENTS[code]) for code in missing)
    session.flush()
    return len(missing)
