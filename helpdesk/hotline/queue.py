"""The queue: a caller's place, the call-back that keeps it, and what follows from the end of a call (5.1.1-c)."""

from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from helpdesk.channels.models import Call
from helpdesk.hotline import calls, legs
from helpdesk.hotline.rules import ABANDONED_AFTER
from helpdesk.hotline.service import contact_made
from order_core.clauses import carries
from order_core.errors import Conflict, Invalid
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.kernel.actor import WORKER, Actor
from order_core.kernel.case import note
from order_core.parties.models import Person

OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
"""Statuses of a call that has ended."""
SERVED = frozenset({"bridged", "bridging-in-process", "redirected", "redirected-from-bridged"})
"""Ways out of the queue that lead to an agent."""
WAITING = ("queued",)


def enqueue(session: Session, call: Call, *, at: datetime) -> int:
    """Queue the caller for an agent; returns his position, from 1."""
    if call.queued_at is None:
        call.queued_at, call.state = at, "queued"
        session.flush()
    return position(session, call)


def position(session: Session, call: Call) -> int:
    """The place in the queue, from 1: those in danger first, then the order in which they came."""
    if call.queued_at is None:
        return 1
    mine = in_danger(session, call)
    earlier = or_(Call.queued_at < call.queued_at, (Call.queued_at == call.queued_at) & (Call.id < call.id))
    urgent = func.coalesce(Issue.safety, False)
    before = urgent.is_(True) & earlier if mine else urgent.is_(True) | earlier
    ahead = session.scalar(
        select(func.count(Call.id))
        .outerjoin(Issue, Issue.id == Call.issue_id)
        .where(Call.state.in_(WAITING), Call.id != call.id, before)
    )
    return (ahead or 0) + 1


def in_danger(session: Session, call: Call) -> bool:
    """Whether the call's ticket speaks of danger."""
    issue = session.get(Issue, call.issue_id) if call.issue_id else None
    return issue is not None and issue.safety


def keep_place(session: Session, call: Call, *, at: datetime) -> Issue | None:
    """The caller hangs up and is called back: one call-back task, its place is that of the call.

    None for a withheld number: nobody could ring it.
    """
    if call.state == "callback" or call.issue_id is None or call.number is None:
        return None
    call.state = "callback"
    cause = session.get_one(Issue, call.issue_id)
    agent = session.scalars(select(Person).where(Person.active).order_by(Person.id)).all()
    owner = next((person for person in agent if "agent" in person.roles), None)
    if owner is None:
        raise Invalid("callback.nobody", field="assignee", clause="5.1.1-b")
    return issues.open_callback(session, cause, owner_id=owner.id, subject=cause.subject, by=WORKER, at=at)


def left_queue(call: Call, result: str) -> None:
    """The caller is out of the queue; one who has got his agent waits no longer and is not called back."""
    if call.state == "queued" and result in SERVED:
        call.state = "answered"


@carries("case", "5.1.1-c")
def ended(session: Session, call: Call, seconds: int | None, *, at: datetime) -> None:
    """The caller has hung up; one who waited eight seconds or more is called back (clause 5.1.1-c)."""
    waited = (at - call.queued_at).total_seconds() if call.state == "queued" and call.queued_at else 0
    if call.state == "queued" and max(waited, seconds or 0) >= ABANDONED_AFTER:
        keep_place(session, call, at=at)
    if call.state != "callback":
        call.state = "ended"
    call.ended_at, call.seconds = at, seconds
    legs.call_over(session, call, at=at)
    reason = "under_8_seconds" if (seconds or 0) < ABANDONED_AFTER else "hung_up"
    contact_made(session, call, at=at, reason=reason)


def call_back(session: Session, callback: Issue, *, by: Actor, at: datetime) -> Call:
    """An agent takes a call-back: the customer is rung, once, and the task is in contact.

    Asked again while that call is under way, it is the same call: a double click does not ring twice.

    Raises:
        Invalid: there is no number to ring.
        Conflict: the task does not wait for a call.
    """
    if callback.phone is None:
        raise Invalid("ticket.no_number", field="phone", number=callback.number)
    if callback.state not in ("assigned", "contacted", "acting"):
        raise Conflict("callback.not_open", clause="5.1.1-c", number=callback.number)
    under_way = session.scalars(
        select(Call).where(
            Call.issue_id == callback.id,
            Call.direction == "out",
            Call.ended_at.is_(None),
            Call.state.in_(("ringing", "unknown", "answered")),
        )
    ).first()
    if under_way is not None:
        return under_way
    note(session, callback, "called_back", by=by, at=at, clauses=("5.1.1-c",))
    return calls.ask(
        session,
        number=callback.phone,
        language=callback.language,
        contact_id=callback.contact_id,
        issue_id=callback.id,
        at=at,
    )


def outgoing_reported(
    session: Session, sid: str, wanted: str, status: str, seconds: int | None, *, at: datetime
) -> Call | None:
    """A call of ours goes on or ends; a report that comes before the answer of the provider brings the sid."""
    known = session.get(Call, int(wanted)) if wanted.isdecimal() and wanted.isascii() and len(wanted) < 19 else None
    call = known or session.scalar(select(Call).where(Call.sid == sid))
    if call is None or call.direction != "out" or call.sid not in (None, sid) or call.ended_at is not None:
        return None
    call.sid = sid
    if status in OVER:
        call.state = "ended" if status == "completed" else "failed"
        call.ended_at, call.seconds = at, seconds
        legs.call_over(session, call, at=at)
    elif status in ("in-progress", "answered"):
        call.state = "answered"
    session.flush()
    return call
