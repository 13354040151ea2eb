"""An agent's part in a call: taking the next, hold, transfer, end and wrap-up code. One call at a time each."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels.models import Call
from helpdesk.hotline.models import CallLeg, Presence
from helpdesk.hotline.rules import PRESENCES, WRAP_UPS
from order_core.clauses import carries
from order_core.errors import Conflict, Invalid, NotFound
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.kernel import outbox
from order_core.kernel.actor import Actor
from order_core.kernel.case import note
from order_core.parties.models import Person

CHANGE = "call.change"
"""Topic: something is asked of a call that is under way."""
LIVE = ("ringing", "talking", "held")
IDENTITY = re.compile(r"client:agent-(\d{1,9})")


def identity(person_id: int) -> str:
    """An agent's name at the provider."""
    return f"agent-{person_id}"


def own_queue(person_id: int) -> str:
    """The provider's queue of callers handed to this agent."""
    return f"agent-{person_id}"


def person_of(session: Session, sender: str) -> Person | None:
    """The agent whose browser asks (``client:agent-12``)."""
    match = IDENTITY.fullmatch(sender)
    return session.get(Person, int(match[1])) if match else None


def person(session: Session, text: str) -> Person | None:
    """An active person of ours by id."""
    found = session.get(Person, int(text)) if text.isdecimal() and text.isascii() and len(text) < 10 else None
    return found if found and found.active else None


# --- presence -----------------------------------------------------------------------------------------------------


def presence_of(session: Session, person_id: int) -> str:
    """available, busy, wrap_up or away."""
    row = session.get(Presence, person_id)
    return row.state if row else "away"


def set_presence(session: Session, state: str, *, by: Actor, at: datetime) -> None:
    """An agent comes or goes.

    Raises:
        Invalid: no such state; Conflict: he has a call, or one to wrap up.
    """
    if state not in PRESENCES or by.id is None:
        raise Invalid("presence.unknown", field="presence", allowed=", ".join(PRESENCES))
    if presence_of(session, by.id) in ("busy", "wrap_up"):
        raise Conflict("presence.in_call", field="presence", clause="5.1.1-c")
    _presence(session, by.id, state, at)


def _presence(session: Session, person_id: int, state: str, at: datetime) -> None:
    row = session.get(Presence, person_id)
    if row is None:
        session.add(Presence(person_id=person_id, state=state, since=at))
    elif row.state != state:
        row.state, row.since = state, at
    session.flush()


# --- taking calls -------------------------------------------------------------------------------------------------


def next_queue(session: Session, agent: Person) -> str:
    """Which queue an agent takes from: callers handed to him, those in danger, the line."""
    handed = select(CallLeg.id).where(CallLeg.person_id == agent.id, CallLeg.state == "ringing")
    if session.scalar(handed.limit(1)) is not None:
        return own_queue(agent.id)
    waiting = select(Call.id).join(Issue, Issue.id == Call.issue_id).where(Call.state == "queued", Issue.safety)
    return "safety" if session.scalar(waiting.limit(1)) is not None else "service"


@carries("case", "5.1.1-c")
def joined(session: Session, call: Call, agent: Person, *, sid: str | None, at: datetime) -> bool:
    """The agent has the caller; False when he is joined again (after a hold, or a repeated report)."""
    if call.direction == "in" and call.ended_at is None:
        call.state = "answered"
    leg = live(session, call)
    if leg is not None and leg.person_id == agent.id:
        again = leg.state != "ringing"
        leg.state, leg.sid = "talking", sid or leg.sid
        _presence(session, agent.id, "busy", at)
        return not again
    session.add(CallLeg(call_id=call.id, person_id=agent.id, state="talking", started_at=at, sid=sid))
    _presence(session, agent.id, "busy", at)
    if call.issue_id is not None:
        issue = session.get_one(Issue, call.issue_id)
        issues.replied(session, issue, by=agent.actor(), at=at)
    session.flush()
    return True


def live(session: Session, call: Call) -> CallLeg | None:
    """The leg of a call that is under way."""
    wanted = select(CallLeg).where(CallLeg.call_id == call.id, CallLeg.state.in_(LIVE))
    return session.scalars(wanted.order_by(CallLeg.id.desc())).first()


def current(session: Session, person_id: int) -> tuple[CallLeg, Call] | None:
    """What an agent has on the line or has to wrap up."""
    wanted = select(CallLeg, Call).join(Call, Call.id == CallLeg.call_id)
    open_legs = wanted.where(CallLeg.person_id == person_id, CallLeg.state.in_((*LIVE, "wrap_up")))
    row = session.execute(open_legs.order_by(CallLeg.state == "wrap_up", CallLeg.id)).first()
    return (row[0], row[1]) if row else None


def line_free(session: Session, sid: str, *, at: datetime) -> CallLeg | None:
    """The agent's line has nobody on it: the held leg that keeps it, else None and the talk goes to wrap-up."""
    leg = session.scalars(select(CallLeg).where(CallLeg.sid == sid).order_by(CallLeg.id.desc())).first()
    if leg is None or leg.state == "held":
        return leg
    if leg.state == "talking":
        _to_wrap_up(session, leg, at)
    return None


