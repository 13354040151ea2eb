"""Points of a review (3.2.2-c): suggestions with owner and date, each to an outcome; of a design or of a change."""

from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from order_core.errors import Conflict, NotFound
from order_core.kernel import plan as plans
from order_core.kernel.actor import Actor
from order_core.kernel.case import note
from order_core.kernel.notice import tell
from order_core.kernel.plan import Action, ActionPlan, PlanItem
from order_core.plans import service

KIND = "review"
CLAUSE = "3.2.2-c"


def plan_of(session: Session, case: Any) -> ActionPlan | None:
    """The list of points about a design or change."""
    return plans.about(session, case, KIND)


def all_points(session: Session, case: Any) -> list[PlanItem]:
    """Every point that a review of the case has raised, in the order of raising."""
    plan = plan_of(session, case)
    return plans.items(session, plan) if plan is not None else []


def open_points(session: Session, case: Any) -> list[PlanItem]:
    """Points without an outcome."""
    return [item for item in all_points(session, case) if item.outcome is None]


def mandatory_closed(session: Session, case: Any) -> None:
    """Raise ``Conflict`` while a mandatory point has no outcome."""
    left = next((item for item in open_points(session, case) if item.mandatory), None)
    if left is not None:
        raise Conflict("design.open_point", field="outcome", clause=CLAUSE, position=left.position)


def suggest(
    session: Session,
    case: Any,
    *,
    goal: str,
    measure: str,
    owner: int | None,
    due: date | None,
    mandatory: bool,
    by: Actor,
    at: datetime,
) -> PlanItem:
    """Raise a point; its owner is told.

    Raises:
        Invalid: the first of goal, measure, owner and date that it lacks.
    """
    action = Action(goal=goal, measure=measure, owner=owner, due=due, mandatory=mandatory, raised_by=by.id)
    plan = plan_of(session, case)
    if plan is None:
        plan = service.draft(
            session, kind=KIND, about=case, department="RND", approver="RND", actions=(action,), by=by, at=at,
            clause=CLAUSE,
        )  # fmt: skip
        (item,) = plans.items(session, plan)
    else:
        item = plans.add_item(session, plan, action, clause=CLAUSE)
    note(session, case, "point_raised", by=by, at=at, data={"position": item.position}, clauses=(CLAUSE,))
    tell(session, key="design.point", at=at, about=case, person=item.owner_id, params={"number": case.number})
    return item


def settle(session: Session, case: Any, position: int, outcome: str, result: str, *, by: Actor, at: datetime) -> None:
    """Close a point as done or refused, with what came of it or why not; whoever raised it is told.

    Raises:
        NotFound: no such point; and whatever settling an item of a plan refuses.
    """
    plan = plan_of(session, case)
    item = next((item for item in all_points(session, case) if item.position == position), None)
    if plan is None or item is None:
        raise NotFound("record.unknown", field="point", number=str(position))
    service.settle_item(session, plan, item, outcome, result, by=by, at=at)
    data = {"position": position, "outcome": outcome}
    note(session, case, "point_settled", by=by, at=at, data=data, clauses=(CLAUSE,))
