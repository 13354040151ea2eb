"""Plan: what is to be done, each item with goal, measure, owner and date, followed up to its end.

One mechanism for the R&D plan, points of a review, rectification, overdue solutions, risk reduction and
improvement. A revision keeps its items for good; adjusting a plan makes new ones.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from order_core.clauses import carries
from order_core.db import Base, Id
from order_core.errors import Conflict, Invalid
from order_core.kernel.case import CaseMixin

FIELDS = ("goal", "measure", "owner", "due")
"""What no item may lack (8.3.2-a)."""
DONE, REFUSED = "done", "refused"
OUTCOMES = (DONE, REFUSED)


class ActionPlan(CaseMixin, Base):
    """A plan about a case.

    Attributes:
        kind: design, review, rectification, overdue, risk, improvement.
        subject_kind, subject_id: the case it is about.
        department: whose plan it is; owner_id: the person responsible for it as a whole.
        approver: department whose head approves it.
        problems: [{"code", "text"}] that the plan has to answer; each needs an item.
    """

    __tablename__ = "action_plan"
    __case_kind__ = "Plan"
    __table_args__ = (Index("ix_action_plan_subject", "subject_kind", "subject_id"),)

    kind: Mapped[str] = mapped_column(String(16))
    subject_kind: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[int]
    department: Mapped[str] = mapped_column(ForeignKey("department.code"))
    approver: Mapped[str] = mapped_column(ForeignKey("department.code"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), default=None, index=True)
    problems: Mapped[list[Any]] = mapped_column(default_factory=list)


class PlanItem(Base):
    """One action of one revision of a plan.

    Attributes:
        position: order within the revision, from 1.
        stage: short name of the stage or point; goal: what is to be reached; measure: how one sees that it is.
        owner_id: the person who does it; due_on: by when.
        problem: code of the problem that it answers, if any.
        mandatory: whether the plan's subject waits for it (points of a review, 3.2.2-c).
        outcome: done | refused, with ``result`` or the reason; None while it is open.
    """

    __tablename__ = "plan_item"
    __table_args__ = (
        Index("ix_plan_item_plan", "plan_id", "revision"),
        Index("ix_plan_item_owner", "owner_id", "outcome", "due_on"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    plan_id: Mapped[int] = mapped_column(ForeignKey("action_plan.id"))
    revision: Mapped[int]
    position: Mapped[int]
    goal: Mapped[str] = mapped_column(Text)
    measure: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    due_on: Mapped[date]
    stage: Mapped[str] = mapped_column(String(60), default="")
    problem: Mapped[str | None] = mapped_column(String(32), default=None)
    raised_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"), default=None)
    mandatory: Mapped[bool] = mapped_column(default=True)
    outcome: Mapped[str | None] = mapped_column(String(8), default=None)
    result: Mapped[str | None] = mapped_column(Text, default=None)
    closed_at: Mapped[datetime | None] = mapped_column(default=None)


@dataclass(frozen=True, kw_only=True)
class Action:
    """An item as somebody proposes it; any of the four may still be missing."""

    goal: str = ""
    measure: str = ""
    owner: int | None = None
    due: date | None = None
    stage: str = ""
    problem: str | None = None
    mandatory: bool = True
    raised_by: int | None = None


def lacking(action: Action) -> list[str]:
    """The fields of the four that an item lacks, in their order."""
    given = {
        "goal": action.goal.strip(),
        "measure": action.measure.strip(),
        "owner": action.owner is not None,
        "due": action.due is not None,
    }
    return [field for field in FIELDS if not given[field]]


def unanswered(problems: Iterable[str], answered: Collection[str | None]) -> list[str]:
    """Codes of the problems that no item answers, in their order (8.3.2-b)."""
    return [code for code in problems if code not in answered]


@carries("plan", "3.2.1-b", "8.3.2-a")
def set_items(
    session: Session, plan: ActionPlan, actions: Sequence[Action], *, clause: str = "8.3.2-a"
) -> list[PlanItem]:
    """Write the items of the plan's present revision, in place of what that revision had.

    Raises:
        Invalid: no item, or the first field of the four that is missing, with the item's position.
        Conflict: an item of the revision has an outcome already.
    """
    if not actions:
        raise Invalid("plan.items", field="items", clause=clause)
    for position, action in enumerate(actions, 1):
        for field in lacking(action):
            raise Invalid(f"plan.{field}", field=field, clause=clause, position=position)
    for former in items(session, plan):
        if former.outcome is not None:
            raise Conflict("plan.item_closed", field="items", clause=clause, position=former.position)
        session.delete(former)
    session.flush()
    written = [_item(plan, position, action) for position, action in enumerate(actions, 1)]
    session.add_all(written)
    session.flush()
    return written


def add_item(session: Session, plan: ActionPlan, action: Action, *, clause: str) -> PlanItem:
    """One more item at the end of the plan's present revision; what that has already stays as it is.

    Raises:
        Invalid: the first field of the four that is missing.
    """
    position = len(items(session, plan)) + 1
    for field in lacking(action):
        raise Invalid(f"plan.{field}", field=field, clause=clause, position=position)
    item = _item(plan, position, action)
    session.add(item)
    session.flush()
    return item


def _item(plan: ActionPlan, position: int, action: Action) -> PlanItem:
    assert action.owner is not None
    assert action.due is not None
    return PlanItem(
        plan_id=plan.id,
        revision=plan.revision,
        position=position,
        goal=action.goal.strip(),
        measure=action.measure.strip(),
        owner_id=action.owner,
        due_on=action.due,
        stage=action.stage.strip(),
        problem=action.problem,
        raised_by=action.raised_by,
        mandatory=action.mandatory,
    )


def items(session: Session, plan: ActionPlan, revision: int | None = None) -> list[PlanItem]:
    """The items of a revision of a plan (default: the present one), in their order."""
    wanted = plan.revision if revision is None else revision
    return list(
        session.scalars(
            select(PlanItem).where(PlanItem.plan_id == plan.id, PlanItem.revision == wanted).order_by(PlanItem.position)
        )
    )


def about(session: Session, case: Any, kind: str) -> ActionPlan | None:
    """The newest plan of a kind about a case."""
    return session.scalars(
        select(ActionPlan)
        .where(ActionPlan.subject_kind == case.__case_kind__, ActionPlan.subject_id == case.id)
        .where(ActionPlan.kind == kind)
        .order_by(ActionPlan.id.desc())
        .limit(1)
    ).first()
