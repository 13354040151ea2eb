"""``/api/v1``: lists and records; a few actions, each the same service as the page's."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Response, current_app, jsonify, render_template, request
from flask_openapi import APIBlueprint, OpenAPI
from pydantic import Field, ValidationError, field_validator
from sqlalchemy import or_, select

from helpdesk.api import conversations, design, desks, orders, quotes, service, shapes
from helpdesk.api.desks import Numbered
from helpdesk.api.paging import Asked, ListQuery, page
from helpdesk.auth.door import PUBLIC, current_actor, door
from helpdesk.channels.models import Call, Message
from helpdesk.dispatch.models import Technician, Visit
from helpdesk.errors.views import problem
from helpdesk.extensions import csrf, db
from helpdesk.hotline import service as hotline
from helpdesk.now import now
from helpdesk.parts.models import Part
from helpdesk.pipeline.desks import DESKS
from helpdesk.tickets import queries as ticket_queries
from helpdesk.tickets import service as ticket_service
from order_core.aftersales.models import InstalledProduct, Survey
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.kernel.actor import Actor
from order_core.kernel.ledger import StockMove
from order_core.parties.models import ContactPerson, Customer
from order_core.performance import service as performance
from order_core.values import parse_number

api = APIBlueprint("api", __name__, url_prefix="/api/v1")


class TicketQuery(ListQuery):
    """Filters of the ticket list."""

    phone: str | None = None
    state: str | None = None
    kind: str | None = None
    urgency: str | None = None
    symptom: str | None = None
    appliance: str | None = None


class MessageQuery(ListQuery):
    """Filters of the message list."""

    phone: str | None = None
    sid: str | None = None
    ticket: str | None = None
    direction: str | None = Field(None, pattern="^(in|out)$")


class ByTicket(ListQuery):
    """Records of one ticket."""

    ticket: str | None = None
    state: str | None = None


class MoveQuery(ListQuery):
    """Filters of the stock moves."""

    item: str | None = None
    location: str | None = None


class NewTicket(Asked):
    """A ticket told by a program."""

    subject: str = Field(min_length=1, max_length=1600, pattern=r"\S")
    phone: str | None = Field(None, max_length=20, description="in any usual way of writing it; kept as E.164")
    language: str = Field("zh-Hant", pattern="^(en|zh-Hant|zh-Hans)$")
    urgency: str = Field("normal", pattern="^(emergency|high|normal|low)$")

    @field_validator("phone")
    @classmethod
    def _as_e164(cls, phone: str | None) -> str | None:
        number = parse_number(phone, current_app.settings.default_region) if phone else None  # type: ignore[attr-defined]
        if phone and number is None:
            raise ValueError("this is no telephone number")
        return number


class NewMessage(Asked):
    """A person's reply to the customer."""

    text: str = Field(min_length=1, max_length=1600, pattern=r"\S")


def _answer(body: dict[str, Any], status: int = 200) -> Response:
    response = jsonify(body)
    response.status_code = status
    return response


def _once(work: Callable[[], tuple[dict[str, Any], int]], *, by: Actor, at: datetime) -> Response:
    asked = f"{request.method} {request.path}\n".encode() + request.get_data()
    return _answer(*service.once(db.session(), request.headers.get("Idempotency-Key"), asked, work, by=by, at=at))


def _invalid(error: ValidationError) -> Response:
    """A request that does not fit its description: the first field that is wrong, and all of them."""
    wrong = [{"field": ".".join(map(str, bad["loc"])) or "body", "detail": bad["msg"]} for bad in error.errors()]
    return problem(422, "api.invalid", wrong[0]["detail"], field=wrong[0]["field"], errors=wrong)


def _ticket_id(number: str) -> int:
    return ticket_queries.by_number(db.session(), number, None).id


@api.get("/customers")
@door("api.read")
def customers(query: ListQuery) -> Response:
    """Customers with contacts and sites; `q` finds name, number or phone."""
    wanted = select(Customer)
    if query.q:
        of_phone = select(ContactPerson.customer_id).where(ContactPerson.phone == query.q)
        wanted = wanted.where(
            or_(Customer.name.ilike(f"%{query.q}%"), Customer.number == query.q, Customer.id.in_(of_phone))
        )
    return _answer(page(db.session(), wanted, Customer.id, query, shapes.customer))


@api.get("/products")
@door("api.read")
def products(query: ListQuery) -> Response:
    """Installed products; `q` finds serial, lot or model."""
    wanted = select(InstalledProduct)
    if query.q:
        product = InstalledProduct
        wanted = wanted.where(or_(product.serial == query.q, product.lot == query.q, product.model_code == query.q))
    return _answer(page(db.session(), wanted, InstalledProduct.id, query, shapes.product))


@api.get("/tickets")
@door("api.read")
def tickets(query: TicketQuery) -> Response:
    """Tickets and other issues, the newest first; any combination of filters."""
    wanted = select(Issue)
    for name in ("phone", "state", "kind", "urgency", "symptom", "appliance"):
        value = getattr(query, name)
        if value:
            wanted = wanted.where(getattr(Issue, name) == value)
    if query.q:
        wanted = wanted.where(or_(Issue.number == query.q, Issue.subject.ilike(f"%{query.q}%")))
    return _answer(page(db.session(), wanted, Issue.id, query, shapes.ticket))


@api.post("/tickets")
@door("api.write")
def new_ticket(body: NewTicket) -> Response:
    """Open a ticket; with an `Idempotency-Key` once, however often it is sent."""
    session = db.session()
    at, by = now(session), current_actor()
    assert by is not None

    def work() -> tuple[dict[str, Any], int]:
        issue = issues.open_ticket(
            session,
            subject=body.subject,
            channel="api",
            phone=body.phone,
            language=body.language,
            urgency=body.urgency,
            contact=hotline.caller(session, body.phone),
            by=by,
            at=at,
        )
        return shapes.ticket(issue), 201

    return _once(work, by=by, at=at)


