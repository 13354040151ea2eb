"""The desk of an order: what its departments do to it, for page and API."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.pipeline import order_forms as forms
from helpdesk.pipeline.deeds import Deed, Desk, Field
from order_core.errors import Conflict, Forbidden
from order_core.execution import amendment, conditions, confirmation, endings
from order_core.execution import service as orders
from order_core.execution.models import Order
from order_core.execution.records import OrderQuery
from order_core.kernel import sign
from order_core.kernel.actor import Actor
from order_core.parties.models import ContactPerson

Values = Mapping[str, Any]


def _edit(session: Session, order: Order, values: Values, by: Actor, at: datetime) -> None:
    orders.edit(session, order, forms.edited(values), by=by, at=at, explanations=forms.all_else(values))


def _issue(session: Session, order: Order, values: Values, by: Actor, at: datetime) -> None:
    texts = {row["difference"]: row["why"] or "" for row in values["explanations"]}
    orders.issue(session, order, by=by, at=at, explanations=texts)


def _sign(session: Session, order: Order, values: Values, by: Actor, at: datetime) -> None:
    orders.confirm(session, order, by=by, at=at, opinion=values["opinion"])


def _ask(session: Session, order: Order, values: Values, by: Actor, at: datetime) -> None:
    confirmation.ask_back(session, order, values["text"], by=by, at=at)


def _answer(session: Session, order: Order, values: Values, by: Actor, at: datetime) -> None:
    query = session.scalars(select(OrderQuery).where(OrderQuery.number == values["query"])).one()
    confirmation.answer(
        session, order, query, values["answer"], by=by, at=at,
        wanted=forms.edited(values), explanations=forms.all_else(values),
    )  # fmt: skip


def _start(session: Session, order: Order, values: Values, by: Actor, at: datetime) -> None:
    orders.start(session, order, projected_on=values["projected_on"], by=by, at=at)


def _project(session: Session, order: Order, values: Values, by: Actor, at: datetime) -> None:
    orders.project(session, order, values["projected_on"], by=by, at=at)


def _amend(session: Session, order: Order, values: Values, by: Actor, at: datetime) -> None:
    orders.amend(
        session, order, values["change"], by=by, at=at,
        wanted=forms.edited(values), explanations=forms.all_else(values),
    )  # fmt: skip


def _close(session: Session, order: Order, _values: Values, by: Actor, at: datetime) -> None:
    orders.close(session, order, by=by, at=at)


def _ending_deeds(kind: str) -> tuple[Deed, ...]:
    """Asking for signatures to end an order so, giving them, and ending it."""
    states = orders.ORDER.machine.sources(kind)

    def propose(session: Session, order: Order, values: Values, by: Actor, at: datetime) -> None:
        endings.propose(session, order, kind, values["reason"], by=by, at=at)

    def agree(session: Session, order: Order, values: Values, by: Actor, at: datetime) -> None:
        endings.sign_ending(session, order, kind, by=by, at=at, opinion=values["opinion"])

    def record(session: Session, order: Order, values: Values, by: Actor, at: datetime) -> None:
        _sales(session, order, by, at)
        contact = session.get_one(ContactPerson, int(values["contact"]))
        endings.sign_ending(session, order, kind, by=contact.actor(recorded_by=by.id), at=at)

    def end(session: Session, order: Order, _values: Values, by: Actor, at: datetime) -> None:
        (endings.refuse if kind == "refuse" else endings.cancel)(session, order, by=by, at=at)

    def asked(session: Session, order: Order) -> bool:
        return conditions.find_ending(session, order, kind) is not None

    def may_agree(session: Session, order: Order, by: Actor, _at: datetime) -> None:
        sign_off = sign.for_purpose(session, order, kind)
        if sign_off is None:
            raise Conflict("order.ending_not_asked", clause="6.2.1")
        sign.may_sign(sign_off, by)

    def asks_customer(session: Session, order: Order) -> bool:
        sign_off = sign.for_purpose(session, order, kind)
        return asked(session, order) and sign_off is not None and sign.CUSTOMER in sign_off.required

    opinion = Field("opinion", "long", required=False)
    contact = Field("contact", "choice", options=forms.contacts)
    by_customer = Deed(f"record_{kind}", record, (contact,), states=states, may=_sales, when=asks_customer)
    return (
        Deed(f"ask_{kind}", propose, (Field("reason", "long"),), states=states, may=_sales),
        Deed(f"sign_{kind}", agree, (opinion,), states=states, may=may_agree, when=asked),
        by_customer,
        Deed(kind, end, step=kind, when=asked),
    )


def _sales(_session: Session, _order: Order, by: Actor, _at: datetime) -> None:
    if not orders.ORDER.plays(_order, orders.SALES, by):
        raise Forbidden("order.sales_only", clause="3.1.1-a")


def _may_project(_session: Session, order: Order, by: Actor, _at: datetime) -> None:
    if not orders.ORDER.plays(order, orders.MAKER, by):
        raise Forbidden("order.production_only", clause="3.3.3-b")


def _may_sign(session: Session, order: Order, by: Actor, _at: datetime) -> None:
    sign_off = sign.for_purpose(session, order, orders.CONFIRM)
    if sign_off is None:
        raise Conflict("order.not_issued", clause="3.1.2-a", number=order.number)
    sign.may_sign(sign_off, by)


def _waiting(session: Session, order: Order) -> Sequence[tuple[str, str]]:
    """Open questions, as choices."""
    return [
        (query.number, f"{query.number} · {query.department} · {query.text[:60]}")
        for query in conditions.open_queries(session, order)
    ]


def _first_waiting(session: Session, order: Order) -> str | None:
    return next((number for number, _ in _waiting(session, order)), None)


def _changes(session: Session, order: Order) -> Sequence[tuple[str, str]]:
    return [(change.number, change.number) for change in amendment.approved(session, order)]


IN_ROUND = ("issued", "queried")
PROJECTED = Field("projected_on", "date")
DESK = Desk(
    model=Order,
    procedure=orders.ORDER,
    path="/orders",
    plural="orders",
    permission="order.act",
    deeds=(
        Deed("edit", _edit, forms.CONTENT, states=("draft",), may=_sales),
        Deed("issue", _issue, (forms.EXPLANATIONS,), step="issue", settles=("order.unexplained",), noted=True),
        Deed("sign", _sign, (Field("opinion", "long", required=False),), states=IN_ROUND, may=_may_sign),
        Deed("query", _ask, (Field("text", "long"),), states=IN_ROUND, may=_may_sign),
        Deed(
            "answer",
            _answer,
            (
                Field("query", "choice", options=_waiting, initial=_first_waiting),
                Field("answer", "long"),
                *forms.CONTENT,
            ),
            step="answer",
        ),
        Deed("start", _start, (PROJECTED,), step="start"),
        Deed("project", _project, (PROJECTED,), states=("executing",), may=_may_project),
        Deed("amend", _amend, (Field("change", "choice", options=_changes), *forms.CONTENT), step="amend"),
        Deed("close", _close, step="close"),
        *_ending_deeds("refuse"),
        *_ending_deeds("cancel"),
    ),
)
