"""Design changes (3.2.3): asked for, submitted with their effect, signed, told, implemented, verified."""

from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from order_core.clauses import carries
from order_core.errors import Conflict, Forbidden, Invalid
from order_core.execution.change import acknowledge, affected, effect, rules
from order_core.execution.change.lifecycle import APPROVAL, CHANGE, OWNER, content
from order_core.execution.change.models import ChangeRequest
from order_core.execution.design import points
from order_core.execution.design import service as designs
from order_core.execution.design.lifecycle import DESIGN, not_submitter
from order_core.execution.design.models import Design
from order_core.kernel import sign
from order_core.kernel.actor import Actor
from order_core.kernel.case import note
from order_core.kernel.notice import tell
from order_core.kernel.plan import PlanItem
from order_core.parties.models import ProductModel
from order_core.rulebook.handover import hand_over
from order_core.rulebook.inforce import book


def ask(
    session: Session,
    *,
    reason: str,
    model_code: str | None,
    quality_issue_id: int | None,
    by: Actor,
    at: datetime,
    origin: str = "other",
    order_id: int | None = None,
) -> ChangeRequest:
    """Ask R&D for a change; they are told.

    Raises:
        Invalid: no reason, an origin that is none, or a model that is none.
    """
    if not reason.strip():
        raise Invalid("issue.reason", field="reason", clause="3.2.3-a")
    origin = "quality" if quality_issue_id is not None else origin
    if origin not in rules.ORIGINS:
        raise Invalid("change.origin", field="origin", clause="3.2.3-a", allowed=", ".join(rules.ORIGINS))
    if model_code is not None and session.get(ProductModel, model_code) is None:
        raise Invalid("change.model", field="model", clause="3.2.3-a", model=model_code)
    change = ChangeRequest(
        reason=reason.strip(),
        asked_by=by.id,
        model_code=model_code,
        quality_issue_id=quality_issue_id,
        origin=origin,
        order_id=order_id,
    )
    CHANGE.open(session, change, series="ECR", by=by, at=at, clauses=("3.2.3-a",))
    hand_over(session, change, to=OWNER, key="change.asked", at=at)
    return change


@carries("sign", "3.2.3-a")
def signers(session: Session, change: ChangeRequest, *, at: datetime) -> list[str]:
    """Who has to sign: always R&D, production and sales; whom the rulebook adds for what the change is."""
    rulebook = book(session, at)
    facts = rules.facts(
        cost=change.impact_cost or 0,
        management_from=rulebook.threshold("change_cost_management"),
        old_item=change.old_item,
        from_quality=change.quality_issue_id is not None,
    )
    return sorted({*rules.SIGNERS, *rulebook.signoff("change_approval").parties(facts)})


@carries("sign", "3.2.3-b")
def submit(session: Session, change: ChangeRequest, *, by: Actor, at: datetime) -> None:
    """Put it to approval with the effect as it is now; whoever has to sign is asked.

    Raises:
        Invalid: production or sales have not given the effect, or something of the change is missing.
    """
    if change.state == "draft" and change.given and change.ready_on is not None and "PRO" in change.given:
        effect.compute(session, change)
    data = {"days": change.impact_days, "cost": change.impact_cost}
    CHANGE.advance(session, change, "submit", by=by, at=at, data=data)
    assert change.impact_cost is not None
    required = change.signers = signers(session, change, at=at)
    sign.ask(session, change, APPROVAL, content(change), required=required, by=by, at=at)
    for party in required:
        hand_over(session, change, to=party.removesuffix(sign.AS_HEAD), key="change.to_sign", at=at)


@carries("sign", "3.2.3-a", "3.2.3-b")
def opine(session: Session, change: ChangeRequest, verdict: str, opinion: str, *, by: Actor, at: datetime) -> None:
    """Sign what the change says, with its effect.

    Raises:
        Conflict: it is not up for approval; Invalid: a doubt or a no without words; and what ``sign.give`` refuses.
    """
    sign_off = sign.for_purpose(session, change, APPROVAL)
    if change.state != "in_review" or sign_off is None:
        raise Conflict("change.not_submitted", clause="3.2.3-b", number=change.number)
    if verdict != "approve" and not opinion.strip():
        raise Invalid("design.opinion", field="opinion", clause="3.2.3-b")
    digest = sign.digest_of(content(change))
    sign.give(session, sign_off, verdict, digest=digest, by=by, at=at, opinion=opinion.strip() or None)


def suggest(
    session: Session,
    change: ChangeRequest,
    *,
    goal: str,
    measure: str,
    owner: int | None,
    due: date | None,
    mandatory: bool,
    by: Actor,
    at: datetime,
) -> PlanItem:
    """A department that has to sign raises a point while it is up for approval."""
    if change.state != "in_review":
        raise Conflict("change.not_submitted", clause="3.2.2-c", number=change.number)
    if not CHANGE.plays(change, "reviewer", by):
        raise Forbidden("sign.not_required", clause="3.2.2-c", department=by.department or sign.CUSTOMER)
    return points.suggest(
        session, change, goal=goal, measure=measure, owner=owner, due=due, mandatory=mandatory, by=by, at=at
    )


