"""Webhooks of a caller's line: each step answers TwiML and is harmless when it comes again, late or twice."""

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, request

from helpdesk.auth.door import PUBLIC, door
from helpdesk.auth.webhook import signed_by_provider
from helpdesk.channels import addresses, rules, service, wording
from helpdesk.channels.models import Call
from helpdesk.channels.views import twiml
from helpdesk.extensions import db
from helpdesk.hotline import queue, recordings
from helpdesk.hotline import service as hotline
from helpdesk.hotline.facts import tongue_of
from helpdesk.hotline.models import CallTalk
from helpdesk.hotline.playing import Play, Reply
from helpdesk.hotline.talk import LANGUAGE, Talk
from helpdesk.hotline.twiml import Line, Twiml
from helpdesk.now import now

bp = Blueprint("voice", __name__, url_prefix="/twilio/voice")
HERE = "/twilio/voice"
QUEUE = "service"
WAIT_SECONDS = 10
KEYS_AND_HASH = frozenset({"postcode", "serial", "code", "number"})
"""Steps that take several keys, ended by #."""
ASKING = "any(menu,language,who,postcode,serial,code,report,number)"


def claim(step: str, at: datetime) -> str:
    """Keep the raw step; returns the call's sid.

    A repeated step is answered again: what it does is idempotent on the call.
    """
    settings = current_app.settings  # type: ignore[attr-defined]
    fields = request.form.to_dict(flat=False)
    sid = rules.sid_of(fields, "CallSid", rules.CALL_SID)
    service.claim(
        db.session(),
        addresses.provider(settings),
        addresses.account(settings),
        sid,
        rules.clean(f"voice:{step}:{request.form.get('Digits', '')}")[:48],
        rules.clean_fields(fields),
        at=at,
    )
    return sid


def called(step: str) -> tuple[Call, datetime]:
    """The call that a step belongs to, made when it is the first that we hear of it."""
    at = now(db.session())
    sid = claim(step, at)
    number = request.form.get("From", "")
    return hotline.begin(db.session(), sid, number, region=_region(), at=at), at


def line(call: Call, purpose: str, **params: Any) -> Line:
    """A spoken sentence in the caller's tongue."""
    tongue = talk_of(call).tongue
    return wording.spoken(purpose, LANGUAGE[tongue], params), tongue


def talk_of(call: Call) -> Talk:
    """Where a call's dialogue is; one that never had any is in the caller's tongue."""
    row = db.session.get(CallTalk, call.id)
    return Talk.from_json(row.state) if row else Talk(call=call.id, tongue=tongue_of(call))


def _region() -> str:
    return str(current_app.settings.default_region)  # type: ignore[attr-defined]


@bp.post("")
@door(PUBLIC)
@signed_by_provider
def answer() -> Response:
    """The hotline is called: greet and offer the menu."""
    call, at = called("start")
    row = db.session.get(CallTalk, call.id)
    if row is not None and row.answer and call.state != "menu":
        return twiml(row.answer)
    return _said(Play(db.session(), call, _region(), at), None)


@bp.post(f"/<{ASKING}:step>")
@door(PUBLIC)
@signed_by_provider
def step(step: str) -> Response:
    """Keys or words (or neither) for a step of the dialogue; ``n`` says which turn they answer."""
    call, at = called(step)
    return _said(Play(db.session(), call, _region(), at), step)


def _said(play: Play, step: str | None) -> Response:
    keys, words = rules.clean(request.form.get("Digits", ""))[:32], rules.clean(request.form.get("SpeechResult", ""))
    n = request.args.get("n", "")
    turn = int(n) if n.isdecimal() and n.isascii() and len(n) < 6 else None
    reply = play.step(step, keys, words, turn) if step else play.open()
    if isinstance(reply, str):
        return twiml(reply)
    text = str(_render(play.call, reply))
    play.keep(reply.talk, text)
    return twiml(text)


def _render(call: Call, reply: Reply) -> Twiml:
    """The TwiML of a reply: a question, the queue, the tone for a message, or the end."""
    talk, made = reply.talk, Twiml()
    if talk.step == "queue":
        return made.say(reply.lines).enqueue(queue_of(call), wait=f"{HERE}/wait", action=f"{HERE}/queued")
    if talk.step == "voicemail":
        return made.say(reply.lines).record(f"{HERE}/recorded", f"{HERE}/recording?kind=voicemail")
    if talk.step == "done":
        return made.say(reply.lines).hangup()
    many = talk.step in KEYS_AND_HASH
    action = f"{HERE}/{talk.step}?n={talk.n}"
    made.gather(reply.lines, action, talk.tongue, many=many, timeout=8 if many or talk.step == "report" else 5)
    return made.redirect(action)


