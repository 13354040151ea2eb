"""Plans made, approved, followed up, adjusted and ended, whatever they are about."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from order_core.clauses import carries
from order_core.errors import Conflict, Forbidden, Invalid
from order_core.kernel import plan as plans
from order_core.kernel.actor import Actor
from order_core.kernel.case import Procedure, Step, note
from order_core.kernel.notice import tell
from order_core.kernel.plan import Action, ActionPlan, PlanItem
from order_core.rulebook.machines import machine


def _items_complete(step: Step) -> None:
    """The four of each item were asked for when it was written; here each problem has its item (8.3.2-b)."""
    plan: ActionPlan = step.case
    items = plans.items(step.session, plan)
    if not items:
        raise Invalid("plan.items", field="items", clause="8.3.2-a")
    open_problems = plans.unanswered((p["code"] for p in plan.problems), {item.problem for item in items})
    if open_problems:
        raise Invalid("plan.problem", field="problem", clause="8.3.2-b", problem=open_problems[0])


def _measured_before_and_now(step: Step) -> None:
    for field in ("before", "now"):
        if step.data.get(field) is None:
            raise Invalid(f"plan.{field}", field=field, clause="8.3.3-a")


def _reason_given(step: Step) -> None:
    if not str(step.data.get("reason") or "").strip():
        raise Invalid("plan.reason", field="reason", clause="8.3.3-b")


def _targets_met(step: Step) -> None:
    left = [item.position for item in plans.items(step.session, step.case) if item.mandatory and item.outcome is None]
    if left:
        raise Conflict("plan.open_items", clause="8.3.3-b", position=left[0])


def _owner(plan: ActionPlan, by: Actor) -> bool:
    return by.kind == "person" and (by.is_same_person(plan.owner_id) or by.department == plan.department)


def _approver(plan: ActionPlan, by: Actor) -> bool:
    return by.kind == "person" and by.department == plan.approver and by.head


def _reviewer(plan: ActionPlan, by: Actor) -> bool:
    """Somebody who looks at it from outside: not its owner."""
    return by.kind == "person" and not by.is_same_person(plan.owner_id)


PLAN = Procedure(
    machine("Plan"),
    conditions={
        "items_complete": _items_complete,
        "measured_before_and_now": _measured_before_and_now,
        "new_revision": _reason_given,
        "targets_met": _targets_met,
        "reason_given": _reason_given,
    },
    relations={"owner": _owner, "approver": _approver, "reviewer": _reviewer},
)


def draft(
    session: Session,
    *,
    kind: str,
    about: Any,
    department: str,
    approver: str,
    actions: Sequence[Action],
    by: Actor,
    at: datetime,
    owner: int | None = None,
    problems: Sequence[dict[str, str]] = (),
    clause: str = "8.3.2-a",
) -> ActionPlan:
    """A new plan about a case, with its items.

    Raises:
        Invalid: an item lacks one of goal, measure, owner and date.
    """
    plan = ActionPlan(
        kind=kind,
        subject_kind=about.__case_kind__,
        subject_id=about.id,
        department=department,
        approver=approver,
        owner_id=owner,
        problems=list(problems),
    )
    PLAN.open(session, plan, series="P", by=by, at=at, clauses=(clause,))
    plans.set_items(session, plan, actions, clause=clause)
    return plan


def approve(session: Session, plan: ActionPlan, *, by: Actor, at: datetime) -> None:
    """The head of the approving department approves; every owner of an item is told."""
    PLAN.advance(session, plan, "approve", by=by, at=at)
    for owner in sorted({item.owner_id for item in plans.items(session, plan)}):
        tell(session, key="plan.item", at=at, about=plan, person=owner, params={"number": plan.number})


def adjust(
    session: Session, plan: ActionPlan, actions: Sequence[Action], reason: str, *, by: Actor, at: datetime
) -> None:
    """A new revision of a running plan; the former items stay readable (8.3.3-b)."""
    PLAN.advance(session, plan, "adjust", by=by, at=at, data={"reason": reason})
    plan.revision += 1
    plans.set_items(session, plan, actions, clause="8.3.3-b")


@carries("plan", "3.2.2-c")
def settle_item(
    session: Session, plan: ActionPlan, item: PlanItem, outcome: str, result: str, *, by: Actor, at: datetime
) -> None:
    """Close an item as done or refused, with what came of it or why not; whoever raised it is told.

    Raises:
        Invalid: an unknown outcome, or nothing said; Forbidden: neither the item's owner nor the plan's department;
        Conflict: closed already.
    """
    if outcome not in plans.OUTCOMES:
        raise Invalid("plan.outcome", field="outcome", clause="3.2.2-c", allowed=", ".join(plans.OUTCOMES))
    if not result.strip():
        raise Invalid("plan.result", field="result", clause="3.2.2-c")
    if not (by.is_same_person(item.owner_id) or _owner(plan, by)):
        raise Forbidden("plan.not_owner", clause="3.2.2-c", position=item.position)
    if item.outcome is not None:
        raise Conflict("plan.item_closed", field="outcome", clause="3.2.2-c", position=item.position)
    item.outcome, item.result, item.closed_at = outcome, result.strip(), at
    data = {"item": item.position, "revision": item.revision, "outcome": outcome}
    note(session, plan, "item_settled", by=by, at=at, data=data, clauses=("3.2.2-c",))
    if item.raised_by is not None:
        params = {"number": plan.number, "position": item.position}
        tell(session, key=f"plan.{outcome}", at=at, about=plan, person=item.raised_by, params=params)
