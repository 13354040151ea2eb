"""The conditions of the Issue machine, each bound by its name in the rulebook."""

from sqlalchemy import select

from order_core.clauses import carries
from order_core.errors import Conflict, Invalid
from order_core.issues import rules
from order_core.issues.models import Issue
from order_core.kernel.actor import Actor
from order_core.kernel.case import Condition, Relation, Step
from order_core.kernel.check import REJECTED, last_verdict

AFTER_REPAIR = "after_repair"


def _value(step: Step, name: str) -> object:
    """A field as it would stand after the step: what the step brings, else what the issue has."""
    given = step.data.get(name)
    return given if given not in (None, "") else getattr(step.case, name, None)


def _demand(step: Step, name: str, code: str, clause: str) -> None:
    if not _value(step, name):
        raise Invalid(code, field=name, clause=clause)


@carries("case", "5.1.2-a")
def class_and_urgency(step: Step) -> None:
    """A class from the list and an urgency (5.1.2-a)."""
    if _value(step, "category") not in rules.CATEGORIES:
        raise Invalid("issue.category", field="category", clause="5.1.2-a", allowed=", ".join(rules.CATEGORIES))
    if _value(step, "urgency") not in rules.URGENCIES:
        raise Invalid("issue.urgency", field="urgency", clause="5.1.2-a", allowed=", ".join(rules.URGENCIES))


@carries("case", "5.1.2-b")
def one_owner(step: Step) -> None:
    """One owner, and only one (5.1.2-b)."""
    _demand(step, "assignee_id", "issue.assignee", "5.1.2-b")


def reason_given(step: Step) -> None:
    """A reason, in words."""
    if not str(step.data.get("reason") or "").strip():
        raise Invalid("issue.reason", field="reason", clause=step.transition.clauses[0])


@carries("case", "5.1.2-c")
def customer_reached(step: Step) -> None:
    """Notes of what the customer said, where a customer is involved (5.1.2-c)."""
    if (step.case.customer_id or step.case.phone) and not str(step.data.get("notes") or "").strip():
        raise Invalid("issue.notes", field="notes", clause="5.1.2-c")


@carries("case", "5.2.1-b")
def plan_made(step: Step) -> None:
    """How it will be solved (5.2.1-b, 5.2.1-c)."""
    if _value(step, "mode") not in rules.MODES:
        raise Invalid("issue.mode", field="mode", clause="5.2.1-b", allowed=", ".join(rules.MODES))


@carries("case", "5.2.1-a", "5.2.2-b")
def cause_and_result(step: Step) -> None:
    """Cause, remedy and result; after work on site also the service report (5.2.1-a, 5.2.2-b)."""
    _demand(step, "cause_code", "issue.cause", "5.2.1-a")
    _demand(step, "remedy", "issue.remedy", "5.2.1-a")
    _demand(step, "result", "issue.result", "5.2.2-b")
    if step.case.mode == "on_site" and not step.data.get("report"):
        raise Invalid("issue.report", field="report", clause="5.2.2-b")


def failure_named(step: Step) -> None:
    """What did not work."""
    if not str(step.data.get("failure") or "").strip():
        raise Invalid("issue.failure", field="failure", clause="5.2.2-c")


@carries("check", "5.2.2-c")
def test_accepted(step: Step) -> None:
    """After work on site the test must have been passed; a failed one always bars closing (5.2.2-c)."""
    verdict = last_verdict(step.session, step.case, AFTER_REPAIR)
    if verdict == REJECTED or (verdict is None and step.case.mode == "on_site"):
        raise Conflict("issue.test", field="test", clause="5.2.2-c")


def within_reopening_time(step: Step) -> None:
    """Reopening ends; later a follow-up is opened instead (5.3.1-b)."""
    if step.case.closed_at is None or step.at > step.case.closed_at + rules.REOPEN_WITHIN:
        raise Conflict("issue.reopen_over", clause="5.3.1-b", days=rules.REOPEN_WITHIN.days)


def duplicate_or_not_ours(step: Step) -> None:
    """Merged into an existing issue, or not ours: with the reason."""
    reason_given(step)
    other = step.data.get("duplicate_of")
    known = select(Issue.id).where(Issue.number == other, Issue.id != step.case.id)
    if other and step.session.scalar(known) is None:
        raise Invalid("issue.duplicate_of", field="duplicate_of", clause="5.1.2-a", number=other)


CONDITIONS: dict[str, Condition] = {
    condition.__name__: condition
    for condition in (
        class_and_urgency,
        one_owner,
        reason_given,
        customer_reached,
        plan_made,
        cause_and_result,
        failure_named,
        test_accepted,
        within_reopening_time,
        duplicate_or_not_ours,
    )
}

DESK_ROLES = frozenset({"agent", "dispatcher", "afs_head"})


def _desk(issue: Issue, by: Actor) -> bool:
    """Who triages this kind: the service desk for tickets, the owning department for the rest; and the bot."""
    if by.kind in ("worker", "planner"):
        return True
    if issue.kind in ("ticket", "callback"):
        return by.kind == "person" and bool(by.roles & DESK_ROLES)
    return by.kind == "person" and by.department == issue.department


def _assignee(issue: Issue, by: Actor) -> bool:
    return by.is_same_person(issue.assignee_id)


def _checker(issue: Issue, by: Actor) -> bool:
    """A person who verifies, not the one who did the work."""
    return by.kind == "person" and by.department == issue.department and not _assignee(issue, by)


RELATIONS: dict[str, Relation] = {"desk": _desk, "assignee": _assignee, "checker": _checker}
