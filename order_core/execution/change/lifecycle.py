"""The life of a change on the Revision machine: released is approved, superseded is implemented (docs/adr/0027)."""

from typing import Any

from sqlalchemy.orm import Session

from order_core.clauses import carries
from order_core.errors import Conflict, Invalid
from order_core.execution.change import acknowledge, queries, rules
from order_core.execution.change.models import ChangeRequest
from order_core.execution.design import points
from order_core.execution.design.models import Design
from order_core.kernel import sign
from order_core.kernel.actor import Actor
from order_core.kernel.case import Procedure, Step
from order_core.rulebook.machines import machine

OWNER = "RND"
APPROVAL = "change"
STATED = ("cause", "scope", "ready_on", "design_id", "effective_by", "effective_from")
"""What a change says before anybody is asked to sign it."""


def content(change: ChangeRequest) -> dict[str, Any]:
    """What is signed: the change with its effect; nobody signs for a part alone."""
    return {
        "number": change.number,
        "revision": change.revision,
        "reason": change.reason,
        "origin": change.origin,
        "cause": change.cause,
        "design": change.design_id,
        "model": change.model_code,
        "scope": change.scope,
        "ready_on": str(change.ready_on),
        "effectivity": [change.effective_by, change.effective_from, change.effective_to],
        "days": change.impact_days,
        "orders": [[m.number, str(m.before), str(m.after), m.days] for m in change.moved],
        "costs": [[part, change.costs.get(part)] for part in rules.COSTS],
        "cost": change.impact_cost,
    }


@carries("check", "3.2.3-b")
def _content_complete(step: Step) -> None:
    """Everything stated; effect in days and in money, given by production and by sales (3.2.3-b)."""
    change: ChangeRequest = step.case
    for field in STATED:
        if getattr(change, field) is None:
            raise Invalid(f"change.{field}", field=field, clause="3.2.3-a")
    for department in rules.GIVERS:
        if department not in change.given:
            raise Invalid("change.effect", field="given", clause="3.2.3-b", department=department)
    for field in ("impact_days", "impact_cost"):
        if getattr(change, field) is None:
            raise Invalid(f"change.{field}", field=field, clause="3.2.3-b")


def _points_given(step: Step) -> None:
    if not points.open_points(step.session, step.case):
        raise Invalid("design.points", field="goal", clause="3.2.2-c")


@carries("sign", "3.2.3-a", "3.2.3-b")
def _all_signed(step: Step) -> None:
    """R&D, production and sales, from a cost on management: each signed this effect; mandatory points are closed."""
    change: ChangeRequest = step.case
    sign_off = sign.for_purpose(step.session, change, APPROVAL)
    if sign_off is None or sign_off.digest != sign.digest_of(content(change)):
        raise Conflict("sign.other_revision", field="digest", clause="3.2.3-b")
    if not sign.complete(sign_off):
        waiting = ", ".join(sign.open_parties(sign_off))
        raise Conflict("change.signatures_missing", field="verdict", clause="3.2.3-b", departments=waiting)
    points.mandatory_closed(step.session, change)


@carries("case", "3.2.3-c")
def _successor_released(step: Step) -> None:
    change: ChangeRequest = step.case
    successor = _successor(step.session, change)
    if successor is None or successor.state != "released":
        raise Conflict("design.no_successor", clause="3.2.3-a", number=change.number)
    acknowledge.settled(step.session, change)
    left = queries.unworked(step.session, change)
    if left:
        raise Conflict("change.unworked", clause="3.2.3-c", orders=", ".join(one.number for one in left))


def _successor(session: Session, change: ChangeRequest) -> Design | None:
    return session.get(Design, change.successor_id) if change.successor_id is not None else None


def _reason_given(step: Step) -> None:
    if not str(step.data.get("reason") or "").strip():
        raise Invalid("issue.reason", field="reason", clause="3.2.3-a")


def _owner(_change: ChangeRequest, by: Actor) -> bool:
    return by.kind == "person" and by.department == OWNER


def _reviewer(change: ChangeRequest, by: Actor) -> bool:
    """Somebody of a department that has to sign."""
    asked = {party.removesuffix(sign.AS_HEAD) for party in change.signers}
    return by.kind == "person" and by.department in asked


CHANGE = Procedure(
    machine("Revision"),
    conditions={
        "content_complete": _content_complete,
        "points_given": _points_given,
        "all_signed": _all_signed,
        "successor_released": _successor_released,
        "reason_given": _reason_given,
    },
    relations={"owner": _owner, "reviewer": _reviewer},
)
