"""What the agents' page shows: who waits, who answers, the call on one's own line, the latest calls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpdesk.channels.models import Call
from helpdesk.hotline import legs, presence, rules
from helpdesk.hotline import queue as queueing
from helpdesk.hotline.models import CallLeg, CallWords, Playback, Presence, Recording
from order_core.clauses import carries
from order_core.issues.models import Issue
from order_core.parties.models import ContactPerson, Person

ANSWERERS = frozenset({"agent", "dispatcher", "afs_head"})
LATEST = 30
FULL_BAR = timedelta(minutes=10)
"""A wait that fills the bar."""


@dataclass(frozen=True)
class Waiting:
    """A caller in the queue; ``share``: of the full bar, 0 … 100."""

    position: int
    name: str
    number: str
    ticket: str
    subject: str
    safety: bool
    language: str
    seconds: int
    share: int


def queue(session: Session, at: datetime) -> list[Waiting]:
    """Who waits, in the order of answering."""
    rows = session.execute(
        select(Call, Issue, ContactPerson)
        .outerjoin(Issue, Issue.id == Call.issue_id)
        .outerjoin(ContactPerson, ContactPerson.id == Call.contact_id)
        .where(Call.state == "queued", Call.queued_at.is_not(None))
        .limit(100)
    ).all()
    ordered = sorted(rows, key=lambda row: (not (row[1] and row[1].safety), row[0].queued_at, row[0].id))
    found = []
    for place, (call, issue, contact) in enumerate(ordered, 1):
        waited = max(timedelta(0), at - (call.queued_at or at))
        found.append(
            Waiting(
                position=place,
                name=contact.name if contact else "",
                number=call.number or "",
                ticket=issue.number if issue else "",
                subject=issue.subject if issue else "",
                safety=bool(issue and issue.safety),
                language=call.language,
                seconds=int(waited.total_seconds()),
                share=min(100, round(100 * (waited / FULL_BAR))),
            )
        )
    return found


def first_waiting(session: Session) -> Call | None:
    """Whom the next free agent gets."""
    rows = session.scalars(select(Call).where(Call.state == "queued").order_by(Call.queued_at, Call.id)).all()
    urgent = [call for call in rows if queueing.in_danger(session, call)]
    return (urgent or list(rows) or [None])[0]  # type: ignore[list-item]


def agents(session: Session) -> list[dict[str, Any]]:
    """Everybody who answers the hotline, with presence since when."""
    rows = session.execute(
        select(Person, Presence)
        .outerjoin(Presence, Presence.person_id == Person.id)
        .where(Person.active, Person.department_code == "AFS")
        .order_by(Person.name)
    )
    found = []
    for person, row in rows:
        if ANSWERERS & set(person.roles):
            state, since = (row.state, row.since) if row else ("away", None)
            found.append({"id": person.id, "name": person.name, "state": state, "since": since})
    return found


def mine(session: Session, person_id: int, at: datetime) -> dict[str, Any] | None:
    """The call on an agent's line (or to wrap up) with all that he needs of the caller: the screen pop."""
    found = legs.current(session, person_id)
    if found is None:
        return None
    leg, call = found
    issue = session.get(Issue, call.issue_id) if call.issue_id else None
    contact = session.get(ContactPerson, call.contact_id) if call.contact_id else None
    words = select(CallWords.text).where(CallWords.call_id == call.id).order_by(CallWords.id)
    return {
        "leg": leg.id,
        "state": leg.state,
        "seconds": int(((leg.ended_at or at) - leg.started_at).total_seconds()),
        "name": contact.name if contact else "",
        "number": call.number or "",
        "language": call.language,
        "direction": call.direction,
        "ticket": issue.number if issue else "",
        "subject": issue.subject if issue else "",
        "safety": bool(issue and issue.safety),
        "appliance": issue.appliance if issue else None,
        "words": list(session.scalars(words)),
    }


def latest(session: Session) -> list[dict[str, Any]]:
    """The latest calls with their recordings and how often each was listened to."""
    heard = dict(
        session.execute(
            select(Playback.recording_id, func.count()).group_by(Playback.recording_id).order_by(Playback.recording_id)
        ).all()
    )
    rows = session.execute(
        select(Call, Issue.number, ContactPerson.name, Recording)
        .outerjoin(Issue, Issue.id == Call.issue_id)
        .outerjoin(ContactPerson, ContactPerson.id == Call.contact_id)
        .outerjoin(Recording, Recording.call_id == Call.id)
        .order_by(Call.id.desc())
        .limit(LATEST)
    )
    return [
        {
            "at": call.started_at,
            "who": name or call.number or "",
            "direction": call.direction,
            "state": call.state,
            "ticket": number or "",
            "seconds": call.seconds,
            "recording": row,
            "heard": heard.get(row.id, 0) if row else 0,
        }
        for call, number, name, row in rows
    ]


def figures(session: Session, at: datetime) -> dict[str, Any]:
    """Waiting, answering, expected wait of one who came now, and the last day's promptness."""
    waiting = session.scalar(select(func.count(Call.id)).where(Call.state == "queued")) or 0
    duty = presence.on_duty(session)
    return {
        "waiting": waiting,
        "on_duty": duty,
        "minutes": rules.wait_minutes(waiting + 1, duty, presence.handling(session, at)),
        "prompt": rules.promptness(waits(session, at - timedelta(days=1))),
    }


@carries("measure", "5.1.1-c")
def waits(session: Session, since: datetime) -> list[timedelta | None]:
    """How long each caller who asked for a person since then waited for one; None for whoever left before."""
    joined = (
        select(CallLeg.call_id, func.min(CallLeg.started_at).label("at"))
        .where(CallLeg.state != "missed")
        .group_by(CallLeg.call_id)
        .subquery()
    )
    rows = session.execute(
        select(Call.queued_at, joined.c.at)
        .outerjoin(joined, joined.c.call_id == Call.id)
        .where(Call.queued_at > since, Call.direction == "in", Call.state != "queued")
    )
    return [(begun - queued if begun else None) for queued, begun in rows]
