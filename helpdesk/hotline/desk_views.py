"""``/calls``: the agents' telephone, who waits, what was recorded and who listened."""

from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from helpdesk.auth.door import current_actor, door
from helpdesk.channels.gateway import TransportError
from helpdesk.database import in_transaction
from helpdesk.extensions import db
from helpdesk.hotline import desk, legs, recordings
from helpdesk.hotline import telephone as phone
from helpdesk.hotline.rules import WRAP_UPS
from helpdesk.now import now
from order_core.errors import Conflict, Invalid, NotFound
from order_core.kernel.actor import Actor

bp = Blueprint("calls", __name__, url_prefix="/calls")
PROVIDER = "https://*.twilio.com wss://*.twilio.com"
"""Hosts that the softphone's page may speak to."""


def _actor() -> Actor:
    actor = current_actor()
    assert actor is not None  # the door has seen to it
    return actor


def _me() -> int:
    person = _actor().id
    assert person is not None
    return person


def _settings() -> Any:
    return current_app.settings  # type: ignore[attr-defined]


def _board() -> dict[str, Any]:
    session = db.session()
    at = now(session)
    return {
        "queue": desk.queue(session, at),
        "agents": desk.agents(session),
        "call": desk.mine(session, _me(), at),
        "presence": legs.presence_of(session, _me()),
        "figures": desk.figures(session, at),
        "wrap_ups": WRAP_UPS,
        "me": _me(),
        "softphone": _settings().has_softphone,
        "may_take": not _settings().has_twilio,
    }


@bp.get("")
@door("call.answer")
def index() -> Response:
    """The page; only here the browser may speak to the provider."""
    page = make_response(render_template("calls/index.html", **_board(), latest=desk.latest(db.session())))
    if _settings().has_softphone:
        nonce = current_app.jinja_env.globals["csp_nonce"]()  # type: ignore[operator]
        page.headers["Content-Security-Policy"] = (
            f"default-src 'self'; script-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; "
            f"connect-src 'self' {PROVIDER}; media-src 'self' blob: mediastream: https://*.twilio.com; "
            "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
        )
    return page


@bp.get("/board")
@door("call.answer")
def board() -> Response:
    """The part of the page that lives; 304 while nothing has changed but the seconds."""
    state = _board()
    page = make_response(render_template("calls/board.html", **state))
    call = state["call"]
    mark = [(w.ticket, w.number) for w in state["queue"]], [(a["id"], a["state"]) for a in state["agents"]]
    page.set_etag(str(abs(hash((str(mark), call and (call["leg"], call["state"]), g.get("locale"))))))
    page.headers["X-Leg"] = str(call["leg"]) if call else ""
    page.make_conditional(request)
    return page


@bp.post("/presence")
@door("call.answer")
def presence() -> AnyResponse:
    """Take calls, or be away."""
    session = db.session()
    legs.set_presence(session, request.form.get("presence", ""), by=_actor(), at=now(session))
    return redirect(url_for("calls.index"))


@bp.post("/token")
@door("call.answer")
def token() -> Response:
    """What the browser registers with at the provider."""
    made = phone.access_token(_settings(), legs.identity(_me()))
    if made is None:
        raise Conflict("softphone.not_configured")
    return jsonify(token=made, identity=legs.identity(_me()))


@bp.post("/take")
@door("call.answer")
def take() -> AnyResponse:
    """Without a provider: the next caller of the simulator is joined at once."""
    session = db.session()
    call = desk.first_waiting(session)
    if _settings().has_twilio or call is None:
        raise Conflict("call.nobody_waits", clause="5.1.1-c")
    agent = legs.person(session, str(_me()))
    if agent is None or legs.presence_of(session, agent.id) != "available":
        raise Conflict("call.not_available", field="presence", clause="5.1.1-c")
    legs.joined(session, call, agent, sid=None, at=now(session))
    return redirect(url_for("calls.index"))


@bp.post("/legs/<int:leg_id>/<any(hold,resume,pause,record):what>")
@door("call.answer")
def change(leg_id: int, what: str) -> AnyResponse:
    """Hold, take back, pause the recording or go on with it."""
    session = db.session()
    by, at = _actor(), now(session)
    if what in ("pause", "record"):
        legs.pause_recording(session, leg_id, what == "pause", by=by, at=at)
    else:
        (legs.hold if what == "hold" else legs.resume)(session, leg_id, by=by, at=at)
    return redirect(url_for("calls.index"))


@bp.post("/legs/<int:leg_id>/transfer")
@door("call.answer")
def transfer(leg_id: int) -> AnyResponse:
    """Hand the customer to a colleague."""
    session = db.session()
    to = legs.person(session, request.form.get("to", ""))
    if to is None:
        raise Invalid("call.colleague", field="to", name="")
    legs.transfer(session, leg_id, to, by=_actor(), at=now(session))
    return redirect(url_for("calls.index"))


@bp.post("/legs/<int:leg_id>/end")
@door("call.answer")
def end(leg_id: int) -> AnyResponse:
    """The talk is over as the agent says (the provider's word counts as well, whichever comes first)."""
    session = db.session()
    legs.hang_up(session, leg_id, by=_actor(), at=now(session))
    return redirect(url_for("calls.index"))


@bp.post("/legs/<int:leg_id>/wrap-up")
@door("call.answer")
def wrap_up(leg_id: int) -> AnyResponse:
    """How the call ended; only then is the agent free for the next."""
    session = db.session()
    legs.wrap_up(session, leg_id, request.form.get("code", ""), by=_actor(), at=now(session))
    return redirect(url_for("calls.index"))


@bp.post("/recordings/<int:recording_id>/listen")
@door("call.listen")
def listen(recording_id: int) -> Response:
    """A recording's sound. Who listens is committed before it is fetched."""
    session = db.session()
    person = current_actor()
    if person is None:
        raise NotFound("recording.unknown", number=str(recording_id))
    db.session.remove()  # who asks is known; the writing transaction begins anew
    sid = in_transaction(
        session, lambda: recordings.listen(session, recording_id, by=person, at=now(session)).sid, write=True
    )
    db.session.remove()
    try:
        sound, kind = phone.telephone(_settings()).sound(sid)
    except TransportError as error:
        raise Conflict("recording.not_kept", field="recording", state=str(error)) from error
    return Response(sound, mimetype=kind, headers={"Cache-Control": "no-store"})


listen.own_transaction = True  # type: ignore[attr-defined]


@bp.get("/recordings/<int:recording_id>")
@door("call.listen")
def recording(recording_id: int) -> str:
    """A recording and everybody who has listened to it."""
    session = db.session()
    return render_template("calls/recording.html", **recordings.about(session, recording_id))


def register(app: Any) -> None:
    """Attach the page."""
    app.register_blueprint(bp)