@api.get("/tickets/<string:number>")
@door("api.read")
def ticket(path: Numbered) -> Response:
    """One ticket with its messages."""
    session = db.session()
    issue = ticket_queries.by_number(session, path.number, None)
    rows = session.scalars(select(Message).where(Message.issue_id == issue.id).order_by(Message.id))
    return _answer({**shapes.ticket(issue), "messages": [shapes.message(row) for row in rows]})


@api.get("/tickets/<string:number>/messages")
@door("api.read")
def ticket_messages(path: Numbered, query: ListQuery) -> Response:
    """The thread of a ticket, the newest first."""
    wanted = select(Message).where(Message.issue_id == _ticket_id(path.number))
    return _answer(page(db.session(), wanted, Message.id, query, shapes.message))


@api.post("/tickets/<string:number>/messages")
@door("api.write")
def reply(path: Numbered, body: NewMessage) -> Response:
    """Send the customer an SMS of a person's own words."""
    session = db.session()
    at, by = now(session), current_actor()
    assert by is not None

    def work() -> tuple[dict[str, Any], int]:
        issue = ticket_queries.by_number(session, path.number, None)
        return shapes.message(ticket_service.reply(session, issue, body.text, by=by, at=at)), 201

    return _once(work, by=by, at=at)


@api.get("/messages")
@door("api.read")
def messages(query: MessageQuery) -> Response:
    """Messages of both directions, the newest first."""
    wanted = select(Message)
    if query.phone:
        wanted = wanted.where(or_(Message.from_number == query.phone, Message.to_number == query.phone))
    if query.sid:
        wanted = wanted.where(Message.sid == query.sid)
    if query.direction:
        wanted = wanted.where(Message.direction == query.direction)
    if query.ticket:
        wanted = wanted.where(Message.issue_id == _ticket_id(query.ticket))
    return _answer(page(db.session(), wanted, Message.id, query, shapes.message))


@api.get("/calls")
@door("api.read")
def calls(query: ByTicket) -> Response:
    """Calls of both directions, the newest first."""
    wanted = select(Call)
    if query.ticket:
        wanted = wanted.where(Call.issue_id == _ticket_id(query.ticket))
    return _answer(page(db.session(), wanted, Call.id, query, shapes.call))


@api.get("/appointments")
@door("api.read")
def appointments(query: ByTicket) -> Response:
    """Visits with window, technician and state."""
    wanted = select(Visit)
    if query.ticket:
        wanted = wanted.where(Visit.issue_id == _ticket_id(query.ticket))
    if query.state:
        wanted = wanted.where(Visit.state == query.state)
    return _answer(page(db.session(), wanted, Visit.id, query, shapes.appointment))


@api.get("/technicians")
@door("api.read")
def technicians(query: ListQuery) -> Response:
    """Who can be sent."""
    return _answer(page(db.session(), select(Technician), Technician.person_id, query, shapes.technician))


@api.get("/parts")
@door("api.read")
def parts(query: ListQuery) -> Response:
    """The parts catalogue, in order of code."""
    wanted = select(Part).where(Part.code.ilike(f"%{query.q}%")) if query.q else select(Part)
    return _answer(page(db.session(), wanted, Part.code, query, shapes.part, number=False))


@api.get("/stock-moves")
@door("api.read")
def stock_moves(query: MoveQuery) -> Response:
    """Movements of the stock ledger, the newest first."""
    wanted = select(StockMove)
    if query.item:
        wanted = wanted.where(StockMove.item == query.item)
    if query.location:
        wanted = wanted.where(or_(StockMove.source == query.location, StockMove.target == query.location))
    return _answer(page(db.session(), wanted, StockMove.id, query, shapes.stock_move))


@api.get("/surveys")
@door("api.read")
def surveys(query: ByTicket) -> Response:
    """Satisfaction surveys."""
    wanted = select(Survey)
    if query.ticket:
        wanted = wanted.where(Survey.issue_id == _ticket_id(query.ticket))
    if query.state:
        wanted = wanted.where(Survey.state == query.state)
    return _answer(page(db.session(), wanted, Survey.id, query, shapes.survey))


@api.get("/indicators")
@door("api.read")
def indicators() -> Response:
    """The indicators as of now, recomputed from the records."""
    session = db.session()
    at = now(session)
    rows = performance.indicators(session, at=at)
    return _answer({"at": shapes.instant(at), "items": [_indicator(row) for row in rows]})


def _indicator(row: Any) -> dict[str, Any]:
    newest: datetime | None = row.newest
    return {
        "code": row.code,
        "value": row.value,
        "unit": row.unit,
        "target": row.target,
        "count": row.count,
        "newest": shapes.instant(newest),
        "since": shapes.instant(row.since),
        "until": shapes.instant(row.until),
    }


orders.attach(api)
quotes.attach(api)
design.attach(api)
conversations.attach(api)
for _desk in DESKS:
    desks.attach(api, _desk)


def register(app: OpenAPI) -> None:
    """Attach the API, its description and its page of documentation."""
    app.validation_error_callback = _invalid
    app.register_api(api)
    csrf.exempt(api)

    @app.route("/api/openapi.json")
    @door(PUBLIC)
    def openapi_json() -> Response:
        return jsonify(app.api_doc)

    @app.route("/api/docs")
    @door(PUBLIC)
    def api_docs() -> str:
        return render_template("api/docs.html", doc=app.api_doc)