def send_back(session: Session, change: ChangeRequest, *, by: Actor, at: datetime) -> None:
    """A signer sends it back with the points that are open; whoever has signed signs again what comes next."""
    not_submitter(session, change, APPROVAL, by)
    still = [item.position for item in points.open_points(session, change)]
    CHANGE.advance(session, change, "send_back", by=by, at=at, data={"points": still})
    change.revision += 1
    params = {"number": change.number, "points": len(still)}
    hand_over(session, change, to=OWNER, key="design.sent_back", at=at, params=params)


@carries("notice", "3.2.3-c")
def approve(session: Session, change: ChangeRequest, *, by: Actor, at: datetime) -> None:
    """All have signed: it is approved, and holders of affected records are told.

    Sales works it into the orders whose date it moves; that step tells the customer (``Order.amend``).
    """
    sign_off = sign.for_purpose(session, change, APPROVAL)
    data = {"digest": sign_off.digest if sign_off else None}
    CHANGE.advance(session, change, "release", by=by, at=at, data=data)
    change.approved_at = at
    acknowledge.tell_holders(session, change, affected.held(session, change), at=at)
    for moved in (moved for moved in change.moved if moved.days > 0):
        params = {"number": change.number, "order": moved.number, "days": moved.days}
        hand_over(session, change, to="SAL", key="change.moves", at=at, params=params)
    hand_over(session, change, to="SAL", key="change.approved", at=at)
    if change.asked_by is not None:
        params = {"number": change.number}
        tell(session, key="change.approved", at=at, about=change, person=change.asked_by, params=params)


def refuse(session: Session, change: ChangeRequest, reason: str, *, by: Actor, at: datetime) -> None:
    """R&D does without it, with the reason; whoever asked is told."""
    CHANGE.advance(session, change, "withdraw", by=by, at=at, data={"reason": reason})
    if change.asked_by is not None:
        params = {"number": change.number}
        tell(session, key="change.refused", at=at, about=change, person=change.asked_by, params=params)


def revise(session: Session, change: ChangeRequest, *, by: Actor, at: datetime) -> Design:
    """Open the next revision of the design, under this approved change.

    Raises:
        Conflict: the change is not approved, or its revision is open already.
    """
    if by.kind != "person" or by.department != OWNER:
        raise Forbidden("case.not_an_actor", clause="3.2.3-a", step="revise", actors=OWNER)
    design = session.get(Design, change.design_id) if change.design_id is not None else None
    if design is None:
        raise Conflict("change.not_drawn_up", clause="3.2.3-a", number=change.number)
    new = designs.revise(session, design, change, by=by, at=at)
    note(session, change, "change_revision", by=by, at=at, data={"design": new.number}, clauses=("3.2.3-a",))
    return new


@carries("case", "3.2.3-a", "3.2.3-c")
def implement(session: Session, change: ChangeRequest, *, by: Actor, at: datetime) -> bool:
    """The new design takes the old one's place, from where the effectivity says; the old one stays readable.

    Returns:
        False: departments that hold affected records only since the approval have been told now; they are waited for.

    Raises:
        Conflict: the new design is not released, a holder of affected records has neither acknowledged nor been
        escalated, or an order whose date moves, and so its customer, knows nothing of it.
    """
    new = session.get(Design, change.successor_id) if change.successor_id is not None else None
    if CHANGE.plays(change, "owner", by) and new is not None and new.state == "released":
        since = acknowledge.tell_since(session, change, affected.held(session, change), at=at)
        if since:
            note(session, change, "change_told", by=by, at=at, data={"departments": since}, clauses=("3.2.3-c",))
            return False
    CHANGE.advance(session, change, "supersede", by=by, at=at, data=_stated(change))
    old = session.get_one(Design, change.design_id)
    DESIGN.advance(session, old, "supersede", by=by, at=at, data={"change": change.number})
    change.implemented_at = at
    for department in sorted({*rules.SIGNERS, *(n.department for n in change.notices)} - {OWNER}):
        hand_over(session, change, to=department, key="change.implemented", at=at)
    return True


def _stated(change: ChangeRequest) -> dict[str, Any]:
    return {"by": change.effective_by, "from": change.effective_from, "to": change.effective_to}


def verify(session: Session, change: ChangeRequest, result: str, *, by: Actor, at: datetime) -> None:
    """Somebody other than R&D finds that the change did what it was for.

    Raises:
        Conflict: not implemented yet, or verified before; Forbidden: R&D; Invalid: nothing said.
    """
    if by.kind != "person" or by.department == OWNER:
        raise Forbidden("case.not_an_actor", clause="3.2.3-a", step="verify", actors="QUA")
    if change.state != "superseded" or change.verified_at is not None:
        raise Conflict("change.not_implemented", clause="3.2.3-a", number=change.number)
    if not result.strip():
        raise Invalid("change.result", field="result", clause="3.2.3-a")
    change.verified_at = at
    note(session, change, "change_verified", by=by, at=at, data={"result": result.strip()}, clauses=("3.2.3-a",))
