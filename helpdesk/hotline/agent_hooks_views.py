"""Webhooks of an agent's line: taking the next caller, the join, hold, transfer, and the call-back that we placed."""

from typing import Any

from flask import Blueprint, Response, current_app, request

from helpdesk.auth.door import PUBLIC, door
from helpdesk.auth.webhook import signed_by_provider
from helpdesk.channels import addresses
from helpdesk.channels.models import Call
from helpdesk.channels.views import twiml
from helpdesk.extensions import db
from helpdesk.hotline import legs, recordings
from helpdesk.hotline import service as hotline
from helpdesk.hotline.twiml import Twiml
from helpdesk.hotline.views import HERE, claim, line
from helpdesk.now import now
from order_core.parties.models import Person

bp = Blueprint("agent_line", __name__, url_prefix=HERE)


def _recorded(call: Call) -> str:
    return f"{HERE}/recording?call={call.id}"


def _wanted() -> Call | None:
    wanted = request.args.get("call", "")
    return db.session.get(Call, int(wanted)) if wanted.isdecimal() and wanted.isascii() and len(wanted) < 19 else None


def _agent() -> Person | None:
    """Who speaks: the browser says ``client:agent-12``, and only its token, signed by us, can say so."""
    return legs.person_of(db.session(), request.form.get("From", ""))


@bp.post("/agent")
@door(PUBLIC)
@signed_by_provider
def agent() -> Response:
    """An agent's browser asks for a caller: his own queue of transfers, then danger, then the line."""
    session = db.session()
    at = now(session)
    claim("agent", at)
    person = _agent()
    if person is None:
        return twiml(str(Twiml().hangup()))
    queue = legs.next_queue(session, person)
    whisper = f"{HERE}/join?agent={person.id}"
    return twiml(str(Twiml().take(queue, action=f"{HERE}/agent/done", whisper=whisper, record=f"{HERE}/recording")))


@bp.post("/join")
@door(PUBLIC)
@signed_by_provider
def join() -> Response:
    """Spoken to the caller before he is joined: that the call is recorded. From here on the agent has the call."""
    session = db.session()
    at = now(session)
    sid = claim("join", at)
    call = hotline.known(session, sid)
    person = legs.person(session, request.args.get("agent", ""))
    if call is None or person is None:
        return twiml()
    first = legs.joined(session, call, person, sid=_dequeuing(), at=at)
    return twiml(str(Twiml().say([line(call, recordings.announcement(call.number))])) if first else str(Twiml()))


def _dequeuing() -> str | None:
    """The agent's own line; the provider's documentation spells the field in both ways."""
    return request.form.get("DequeingCallSid") or request.form.get("DequeueingCallSid") or None


@bp.post("/agent/done")
@door(PUBLIC)
@signed_by_provider
def agent_done() -> Response:
    """The agent's line is free again: held callers keep it open, else what is left is the wrap-up code."""
    session = db.session()
    at = now(session)
    sid = claim("agent-done", at)
    held = legs.line_free(session, sid, at=at)
    if held is not None:
        return twiml(str(Twiml().pause(20).redirect(f"{HERE}/agent/done")))
    return twiml(str(Twiml().hangup()))


@bp.post("/hold")
@door(PUBLIC)
@signed_by_provider
def hold() -> Response:
    """The customer is put on hold: he waits in a queue that only his agent takes him out of."""
    claim("hold", now(db.session()))
    call = _wanted()
    if call is None:
        return twiml()
    said = Twiml().say([line(call, "hold")])
    return twiml(str(said.enqueue(f"held-{call.id}", wait=f"{HERE}/music?call={call.id}", action=f"{HERE}/queued")))


@bp.post("/music")
@door(PUBLIC)
@signed_by_provider
def music() -> Response:
    """While on hold or in transfer; every half minute a word that we are still there."""
    claim("music", now(db.session()))
    call = _wanted()
    lines = [line(call, "hold")] if call else []
    return twiml(str(Twiml().say(lines).pause(25).redirect(f"{HERE}/music?call={call.id if call else 0}")))


