"""Reads of the design room, and how many of its records break a clause now."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, selectinload

from order_core.clauses import probe
from order_core.execution.change.models import ChangeRequest
from order_core.execution.design import rules
from order_core.execution.design.lifecycle import PLAN_KIND, REVIEW, needs_of, plans_for, waived
from order_core.execution.design.models import Design, DesignTask
from order_core.execution.design.rules import Stage
from order_core.execution.models import Order, OrderLine
from order_core.kernel.clock import Clock
from order_core.kernel.plan import ActionPlan, PlanItem
from order_core.kernel.sign import Signature, SignOff
from order_core.parties.models import ProductModel
from order_core.rulebook.calendar import house_calendar
from order_core.rulebook.inforce import book

CONFIRMED = ("confirmed", "executing", "delivered", "rectifying", "accepted", "closed")


@dataclass(frozen=True)
class Row:
    """A design as lists show it. ``latest_start``: begun later, the task is late by its usual length."""

    design: Design
    order: Order | None
    stage: Stage
    stages: tuple[PlanItem, ...]
    needed_on: date | None
    latest_start: date | None
    late: bool


def found(words: Collection[str]) -> Select[Any]:
    """Designs whose number, title, model or model's name holds one of these words (none: all), the newest first."""
    wanted = select(Design).options(selectinload(Design.task).selectinload(DesignTask.line))
    if words:
        wanted = wanted.join(ProductModel, ProductModel.code == Design.model_code)
        wanted = wanted.where(or_(*(_holds(word) for word in words)))
    return wanted.order_by(Design.id.desc())


def _holds(word: str) -> ColumnElement[bool]:
    names = [ProductModel.names[language].as_string() for language in ("en", "zh-Hant", "zh-Hans")]
    columns = (Design.number, Design.title, Design.model_code, *names)
    return or_(*(column.icontains(word, autoescape=True) for column in columns))


def rows(session: Session, designs: Sequence[Design], *, at: datetime) -> list[Row]:
    """What lists show of designs: plans of all of them with two questions."""
    tasks = {design.task_id for design in designs if design.task_id is not None}
    newest = (
        select(func.max(ActionPlan.id))
        .where(ActionPlan.subject_kind == DesignTask.__case_kind__, ActionPlan.kind == PLAN_KIND)
        .where(ActionPlan.subject_id.in_(tasks))
        .group_by(ActionPlan.subject_id)
    )
    plans = {plan.subject_id: plan for plan in session.scalars(select(ActionPlan).where(ActionPlan.id.in_(newest)))}
    items: dict[int, list[PlanItem]] = {}
    for item in session.scalars(
        select(PlanItem)
        .where(PlanItem.plan_id.in_([plan.id for plan in plans.values()]))
        .order_by(PlanItem.plan_id, PlanItem.position)
    ):
        items.setdefault(item.plan_id, []).append(item)
    calendar, length = house_calendar(session), int(book(session, at).threshold("design_days"))
    today = at.astimezone(ZoneInfo(calendar.zone)).date()

    def latest(needed_on: date) -> date:
        return rules.working_days_before(needed_on, length, calendar)

    return [_row(design, plans.get(design.task_id or 0), items, latest, today) for design in designs]


def _row(
    design: Design,
    plan: ActionPlan | None,
    items: dict[int, list[PlanItem]],
    latest: Callable[[date], date],
    today: date,
) -> Row:
    task = design.task
    plan = plan if plan is not None and plans_for(plan, design) else None
    stage = rules.stage(
        owned=task is not None and task.owner_id is not None,
        plan_state=plan.state if plan else None,
        design_state=design.state,
        changed=design.predecessor_id is not None or task is None,
    )
    own = tuple(i for i in items.get(plan.id, []) if i.revision == plan.revision) if plan else ()
    if task is None or design.predecessor_id is not None:
        return Row(design, task.line.order if task else None, stage, own, None, None, False)
    begin_by = latest(task.needed_on)
    started = stage in ("designing", "in_review", "released")
    late = stage not in ("released", "withdrawn") and today > (task.needed_on if started else begin_by)
    return Row(design, task.line.order, stage, own, task.needed_on, begin_by, late)


def of_order(session: Session, order: Order) -> list[Design]:
    """The designs of an order's lines, the oldest first."""
    return list(
        session.scalars(
            select(Design)
            .join(DesignTask, DesignTask.id == Design.task_id)
            .join(OrderLine, OrderLine.id == DesignTask.line_id)
            .where(OrderLine.order_id == order.id)
            .order_by(Design.id)
        )
    )


