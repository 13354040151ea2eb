"""The simulator's page and its doors. Its texts and calls arrive signed at the real webhooks of this server."""

import secrets
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

from flask import Blueprint, Response, current_app, jsonify, render_template, request
from sqlalchemy import or_, select
from werkzeug.test import Client

from helpdesk.auth.door import PUBLIC, door
from helpdesk.channels import addresses
from helpdesk.channels.models import Call, Message
from helpdesk.channels.signature import sign
from helpdesk.channels.sms import measure
from helpdesk.database import in_transaction
from helpdesk.extensions import db
from helpdesk.now import forward, now
from order_core.aftersales.models import InstalledProduct
from order_core.errors import Invalid, NotFound
from order_core.parties.models import ContactPerson, Customer, ProductModel

bp = Blueprint("simulator", __name__, url_prefix="/simulator")
WITHHELD = "anonymous"
"""What the provider says of a caller who hides his number."""
MOST_MINUTES = 60 * 24 * 30
THREAD = 100
NOT_SENT = ("diverted", "suppressed")
"""What never reached the telephone."""


@bp.get("")
@door(PUBLIC)
def index() -> str:
    """The page: customers to be, a phone, the clock."""
    return render_template("simulator/index.html", customers=_customers(), number=addresses.DEMO_NUMBER)


@bp.get("/thread")
@door(PUBLIC)
def thread() -> Response:
    """Both sides of a conversation, oldest first; 304 while nothing has changed."""
    session = db.session()
    phone = request.args.get("phone", "")
    rows = session.scalars(
        select(Message)
        .where(or_(Message.from_number == phone, Message.to_number == phone), Message.status.not_in(NOT_SENT))
        .order_by(Message.id.desc())
        .limit(THREAD)
    ).all()
    messages = [_bubble(row) for row in reversed(rows)]
    response = jsonify(messages=messages)
    response.set_etag(f"{phone}:{rows[0].id if rows else 0}:{'.'.join(row.status for row in rows[:20])}")
    response.headers["X-Now"] = now(session).isoformat()
    response.make_conditional(request)
    return response


@bp.post("/send")
@door(PUBLIC)
def send() -> Response:
    """Text our number as a customer: a signed form post to the real webhook."""
    body, phone = request.form.get("body", ""), _customer_number()
    if not body.strip():
        raise Invalid("simulator.body", field="body")
    answer = _post("/twilio/sms", {"MessageSid": f"SM{secrets.token_hex(16)}", "Body": body, "NumMedia": "0"}, phone)
    return jsonify(ok=answer.status_code == 200, status=answer.status_code)


@bp.post("/forward")
@door(PUBLIC)
def move_clock() -> Response:
    """Move the demo company's clock ahead by minutes."""
    minutes = request.form.get("minutes", "")
    if not minutes.isdecimal() or not 0 < int(minutes) <= MOST_MINUTES:
        raise Invalid("simulator.minutes", field="minutes", maximum=MOST_MINUTES)
    session = db.session()
    moved = in_transaction(session, lambda: forward(session, timedelta(minutes=int(minutes))))
    return jsonify(now=moved.isoformat())


@bp.post("/call")
@door(PUBLIC)
def call() -> Response:
    """Dial the hotline as a customer."""
    sid = f"CA{secrets.token_hex(16)}"
    return _spoken(sid, _post("/twilio/voice", {"CallSid": sid, "CallStatus": "ringing"}, _customer_number()))


@bp.post("/press")
@door(PUBLIC)
def press() -> Response:
    """Press keys, say something, leave a message or hang up in a call: posted to wherever the last TwiML said."""
    action, sid = request.form.get("action", ""), request.form.get("sid", "")
    if not action.startswith("/twilio/voice"):
        raise Invalid("simulator.action", field="action")
    fields = {"CallSid": sid, "CallStatus": request.form.get("status", "in-progress")}
    given = {"digits": "Digits", "words": "SpeechResult", "seconds": "CallDuration", "result": "QueueResult"}
    fields |= {name: request.form[key] for key, name in given.items() if request.form.get(key)}
    if "SpeechResult" in fields:
        fields["Confidence"] = "0.93"
    if request.form.get("message"):
        fields |= {"RecordingSid": f"RE{secrets.token_hex(16)}", "RecordingDuration": request.form["message"]}
    return _spoken(sid, _post(action, fields, _customer_number()))


