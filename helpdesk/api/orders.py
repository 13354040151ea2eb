"""Orders and contracts in the API: lists, records, and drafting; the deeds are the desk's (``api.desks``)."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from flask import Response, jsonify, request
from flask_openapi import APIBlueprint
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.api import service
from helpdesk.api.desks import Numbered
from helpdesk.api.paging import Asked, ListQuery, page
from helpdesk.api.shapes import instant
from helpdesk.auth.door import current_actor, door
from helpdesk.extensions import db
from helpdesk.now import now
from helpdesk.pipeline import contracts as contract_forms
from helpdesk.pipeline import search
from helpdesk.pipeline.orders import DESK
from order_core.acquisition.contract.models import Contract
from order_core.execution import papers, queries, rules
from order_core.execution import service as orders
from order_core.execution.models import Order
from order_core.execution.queries import Wanted
from order_core.execution.records import OrderQuery
from order_core.kernel import sign
from order_core.kernel.actor import Actor
from order_core.parties.models import Customer

STAGE_OF = {state: name for name, states in rules.STAGES.items() for state in states}


class OrderList(ListQuery):
    """Filters of the order list."""

    state: str | None = None
    stage: str | None = Field(None, description=", ".join(rules.STAGES))
    customer: str | None = Field(None, description="a customer's number")
    department: str | None = Field(None, description="one that has still to sign")
    model: str | None = None
    late: bool = False
    promised_from: date | None = None
    promised_to: date | None = None


class ContractList(ListQuery):
    """Filters of the contract list."""

    customer: str | None = Field(None, description="a customer's number")


class NewOrder(Asked):
    """A draft from an agreement, with its lines."""

    agreement: str = Field(max_length=40, description="number of a won quote or a contract")


class NewContractLine(Asked):
    """A model at its price; quantity and date only where every order is bound to them."""

    model_code: str
    specification: str
    unit_price: str = Field(description="a decimal in the contract's currency")
    quantity: int | None = None
    due_on: date | None = None


class NewContract(Asked):
    """A signed contract."""

    customer: str = Field(description="the customer's number")
    contract_number: str | None = Field(None, max_length=24)
    currency: str
    valid_from: date
    valid_until: date | None = None
    payment_terms: str
    service_terms: str | None = None
    lines: list[NewContractLine]


def attach(api: APIBlueprint) -> None:
    """Add the routes to the API."""
    api.get("/orders")(list_orders)
    api.post("/orders")(new_order)
    api.get("/orders/<string:number>")(one_order)
    api.get("/contracts")(list_contracts)
    api.post("/contracts")(new_contract)


@door("order.read")
def list_orders(query: OrderList) -> Response:
    """Orders, the newest first; `q` finds number, agreement, customer, model and specification in any language."""
    session = db.session()
    today = papers.house_day(now(session))
    wanted = queries.narrowed(select(Order), _wanted(session, query), today=today)
    if query.q:
        wanted = wanted.where(search.orders_about(session, query.q))
    return _json(page(session, wanted, Order.id, query, lambda order: brief(order, today)))


def _wanted(session: Session, query: OrderList) -> Wanted:
    customers = session.scalars(select(Customer.id).where(Customer.number == query.customer)).all()
    return Wanted(
        stage=query.stage or "",
        state=query.state or "",
        department=query.department or "",
        late=query.late,
        customers=customers if query.customer else None,
        model=query.model or "",
        promised_from=query.promised_from,
        promised_to=query.promised_to,
    )


@door("order.read")
def one_order(path: Numbered) -> Response:
    """One order with lines, differences, signatures, questions and revisions."""
    session = db.session()
    return _json(whole(session, DESK.find(session, path.number), papers.house_day(now(session))))


@door("order.act")
def new_order(body: NewOrder) -> Response:
    """Draft an order from an agreement; its lines may be edited before it is issued."""

    def work(session: Session, actor: Actor, at: datetime) -> dict[str, Any]:
        order = orders.draft_from(session, body.agreement, by=actor, at=at)
        return whole(session, order, papers.house_day(at))

    return _made(work)


@door("order.read")
def list_contracts(query: ContractList) -> Response:
    """Contracts, the newest first; `q` finds the number."""
    session = db.session()
    wanted = select(Contract)
    if query.customer:
        wanted = wanted.where(Contract.customer_id.in_(select(Customer.id).where(Customer.number == query.customer)))
    if query.q:
        wanted = wanted.where(Contract.number.icontains(query.q, autoescape=True))
    return _json(page(session, wanted, Contract.id, query, contract))


@door("order.act")
def new_contract(body: NewContract) -> Response:
    """Put a contract on file."""
    asked = body.model_dump(mode="json")
    return _made(lambda session, actor, at: contract(contract_forms.keep(session, asked, by=actor, at=at)))


def brief(order: Order, today: date) -> dict[str, Any]:
    """An order in a list."""
    spare = queries.slack_of(order, today)
    return {
        "number": order.number,
        "state": order.state,
        "stage": STAGE_OF.get(order.state),
        "revision": order.revision,
        "version": order.version,
        "customer_id": order.customer_id,
        "agreement": order.agreement,
        "currency": order.currency,
        "promised_on": _day(order.promised_on),
        "committed_on": _day(order.committed_on),
        "projected_on": _day(order.projected_on),
        "slack_days": spare,
        "late": spare is not None and spare < 0,
        "unexplained": order.unexplained,
        "opened_at": instant(order.opened_at),
        "changed_at": instant(order.changed_at),
        "delivered_at": instant(order.delivered_at),
    }


def whole(session: Session, order: Order, today: date) -> dict[str, Any]:
    """An order with all that belongs to it."""
    sign_off = sign.for_purpose(session, order, orders.CONFIRM)
    texts = papers.explanations(session, order)
    asked = session.scalars(select(OrderQuery).where(OrderQuery.order_id == order.id).order_by(OrderQuery.id))
    said = papers.content(order).as_json()
    return {
        **brief(order, today),
        "payment_terms": order.payment_terms,
        "service_terms": order.service_terms,
        "lines": [{"id": row.id, **line} for row, line in zip(order.lines, said["lines"], strict=True)],
        "differences": [
            {**vars(d), "why": texts[d.field].why if d.field in texts else None}
            for d in papers.differences(session, order)
        ],
        "confirmers": order.confirmers,
        "digest": sign_off.digest if sign_off else None,
        "signatures": [_signature(s) for s in sign_off.signatures] if sign_off else [],
        "queries": [_query(q) for q in asked],
        "revisions": [
            {
                "revision": row.revision,
                "reason": row.reason,
                "change": row.change,
                "digest": row.digest,
                "promised_on": _day(row.promised_on),
                "made_at": instant(row.made_at),
                "content": row.content,
            }
            for row in papers.revisions(session, order)
        ],
    }


def _signature(row: sign.Signature) -> dict[str, Any]:
    return {
        "party": row.party,
        "verdict": row.verdict,
        "digest": row.digest,
        "at": instant(row.at),
        "opinion": row.opinion,
        "carried": row.carried_from is not None,
    }


def _query(row: OrderQuery) -> dict[str, Any]:
    return {
        "number": row.number,
        "department": row.department,
        "revision": row.revision,
        "text": row.text,
        "asked_at": instant(row.asked_at),
        "answer": row.answer,
        "answered_at": instant(row.answered_at),
        "answered_in": row.answered_in,
    }


def contract(row: Contract) -> dict[str, Any]:
    """A contract with its lines; prices in the smallest unit of its currency."""
    return {
        "number": row.number,
        "customer_id": row.customer_id,
        "currency": row.currency,
        "valid_from": _day(row.valid_from),
        "valid_until": _day(row.valid_until),
        "payment_terms": row.payment_terms,
        "service_terms": row.service_terms,
        "lines": [
            {
                "model_code": line.model_code,
                "specification": line.specification,
                "unit_price": line.unit_price,
                "quantity": line.quantity,
                "due_on": _day(line.due_on),
            }
            for line in row.lines
        ],
    }


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _made(work: Callable[[Session, Actor, datetime], dict[str, Any]]) -> Response:
    """Make something, once for an Idempotency-Key."""
    session, actor = db.session(), current_actor()
    assert actor is not None
    at, key = now(session), request.headers.get("Idempotency-Key")
    sent = f"{request.path}\n".encode() + request.get_data()
    return _json(*service.once(session, key, sent, lambda: (work(session, actor, at), 201), by=actor, at=at))


def _json(content: dict[str, Any], status: int = 200) -> Response:
    answer: Response = jsonify(content)
    answer.status_code = status
    return answer