def queue_of(call: Call) -> str:
    """The provider's queue for a caller: those in danger have one that agents serve first."""
    return "safety" if queue.in_danger(db.session(), call) else QUEUE


@bp.post("/wait")
@door(PUBLIC)
@signed_by_provider
def wait() -> Response:
    """While waiting: position and expected wait, and a call-back by key 1 for whoever can be rung."""
    call, at = called("wait")
    play = Play(db.session(), call, _region(), at)
    if call.state in ("menu", "ringing"):  # came before the step that queues
        hotline.ticket_of(db.session(), call, "", at=at)
        queue.enqueue(db.session(), call, at=at)
    may_keep = call.number is not None and call.issue_id is not None
    if request.form.get("Digits") == "1" and may_keep:
        queue.keep_place(db.session(), call, at=at)
        return twiml(str(Twiml().say([line(call, "callback_kept")]).leave()))
    lines = list(play.spoken([play.place()], talk_of(call)))
    if may_keep:
        lines.append(line(call, "queue.callback_offer"))
    said = Twiml().gather(lines, f"{HERE}/wait", talk_of(call).tongue, speech=False, timeout=WAIT_SECONDS)
    return twiml(str(said.redirect(f"{HERE}/wait")))


@bp.post("/queued")
@door(PUBLIC)
@signed_by_provider
def queued() -> Response:
    """Out of the queue: bridged, called back later, or gone."""
    call, _at = called("queued")
    queue.left_queue(call, request.form.get("QueueResult", ""))
    return twiml(str(Twiml().say([line(call, "goodbye")]).hangup()))


@bp.post("/recorded")
@door(PUBLIC)
@signed_by_provider
def recorded() -> Response:
    """The message after the tone is over: the ticket's number, and goodbye."""
    call, at = called("recorded")
    issue, _new = hotline.ticket_of(db.session(), call, "", at=at)
    _keep_recording(call, "voicemail", "completed", at)
    return twiml(str(Twiml().say([line(call, "voicemail.kept", number=issue.number)]).hangup()))


@bp.post("/recording")
@door(PUBLIC)
@signed_by_provider
def recording() -> Response:
    """How a recording goes, from the provider; out of order and repeated reports change nothing back."""
    rules.required(request.form.to_dict(flat=False), "CallSid", "RecordingSid", "RecordingStatus")
    status = request.form["RecordingStatus"][:16]
    at = now(db.session())
    call = recordings.call_of(db.session(), claim(f"recording-{status}", at), request.args.get("call", ""))
    kind = "voicemail" if request.args.get("kind") == "voicemail" else "call"
    if call is not None:
        _keep_recording(call, kind, status, at)
    return Response("", status=204)


def _keep_recording(call: Call, kind: str, status: str, at: datetime) -> None:
    sid, seconds = request.form.get("RecordingSid", ""), request.form.get("RecordingDuration", "")
    length = int(seconds) if seconds.isdecimal() and len(seconds) < 7 else None
    recordings.report(db.session(), call, sid, kind, status, seconds=length, queue=queue_of(call), at=at)


@bp.post("/status")
@door(PUBLIC)
@signed_by_provider
def status() -> Response:
    """A call's progress; what follows from its end happens here."""
    rules.required(request.form.to_dict(flat=False), "CallSid", "CallStatus")
    name, seconds = request.form["CallStatus"], request.form.get("CallDuration", "")
    length = int(seconds) if seconds.isdecimal() and len(seconds) < 7 else None
    at = now(db.session())
    if request.args.get("call") or request.form.get("Direction", "inbound").startswith("outbound"):
        queue.outgoing_reported(
            db.session(), claim(f"status-{name[:16]}", at), request.args.get("call", ""), name, length, at=at
        )
        return Response("", status=204)
    call, at = called(f"status-{name[:16]}")
    if call.direction == "in" and call.ended_at is None and name in queue.OVER:
        queue.ended(db.session(), call, length, at=at)
    return Response("", status=204)


def register(app: Any) -> None:
    """Attach the hotline."""
    app.register_blueprint(bp)
