"""Orders: issued by sales, confirmed by every department's signature, started, delivered, accepted, closed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from order_core.acquisition import agreement as agreements
from order_core.acquisition.agreement import Agreement
from order_core.clauses import carries
from order_core.errors import Conflict, Forbidden, Invalid
from order_core.execution import amendment, confirmation, papers, rules
from order_core.execution import commitments as _units_are_promised_once  # noqa: F401
from order_core.execution.conditions import CONFIRM, ORDER, complete
from order_core.execution.confirmation import confirm
from order_core.execution.design import planning
from order_core.execution.models import Order, OrderLine
from order_core.execution.papers import Edit
from order_core.kernel import sign
from order_core.kernel.actor import Actor
from order_core.kernel.case import note
from order_core.parties.models import Customer
from order_core.rulebook.clocks import house_calendar
from order_core.rulebook.handover import hand_over

__all__ = [
    "CONFIRM",
    "ORDER",
    "accept",
    "amend",
    "close",
    "confirm",
    "content",
    "deliver",
    "draft",
    "draft_from",
    "edit",
    "issue",
    "project",
    "start",
]
SALES, MAKER = "SAL", "PRO"


def content(order: Order) -> dict[str, Any]:
    """What the departments sign."""
    return papers.signed(order)


def draft(
    session: Session, *, customer_id: int, agreement: str, lines: Sequence[OrderLine], by: Actor, at: datetime
) -> Order:
    """A new order of sales with the agreement's terms; lines without a price get the one agreed for their model."""
    _sales(by)
    agreed = agreements.find(session, agreement)
    order = Order(customer_id=customer_id, agreement=agreement)
    if agreed is not None:
        order.currency, order.payment_terms = agreed.currency, agreed.payment_terms
        order.service_terms = agreed.service_terms
    prices = {line.model_code: line.unit_price for line in agreed.lines} if agreed else {}
    for line in lines:
        if line.unit_price is None:
            line.unit_price = prices.get(line.model_code)
    order.lines = list(lines)
    order.promised_on = max((line.due_on for line in lines if line.due_on), default=None)
    ORDER.open(session, order, series="O", by=by, at=at, clauses=("3.1.1-a",))
    papers.explain(session, order, {}, by=by, at=at)
    return order


def draft_from(session: Session, number: str, *, by: Actor, at: datetime) -> Order:
    """A new order with the lines of an agreement, for the customer's first place; what it leaves open is filled in.

    Raises:
        Invalid: there is no such agreement.
    """
    _sales(by)
    agreed = agreements.find(session, number)
    if agreed is None:
        raise Invalid("order.agreement", field="agreement", clause="3.1.1-a", number=number)
    customer = session.get_one(Customer, agreed.customer_id)
    place = customer.sites[0].id if customer.sites else None
    lines = _lines_of(agreed, place)
    return draft(session, customer_id=agreed.customer_id, agreement=number, lines=lines, by=by, at=at)


def _lines_of(agreed: Agreement, place: int | None) -> list[OrderLine]:
    """The lines of which something is left to order; all of them where nothing is."""
    left = [line for line in agreed.lines if line.quantity != 0] or agreed.lines
    return [
        OrderLine(
            model_code=line.model_code,
            specification=line.specification,
            quantity=line.quantity or 0,
            due_on=line.due_on,
            site_id=place,
            unit_price=line.unit_price,
        )
        for line in left
    ]


def edit(
    session: Session,
    order: Order,
    wanted: Edit,
    *,
    by: Actor,
    at: datetime,
    explanations: Mapping[str, str] | None = None,
) -> None:
    """Let a draft say something else, or say why it differs from the agreement (see ``papers.explain``).

    Raises:
        Forbidden: not sales; Conflict: it has been issued.
    """
    _sales(by)
    if order.state != "draft":
        raise Conflict("order.not_draft", clause="3.1.1-a", number=order.number)
    papers.rewrite(session, order, wanted, at=at)
    papers.explain(session, order, explanations or {}, by=by, at=at)


@carries("case", "3.1.1-a", "3.1.1-b")
def issue(
    session: Session, order: Order, *, by: Actor, at: datetime, explanations: Mapping[str, str] | None = None
) -> None:
    """Issue it: complete, each difference explained; the first promise is fixed, departments are asked to sign."""
    if order.state == "draft" and ORDER.plays(order, SALES, by):
        papers.explain(session, order, explanations or {}, by=by, at=at)
    ORDER.advance(session, order, "issue", by=by, at=at)
    order.issued_by = by.id
    order.promised_on = max(line.due_on for line in order.lines if line.due_on)
    order.committed_on = order.promised_on
    papers.keep(session, order, "issue", by=by, at=at)
    confirmation.send_round(session, order, by=by, at=at)


