"""Recurring faults: one quality case a lot and cause, and the design change it asks for (5.3.2-b, B25)."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.aftersales import rules
from order_core.aftersales.models import InstalledProduct
from order_core.errors import Conflict
from order_core.execution.change import affected
from order_core.execution.change import service as changes
from order_core.execution.change.affected import Held
from order_core.execution.change.models import ChangeRequest
from order_core.issues import service as issues
from order_core.issues.models import Issue, IssueLink
from order_core.issues.rules import OPEN_STATES
from order_core.kernel.actor import SIGNAL, WORKER, Actor
from order_core.kernel.case import note
from order_core.kernel.notice import tell

EVIDENCE = "evidence"
TOLD = ("QUA", "RND", "PRO")


def same_fault(session: Session, issue: Issue, *, at: datetime) -> list[Issue]:
    """Tickets of the window with the same cause on units of the same model and lot, oldest first."""
    product = session.get(InstalledProduct, issue.product_id) if issue.product_id else None
    if product is None or not issue.cause_code:
        return []
    rows = session.scalars(
        select(Issue)
        .join(InstalledProduct, InstalledProduct.id == Issue.product_id)
        .where(Issue.kind == "ticket", Issue.cause_code == issue.cause_code)
        .where(InstalledProduct.model_code == product.model_code, InstalledProduct.lot == product.lot)
        .where(Issue.opened_at > at - rules.PATTERN_WINDOW, Issue.state != "void")
        .order_by(Issue.opened_at, Issue.id)
    )
    return list(rows)


def recurring(session: Session, issue_id: int, *, at: datetime) -> Issue | None:
    """Open the quality case when a fault recurs on enough units, or add this ticket to the open one.

    Units are counted, so that one unit that fails twice makes no pattern; every ticket is evidence.

    Returns:
        The quality case, or None when the fault does not recur.
    """
    issue = session.get_one(Issue, issue_id)
    tickets = same_fault(session, issue, at=at)
    units = len({ticket.product_id for ticket in tickets})
    if units < rules.PATTERN_LIMIT:
        return None
    case = _open_case(session, issue) or _new_case(session, issue, units, at=at)
    known = {link.other_id for link in session.scalars(select(IssueLink).where(IssueLink.issue_id == case.id))}
    for ticket in tickets:
        if ticket.id not in known:
            issues.link(session, case, ticket, EVIDENCE, at=at)
    return case


def evidence(session: Session, case: Issue) -> list[Issue]:
    """The tickets of a quality case, oldest first."""
    return list(
        session.scalars(
            select(Issue)
            .join(IssueLink, IssueLink.other_id == Issue.id)
            .where(IssueLink.issue_id == case.id, IssueLink.relation == EVIDENCE)
            .order_by(Issue.opened_at)
        )
    )


def ask_design_change(session: Session, case: Issue, reason: str, *, by: Actor, at: datetime) -> ChangeRequest:
    """Ask R&D for a design change; it appears in their pipeline (3.2.3-a).

    Raises:
        Conflict: one was asked for already.
    """
    known = session.scalars(select(ChangeRequest).where(ChangeRequest.quality_issue_id == case.id)).first()
    if known is not None:
        raise Conflict("quality.change_asked", clause="3.2.3-a", number=known.number)
    product = session.get(InstalledProduct, case.product_id) if case.product_id else None
    change = changes.ask(
        session,
        reason=reason,
        model_code=product.model_code if product else None,
        quality_issue_id=case.id,
        by=by,
        at=at,
    )
    note(
        session,
        case,
        "design_change_asked",
        by=by,
        at=at,
        data={"change": change.number},
        clauses=("3.2.3-a",),
    )
    return change


@affected.holds
def _open_records(session: Session, change: ChangeRequest) -> Iterable[Held]:
    """Open tickets about units of the changed model, and the quality case that asked for the change (3.2.3-c)."""
    about_model = (
        select(Issue.kind, Issue.number)
        .join(InstalledProduct, InstalledProduct.id == Issue.product_id)
        .where(InstalledProduct.model_code == change.model_code, Issue.state.in_(OPEN_STATES))
        .where(Issue.kind.in_(("ticket", "quality")))
        .order_by(Issue.id)
    )
    for kind, number in session.execute(about_model):
        yield Held("AFS", "ticket", number) if kind == "ticket" else Held("QUA", "case", number)


def _open_case(session: Session, issue: Issue) -> Issue | None:
    product = session.get_one(InstalledProduct, issue.product_id)
    return session.scalars(
        select(Issue)
        .join(InstalledProduct, InstalledProduct.id == Issue.product_id)
        .where(Issue.kind == "quality", Issue.cause_code == issue.cause_code, Issue.state.in_(OPEN_STATES))
        .where(InstalledProduct.model_code == product.model_code, InstalledProduct.lot == product.lot)
    ).first()


def _new_case(session: Session, issue: Issue, units: int, *, at: datetime) -> Issue:
    product = session.get_one(InstalledProduct, issue.product_id)
    case = Issue(
        kind="quality",
        subject=f"{product.model_code} · {product.lot} · {issue.cause_code}",
        department="QUA",
        product_id=product.id,
        category="fault",
        appliance=issue.appliance,
        symptom=issue.symptom,
        cause_code=issue.cause_code,
        urgency="high",
        parent_id=issue.id,
    )
    issues.open_issue(session, case, by=SIGNAL, at=at, clause="5.3.2-b")
    issues.classify(session, case, category="fault", urgency="high", by=WORKER, at=at)
    params = {"number": case.number, "units": units, "lot": product.lot, "cause": str(issue.cause_code)}
    for department in TOLD:
        tell(session, key="quality.opened", at=at, about=case, department=department, params=params)
    return case
