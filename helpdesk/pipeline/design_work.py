"""What of design and design changes waits for a department, or for one person of it."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.pipeline.work import Work, provides
from order_core.execution.change import acknowledge, lifecycle, rules
from order_core.execution.change import queries as change_queries
from order_core.execution.change.models import ChangeRequest
from order_core.execution.design import queries, review
from order_core.execution.design.lifecycle import change_behind
from order_core.execution.design.models import Design
from order_core.execution.design.queries import Row
from order_core.execution.rules import AMENDABLE
from order_core.kernel import sign
from order_core.kernel.actor import Actor
from order_core.kernel.clock import Clock
from order_core.kernel.plan import ActionPlan, PlanItem
from order_core.rulebook.calendar import house_calendar

CLOSING = time(18)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def _end_of(day: date | None) -> datetime | None:
    return datetime.combine(day, CLOSING, ZoneInfo(house_calendar().zone)) if day else None


@provides
def designs(session: Session, by: Actor, at: datetime) -> list[Work]:
    """Tasks to give, plan, approve and do; opinions to give; reviews to bring to an end."""
    open_ = session.scalars(select(Design).where(Design.state.in_(("draft", "in_review"))).order_by(Design.id)).all()
    rows = queries.rows(session, open_, at=at)
    return [work for row in rows for work in _of_design(session, row, by)]


def _of_design(session: Session, row: Row, by: Actor) -> Iterator[Work]:
    if row.stage == "in_review":
        yield from _of_review(session, row, by)
    elif by.department == "RND":
        kind, due, takes = {
            "opened": ("design_assign", _due(session, row.design, "DESIGN"), HOUR),
            "assigned": ("design_plan", _end_of(row.latest_start), DAY),
            "planned": ("design_do", _end_of(row.needed_on), 28 * DAY),
            "designing": ("design_do", _end_of(row.needed_on or _promised(session, row.design)), 28 * DAY),
        }[row.stage]
        if row.stage == "assigned" and row.stages:
            kind = "design_approve_plan"
        yield _work(row, kind, due, takes, None if kind in ("design_assign", "design_approve_plan") else _owner(row))


def _promised(session: Session, design: Design) -> date | None:
    """When R&D said that a design made under a change would be ready."""
    change = change_behind(session, design)
    return change.ready_on if change else None


def _of_review(session: Session, row: Row, by: Actor) -> Iterator[Work]:
    sign_off = review.asked(session, row.design)
    waiting = set(sign.open_parties(sign_off)) & sign.parties_of(by)
    if waiting and not by.is_same_person(sign_off.submitter_id):
        yield _work(row, "design_opinion", sign_off.due_at, HOUR, None)
    elif by.department == "RND":
        yield _work(row, "design_release", sign_off.due_at, HOUR, _owner(row))


def _owner(row: Row) -> int | None:
    return row.design.task.owner_id if row.design.task else None


def _work(row: Row, kind: str, due: datetime | None, takes: timedelta, whose: int | None) -> Work:
    design = row.design
    return Work(kind, design.number, f"/orders/design/{design.number}", design.title, due, takes, whose)


def _due(session: Session, case: Design | ChangeRequest, policy: str, party: str = "RND") -> datetime | None:
    return session.scalar(
        select(Clock.due_at)
        .where(Clock.case_kind == case.__case_kind__, Clock.case_id == case.id, Clock.policy == policy)
        .where(Clock.party == party, Clock.stopped_at.is_(None))
    )


@provides
def changes(session: Session, by: Actor, _at: datetime) -> list[Work]:
    """Changes to draw up, to say the effect of, to sign, to acknowledge, to implement."""
    open_ = session.scalars(
        select(ChangeRequest)
        .where(ChangeRequest.state.in_(("draft", "in_review", "released")))
        .order_by(ChangeRequest.id)
    )
    found = [work for change in open_ if (work := _of_change(session, change, by)) is not None]
    return found + (_amendments(session) if by.department == "SAL" else [])


def _amendments(session: Session) -> list[Work]:
    """Orders into which sales has to work an approved change that moves their date."""
    approved = session.scalars(select(ChangeRequest).where(ChangeRequest.state.in_(("released", "superseded"))))
    return [
        Work("change_amend", moved.number, f"/orders/{moved.number}", change.number, _end_of(moved.before), HOUR)
        for change in approved
        for moved in change_queries.unworked(session, change, AMENDABLE)
    ]


def _of_change(session: Session, change: ChangeRequest, by: Actor) -> Work | None:
    kind, due = "", None
    if change.state == "draft":
        if change.scope is None:
            kind = "change_draw_up" if by.department == "RND" else ""
        elif by.department in rules.GIVERS and by.department not in change.given:
            kind = "change_effect"
    elif change.state == "in_review":
        sign_off = sign.for_purpose(session, change, lifecycle.APPROVAL)
        waiting = set(sign.open_parties(sign_off)) & sign.parties_of(by) if sign_off else set()
        if waiting and sign_off and not by.is_same_person(sign_off.submitter_id):
            kind = "change_sign"
    elif any(n.department == by.department and n.acknowledged_at is None for n in change.notices):
        kind, due = "change_acknowledge", _due(session, change, acknowledge.TOLD_CLOCK, str(by.department))
    elif by.department == "RND":
        kind, due = "change_implement", _end_of(change.ready_on)
    if not kind:
        return None
    about = change.scope or change.reason
    return Work(kind, change.number, f"/orders/changes/{change.number}", about, due, HOUR)


@provides
def points(session: Session, by: Actor, _at: datetime) -> list[Work]:
    """Points of reviews that the actor has to close."""
    if by.kind != "person" or by.id is None:
        return []
    rows = session.execute(
        select(PlanItem, ActionPlan)
        .join(ActionPlan, ActionPlan.id == PlanItem.plan_id)
        .where(ActionPlan.kind == "review", PlanItem.owner_id == by.id, PlanItem.outcome.is_(None))
        .where(ActionPlan.subject_kind.in_((Design.__case_kind__, ChangeRequest.__case_kind__)))
    )
    found = []
    for item, plan in rows:
        is_design = plan.subject_kind == Design.__case_kind__
        kind: type[Any] = Design if is_design else ChangeRequest
        case = session.get_one(kind, plan.subject_id)
        href = f"/orders/{'design' if is_design else 'changes'}/{case.number}"
        found.append(Work("design_point", case.number, href, item.goal, _end_of(item.due_on), HOUR, by.id))
    return found
