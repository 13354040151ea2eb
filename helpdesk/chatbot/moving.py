"""Moving a visit to another window as one deed: the old one ends, the new one holds, the part goes along (B17)."""

from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpdesk.dispatch import service as dispatch
from helpdesk.dispatch.machine import OPEN
from helpdesk.dispatch.models import Visit
from order_core.issues.models import Issue
from order_core.kernel.actor import Actor
from order_core.kernel.case import note
from order_core.kernel.journal import NOTE_PREFIX, JournalEntry

CUT_OFF = timedelta(hours=4)
"""So long before its window a visit may still be moved or called off by a message."""
MOST_MOVES = 3
"""Moves of one ticket's visit that need no person."""


def fixed(session: Session, visit: Visit | None, *, at: datetime) -> Literal["", "near", "often", "under_way"]:
    """Why the bot may not move or call off a visit; empty when it may, or when there is none."""
    if visit is None:
        return ""
    if visit.state not in OPEN:
        return "under_way"
    if visit.starts_at - at < CUT_OFF:
        return "near"
    return "often" if moves(session, visit.issue) >= MOST_MOVES else ""


def moves(session: Session, issue: Issue) -> int:
    """How often the customer has moved this ticket's visit."""
    entries = select(func.count()).select_from(JournalEntry)
    mine = entries.where(JournalEntry.kind == "Issue", JournalEntry.case_id == issue.id)
    return session.scalar(mine.where(JournalEntry.step == f"{NOTE_PREFIX}visit_moved")) or 0


def move(session: Session, visit: Visit, position: int, *, by: Actor, at: datetime) -> Visit:
    """Put the ticket's visit on the offered window at ``position``, given to its technician at once.

    The old window and part are given back and the new ones taken in one transaction, so that the part is not
    anybody else's in between; refused, nothing has changed.

    Raises:
        Conflict: ``slot.taken`` when the window has gone meanwhile.
    """
    issue, was = visit.issue, visit.number
    with session.begin_nested():
        moved = dispatch.take(session, issue, position, by=by, at=at)
        dispatch.cancel(session, visit, "moved by the customer", by=by, at=at)
        dispatch.assign(session, moved.id, at=at)
        data = {"from": was, "to": moved.number}
        note(session, issue, "visit_moved", by=by, at=at, data=data, clauses=("5.2.1-c",))
    return moved
