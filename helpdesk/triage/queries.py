"""What the page shows: lately read tickets, corrections, models, and how the mix of wishes drifts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from helpdesk.triage.models import TriageCorrection, TriageModel
from helpdesk.triage.values import INTENTS
from order_core.issues.models import Issue
from order_core.parties.models import Person

WEEK = timedelta(days=7)
WEEKS = 8
SMALLEST_SHARE = 0.01


@dataclass(frozen=True)
class Week:
    """Tickets of one week: how many, how many of them were put right, and the share of each intent."""

    starts_at: datetime
    tickets: int
    corrected: int
    shares: dict[str, float]


def models(session: Session) -> list[TriageModel]:
    """Newest first."""
    return list(session.scalars(select(TriageModel).order_by(TriageModel.built_at.desc(), TriageModel.id.desc())))


def latest_corrections(session: Session, limit: int = 10) -> list[Row[Any]]:
    """(correction, ticket, who), newest first."""
    return list(
        session.execute(
            select(TriageCorrection, Issue, Person)
            .join(Issue, Issue.id == TriageCorrection.issue_id)
            .outerjoin(Person, Person.id == TriageCorrection.by_id)
            .order_by(TriageCorrection.id.desc())
            .limit(limit)
        )
    )


def latest_tickets(session: Session, limit: int = 8) -> list[Issue]:
    """The tickets that were read last."""
    return list(session.scalars(select(Issue).where(Issue.kind == "ticket").order_by(Issue.id.desc()).limit(limit)))


def weeks(session: Session, at: datetime) -> list[Week]:
    """The last eight weeks, oldest first."""
    found = []
    for back in range(WEEKS, 0, -1):
        starts, ends = at - back * WEEK, at - (back - 1) * WEEK
        wish = func.coalesce(Issue.category, "other")
        found_there = session.execute(
            select(wish, func.count())
            .where(Issue.kind == "ticket", Issue.opened_at >= starts, Issue.opened_at < ends)
            .group_by(wish)
        )
        counts = {row[0]: row[1] for row in found_there}
        corrected = session.scalar(
            select(func.count(TriageCorrection.issue_id.distinct())).where(
                TriageCorrection.at >= starts, TriageCorrection.at < ends
            )
        )
        total = sum(counts.values())
        shares: dict[str, float] = {intent: counts.get(intent, 0) / total for intent in INTENTS} if total else {}
        found.append(Week(starts, total, corrected or 0, shares))
    return found


def drift(found: list[Week]) -> float | None:
    """Population stability index of the second half against the first; None without tickets in either.

    Below 0.1 nothing has changed, above 0.25 the messages are others than they were.
    """
    from math import log

    halves = []
    for half in (found[: WEEKS // 2], found[WEEKS // 2 :]):
        counts = {intent: sum(week.shares.get(intent, 0) * week.tickets for week in half) for intent in INTENTS}
        total = sum(counts.values())
        if not total:
            return None
        halves.append({intent: count / total for intent, count in counts.items()})
    before, after = ({intent: max(share, SMALLEST_SHARE) for intent, share in shares.items()} for shares in halves)
    return sum((after[intent] - before[intent]) * log(after[intent] / before[intent]) for intent in INTENTS)
