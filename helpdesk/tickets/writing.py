"""Two people on one ticket: who is there, whose words came first, and drafts that nothing loses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from helpdesk.channels.models import Message
from helpdesk.tickets.models import TicketDraft, TicketPresence
from order_core.issues.models import Issue
from order_core.kernel.actor import Actor
from order_core.parties.models import Person

GONE_AFTER = timedelta(seconds=12)
"""Who has not been heard of for so long has left."""
BEAT = timedelta(seconds=4)
LONGEST_DRAFT = 5_000


def be_present(
    session: Session, issue: Issue, *, by: Actor, writing: bool, wall: datetime
) -> Sequence[tuple[str, bool]]:
    """Say that somebody has the ticket open; returns (name, whether he writes) of everybody else who has."""
    mine = session.get(TicketPresence, (issue.id, by.id))
    if mine is None:
        session.add(TicketPresence(issue_id=issue.id, person_id=by.id or 0, writing=writing, seen_at=wall))
    elif mine.writing != writing or mine.seen_at < wall - BEAT / 2:
        mine.writing, mine.seen_at = writing, wall
    session.flush()
    return others(session, issue, by=by, wall=wall)


def others(session: Session, issue: Issue, *, by: Actor, wall: datetime) -> Sequence[tuple[str, bool]]:
    """Everybody else who has the ticket open."""
    rows = session.execute(
        select(Person.name, TicketPresence.writing)
        .join(Person, Person.id == TicketPresence.person_id)
        .where(TicketPresence.issue_id == issue.id, TicketPresence.person_id != by.id)
        .where(TicketPresence.seen_at > wall - GONE_AFTER)
        .order_by(Person.name)
    )
    return [(row.name, row.writing) for row in rows]


def leave(session: Session, issue: Issue, *, by: Actor) -> None:
    """He has closed the page."""
    session.execute(
        delete(TicketPresence).where(TicketPresence.issue_id == issue.id, TicketPresence.person_id == by.id)
    )


def draft_of(session: Session, issue: Issue, *, by: Actor) -> str:
    """What somebody had begun to write."""
    kept = session.get(TicketDraft, (issue.id, by.id or 0))
    return kept.text if kept else ""


def save_draft(session: Session, issue: Issue, text: str, *, by: Actor, at: datetime) -> None:
    """Keep what somebody is writing; nothing written is nothing kept."""
    kept = session.get(TicketDraft, (issue.id, by.id or 0))
    text = text[:LONGEST_DRAFT]
    if not text.strip():
        if kept is not None:
            session.delete(kept)
    elif kept is None:
        session.add(TicketDraft(issue_id=issue.id, person_id=by.id or 0, text=text, saved_at=at))
    elif kept.text != text:
        kept.text, kept.saved_at = text, at
    session.flush()


def last_sent(session: Session, issue: Issue) -> int:
    """Id of the last answer that a person of ours has sent; 0 for none."""
    return (
        session.scalar(
            select(Message.id)
            .where(Message.issue_id == issue.id, Message.author_kind == "agent")
            .order_by(Message.id.desc())
            .limit(1)
        )
        or 0
    )


def sent_meanwhile(session: Session, issue: Issue, seen: int, *, by: Actor) -> Message | None:
    """A colleague's answer that is newer than the page on which this one was written."""
    return session.scalars(
        select(Message)
        .where(Message.issue_id == issue.id, Message.author_kind == "agent", Message.id > seen)
        .where(Message.author_id.is_distinct_from(by.id))
        .order_by(Message.id.desc())
        .limit(1)
    ).first()