@carries("case", "3.2.3-a", "3.2.3-c")
def amend(
    session: Session,
    order: Order,
    change: str,
    *,
    by: Actor,
    at: datetime,
    wanted: Edit | None = None,
    explanations: Mapping[str, str] | None = None,
) -> None:
    """Work an approved change into the order: a new revision goes round, the promise moves by the change's days.

    Args:
        change: its number; unless ``wanted`` has other dates, every line's date moves with the promise.
        explanations: of whatever else is said otherwise than before; the change's number explains dates alone.

    Raises:
        Invalid: the last line's date is not the promise that the change makes, or something else than dates differs
        without words of its own.

    The customer is told where the date moves (by the step, see ``Procedure.customer_topic``).
    """
    with session.begin_nested():
        _amend(session, order, change, wanted or Edit(), explanations or {}, by=by, at=at)


def _amend(
    session: Session,
    order: Order,
    change: str,
    wanted: Edit,
    explanations: Mapping[str, str],
    *,
    by: Actor,
    at: datetime,
) -> None:
    found = next((one for one in amendment.approved(session, order) if one.number == change), None)
    before = order.promised_on
    data: dict[str, Any] = {"change": change}
    if found is not None and before is not None:
        after = rules.moved(before, found.days, house_calendar(session))
        data |= {"days": found.days, "cost": found.cost, "from": before.isoformat(), "to": after.isoformat()}
    ORDER.advance(session, order, "amend", by=by, at=at, data=data)
    assert found is not None, "the step's condition knows it"
    former, promised = papers.content(order), date.fromisoformat(data["to"])
    order.revision += 1
    papers.rewrite(session, order, _moved(session, order, wanted, found.days), at=at)
    if max((line.due_on for line in order.lines if line.due_on), default=None) != promised:
        raise Invalid("order.amend_date", field="lines", clause="3.2.3-b", on=promised.isoformat(), change=change)
    order.promised_on, order.projected_on = promised, None
    measure_slack(order)
    papers.explain_amended(session, order, former, change, explanations, by=by, at=at)
    complete(session, order, at=at)
    papers.keep(session, order, "amend", by=by, at=at, change=change)
    planning.retime(session, order, by=by, at=at)
    confirmation.send_round(session, order, by=by, at=at, anew=(MAKER,))


def _moved(session: Session, order: Order, wanted: Edit, days: int) -> Edit:
    """The edit with every date moved, where it brings none of its own."""
    present = papers.content(order).lines
    lines = present if wanted.lines is None else wanted.lines
    if [line.due_on for line in lines] != [line.due_on for line in present]:
        return wanted
    calendar = house_calendar(session)
    moved = [replace(line, due_on=line.due_on and rules.moved(line.due_on, days, calendar)) for line in lines]
    return replace(wanted, lines=moved)


def measure_slack(order: Order) -> None:
    """Keep what the board is sorted by: promised less projected."""
    promised, projected = order.promised_on, order.projected_on
    order.slack_days = (promised - projected).days if promised and projected else None


def start(session: Session, order: Order, *, projected_on: date, by: Actor, at: datetime) -> None:
    """Production starts it, with the date it projects."""
    order.projected_on = projected_on
    measure_slack(order)
    ORDER.advance(session, order, "start", by=by, at=at, data={"projected_on": projected_on.isoformat()})


def project(session: Session, order: Order, projected_on: date, *, by: Actor, at: datetime) -> None:
    """A new projection from production's progress; its slack follows (3.3.3-b).

    Raises:
        Forbidden: neither production nor the planner; Conflict: it is not being made.
    """
    if not (by.kind == "planner" or ORDER.plays(order, MAKER, by)):
        raise Forbidden("order.production_only", clause="3.3.3-b")
    if order.state != "executing":
        raise Conflict("order.not_executing", clause="3.3.3-b", number=order.number)
    order.projected_on = projected_on
    measure_slack(order)
    order.changed_at = at
    data = {"projected_on": projected_on.isoformat()}
    note(session, order, "projected", by=by, at=at, data=data, clauses=("3.3.3-b",))


def deliver(session: Session, order: Order, receiver: str, *, by: Actor, at: datetime) -> None:
    """Logistics hands every line over, with proof. The receiver's name stays out of the journal."""
    named = sign.digest_of(receiver) if receiver.strip() else ""
    proof = {str(line.id): {"receiver": named, "at": at.isoformat()} for line in order.lines}
    ORDER.advance(session, order, "deliver", by=by, at=at, data={"handed_over": proof})
    order.delivered_at = at


def accept(session: Session, order: Order, *, by: Actor, at: datetime) -> None:
    """The customer signs the acceptance of this very content (4.2.2-b)."""
    signed = sign.digest_of(content(order))
    ORDER.advance(session, order, "accept", by=by, at=at, data={"signed_digest": signed})
    order.accepted_at = at
    hand_over(session, order, to="AFS", key="order.accepted", at=at)


def close(session: Session, order: Order, *, by: Actor, at: datetime) -> None:
    """Nothing of it is open any more."""
    ORDER.advance(session, order, "close", by=by, at=at)


def _sales(by: Actor) -> None:
    if by.kind != "person" or by.department != SALES:
        raise Forbidden("order.sales_only", clause="3.1.1-a")
