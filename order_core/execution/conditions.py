"""The conditions of the Order machine, each bound by its name in the rulebook."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.errors import Conflict, Forbidden, Invalid
from order_core.execution import amendment, gates, papers, rules
from order_core.execution.models import Order
from order_core.execution.records import OrderEnding, OrderQuery
from order_core.issues.models import Issue
from order_core.issues.rules import OPEN_STATES
from order_core.kernel import sign
from order_core.kernel.actor import Actor
from order_core.kernel.case import Procedure, Step
from order_core.parties.models import ContactPerson
from order_core.rulebook.machines import machine

CONFIRM = "confirm"
ENDINGS = {"refuse": "order_refusal", "cancel": "order_cancellation"}
"""How an order ends before its time → the rulebook's name of who must sign for it (6.2.1, 9.1)."""


def complete(session: Session, order: Order, *, at: datetime) -> None:
    """Every line complete, to a place of this customer, and every difference explained (3.1.1-a, 3.1.1-b)."""
    said = papers.content(order)
    fault = rules.fault(said, papers.house_day(at))
    if fault is not None:
        _, _, within = fault[0].partition(".")
        raise Invalid(fault[1], field=fault[0], clause="3.1.1-b", line=within.split(".")[0])
    papers.known(session, order, said.lines)
    papers.demand_explained(session, order)


def _lines_complete(step: Step) -> None:
    """An agreement of this customer's in force, and what the order says complete (3.1.1)."""
    order: Order = step.case
    agreed = papers.agreed(step.session, order)
    if agreed is None:
        raise Invalid("order.agreement", field="agreement", clause="3.1.1-a", number=order.agreement)
    if agreed.customer_id != order.customer_id:
        raise Invalid("order.agreement_of_other", field="agreement", clause="3.1.1-a", number=order.agreement)
    if not agreed.in_force(papers.house_day(step.at)):
        raise Invalid("order.agreement_over", field="agreement", clause="3.1.1-a", number=order.agreement)
    complete(step.session, order, at=step.at)


def _question_asked(step: Step) -> None:
    """A question in words, waiting for its answer (3.1.2-b)."""
    if _query(step) is None:
        raise Invalid("order.query_text", field="text", clause="3.1.2-b")


def _question_answered(step: Step) -> None:
    """Every question answered, this one being the last (3.1.2-b)."""
    if _query(step) is None:
        raise Invalid("order.answer", field="answer", clause="3.1.2-b")
    if open_queries(step.session, step.case):
        raise Conflict("order.queries_open", clause="3.1.2-b")


def _query(step: Step) -> OrderQuery | None:
    wanted = select(OrderQuery).where(OrderQuery.order_id == step.case.id, OrderQuery.number == step.data.get("query"))
    return step.session.scalars(wanted).first()


def open_queries(session: Session, order: Order) -> list[OrderQuery]:
    """Questions that sales has still to answer, the oldest first."""
    wanted = select(OrderQuery).where(OrderQuery.order_id == order.id, OrderQuery.answered_at.is_(None))
    return list(session.scalars(wanted.order_by(OrderQuery.id)))


def _all_departments_signed(step: Step) -> None:
    """Every required department under this digest, and whatever other rooms demand (3.1.2-c, 6.2.1)."""
    sign_off = sign.for_purpose(step.session, step.case, CONFIRM)
    if sign_off is None or not sign.complete(sign_off):
        waiting = ", ".join(sign.open_parties(sign_off)) if sign_off else ""
        raise Conflict("order.signatures_missing", clause="3.1.2-c", departments=waiting)
    if sign_off.digest != sign.digest_of(papers.signed(step.case)):
        raise Conflict("sign.other_revision", field="digest", clause="3.1.2-c")
    gates.ask(step.session, step.case, "confirm", step.at)


def _supply_planned(step: Step) -> None:
    """The projected date keeps the promise, or an overdue issue of the order is open (3.3.1-a)."""
    order: Order = step.case
    if order.projected_on is None or order.promised_on is None:
        raise Invalid("order.projected_on", field="projected_on", clause="3.3.1-a")
    if order.projected_on > order.promised_on and not _open_issues(step.session, order):
        raise Conflict("order.overdue_unexplained", clause="3.3.1-a", projected=str(order.projected_on))
    gates.ask(step.session, order, "start", step.at)


def _change_approved(step: Step) -> None:
    """A change of this order that is approved, with its effect, and not used yet (3.2.3-a, 3.2.3-b)."""
    left = {change.number for change in amendment.approved(step.session, step.case)}
    if not left:
        raise Conflict("order.no_approved_change", clause="3.2.3-b", number=step.case.number)
    if step.data.get("change") not in left:
        raise Invalid("order.change", field="change", clause="3.2.3-a", allowed=", ".join(sorted(left)))


def _ending_signed(step: Step) -> None:
    """A reason, and everybody's signature under it and under what the order says now (6.2.1)."""
    order, kind = step.case, step.transition.step
    ending = find_ending(step.session, order, kind)
    if ending is None:
        raise Conflict("order.ending_not_asked", clause="6.2.1")
    sign_off = sign.for_purpose(step.session, order, kind)
    if sign_off is None or sign_off.digest != sign.digest_of(ending_content(order, ending)):
        raise Conflict("sign.other_revision", field="digest", clause="6.2.1")
    if not sign.complete(sign_off):
        parties = ", ".join(sign.open_parties(sign_off))
        raise Conflict("order.signatures_missing", clause="6.2.1", departments=parties)
    gates.ask(step.session, order, kind, step.at)


def find_ending(session: Session, order: Order, kind: str) -> OrderEnding | None:
    """The wish to refuse or cancel the order, where there is one."""
    return session.scalars(
        select(OrderEnding).where(OrderEnding.order_id == order.id, OrderEnding.kind == kind)
    ).first()


def ending_content(order: Order, ending: OrderEnding) -> dict[str, object]:
    """What is signed: this order as it is now ends so, for this reason."""
    return {"number": order.number, "revision": order.revision, "ends": ending.kind, "reason": ending.reason}


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
    return by.kind == "person" and by.department in order.confirmers


ORDER = Procedure(
    machine("Order"),
    conditions={
        "lines_complete": _lines_complete,
        "question_asked": _question_asked,
        "question_answered": _question_answered,
        "all_departments_signed": _all_departments_signed,
        "refusal_signed": _ending_signed,
        "supply_planned": _supply_planned,
        "change_approved": _change_approved,
        "all_lines_handed_over": _all_lines_handed_over,
        "acceptance_signed": _acceptance_signed,
        "no_open_issue": _no_open_issue,
        "cancellation_signed": _ending_signed,
    },
    relations={"required": _required},
    customer_topic="customer.tell",
)
