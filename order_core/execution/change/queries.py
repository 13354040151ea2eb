"""Reads of the change room, and how many of its records break a clause now."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from order_core.clauses import probe
from order_core.execution import amendment
from order_core.execution.amendment import ApprovedChange
from order_core.execution.change import rules
from order_core.execution.change.acknowledge import TOLD_CLOCK
from order_core.execution.change.models import ChangeRequest
from order_core.execution.change.rules import Moved
from order_core.execution.design.models import Design
from order_core.execution.models import Order, OrderLine
from order_core.kernel.clock import Clock


def found(words: Collection[str]) -> Select[Any]:
    """Changes whose number, model, reason or scope holds one of these words (none: all), the newest first."""
    columns = (ChangeRequest.number, ChangeRequest.model_code, ChangeRequest.reason, ChangeRequest.scope)
    wanted = select(ChangeRequest)
    if words:
        wanted = wanted.where(or_(*(column.icontains(w, autoescape=True) for column in columns for w in words)))
    return wanted.order_by(ChangeRequest.id.desc())


@amendment.source
def approved_for(session: Session, order: Order) -> list[ApprovedChange]:
    """Approved changes that concern an order: it was replanned for them, or they were raised from it."""
    models = select(OrderLine.model_code).where(OrderLine.order_id == order.id)
    concerned = or_(ChangeRequest.model_code.in_(models), ChangeRequest.order_id == order.id)
    rows = session.scalars(
        select(ChangeRequest).where(ChangeRequest.approved_at.is_not(None), concerned).order_by(ChangeRequest.id)
    )
    found_: list[ApprovedChange] = []
    for change in rows:
        moved = next((one for one in change.moved if one.number == order.number), None)
        if moved is not None or change.order_id == order.id:
            days = moved.days if moved else 0
            found_.append(ApprovedChange(change.number, days, change.impact_cost or 0))
    return found_


def unworked(session: Session, change: ChangeRequest, states: Collection[str] = rules.UNDER_WAY) -> list[Moved]:
    """Orders in these states whose date an approved change moves and into which sales has not worked it yet."""
    numbers = {moved.number: moved for moved in change.moved if moved.days > 0}
    orders = session.scalars(select(Order).where(Order.number.in_(numbers), Order.state.in_(states)).order_by(Order.id))
    return [
        numbers[order.number]
        for order in orders
        if any(left.number == change.number for left in amendment.approved(session, order))
    ]


def design_for(
    session: Session, model_code: str, *, on: date | None = None, order: str | None = None, serial: str | None = None
) -> Design | None:
    """The revision of a model's design by which a unit is or was made: the newest that applies (3.2.3-a)."""
    newest = session.scalars(
        select(Design)
        .where(Design.model_code == model_code, Design.task_id.is_(None))
        .where(Design.state.in_(("released", "superseded")))
        .order_by(Design.id.desc())
    )
    for design in newest:
        change = session.scalars(select(ChangeRequest).where(ChangeRequest.successor_id == design.id)).first()
        if design.predecessor_id is None:
            return design
        stated = change.effectivity if change is not None and change.implemented_at is not None else None
        if stated is not None and rules.effective(stated, on=on, order=order, serial=serial):
            return design
    return None


@probe("3.2.3-b")
def approved_without_effect(session: Session, _at: datetime) -> int:
    """Approved changes that do not say days and money, or whose effect production or sales did not give."""
    rows = session.scalars(select(ChangeRequest).where(ChangeRequest.state.in_(("released", "superseded"))))
    return sum(
        1
        for change in rows
        if change.impact_days is None or change.impact_cost is None or set(rules.GIVERS) - set(change.given)
    )


@probe("3.2.3-c")
def acknowledgements_overdue(session: Session, at: datetime) -> int:
    """Departments that have not acknowledged a change in time."""
    return int(
        session.scalar(
            select(func.count(Clock.id))
            .where(Clock.case_kind == ChangeRequest.__case_kind__, Clock.policy == TOLD_CLOCK)
            .where(Clock.stopped_at.is_(None), Clock.due_at < at)
        )
        or 0
    )
