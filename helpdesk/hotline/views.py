"""Webhooks of the hotline: each step answers TwiML and is harmless when it comes again."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, request
from flask_babel import Locale

from helpdesk import i18n
from helpdesk.auth.door import PUBLIC, door
from helpdesk.auth.webhook import signed_by_provider
from helpdesk.channels import addresses, rules, service, wording
from helpdesk.channels.models import Call
from helpdesk.channels.views import twiml
from helpdesk.extensions import db
from helpdesk.hotline import service as voice
from helpdesk.hotline.twiml import Twiml
from helpdesk.now import now
from order_core.parties.models import ContactPerson

bp = Blueprint("voice", __name__, url_prefix="/twilio/voice")
QUEUE = "service"
WAIT_SECONDS = 10


def _claim(step: str, at: datetime) -> str:
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


def _step(step: str) -> tuple[Call, datetime]:
    at = now(db.session())
    sid = _claim(step, at)
    region = current_app.settings.default_region  # type: ignore[attr-defined]
    return voice.begin(db.session(), sid, request.form.get("From", ""), region=region, at=at), at


def line(call: Call, purpose: str, **params: Any) -> str:
    """A spoken sentence in the caller's language."""
    return wording.render(purpose, call.language, params, channel="voice")


def _menu(call: Call, *before: str) -> Twiml:
    return Twiml(call.language).gather([*before, line(call, "menu")], "/twilio/voice/menu").redirect("/twilio/voice")


@bp.post("")
@door(PUBLIC)
@signed_by_provider
def answer() -> Response:
    """The hotline is called: greet and offer the menu."""
    call, _at = _step("start")
    contact = db.session.get(ContactPerson, call.contact_id) if call.contact_id else None
    return twiml(str(_menu(call, line(call, "greeting", name=contact.name if contact else ""))))


@bp.post("/menu")
@door(PUBLIC)
@signed_by_provider
def menu() -> Response:
    """A key of the menu: 1 order, 2 fault, 0 a person; anything else hears it again."""
    call, at = _step("menu")
    chosen: dict[str, Callable[[Call, datetime], Twiml]] = {"1": _order, "2": _fault, "0": _person}
    then = chosen.get(request.form.get("Digits", ""))
    return twiml(str(then(call, at) if then else _menu(call)))


def _order(call: Call, at: datetime) -> Twiml:
    status = voice.order_status(db.session(), call, at=at)
    if status is None:
        return _menu(call, line(call, "no_order"))
    state = i18n.translate(call.language, f"state.Order.{status.state}")
    spoken = _spoken_date(status.on, call.language) if status.open and status.on else ""
    return _menu(call, line(call, "order_status", number=" ".join(status.number), state=state, date=spoken))


def _spoken_date(on: Any, language: str) -> str:
    from babel.dates import format_date

    return str(format_date(on, "long", locale=Locale.parse(i18n.LOCALES[language])))


def _fault(call: Call, _at: datetime) -> Twiml:
    return Twiml(call.language).gather([line(call, "report")], "/twilio/voice/report", digits=1, timeout=8)


def _person(call: Call, at: datetime) -> Twiml:
    position = voice.enqueue(db.session(), call, at=at)
    said = Twiml(call.language).say(line(call, "queue.wait", position=position))
    return said.enqueue(QUEUE, wait="/twilio/voice/wait", action="/twilio/voice/queued")


@bp.post("/report")
@door(PUBLIC)
@signed_by_provider
def report() -> Response:
    """The fault in the caller's words: a ticket, its number spoken; key 0 is a person here too."""
    call, at = _step("report")
    if request.form.get("Digits") == "0":
        return twiml(str(_person(call, at)))
    issue = voice.report(db.session(), call, rules.clean(request.form.get("SpeechResult", "")), at=at)
    said = Twiml(call.language).say(line(call, "reported", number=" ".join(issue.number)))
    return twiml(str(said.hangup()))


@bp.post("/wait")
@door(PUBLIC)
@signed_by_provider
def wait() -> Response:
    """While waiting: the position, and a call-back by key 1 for whoever can be rung."""
    call, at = _step("wait")
    position = voice.enqueue(db.session(), call, at=at)
    if request.form.get("Digits") == "1" and call.number is not None:
        voice.keep_place(db.session(), call, at=at)
        return twiml(str(Twiml(call.language).say(line(call, "callback_kept")).leave()))
    lines = [line(call, "queue.wait", position=position)]
    if call.number is not None:
        lines.append(line(call, "queue.callback_offer"))
    said = Twiml(call.language).gather(lines, "/twilio/voice/wait", speech=False, timeout=WAIT_SECONDS)
    return twiml(str(said.redirect("/twilio/voice/wait")))


@bp.post("/queued")
@door(PUBLIC)
@signed_by_provider
def queued() -> Response:
    """Out of the queue: bridged, called back later, or gone."""
    call, _at = _step("queued")
    voice.left_queue(call, request.form.get("QueueResult", ""))
    return twiml(str(Twiml(call.language).say(line(call, "goodbye")).hangup()))


@bp.post("/callback")
@door(PUBLIC)
@signed_by_provider
def callback() -> Response:
    """A call that we placed is taken: say who calls and connect to the queue's agents."""
    session = db.session()
    _claim("callback", now(session))
    wanted = request.args.get("call", "")
    call = session.get(Call, int(wanted)) if wanted.isdecimal() and len(wanted) < 19 else None
    if call is None:
        return twiml()
    call.state = "answered"
    return twiml(str(Twiml(call.language).say(line(call, "callback_connect"))))


@bp.post("/status")
@door(PUBLIC)
@signed_by_provider
def status() -> Response:
    """A call's progress; what follows from its end happens here."""
    rules.required(request.form.to_dict(flat=False), "CallSid", "CallStatus")
    call, at = _step(f"status-{request.form['CallStatus'][:16]}")
    seconds = request.form.get("CallDuration", "")
    if call.direction == "in" and call.ended_at is None and request.form["CallStatus"] in voice.OVER:
        voice.ended(db.session(), call, int(seconds) if seconds.isdecimal() and len(seconds) < 7 else None, at=at)
    return Response("", status=204)


def register(app: Any) -> None:
    """Attach the hotline."""
    app.register_blueprint(bp)
