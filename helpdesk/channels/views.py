"""Webhooks of messages: claim, store, publish, answer. All other work is the workers'."""

from typing import Any

from flask import Blueprint, Response, current_app, request

from helpdesk.auth.door import PUBLIC, door
from helpdesk.auth.webhook import signed_by_provider
from helpdesk.channels import addresses, queries, rules, service
from helpdesk.extensions import db
from helpdesk.now import now

bp = Blueprint("channels", __name__)
EMPTY = "<?xml version='1.0' encoding='UTF-8'?><Response/>"


def twiml(text: str = EMPTY) -> Response:
    """A TwiML answer."""
    return Response(text, mimetype="text/xml")


@bp.post("/twilio/sms")
@door(PUBLIC)
@signed_by_provider
def sms() -> Any:
    """An inbound message. Answered at once; what follows from it is an outbox row."""
    inbound = rules.read_message(request.form.to_dict(flat=False))
    session = db.session()
    service.receive(session, addresses.provider(current_app.settings), inbound, at=now(session))  # type: ignore[attr-defined]
    return twiml()


@bp.post("/twilio/sms/status")
@door(PUBLIC)
@signed_by_provider
def sms_status() -> Any:
    """A delivery report; the address carries our message's id."""
    fields = request.form.to_dict(flat=False)
    rules.required(fields, "MessageSid", "MessageStatus")
    sid, status = rules.sid_of(fields, "MessageSid", rules.SID), rules.clean(request.form["MessageStatus"])
    session = db.session()
    at = now(session)
    settings = current_app.settings  # type: ignore[attr-defined]
    known = service.claim(
        session,
        addresses.provider(settings),
        addresses.account(settings),
        sid,
        f"status:{status}"[:48],
        rules.clean_fields(fields),
        at=at,
    )
    message = queries.reported(session, sid, request.args.get("message", ""))
    if known and message is not None:
        code = request.form.get("ErrorCode", "")
        error = int(code) if code.isdecimal() and len(code) < 8 else None
        service.apply_status(session, message, status, sid=sid, error_code=error, at=at)
    return Response("", status=204)


def register(app: Any) -> None:
    """Attach the webhooks."""
    addresses.configure(app.settings)
    app.register_blueprint(bp)
