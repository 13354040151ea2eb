"""Design tasks, designs and design changes as lists and records; what is done to them comes with their desks."""

from datetime import date
from typing import Any

from flask import Response, jsonify
from flask_openapi import APIBlueprint
from pydantic import Field
from sqlalchemy import or_, select

from helpdesk.api.desks import Numbered
from helpdesk.api.paging import ListQuery, page
from helpdesk.api.shapes import instant
from helpdesk.auth.door import current_actor, door
from helpdesk.extensions import db
from helpdesk.now import now
from helpdesk.pipeline import changes as change_desk
from helpdesk.pipeline import design as design_desk
from helpdesk.pipeline.search import spellings
from order_core.execution.change import queries as change_queries
from order_core.execution.change.models import ChangeRequest
from order_core.execution.design import lifecycle, points, queries, review, rules
from order_core.execution.design.models import Design, DesignTask
from order_core.execution.design.queries import Row
from order_core.execution.design.rules import Need, Trait
from order_core.execution.models import OrderLine
from order_core.kernel import sign
from order_core.kernel.plan import PlanItem

STATES = "^(draft|in_review|released|superseded|withdrawn)$"


class DesignQuery(ListQuery):
    """Filters of the designs."""

    state: str | None = Field(None, pattern=STATES)
    model: str | None = Field(None, max_length=24)


class TaskQuery(ListQuery):
    """Filters of the design tasks."""

    owner_id: int | None = Field(None, ge=1, le=2**63 - 1)
    unassigned: bool = Field(False, description="only those that nobody has yet")


class ChangeQuery(ListQuery):
    """Filters of the design changes."""

    state: str | None = Field(None, pattern=STATES)
    cause: str | None = Field(None, max_length=12)
    model: str | None = Field(None, max_length=24)


def attach(api: APIBlueprint) -> None:
    """Add the lists and records of the room."""
    api.get("/design-tasks")(design_tasks)
    api.get("/designs")(designs)
    api.get("/designs/<string:number>")(design)
    api.get("/design-changes")(design_changes)
    api.get("/design-changes/<string:number>")(design_change)


@door("api.read")
def design_tasks(query: TaskQuery) -> Response:
    """Design tasks, the newest first: owner, dates, stage and the design of each."""
    session = db.session()
    at = now(session)
    wanted = select(DesignTask).join(OrderLine, OrderLine.id == DesignTask.line_id)
    if query.owner_id is not None:
        wanted = wanted.where(DesignTask.owner_id == query.owner_id)
    if query.unassigned:
        wanted = wanted.where(DesignTask.owner_id.is_(None))
    if query.q:
        words = spellings(query.q)
        texts = (OrderLine.specification, OrderLine.model_code)
        wanted = wanted.where(or_(*(text.icontains(word, autoescape=True) for text in texts for word in words)))
    answer = page(session, wanted, DesignTask.id, query, lambda task: {"task": task})
    tasks = [row["task"] for row in answer["items"]]
    rows = queries.rows(session, [task.designs[0] for task in tasks], at=at)
    return jsonify({**answer, "items": [_task(task, row) for task, row in zip(tasks, rows, strict=True)]})


def _task(task: DesignTask, row: Row) -> dict[str, Any]:
    return {
        "id": task.id,
        "order": task.line.order.number,
        "model": task.line.model_code,
        "specification": task.line.specification,
        "design": task.designs[-1].number,
        "stage": row.stage,
        "owner_id": task.owner_id,
        "opened_at": instant(task.opened_at),
        "assigned_at": instant(task.assigned_at),
        "needed_on": _day(task.needed_on),
        "latest_start": _day(row.latest_start),
        "late": row.late,
        "stages": [_item(item) for item in row.stages],
    }


@door("api.read")
def designs(query: DesignQuery) -> Response:
    """Designs, the newest first; `q` finds number, title, model and its names in three languages."""
    wanted = queries.found(spellings(query.q) if query.q else ()).order_by(None)
    if query.state:
        wanted = wanted.where(Design.state == query.state)
    if query.model:
        wanted = wanted.where(Design.model_code == query.model)
    return jsonify(page(db.session(), wanted, Design.id, query, _design))