@bp.get("/line")
@door(PUBLIC)
def line() -> Response:
    """How a caller's line stands: in the menu, queued, answered, ended."""
    state = db.session.scalar(select(Call.state).where(Call.sid == request.args.get("sid", "")))
    return jsonify(state=state or "ended")


# The doors above post to this very server, so they must not hold a writing transaction meanwhile.
for _view in (send, call, press, move_clock):
    _view.own_transaction = True  # type: ignore[attr-defined]


def _customer_number() -> str:
    phone = request.form.get("phone", "")
    if phone == WITHHELD and request.path != "/simulator/send":
        return phone
    known = db.session.scalar(select(ContactPerson.id).where(ContactPerson.phone == phone).limit(1))
    db.session.remove()
    if known is None:
        raise NotFound("simulator.phone", field="phone")
    return phone


def _post(path: str, fields: dict[str, str], phone: str) -> Any:
    """A signed form post to our own webhook, through the whole application."""
    settings = current_app.settings  # type: ignore[attr-defined]
    form = {
        "AccountSid": addresses.account(settings),
        "From": phone,
        "To": addresses.our_number(settings),
        "Direction": "inbound",
        **fields,
    }
    signature = sign(settings.webhook_auth_tokens[0], settings.public_url + path, list(form.items()))
    outside = Client(current_app.wsgi_app, use_cookies=False)
    return outside.post(path, data=form, headers={"X-Twilio-Signature": signature})


def _spoken(sid: str, answer: Any) -> Response:
    """TwiML as what a caller hears and may do: ``kind`` is ask, queue, record or end; ``many``: keys ended by #."""
    if answer.status_code != 200 or not answer.data.strip():
        return jsonify(sid=sid, lines=[], action=None, ended=True, kind="end", many=False, twiml="")
    root = ET.fromstring(answer.data)  # noqa: S314 - our own answer
    asked, queued, record = root.find("Gather"), root.find("Enqueue"), root.find("Record")
    action, kind = None, "end"
    if asked is not None:
        action, kind = asked.get("action"), "ask"
    elif queued is not None:
        action, kind = queued.get("waitUrl"), "queue"
    elif record is not None:
        action, kind = record.get("action"), "record"
    elif (further := root.find("Redirect")) is not None:
        action, kind = further.text, "ask"
    return jsonify(
        sid=sid,
        lines=[{"text": said.text or "", "language": said.get("language", "")} for said in root.iter("Say")],
        action=action,
        kind=kind,
        queued=kind == "queue",
        many=asked is not None and asked.get("numDigits") is None,
        ended=action is None,
        twiml=answer.get_data(as_text=True),
    )


def _bubble(row: Message) -> dict[str, Any]:
    return {
        "id": row.id,
        "direction": row.direction,
        "body": row.body,
        "at": row.created_at.isoformat(),
        "status": row.status,
        "author": row.author_kind,
        "parts": measure(row.body).parts,
    }


def _customers() -> list[dict[str, Any]]:
    session = db.session()
    units: dict[int, list[str]] = {}
    for customer_id, appliance in session.execute(
        select(InstalledProduct.customer_id, ProductModel.appliance)
        .join(ProductModel, ProductModel.code == InstalledProduct.model_code)
        .order_by(InstalledProduct.id)
    ):
        units.setdefault(customer_id, []).append(appliance)
    rows = session.execute(
        select(ContactPerson, Customer).join(Customer).where(ContactPerson.phone.is_not(None)).order_by(Customer.id)
    )
    return [
        {
            "name": contact.name,
            "phone": contact.phone,
            "language": contact.language,
            "appliances": units.get(customer.id, []),
        }
        for contact, customer in rows
    ]


def register(app: Any) -> None:
    """Attach the simulator; only in demo mode."""
    app.register_blueprint(bp)
