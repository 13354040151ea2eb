"""Orders: issued by sales, confirmed by every department's signature, started, delivered, accepted, closed."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.errors import Conflict, Forbidden, Invalid
from order_core.execution import rules
from order_core.execution.models import Order, OrderLine
from order_core.execution.rules import LineFacts
from order_core.issues.models import Issue
from order_core.issues.rules import OPEN_STATES
from order_core.kernel import clock, sign
from order_core.kernel.actor import Actor
from order_core.kernel.case import Procedure, Step
from order_core.kernel.notice import tell
from order_core.parties.models import ContactPerson
from order_core.rulebook.clocks import house_calendar, policy
from order_core.rulebook.machines import machine

CONFIRM = "confirm"
CONFIRM_CLOCK = "T-03"


def _facts(line: OrderLine) -> LineFacts:
    return LineFacts(line.specification, line.quantity, line.due_on, line.site_id is not None, line.new_design)


def content(order: Order) -> dict[str, Any]:
    """What the departments sign."""
    return {
        "number": order.number,
        "revision": order.revision,
        "agreement": order.agreement,
        "lines": [
            [line.model_code, line.specification, line.quantity, line.due_on.isoformat(), line.site_id]
            for line in order.lines
        ],
    }


def _lines_complete(step: Step) -> None:
    order: Order = step.case
    if not order.lines:
        raise Invalid("order.lines", field="lines", clause="3.1.1-b")
    if not order.agreement.strip():
        raise Invalid("order.agreement", field="agreement", clause="3.1.1-a")
    for line in order.lines:
        fault = rules.line_fault(_facts(line), step.at.date())
        if fault is not None:
            raise Invalid(fault[1], field=fault[0], clause="3.1.1-b")


def _all_departments_signed(step: Step) -> None:
    sign_off = sign.for_purpose(step.session, step.case, CONFIRM)
    if not sign.complete(sign_off):
        waiting = ", ".join(sign.open_parties(sign_off)) if sign_off else ""
        raise Conflict("order.signatures_missing", clause="3.1.2-c", departments=waiting)


def _supply_planned(step: Step) -> None:
    """The projected date keeps the promise, or an overdue issue of the order is open (3.3.1-a)."""
    order: Order = step.case
    if order.projected_on is None or order.committed_on is None:
        raise Invalid("order.projected_on", field="projected_on", clause="3.3.1-a")
    if order.projected_on > order.committed_on and not _open_issues(step.session, order):
        raise Conflict("order.overdue_unexplained", clause="3.3.1-a", projected=str(order.projected_on))


def _all_lines_handed_over(step: Step) -> None:
    """Every line with a hand-over that has receiver and time (4.2.2-a)."""
    handed = step.data.get("handed_over") or {}
    for line in step.case.lines:
        proof = handed.get(str(line.id)) or {}
        if not proof.get("receiver") or not proof.get("at"):
            raise Invalid("order.proof", field="proof", clause="4.2.2-a", line=line.id)


def _acceptance_signed(step: Step) -> None:
    """Signed, and by one of this customer's own contact persons (4.2.2-b)."""
    contact = step.session.get(ContactPerson, step.by.id) if step.by.id else None
    if contact is None or contact.customer_id != step.case.customer_id:
        raise Forbidden("case.not_an_actor", clause="4.2.2-b", step=step.transition.step, actors="CUS")
    if not step.data.get("signed_digest"):
        raise Invalid("order.acceptance", field="signature", clause="4.2.2-b")


def _no_open_issue(step: Step) -> None:
    if _open_issues(step.session, step.case):
        raise Conflict("order.open_issues", clause="4.2.3-b")


def _open_issues(session: Session, order: Order) -> bool:
    found = session.scalar(select(Issue.id).where(Issue.order_id == order.id, Issue.state.in_(OPEN_STATES)).limit(1))
    return found is not None


def _required(order: Order, by: Actor) -> bool:
    return by.kind == "person" and by.department in rules.required_departments(map(_facts, order.lines))


ORDER = Procedure(
    machine("Order"),
    conditions={
        "lines_complete": _lines_complete,
        "all_departments_signed": _all_departments_signed,
        "supply_planned": _supply_planned,
        "all_lines_handed_over": _all_lines_handed_over,
        "acceptance_signed": _acceptance_signed,
        "no_open_issue": _no_open_issue,
    },
    relations={"required": _required},
)


def draft(
    session: Session, *, customer_id: int, agreement: str, lines: Sequence[OrderLine], by: Actor, at: datetime
) -> Order:
    """A new order of sales, not issued yet."""
    order = Order(customer_id=customer_id, agreement=agreement)
    order.lines = list(lines)
    ORDER.open(session, order, series="O", by=by, at=at, clauses=("3.1.1-a",))
    return order


def issue(session: Session, order: Order, *, by: Actor, at: datetime) -> None:
    """Issue it: lines complete, the first committed date fixed, departments asked to sign within their clock."""
    ORDER.advance(session, order, "issue", by=by, at=at)
    order.issued_by = by.id
    order.committed_on = order.committed_on or max(line.due_on for line in order.lines)
    required = rules.required_departments(map(_facts, order.lines))
    sign.ask(session, order, CONFIRM, content(order), required=required, by=by, at=at)
    clock.start(session, order, policy(CONFIRM_CLOCK), at=at, calendar=house_calendar(), owner=by.id)
    for department in required:
        tell(session, key="order.to_confirm", at=at, about=order, department=department,
             params={"number": order.number})  # fmt: skip


def confirm(session: Session, order: Order, *, by: Actor, at: datetime, opinion: str | None = None) -> bool:
    """Sign for one's department; the last signature confirms the order. True when it is confirmed now."""
    sign_off = sign.for_purpose(session, order, CONFIRM)
    if sign_off is None:
        raise Conflict("order.not_issued", clause="3.1.2-a", number=order.number)
    sign.give(session, sign_off, "approve", digest=sign.digest_of(content(order)), by=by, at=at, opinion=opinion)
    if not sign.complete(sign_off):
        return False
    ORDER.advance(session, order, "confirm", by=by, at=at, data={"digest": sign_off.digest})
    clock.stop(session, order, CONFIRM_CLOCK, at=at, calendar=house_calendar())
    tell(session, key="order.confirmed", at=at, about=order, department="SAL", params={"number": order.number})
    return True


def start(session: Session, order: Order, *, projected_on: date, by: Actor, at: datetime) -> None:
    """Production starts it, with the date it projects."""
    order.projected_on = projected_on
    ORDER.advance(session, order, "start", by=by, at=at, data={"projected_on": projected_on.isoformat()})


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
    tell(session, key="order.accepted", at=at, about=order, department="AFS", params={"number": order.number})


def close(session: Session, order: Order, *, by: Actor, at: datetime) -> None:
    """Nothing of it is open any more."""
    ORDER.advance(session, order, "close", by=by, at=at)