def call_over(session: Session, call: Call, *, at: datetime) -> None:
    """The customer has hung up: whoever had him has a code to give; who was still ringing has missed him."""
    leg = live(session, call)
    if leg is None:
        return
    if leg.state == "ringing":
        leg.state, leg.ended_at = "missed", at
    else:
        _to_wrap_up(session, leg, at)


def dialled(session: Session, call: Call, *, talked: bool, at: datetime) -> None:
    """Ringing an agent for a call-back is over."""
    leg = live(session, call)
    if leg is None:
        return
    if talked:
        _to_wrap_up(session, leg, at)
        return
    leg.state, leg.ended_at = "missed", at
    _presence(session, leg.person_id, "away", at)
    call.state, call.queued_at = "queued", call.queued_at or at


def _to_wrap_up(session: Session, leg: CallLeg, at: datetime) -> None:
    leg.state, leg.ended_at = "wrap_up", at
    _presence(session, leg.person_id, "wrap_up", at)


# --- what an agent asks for ---------------------------------------------------------------------------------------


def _mine(session: Session, leg_id: int, by: Actor, *states: str) -> tuple[CallLeg, Call]:
    leg = session.get(CallLeg, leg_id)
    if leg is None or leg.person_id != by.id:
        raise NotFound("call.unknown", number=str(leg_id))
    if leg.state not in states:
        raise Conflict("call.not_so", field="call", state=leg.state)
    return leg, session.get_one(Call, leg.call_id)


def _change(session: Session, what: str, leg: CallLeg, at: datetime, **more: int) -> None:
    outbox.publish(session, CHANGE, {"what": what, "leg_id": leg.id, **more}, at=at)


def hold(session: Session, leg_id: int, *, by: Actor, at: datetime) -> None:
    """Put the customer on hold."""
    leg, _call = _mine(session, leg_id, by, "talking")
    leg.state = "held"
    _change(session, "hold", leg, at)


def resume(session: Session, leg_id: int, *, by: Actor, at: datetime) -> None:
    """Take the customer back."""
    leg, _call = _mine(session, leg_id, by, "held")
    leg.state = "talking"
    _change(session, "resume", leg, at)


def hang_up(session: Session, leg_id: int, *, by: Actor, at: datetime) -> None:
    """The agent ends the talk; the wrap-up code comes next."""
    leg, call = _mine(session, leg_id, by, "talking", "held", "ringing")
    _to_wrap_up(session, leg, at)
    if call.sid is not None:
        _change(session, "end", leg, at)


def transfer(session: Session, leg_id: int, to: Person, *, by: Actor, at: datetime) -> CallLeg:
    """Hand the customer to a colleague who takes calls; one's own part is to be wrapped up.

    Raises:
        Conflict: the colleague takes no calls now.
    """
    leg, call = _mine(session, leg_id, by, "talking", "held")
    if to.id == by.id or presence_of(session, to.id) != "available":
        raise Conflict("call.colleague", field="to", name=to.name)
    handed = CallLeg(call_id=call.id, person_id=to.id, state="ringing", started_at=at)
    session.add(handed)
    _to_wrap_up(session, leg, at)
    session.flush()
    _change(session, "transfer", leg, at, to=to.id)
    if call.issue_id is not None:
        issue = session.get_one(Issue, call.issue_id)
        note(session, issue, "call_transferred", by=by, at=at, data={"to": to.id}, clauses=("5.1.1-c",))
    return handed


def pause_recording(session: Session, leg_id: int, on: bool, *, by: Actor, at: datetime) -> None:
    """A card or ID number is about to be spoken (``on``), or has been (B14)."""
    leg, _call = _mine(session, leg_id, by, "talking")
    _change(session, "pause" if on else "record", leg, at)


def wrap_up(session: Session, leg_id: int, code: str, *, by: Actor, at: datetime) -> None:
    """How the call ended; without a code no agent takes the next.

    Raises:
        Invalid: not one of the codes.
    """
    leg, call = _mine(session, leg_id, by, "wrap_up")
    if code not in WRAP_UPS:
        raise Invalid("call.wrap_up", field="code", allowed=", ".join(WRAP_UPS))
    leg.state, leg.wrap_up, leg.wrapped_at = "done", code, at
    _presence(session, leg.person_id, "available", at)
    if call.issue_id is not None:
        issue = session.get_one(Issue, call.issue_id)
        note(session, issue, "call_wrapped_up", by=by, at=at, data={"code": code}, clauses=("5.1.1-d",))


def asked_by(session: Session, call: Call) -> Person | None:
    """Who is to be joined to a call of ours: the one whose call-back it is."""
    issue = session.get(Issue, call.issue_id) if call.issue_id else None
    return session.get(Person, issue.assignee_id) if issue and issue.assignee_id else None
