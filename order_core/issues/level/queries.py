"""Reports on the clocks of tickets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.issues.level import rules
from order_core.issues.level.rules import Terms
from order_core.issues.level.service import events_of
from order_core.issues.models import Issue
from order_core.kernel.journal import JournalEntry
from order_core.rulebook.clocks import house_calendar

MOST = 500
EVERY_PAUSE = Terms(frozenset(rules.PAUSES))


@dataclass(frozen=True)
class Abuse:
    """A pause for a customer who had answered: who entered it, since when, minutes of the house's time."""

    number: str
    person: int | None
    begins: datetime
    minutes: int


def abused(session: Session, *, since: datetime, at: datetime) -> list[Abuse]:
    """Pauses entered since a moment while the customer had already answered, the longest first (B8)."""
    entry = JournalEntry
    rows = session.execute(
        select(entry.case_id, entry.seq, entry.actor_id)
        .where(entry.kind == Issue.__case_kind__, entry.step == rules.PAUSED, entry.at >= since)
        .order_by(entry.at.desc())
        .limit(MOST)
    ).all()
    who = {(row.case_id, row.seq): row.actor_id for row in rows}
    calendar, found = house_calendar(session), []
    for issue in session.scalars(select(Issue).where(Issue.id.in_({row.case_id for row in rows}))):
        for pause in rules.pauses(events_of(session, issue), EVERY_PAUSE):
            if pause.answered and (issue.id, pause.seq) in who:
                lost = calendar.between(pause.begins, min(pause.ends or at, at))
                found.append(Abuse(issue.number, who[issue.id, pause.seq], pause.begins, rules.minutes(lost)))
    return sorted(found, key=lambda abuse: (-abuse.minutes, abuse.number))