@door("api.read")
def design(path: Numbered) -> Response:
    """One design: needs, characteristics, documents, opinions and points."""
    session = db.session()
    case: Design = design_desk.DESK.find(session, path.number)
    needs = lifecycle.needs_of(session, case)
    sign_off = sign.for_purpose(session, case, lifecycle.REVIEW)
    given = sign.standing(sign_off) if sign_off else {}
    return jsonify(
        {
            **_design(case),
            "needs": [_need(need) for need in needs],
            "waived": lifecycle.waived(session, case, needs),
            "characteristics": [_trait(trait) for trait in case.traits],
            "documents": [{"name": d.name, "link": d.link, "sha256": d.sha256, "size": d.size} for d in case.documents],
            "opinions": {party: given[party].verdict if party in given else None for party in _asked(case)},
            "points": [_item(item) for item in points.all_points(session, case)],
            "revisions": [one.number for one in queries.chain(session, case)],
        }
    )


def _asked(case: Design) -> list[str]:
    return review.asked(db.session(), case).required if case.reviews else list(rules.REVIEWERS)


def _design(row: Design) -> dict[str, Any]:
    return {
        "number": row.number,
        "revision": row.revision,
        "state": row.state,
        "version": row.version,
        "title": row.title,
        "model": row.model_code,
        "order": row.task.line.order.number if row.task else None,
        "opened_at": instant(row.opened_at),
        "released_at": instant(row.released_at),
    }


def _need(need: Need) -> dict[str, Any]:
    return {"code": need.code, "text": need.text, "key": need.key}


def _trait(trait: Trait) -> dict[str, Any]:
    return {
        "code": trait.code,
        "name": trait.name,
        "kind": trait.kind,
        "target": trait.target,
        "lower": trait.lower,
        "upper": trait.upper,
        "unit": trait.unit,
        "method": trait.method,
        "result": trait.result,
        "achieved": rules.achieved(trait),
        "needs": list(trait.needs),
    }


def _item(item: PlanItem) -> dict[str, Any]:
    return {
        "position": item.position,
        "stage": item.stage,
        "goal": item.goal,
        "measure": item.measure,
        "owner_id": item.owner_id,
        "due": _day(item.due_on),
        "mandatory": item.mandatory,
        "outcome": item.outcome,
        "result": item.result,
    }


@door("api.read")
def design_changes(query: ChangeQuery) -> Response:
    """Design changes asked of R&D, the newest first, with their effect in days and money."""
    wanted = change_queries.found(spellings(query.q) if query.q else ()).order_by(None)
    for column, value in (
        (ChangeRequest.state, query.state),
        (ChangeRequest.cause, query.cause),
        (ChangeRequest.model_code, query.model),
    ):
        if value:
            wanted = wanted.where(column == value)
    session = db.session()
    answer = page(session, wanted, ChangeRequest.id, query, lambda change: {"change": change})
    changes = [row["change"] for row in answer["items"]]
    named = {i for change in changes for i in (change.design_id, change.successor_id) if i is not None}
    session.scalars(select(Design).where(Design.id.in_(named))).all()  # one question instead of one a row
    return jsonify({**answer, "items": [_change(change) for change in changes]})


@door("api.read")
def design_change(path: Numbered) -> Response:
    """One design change: effect before and after, effectivity, who must know of it."""
    change: ChangeRequest = change_desk.DESK.find(db.session(), path.number)
    return jsonify(
        {
            **_change(change),
            "orders": change.replan,
            "costs": change_desk.costs(change) if _sees_cost() else None,
            "given": sorted(change.given),
            "signers": change.signers,
            "points": [_item(item) for item in points.all_points(db.session(), change)],
            "holders": [
                {
                    "department": notice.department,
                    "records": notice.records,
                    "told_at": instant(notice.told_at),
                    "acknowledged_at": instant(notice.acknowledged_at),
                    "remark": notice.remark,
                }
                for notice in change.notices
            ],
        }
    )


def _sees_cost() -> bool:
    return change_desk.sees_cost(current_actor())


def _change(row: ChangeRequest) -> dict[str, Any]:
    session = db.session()
    design, successor = (session.get(Design, i) if i else None for i in (row.design_id, row.successor_id))
    return {
        "number": row.number,
        "state": row.state,
        "version": row.version,
        "quality_issue_id": row.quality_issue_id,
        "origin": row.origin,
        "cause": row.cause,
        "model": row.model_code,
        "reason": row.reason,
        "scope": row.scope,
        "design": design.number if design else None,
        "successor": successor.number if successor else None,
        "ready_on": _day(row.ready_on),
        "effectivity": {"by": row.effective_by, "from": row.effective_from, "to": row.effective_to}
        if row.effectivity
        else None,
        "impact_days": row.impact_days,
        "impact_cost": row.impact_cost if _sees_cost() else None,
        "opened_at": instant(row.opened_at),
        "approved_at": instant(row.approved_at),
        "implemented_at": instant(row.implemented_at),
        "verified_at": instant(row.verified_at),
    }


def _day(on: date | None) -> str | None:
    return on.isoformat() if on else None
