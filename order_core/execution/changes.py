"""Design changes: asked for with a reason, assessed in days and money before anybody may approve (3.2.3)."""

from datetime import datetime

from sqlalchemy.orm import Session

from order_core.errors import Invalid
from order_core.execution.models import ChangeRequest
from order_core.kernel.actor import Actor
from order_core.kernel.case import Procedure, Step
from order_core.kernel.notice import tell
from order_core.rulebook.machines import machine

OWNER = "RND"


def _content_complete(step: Step) -> None:
    """Effect in days and in money, before it can be reviewed (3.2.3-b)."""
    change: ChangeRequest = step.case
    for field in ("impact_days", "impact_cost"):
        if getattr(change, field) is None:
            raise Invalid(f"change.{field}", field=field, clause="3.2.3-b")


def _reason_given(step: Step) -> None:
    if not str(step.data.get("reason") or "").strip():
        raise Invalid("issue.reason", field="reason", clause="3.2.3-a")


def _owner(_change: ChangeRequest, by: Actor) -> bool:
    return by.kind == "person" and by.department == OWNER


CHANGE = Procedure(
    machine("Revision"),
    conditions={"content_complete": _content_complete, "reason_given": _reason_given},
    relations={"owner": _owner},
)


def ask(
    session: Session,
    *,
    reason: str,
    model_code: str | None,
    quality_issue_id: int | None,
    by: Actor,
    at: datetime,
) -> ChangeRequest:
    """Ask R&D for a change; they are told.

    Raises:
        Invalid: no reason.
    """
    if not reason.strip():
        raise Invalid("issue.reason", field="reason", clause="3.2.3-a")
    change = ChangeRequest(
        reason=reason.strip(), asked_by=by.id, model_code=model_code, quality_issue_id=quality_issue_id
    )
    CHANGE.open(session, change, series="ECR", by=by, at=at, clauses=("3.2.3-a",))
    tell(session, key="change.asked", at=at, about=change, department=OWNER, params={"number": change.number})
    return change


def assess(session: Session, change: ChangeRequest, *, days: int, cost: int, by: Actor, at: datetime) -> None:
    """State the effect (working days, smallest money unit) and put it to review."""
    change.impact_days, change.impact_cost = days, cost
    CHANGE.advance(session, change, "submit", by=by, at=at, data={"days": days, "cost": cost})
