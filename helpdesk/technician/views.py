"""``/m``: today's visits, one visit, and the device's sync. Pages carry all that offline work needs."""

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template, request
from sqlalchemy import select

from helpdesk.auth.door import PUBLIC, current_actor, door
from helpdesk.auth.sessions import reader_language
from helpdesk.dispatch.models import Technician, Visit
from helpdesk.dispatch.rules import Place, distance_km, travel
from helpdesk.errors.views import said
from helpdesk.extensions import db
from helpdesk.now import now
from helpdesk.technician import queries, rules, service
from helpdesk.technician.models import DeviceAction
from helpdesk.tickets.present import label
from order_core.aftersales import service as aftersales
from order_core.aftersales.models import InstalledProduct
from order_core.aftersales.rules import CAUSES, REMEDIES
from order_core.issues.models import Issue
from order_core.kernel.actor import Actor
from order_core.parties.models import ContactPerson, ProductModel

bp = Blueprint("technician", __name__, url_prefix="/m")

NEXT_ACTION = {
    "assigned": "accept",
    "accepted": "leave",
    "en_route": "arrive",
    "on_site": "start",
    "working": "complete",
}
"""The one primary action of a visit's state."""


def _me() -> tuple[Actor, Technician]:
    actor = service.require_technician(current_actor())
    return actor, db.session.get_one(Technician, actor.id)


@bp.get("")
@door("visit.work")
def today() -> str:
    """Today's and the next days' visits in order; the next one with its one action."""
    session = db.session()
    at = now(session)
    actor, technician = _me()
    visits = [_card(visit, technician, at) for visit in queries.visits_of(session, actor.id or 0, at=at)]
    upcoming = next((card for card in visits if card["action"]), None)
    return render_template("m/today.html", visits=visits, upcoming=upcoming, technician=technician.person, at=at)


@bp.get("/visits/<number>")
@door("visit.work")
def visit(number: str) -> str:
    """One visit with everything that working on it needs."""
    session = db.session()
    at = now(session)
    actor, technician = _me()
    row = service.visit_for(session, number, actor)
    return render_template(
        "m/visit.html",
        visit=_card(row, technician, at),
        product=_product(row.issue),
        history=_earlier(row.issue),
        van=_van(technician, row),
        causes=[{"value": code, "label": label("cause", code)} for code in CAUSES],
        remedies=[{"value": code, "label": label("remedy", code)} for code in REMEDIES],
        criteria=_criteria(row.issue, at),
    )


@bp.post("/sync")
@door("visit.work")
def sync() -> Response:
    """The device's outbox: every action once, in its order; each answered."""
    session = db.session()
    at = now(session)
    actor, _technician = _me()
    actions = rules.read_actions(request.get_json(silent=True))
    records = service.sync(session, actions, by=actor, at=at)
    return jsonify(results=[_result(record) for record in records], server_at=at.isoformat())


@bp.get("/sw.js")
@door(PUBLIC)
def service_worker() -> Response:
    """The service worker, served here so that its scope is ``/m``."""
    response = current_app.send_static_file("m/sw.js")
    response.headers["Service-Worker-Allowed"] = "/m"
    response.headers["Cache-Control"] = "no-cache"
    return response


def _result(record: DeviceAction) -> dict[str, Any]:
    message = said(record.code, record.params or {}) if record.code else ""
    return {"id": record.id, "status": record.outcome, "message": message}


def _card(row: Visit, technician: Technician, at: datetime) -> dict[str, Any]:
    """A visit as the pages and the device's store know it."""
    issue = row.issue
    contact = db.session.get(ContactPerson, issue.contact_id) if issue.contact_id else None
    home, there = Place(technician.lat, technician.lon), Place(row.site.lat, row.site.lon)
    return {
        "number": row.number,
        "href": f"/m/visits/{row.number}",
        "state": row.state,
        "state_label": label("state.Visit", row.state),
        "action": NEXT_ACTION.get(row.state),
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "zone": row.site.zone,
        "late": row.state in NEXT_ACTION and at > row.ends_at,
        "ticket": issue.number,
        "customer": contact.name if contact else issue.phone or "",
        "phone": issue.phone or "",
        "address": row.site.address,
        "map": f"geo:{row.site.lat},{row.site.lon}",
        "fault": issue.subject,
        "appliance_label": label("appliance", issue.appliance),
        "symptom_label": label("symptom", issue.symptom),
        "part": row.part_code or "",
        "travel_minutes": int(travel(home, there).total_seconds() // 60),
        "distance_km": round(distance_km(home, there), 1),
    }


def _product(issue: Issue) -> dict[str, Any] | None:
    unit = db.session.get(InstalledProduct, issue.product_id) if issue.product_id else None
    if unit is None:
        return None
    model = db.session.get_one(ProductModel, unit.model_code)
    entitled = aftersales.warranty(db.session(), unit, at=now(db.session()))
    return {
        "name": model.names.get(reader_language(), model.code),
        "serial": unit.serial,
        "lot": unit.lot,
        "room": unit.room,
        "covered": entitled.covered,
        "until": entitled.until,
    }


def _earlier(issue: Issue) -> list[dict[str, Any]]:
    if issue.product_id is None:
        return []
    rows = db.session.scalars(
        select(Issue)
        .where(Issue.product_id == issue.product_id, Issue.kind == "ticket", Issue.id != issue.id)
        .order_by(Issue.id.desc())
        .limit(5)
    )
    return [{"number": row.number, "at": row.opened_at, "cause": label("cause", row.cause_code)} for row in rows]


def _van(technician: Technician, row: Visit) -> list[dict[str, Any]]:
    session = db.session()
    reserved = queries.reserved_parts(session, row)
    stock = [
        {
            "code": part.code,
            "name": part.names.get(reader_language(), part.code),
            "on_hand": balance.on_hand,
            "reserved": part.code in reserved,
        }
        for part, balance in queries.van_stock(session, technician.van)
    ]
    return sorted(stock, key=lambda line: not line["reserved"])


def _criteria(issue: Issue, at: datetime) -> list[dict[str, Any]]:
    standard = aftersales.standard_for(db.session(), issue, at=at)
    return [{**criterion, "label": label("criterion", criterion["code"])} for criterion in standard.criteria]


def register(app: Any) -> None:
    """Attach the technicians' pages."""
    app.register_blueprint(bp)
