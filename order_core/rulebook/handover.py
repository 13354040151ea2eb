"""Handing over: the next department is told, has to acknowledge within the rulebook's time, and is gone over else."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from order_core.clauses import carries
from order_core.kernel.notice import Notice, tell
from order_core.rulebook import inforce
from order_core.rulebook.calendar import house_calendar
from order_core.workdays import ALWAYS

USUAL = "HANDOVER"
"""The deadline of a hand-over for which the regulation names none of its own (T-02, T-05 …)."""


@carries("notice", "1.3-c")
def hand_over(
    session: Session,
    case: Any,
    *,
    to: str,
    key: str,
    at: datetime,
    within: str = USUAL,
    params: dict[str, Any] | None = None,
) -> Notice:
    """Tell a department that a case waits for it, or that something of it has changed (1.3-c).

    Args:
        to: the department's code; everybody in it is told, the first acknowledgement counts.
        key: the sentence, ``notice.<key>``; the case's number is among its parameters.
        within: code of the deadline with a budget by which it must be acknowledged; unread it goes one rung higher.
    """
    policy = inforce.book(session, at).policy(within)
    calendar = house_calendar(session) if policy.working else ALWAYS
    return tell(
        session,
        key=key,
        at=at,
        about=case,
        department=to,
        everyone=True,
        params={"number": case.number, **(params or {})},
        acknowledge_by=calendar.add(at, policy.budget),
        escalate_to={"party": to, "owner": to}.get(policy.escalate_to, policy.escalate_to),
    )
