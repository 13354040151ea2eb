"""What a change is and does: drawn up by R&D, its effect given by production and sales, replanned and counted."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy.orm import Session

from order_core.clauses import carries
from order_core.errors import Conflict, Forbidden, Invalid
from order_core.execution.change import impact, rules
from order_core.execution.change.lifecycle import OWNER
from order_core.execution.change.models import ChangeRequest
from order_core.execution.change.rules import Effectivity
from order_core.execution.design.models import Design
from order_core.kernel.actor import Actor
from order_core.kernel.case import note
from order_core.rulebook.handover import hand_over


def draw_up(
    session: Session,
    change: ChangeRequest,
    *,
    design: Design,
    cause: str,
    scope: str,
    ready_on: date,
    development: int,
    effectivity: Effectivity,
    by: Actor,
    at: datetime,
    old_item: str | None = None,
    old_item_value: int | None = None,
) -> None:
    """R&D says what is to be changed, by when, from where on, and what that costs to develop.

    Whatever production and sales have said of the effect is asked again: it was of another change.

    Raises:
        Invalid: no scope, an unknown cause, a negative cost, an effectivity that says nothing;
        Conflict: the design is not released.
    """
    _in_draft(change, by, OWNER)
    if design.state != "released" or (change.model_code not in (None, design.model_code)):
        raise Conflict("change.design", field="design", clause="3.2.3-a", number=design.number)
    if cause not in rules.CAUSES:
        raise Invalid("change.cause", field="cause", clause="3.2.3-a", allowed=", ".join(rules.CAUSES))
    if not scope.strip():
        raise Invalid("change.scope", field="scope", clause="3.2.3-a")
    broken = rules.effectivity_fault(effectivity)
    if broken is not None:
        raise Invalid(broken[1], field=broken[0], clause="3.2.3-a")
    change.design_id, change.model_code = design.id, design.model_code
    change.cause, change.scope, change.ready_on = cause, scope.strip(), ready_on
    change.effective_by, change.effective_from = effectivity.kind, effectivity.start.strip()
    change.effective_to = (effectivity.end or "").strip() or None
    change.old_item, change.old_item_value = old_item, old_item_value
    change.costs, change.given, change.replan = {}, {}, []
    change.impact_days = change.impact_cost = None
    _costs(change, {"development": development})
    note(session, change, "change_drawn_up", by=by, at=at, data={"design": design.number}, clauses=("3.2.3-a",))
    for department in rules.GIVERS:
        hand_over(session, change, to=department, key="change.effect_asked", at=at)


def _in_draft(change: ChangeRequest, by: Actor, department: str) -> None:
    if by.kind != "person" or by.department != department:
        raise Forbidden("case.not_an_actor", clause="3.2.3-b", step="draft", actors=department)
    if change.state != "draft":
        raise Conflict("change.frozen", clause="3.2.3-a", number=change.number)


def _costs(change: ChangeRequest, parts: Mapping[str, int]) -> None:
    negative = next((part for part, amount in parts.items() if amount < 0), None)
    if negative is not None:
        raise Invalid("change.negative", field=negative, clause="3.2.3-b")
    change.costs = change.costs | dict(parts)
    change.impact_cost = rules.total(change.costs)


@carries("planner", "3.2.3-b")
def give_production(
    session: Session, change: ChangeRequest, *, scrap: int, open_work: int, by: Actor, at: datetime
) -> None:
    """Production gives its part: what is scrapped and reworked, stock of the old part; open orders are replanned."""
    _in_draft(change, by, "PRO")
    _drawn_up(change)
    _costs(change, {"scrap": scrap, "open_work": open_work})
    compute(session, change)
    _given(session, change, by=by, at=at)


def give_sales(session: Session, change: ChangeRequest, *, customer: int, by: Actor, at: datetime) -> None:
    """Sales gives its part: what the change costs towards customers (rebates, penalties)."""
    _in_draft(change, by, "SAL")
    _drawn_up(change)
    _costs(change, {"customer": customer})
    _given(session, change, by=by, at=at)


def _drawn_up(change: ChangeRequest) -> None:
    if change.scope is None or change.ready_on is None:
        raise Conflict("change.not_drawn_up", clause="3.2.3-a", number=change.number)


def _given(session: Session, change: ChangeRequest, *, by: Actor, at: datetime) -> None:
    change.given = change.given | {str(by.department): {"at": at.isoformat(), "by": by.id}}
    note(session, change, "change_effect", by=by, at=at, data={"costs": change.costs}, clauses=("3.2.3-b",))


def compute(session: Session, change: ChangeRequest) -> None:
    """Replan the open orders and count the old part: days and money as they are now."""
    assert change.ready_on is not None
    moved = impact.replanned(session, change, change.ready_on)
    change.replan = [
        {"number": m.number, "before": m.before.isoformat(), "after": m.after.isoformat(), "days": m.days}
        for m in moved
    ]
    change.impact_days = rules.delay(moved)
    _costs(change, {"stock": impact.stock_cost(session, change)})
