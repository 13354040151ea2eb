"""Recordings: announced, paused while a card or ID number is spoken, kept as long as their queue says.

Whoever listens is on record before he hears anything.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels.models import Call
from helpdesk.hotline.hearing import settings
from helpdesk.hotline.models import CallLeg, Playback, Recording
from order_core.errors import Conflict, NotFound
from order_core.issues.models import Issue
from order_core.kernel import outbox
from order_core.kernel.actor import Actor
from order_core.kernel.case import note
from order_core.parties.models import Person

SID = re.compile(r"RE[0-9a-fA-F]{32}")
RANK = {"running": 0, "paused": 0, "kept": 2, "failed": 1, "deleted": 3}
STATE_OF = {"in-progress": "running", "paused": "paused", "completed": "kept", "absent": "failed", "failed": "failed"}
DELETE = "recording.delete"


def keeps(queue: str) -> timedelta:
    """How long a queue's recordings are kept."""
    queues = settings()["queue"]
    return timedelta(days=queues.get(queue, queues["service"])["keeps"])


def announcement(number: str | None) -> str:
    """The sentence by which a recording is announced to this number's country: told, or told with a way to refuse."""
    consent = settings()["consent"]
    digits = (number or "").removeprefix("+")
    code = next((code for code in sorted(consent, key=len, reverse=True) if digits.startswith(code)), "default")
    return "recording" if consent[code] == "say" else "recording.ask"


def call_of(session: Session, sid: str, wanted: str) -> Call | None:
    """The call that a report is about: named in the address, or the one whose line it is."""
    if wanted.isdecimal() and wanted.isascii() and len(wanted) < 19:
        return session.get(Call, int(wanted))
    own = select(CallLeg.call_id).where(CallLeg.sid == sid).order_by(CallLeg.id.desc()).limit(1)
    call_id = session.scalar(own)  # an agent's line records the caller whom it took
    return session.get(Call, call_id) if call_id else session.scalar(select(Call).where(Call.sid == sid))


def report(
    session: Session,
    call: Call,
    sid: str,
    kind: str,
    status: str,
    *,
    seconds: int | None,
    queue: str,
    at: datetime,
) -> Recording | None:
    """Take a report over when it moves the recording forward; None when it names none."""
    if not SID.fullmatch(sid):
        return None
    state = STATE_OF.get(status)
    found = session.scalar(select(Recording).where(Recording.sid == sid))
    if found is None:
        found = Recording(
            call_id=call.id, sid=sid, kind=kind, queue=queue, state=state or "running", started_at=at,
            delete_after=at + keeps(queue),
        )  # fmt: skip
        session.add(found)
    elif state and RANK[state] >= RANK[found.state]:
        found.state = state
    found.seconds = found.seconds if seconds is None else seconds
    session.flush()
    return found


def listen(session: Session, recording_id: int, *, by: Actor, at: datetime) -> Recording:
    """Somebody listens: who and when is on record before he hears anything, on the ticket's journal too (B14).

    Raises:
        NotFound: no such recording; Conflict: it is not there to be heard (any more).
    """
    found = session.get(Recording, recording_id)
    if found is None or by.id is None:
        raise NotFound("recording.unknown", number=str(recording_id))
    if found.state != "kept":
        raise Conflict("recording.not_kept", field="recording", state=found.state)
    session.add(Playback(recording_id=found.id, person_id=by.id, at=at))
    call = session.get_one(Call, found.call_id)
    if call.issue_id is not None:
        issue = session.get_one(Issue, call.issue_id)
        note(session, issue, "recording_heard", by=by, at=at, data={"recording": found.id}, clauses=("7.3.2-b",))
    session.flush()
    return found


def playbacks(session: Session, recording_id: int) -> list[Playback]:
    """Who has listened, the latest first."""
    wanted = select(Playback).where(Playback.recording_id == recording_id).order_by(Playback.id.desc())
    return list(session.scalars(wanted))


def forget_old(session: Session, *, at: datetime, limit: int = 200) -> int:
    """Ask for the deletion of recordings past their time; returns of how many."""
    rows = session.scalars(
        select(Recording)
        .where(Recording.delete_after <= at, Recording.state.in_(("kept", "running", "paused")))
        .limit(limit)
    ).all()
    for row in rows:
        outbox.publish(session, DELETE, {"recording_id": row.id}, at=at, key=f"recording.delete:{row.id}")
    return len(rows)


def about(session: Session, recording_id: int) -> dict[str, Any]:
    """A recording, its call, and who listened when.

    Raises:
        NotFound: no such recording.
    """
    found = session.get(Recording, recording_id)
    if found is None:
        raise NotFound("recording.unknown", number=str(recording_id))
    call = session.get_one(Call, found.call_id)
    issue = session.get(Issue, call.issue_id) if call.issue_id else None
    heard = [(session.get_one(Person, row.person_id).name, row.at) for row in playbacks(session, recording_id)]
    return {"recording": found, "call": call, "ticket": issue.number if issue else "", "heard": heard}