@bp.post("/bye")
@door(PUBLIC)
@signed_by_provider
def bye() -> Response:
    """The agent has ended the talk."""
    at = now(db.session())
    call = hotline.known(db.session(), claim("bye", at))
    return twiml(str(Twiml().say([line(call, "goodbye")] if call else []).hangup()))


@bp.post("/resume")
@door(PUBLIC)
@signed_by_provider
def resume() -> Response:
    """The agent takes the held customer back."""
    claim("resume", now(db.session()))
    call = _wanted()
    if call is None:
        return twiml(str(Twiml().hangup()))
    whisper = f"{HERE}/join?agent={request.args.get('agent', '')}"
    taken = Twiml().take(f"held-{call.id}", action=f"{HERE}/agent/done", whisper=whisper, record=_recorded(call))
    return twiml(str(taken))


@bp.post("/transfer")
@door(PUBLIC)
@signed_by_provider
def transfer() -> Response:
    """The customer goes to a colleague: he waits in that person's own queue."""
    claim("transfer", now(db.session()))
    call, person = _wanted(), legs.person(db.session(), request.args.get("agent", ""))
    if call is None or person is None:
        return twiml()
    said = Twiml().say([line(call, "transfer")])
    wait = f"{HERE}/music?call={call.id}"
    return twiml(str(said.enqueue(legs.own_queue(person.id), wait=wait, action=f"{HERE}/queued")))


@bp.post("/callback")
@door(PUBLIC)
@signed_by_provider
def callback() -> Response:
    """A call that we placed is taken: say who calls, announce the recording, and join the agent who asked for it."""
    session = db.session()
    at = now(session)
    claim("callback", at)
    call = _wanted()
    if call is None:
        return twiml()
    call.state = "answered"
    said = Twiml().say([line(call, "callback_connect"), line(call, recordings.announcement(call.number))])
    person = legs.asked_by(session, call)
    if person is None:
        return twiml(str(said.enqueue("service", wait=f"{HERE}/wait", action=f"{HERE}/queued")))
    legs.joined(session, call, person, sid=None, at=at)
    settings = current_app.settings  # type: ignore[attr-defined]
    client = legs.identity(person.id) if settings.has_softphone else None
    ring = said.ring(
        client=client, number=None if client else person.phone, action=f"{HERE}/dialled?call={call.id}",
        caller=addresses.our_number(settings), record=_recorded(call),
    )  # fmt: skip
    return twiml(str(ring if client or person.phone else _line_up(said)))


@bp.post("/dialled")
@door(PUBLIC)
@signed_by_provider
def dialled() -> Response:
    """Ringing the agent is over: talked to, or not reached; then the customer waits for whoever is free."""
    session = db.session()
    at = now(session)
    claim(f"dialled-{request.form.get('DialCallStatus', '')[:16]}", at)
    call = _wanted()
    if call is None:
        return twiml()
    talked = request.form.get("DialCallStatus") in ("completed", "answered")
    legs.dialled(session, call, talked=talked, at=at)
    if talked:
        return twiml(str(Twiml().hangup()))
    return twiml(str(_line_up(Twiml().say([line(call, "callback_missed")]))))


def _line_up(said: Twiml) -> Twiml:
    return said.enqueue("service", wait=f"{HERE}/wait", action=f"{HERE}/queued")


@bp.post("/probe")
@door(PUBLIC)
@signed_by_provider
def probe() -> Response:
    """A test call of ours has been taken: nobody talks, so it says what it is and ends."""
    from helpdesk.hotline import probes

    session = db.session()
    at = now(session)
    claim("probe", at)
    probes.answered(session, request.args.get("probe", ""), at=at)
    return twiml(str(Twiml().hangup()))


def register(app: Any) -> None:
    """Attach the agents' line."""
    app.register_blueprint(bp)
