"""The doors of a webhook gateway: messages in and delivery reports, as signed JSON. Claim, store, publish, answer."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from helpdesk.auth.door import PUBLIC, door
from helpdesk.auth.webhook import signed_by_gateway
from helpdesk.channels import addresses, json_rules, queries, service
from helpdesk.extensions import db
from helpdesk.now import now
from order_core.errors import Invalid

bp = Blueprint("gateway", __name__, url_prefix="/gateway")


def _given() -> dict[str, Any]:
    given = request.get_json(silent=True)
    if not isinstance(given, dict):
        raise Invalid("webhook.field", field="body", name="body")
    return given


@bp.post("/messages")
@door(PUBLIC)
@signed_by_gateway
def message() -> Response:
    """A message to us."""
    session = db.session()
    inbound = json_rules.read_inbound(_given(), addresses.account(current_app.settings))  # type: ignore[attr-defined]
    new = service.receive(session, "webhook", inbound, at=now(session))
    return jsonify(id=inbound.sid, new=new)


@bp.post("/status")
@door(PUBLIC)
@signed_by_gateway
def status() -> Response:
    """A delivery report; ``reference`` finds the message when the answer with its id was lost."""
    session, given = db.session(), _given()
    at, sid, said = now(session), json_rules.id_of(given), json_rules.text_of(given, "status")
    account = addresses.account(current_app.settings)  # type: ignore[attr-defined]
    known = service.claim(session, "webhook", account, sid, f"status:{said}"[:48], {"status": said}, at=at)
    reference = given.get("reference")
    ours = reference.removeprefix("message:") if isinstance(reference, str) else request.args.get("message", "")
    row = queries.reported(session, sid, ours)
    code = given.get("error_code")
    if known and row is not None:
        error = code if isinstance(code, int) and 0 < code < 10**8 else None
        service.apply_status(session, row, said, sid=sid, error_code=error, at=at)
    return jsonify(id=sid)


def register(app: Any) -> None:
    """Attach the doors."""
    app.register_blueprint(bp)
