"""The R&D plan of a task (3.2.1-b): stages with goal, measure, owner and date, in time for production or a warning."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.clauses import carries
from order_core.errors import Conflict, Invalid, NotFound
from order_core.execution.design.lifecycle import PLAN_KIND, of_department
from order_core.execution.design.lifecycle import plan_of as plan_of
from order_core.execution.design.models import Design, DesignTask
from order_core.execution.design.service import needed
from order_core.execution.models import Order, OrderLine
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.issues.rules import OPEN_STATES
from order_core.kernel import plan as plans
from order_core.kernel.actor import WORKER, Actor
from order_core.kernel.case import note
from order_core.kernel.plan import Action, ActionPlan, PlanItem
from order_core.plans import service
from order_core.plans.service import PLAN
from order_core.rulebook.handover import hand_over

CLAUSE = "3.2.1-b"
TOLD = ("PRO", "SAL")


def task_of(design: Design) -> DesignTask:
    """The task behind a design that is given to somebody. Raises ``Conflict`` while there is none."""
    task = design.task
    if task is None or task.owner_id is None:
        raise Conflict("design.unassigned", clause="3.2.1-a", number=design.number)
    return task


def stages(session: Session, design: Design) -> list[PlanItem]:
    """The stages of its plan as they are planned now."""
    plan = plan_of(session, design)
    return plans.items(session, plan) if plan is not None else []


def _needed(session: Session, design: Design) -> ActionPlan:
    plan = plan_of(session, design)
    if plan is None:
        raise Conflict("design.no_plan", clause=CLAUSE, number=design.number)
    return plan


@carries("plan", "3.2.1-b")
def set_stages(session: Session, design: Design, actions: Sequence[Action], *, by: Actor, at: datetime) -> ActionPlan:
    """Plan the stages, or plan them anew as long as the plan is not approved.

    Raises:
        Forbidden: not R&D; Invalid: a stage without name, goal, measure, owner or date, by its name;
        Conflict: nobody has the task yet, or the plan is approved: then it is adjusted with a reason.
    """
    of_department(by, step="plan", clause=CLAUSE)
    task = task_of(design)
    _complete(actions)
    plan = plan_of(session, design)
    if plan is None:
        plan = service.draft(
            session, kind=PLAN_KIND, about=task, department="RND", approver="RND", owner=task.owner_id,
            actions=actions, by=by, at=at, clause=CLAUSE,
        )  # fmt: skip
    elif plan.state == "drafted":
        plans.set_items(session, plan, actions, clause=CLAUSE)
    else:
        raise Conflict("design.plan_approved", clause=CLAUSE, number=design.number)
    _note(session, design, "design_planned", plan, by=by, at=at)
    return plan


def _complete(actions: Sequence[Action]) -> None:
    """Each stage has its name and the four; a refusal says which stage lacks what."""
    for position, action in enumerate(actions, 1):
        if not action.stage.strip():
            raise Invalid("design.stage.name", field=f"stages.{position}.stage", clause=CLAUSE, position=position)
        for field in plans.lacking(action):
            raise Invalid(
                f"design.stage.{field}", field=f"stages.{position}.{field}", clause=CLAUSE, stage=action.stage
            )


def _note(session: Session, design: Design, what: str, plan: ActionPlan, *, by: Actor, at: datetime) -> None:
    data = {"plan": plan.number, "revision": plan.revision}
    note(session, design, what, by=by, at=at, data=data, clauses=(CLAUSE,))


def approve(session: Session, design: Design, *, by: Actor, at: datetime) -> Issue | None:
    """The head of R&D approves; production and sales are told, with a warning when it ends too late.

    Returns:
        The warning, an issue of kind ``alert`` about the order, where one is open after it.
    """
    plan, task = _needed(session, design), task_of(design)
    service.approve(session, plan, by=by, at=at)
    _note(session, design, "design_plan_approved", plan, by=by, at=at)
    last = last_day(session, design)
    assert last is not None
    late = last > task.needed_on
    params = {"number": design.number, "on": last.isoformat(), "needed": task.needed_on.isoformat()}
    for department in TOLD:
        hand_over(session, design, to=department, key="design.late" if late else "design.planned", at=at, params=params)
    return _alert(session, design, task, last, by=by, at=at) if late else None


@carries("plan", "3.2.1-b")
def retime(session: Session, order: Order, *, by: Actor, at: datetime) -> list[Issue]:
    """An order's dates have moved: when each of its designs is needed follows; what ends too late now is warned of.

    Returns:
        The open warnings of its tasks.
    """
    tasks = session.scalars(
        select(DesignTask).join(OrderLine, OrderLine.id == DesignTask.line_id).where(OrderLine.order_id == order.id)
    )
    alerts = []
    for task in (task for task in tasks if task.line.due_on is not None):
        task.needed_on = needed(session, task.line, at)
        under_way = [design for design in task.designs if design.state in ("draft", "in_review")]
        last = last_day(session, under_way[-1]) if under_way else None
        if last is not None and last > task.needed_on:
            _tell_late(session, under_way[-1], task, last, at=at)
            alerts.append(_alert(session, under_way[-1], task, last, by=by, at=at))
    session.flush()
    return alerts


def _tell_late(session: Session, design: Design, task: DesignTask, last: date, *, at: datetime) -> None:
    params = {"on": last.isoformat(), "needed": task.needed_on.isoformat()}
    for department in TOLD:
        hand_over(session, design, to=department, key="design.late", at=at, params=params)


def last_day(session: Session, design: Design) -> date | None:
    """The date of the last stage."""
    return max((item.due_on for item in stages(session, design)), default=None)


def _alert(session: Session, design: Design, task: DesignTask, last: date, *, by: Actor, at: datetime) -> Issue:
    """The open warning of this task, opened when there is none: what chapter 6 takes up as a risk."""
    known = session.get(Issue, task.alert_id) if task.alert_id is not None else None
    if known is not None and known.state in OPEN_STATES:
        return known
    order = task.line.order
    alert = Issue(
        kind="alert",
        subject=f"{order.number} · {design.model_code} · {last.isoformat()} > {task.needed_on.isoformat()}",
        department="RND",
        customer_id=order.customer_id,
        order_id=order.id,
        category="delivery",
        urgency="high",
        team="head",
    )
    issues.open_issue(session, alert, by=by, at=at, clause=CLAUSE)
    issues.classify(session, alert, category="delivery", urgency="high", by=WORKER, at=at)
    task.alert_id = alert.id
    note(session, design, "design_alert", by=by, at=at, data={"alert": alert.number}, clauses=(CLAUSE,))
    return alert


def begin(session: Session, design: Design, *, by: Actor, at: datetime) -> None:
    """Work begins: the plan runs from now on."""
    plan = _needed(session, design)
    PLAN.advance(session, plan, "start", by=by, at=at)
    _note(session, design, "design_begun", plan, by=by, at=at)


def adjust(
    session: Session, design: Design, actions: Sequence[Action], reason: str, *, by: Actor, at: datetime
) -> Issue | None:
    """Plan the rest anew, with a reason; a plan that ends too late now is warned of. The former one stays readable."""
    plan, task = _needed(session, design), task_of(design)
    _complete(actions)
    service.adjust(session, plan, actions, reason, by=by, at=at)
    _note(session, design, "design_replanned", plan, by=by, at=at)
    PLAN.advance(session, plan, "start", by=by, at=at)
    last = last_day(session, design)
    if last is None or last <= task.needed_on:
        return None
    _tell_late(session, design, task, last, at=at)
    return _alert(session, design, task, last, by=by, at=at)


def settle_stage(
    session: Session, design: Design, position: int, outcome: str, result: str, *, by: Actor, at: datetime
) -> None:
    """A stage is done, or given up with the reason.

    Raises:
        NotFound: no such stage; Conflict: the plan does not run; and what settling an item of a plan refuses.
    """
    plan = _needed(session, design)
    if plan.state != "running":
        raise Conflict("design.no_plan", clause=CLAUSE, number=design.number)
    item = next((item for item in plans.items(session, plan) if item.position == position), None)
    if item is None:
        raise NotFound("record.unknown", field="stage", number=str(position))
    service.settle_item(session, plan, item, outcome, result, by=by, at=at)
    data = {"position": position, "outcome": outcome}
    note(session, design, "design_stage", by=by, at=at, data=data, clauses=(CLAUSE,))


def achieve(session: Session, design: Design, *, by: Actor, at: datetime) -> None:
    """Somebody else than the plan's owner finds every stage settled: the plan comes to rest."""
    plan = _needed(session, design)
    PLAN.advance(session, plan, "achieve", by=by, at=at)
    _note(session, design, "design_plan_achieved", plan, by=by, at=at)