def chain(session: Session, design: Design) -> list[Design]:
    """Every revision of a design, the oldest first: what was released stays readable (3.2.3-a)."""
    first = design
    while first.predecessor_id is not None:
        first = session.get_one(Design, first.predecessor_id)
    found_, todo = [], [first]
    while todo:
        found_.append(todo.pop(0))
        todo += session.scalars(select(Design).where(Design.predecessor_id == found_[-1].id).order_by(Design.id)).all()
    return found_


@probe("3.2.1-a")
def without_owner(session: Session, at: datetime) -> int:
    """Lines of confirmed orders that need design and have no task, and tasks given to nobody past their clock."""
    taskless = session.scalar(
        select(func.count(OrderLine.id))
        .join(Order, Order.id == OrderLine.order_id)
        .outerjoin(DesignTask, DesignTask.line_id == OrderLine.id)
        .where(OrderLine.new_design, Order.state.in_(CONFIRMED), DesignTask.id.is_(None))
    )
    late = session.scalar(
        select(func.count(Clock.id))
        .where(Clock.case_kind == Design.__case_kind__, Clock.policy == "DESIGN")
        .where(Clock.stopped_at.is_(None), Clock.due_at < at)
    )
    return int(taskless or 0) + int(late or 0)


@probe("3.2.1-b")
def late_unwarned(session: Session, _at: datetime) -> int:
    """Tasks whose running plan ends after production needs the design, without a warning."""
    return len(
        session.scalars(
            select(DesignTask.id)
            .join(ActionPlan, ActionPlan.subject_id == DesignTask.id)
            .join(PlanItem, PlanItem.plan_id == ActionPlan.id)
            .where(ActionPlan.subject_kind == DesignTask.__case_kind__, ActionPlan.kind == PLAN_KIND)
            .where(ActionPlan.state == "running", PlanItem.revision == ActionPlan.revision)
            .where(PlanItem.due_on > DesignTask.needed_on, DesignTask.alert_id.is_(None))
            .distinct()
        ).all()
    )


@probe("3.2.2-a")
def untraced(session: Session, _at: datetime) -> int:
    """Released designs with a key need that nothing answers and nobody waived."""
    released = session.scalars(select(Design).where(Design.state == "released", Design.task_id.is_not(None)))
    count = 0
    for design in released:
        needs = needs_of(session, design)
        count += bool(rules.untraced(needs, design.traits, waived(session, design, needs)))
    return count


@probe("3.2.2-b")
def without_opinions(session: Session, _at: datetime) -> int:
    """Released designs on whose digest one of the four has not agreed."""
    agreed = (
        select(SignOff.subject_id)
        .join(Signature, Signature.sign_off_id == SignOff.id)
        .where(SignOff.subject_kind == Design.__case_kind__, SignOff.purpose == REVIEW)
        .where(Signature.digest == SignOff.digest, Signature.verdict == "approve")
        .where(Signature.party.in_(rules.REVIEWERS))
        .group_by(SignOff.subject_id)
        .having(func.count(Signature.party.distinct()) == len(rules.REVIEWERS))
    )
    return int(
        session.scalar(select(func.count(Design.id)).where(Design.state.in_(rules.FINISHED), Design.id.not_in(agreed)))
        or 0
    )


@probe("3.2.2-c")
def released_with_open_points(session: Session, _at: datetime) -> int:
    """Mandatory points without an outcome on released designs."""
    return int(
        session.scalar(
            select(func.count(PlanItem.id))
            .join(ActionPlan, ActionPlan.id == PlanItem.plan_id)
            .join(Design, Design.id == ActionPlan.subject_id)
            .where(ActionPlan.subject_kind == Design.__case_kind__, ActionPlan.kind == "review")
            .where(Design.state.in_(rules.FINISHED), PlanItem.mandatory, PlanItem.outcome.is_(None))
        )
        or 0
    )


@probe("3.2.3-a")
def changed_without_approval(session: Session, _at: datetime) -> int:
    """Released designs that replace another without a change that was approved."""
    approved = select(ChangeRequest.successor_id).where(ChangeRequest.approved_at.is_not(None))
    return int(
        session.scalar(
            select(func.count(Design.id))
            .where(Design.predecessor_id.is_not(None), Design.state.in_(rules.FINISHED))
            .where(Design.id.not_in(approved.where(ChangeRequest.successor_id.is_not(None))))
        )
        or 0
    )
