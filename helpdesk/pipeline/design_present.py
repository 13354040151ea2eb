"""Designs as their pages show them, in the reader's language: board, calendar, matrix, review, figures."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext
from sqlalchemy.orm import Session

from helpdesk.pipeline import design_chart as chart
from helpdesk.pipeline import present
from helpdesk.pipeline.design_chart import Planned
from helpdesk.tickets.present import label, names_of
from order_core.execution.change import queries as changes
from order_core.execution.change.models import ChangeRequest
from order_core.execution.design import lifecycle, planning, points, queries, rules
from order_core.execution.design.models import Design, DesignReview
from order_core.execution.design.queries import Row
from order_core.execution.design.rules import Need, Trait
from order_core.kernel import sign
from order_core.kernel.plan import PlanItem
from order_core.kernel.signals import Measure, level
from order_core.parties.models import Customer
from order_core.rulebook.calendar import house_calendar

PERIOD = timedelta(days=90)
SHOWN_RELEASED = 5
UNITS = {"percent": "share", "working_days": "working_days", "days": "working_days", "hours": "working_hours"}


def day_of(moment: datetime) -> date:
    """The house's date of a moment."""
    return moment.astimezone(ZoneInfo(house_calendar().zone)).date()


def figures(session: Session, measures: Sequence[Measure], at: datetime) -> list[dict[str, Any]]:
    """Measures of the 90 days before, as tiles: value, unit, whether it is good, how many records are behind it."""
    return [_tile(measure, session, at) for measure in measures]


def _tile(measure: Measure, session: Session, at: datetime) -> dict[str, Any]:
    figure = measure.formula(session, at - PERIOD, at)
    money = measure.unit == "money"
    value = None if figure.value is None else round(figure.value / 100 if money else figure.value, 1)
    return {
        "code": measure.code,
        "name": gettext(f"design.measure.{measure.code}"),
        "value": value,
        "unit": "" if money else gettext(f"design.unit.{UNITS.get(measure.unit, measure.unit)}"),
        "target": measure.target / 100 if money else measure.target,
        "level": None if figure.value is None else level(figure.value, measure),
        "count": figure.count,
    }


def board(session: Session, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Columns of the stages; of the released the newest only."""
    cards = [(row.stage, card(session, row)) for row in rows]
    columns = []
    for stage in rules.STAGES:
        own = [shown for known, shown in cards if known == stage]
        columns.append(
            {
                "key": stage,
                "label": gettext(f"design.stage_is.{stage}"),
                "count": len(own),
                "cards": own[:SHOWN_RELEASED] if stage == "released" else own,
            }
        )
    return columns


def card(session: Session, row: Row) -> dict[str, Any]:
    """A design in a list."""
    design, task = row.design, row.design.task
    owner = task.owner_id if task else None
    customer = session.get(Customer, row.order.customer_id) if row.order else None
    return {
        "number": design.number,
        "href": f"/orders/design/{design.number}",
        "title": design.title,
        "model": design.model_code,
        "revision": design.revision,
        "order": row.order.number if row.order else "",
        "customer": customer.name if customer else "",
        "owner": names_of(session, {owner}).get(owner, "") if owner else "",
        "is_task": task is not None and design.predecessor_id is None,
        "stage": row.stage,
        "stage_label": gettext(f"design.stage_is.{row.stage}"),
        "needed_on": row.needed_on,
        "latest_start": row.latest_start if row.stage in ("opened", "assigned", "planned") else None,
        "late": row.late,
    }


def planned(session: Session, items: Sequence[PlanItem]) -> list[Planned]:
    """The stages of a plan with their owners' names."""
    names = names_of(session, {item.owner_id for item in items})
    return [
        Planned(
            item.stage, names.get(item.owner_id, ""), item.due_on,
            day_of(item.closed_at) if item.closed_at else None, item.outcome,
        )
        for item in items
    ]  # fmt: skip


def calendar(session: Session, rows: Sequence[Row], at: datetime) -> dict[str, Any] | None:
    """The unfinished tasks that are planned, on one calendar; None when none is."""
    today = day_of(at)
    open_ = [row for row in rows if row.stages and row.stage not in ("released", "withdrawn")]
    if not open_:
        return None
    begun = {row.design.id: _begun(row.design, at) for row in open_}
    days = [day for row in open_ for day in (begun[row.design.id], *(i.due_on for i in row.stages))]
    on = chart.scale([*days, *(row.needed_on for row in open_ if row.needed_on)], today)
    lanes = []
    for row in open_:
        stages = planned(session, row.stages)
        shown = chart.bars(stages, begun[row.design.id], on, today)
        needed = on.column(row.needed_on) if row.needed_on else None
        lanes.append({"card": card(session, row), "bars": [_bar(bar) for bar in shown], "needed": needed})
    return {"heads": on.heads(), "today": on.column(today), "lanes": lanes}


def _begun(design: Design, at: datetime) -> date:
    task = design.task
    return day_of((task.assigned_at or task.opened_at) if task else at)


def _bar(bar: chart.Bar) -> dict[str, Any]:
    return {
        "name": bar.stage.name,
        "owner": bar.stage.owner,
        "due": bar.stage.due,
        "tone": bar.tone,
        "tone_label": gettext(f"design.stage.{bar.tone}"),
        "column": bar.column,
        "span": bar.span,
    }


def plan(session: Session, design: Design, at: datetime) -> dict[str, Any] | None:
    """One task's stages on its own calendar."""
    items, task = planning.stages(session, design), design.task
    if not items or task is None:
        return None
    today, begun = day_of(at), _begun(design, at)
    on = chart.scale([begun, task.needed_on, *(item.due_on for item in items)], today)
    shown = chart.bars(planned(session, items), begun, on, today)
    rows = [
        _bar(bar) | {"goal": i.goal, "measure": i.measure, "result": i.result}
        for bar, i in zip(shown, items, strict=True)
    ]
    return {"heads": on.heads(), "today": on.column(today), "needed": on.column(task.needed_on), "bars": rows}


def matrix(session: Session, design: Design) -> dict[str, Any]:
    """Needs down, characteristics across; how each need stands."""
    needs, traits = lifecycle.needs_of(session, design), design.traits
    gone = lifecycle.waived(session, design, needs)
    open_ = {need.code for need in rules.untraced(needs, traits, gone)}
    return {
        "traits": [_trait(trait) for trait in traits],
        "needs": [_need(design, need, traits, gone, open_) for need in needs],
    }


def _need(
    design: Design, need: Need, traits: Sequence[Trait], waived: Sequence[str], untraced: set[str]
) -> dict[str, Any]:
    answered = any(rules.answers(trait, need.code) for trait in traits)
    stands = "answered" if answered else "waived" if need.code in waived else "open" if need.key else "secondary"
    stands = "asked" if stands == "open" and need.code in design.waivers else stands
    return {
        "code": need.code,
        "text": need.text,
        "key": need.key,
        "stands": stands,
        "stands_label": gettext(f"design.matrix.{stands}"),
        "reason": design.waivers.get(need.code, "") if stands in ("waived", "asked") else "",
        "open": need.code in untraced,
        "cells": [_cell(trait, need.code) for trait in traits],
    }


def _cell(trait: Trait, code: str) -> str | None:
    """How a characteristic answers a need: met, missed, unverified, incomplete; None: it does not."""
    if code not in trait.needs:
        return None
    if not rules.answers(trait, code):
        return "incomplete"
    return "unverified" if trait.result is None else "met" if rules.achieved(trait) else "missed"


def _trait(trait: Trait) -> dict[str, Any]:
    stands = "unverified" if trait.result is None else "met" if rules.achieved(trait) else "missed"
    return {
        "code": trait.code,
        "name": trait.name,
        "unit": trait.unit,
        "target": trait.target,
        "lower": trait.lower,
        "upper": trait.upper,
        "yes_no": trait.kind == rules.YES_NO,
        "method": trait.method,
        "result": trait.result,
        "stands": stands,
        "stands_label": gettext(f"design.trait.{stands}"),
        "gauge": chart.gauge(trait),
        "needs": ", ".join(trait.needs),
    }


def reviews(session: Session, design: Design) -> list[dict[str, Any]]:
    """Every review of a design, the newest first; of the present one who has spoken."""
    rows = [_review(session, review) for review in reversed(design.reviews)]
    if rows:
        sign_off = sign.for_purpose(session, design, lifecycle.REVIEW)
        rows[0]["signatures"] = present.signatures(session, sign_off) if rows[0]["current"] else []
    return rows


def _review(session: Session, review: DesignReview) -> dict[str, Any]:
    names = names_of(session, set(review.present))
    return {
        "round": review.round,
        "meets_on": review.meets_on,
        "place": review.place,
        "invited": [gettext(f"department.{code}") for code in review.invited],
        "present": ", ".join(names.get(person, "") for person in review.present),
        "held_at": review.held_at,
        "minutes": review.minutes,
        "outcome": gettext(f"design.review.{review.outcome}") if review.outcome else "",
        "tone": {"released": "good", "sent_back": "warn"}.get(review.outcome or "", ""),
        "ended_at": review.ended_at,
        "current": review.outcome in (None, "released"),
        "signatures": [],
    }


def points_of(session: Session, case: Any) -> list[dict[str, Any]]:
    """The points of a design's or change's reviews."""
    items = points.all_points(session, case)
    names = names_of(session, {i for item in items for i in (item.owner_id, item.raised_by) if i is not None})
    return [
        {
            "position": item.position,
            "goal": item.goal,
            "measure": item.measure,
            "owner": names.get(item.owner_id, ""),
            "raised_by": names.get(item.raised_by or 0, ""),
            "due": item.due_on,
            "mandatory": item.mandatory,
            "outcome": item.outcome,
            "outcome_label": label("design.outcome", item.outcome) or gettext("design.point.open"),
            "result": item.result,
        }
        for item in items
    ]


def revisions(session: Session, design: Design) -> list[dict[str, Any]]:
    """Every revision of a design with the change that made it, the oldest first."""
    rows = []
    for one in queries.chain(session, design):
        change = lifecycle.change_behind(session, one)
        rows.append(
            {
                "number": one.number,
                "revision": one.revision,
                "href": f"/orders/design/{one.number}",
                "here": one.id == design.id,
                "state": one.state,
                "state_label": gettext(f"state.Design.{one.state}"),
                "released_at": one.released_at,
                "change": change.number if change else "",
                "effectivity": effectivity(change) if change else "",
            }
        )
    return rows if len(rows) > 1 or rows[0]["change"] else []


def effectivity(change: ChangeRequest) -> str:
    """From where on a change applies, in words."""
    stated = change.effectivity
    if stated is None:
        return ""
    says = str(gettext(f"change.effective.says.{stated.kind}", start=stated.start))
    return f"{says} {gettext('change.effective.until', end=stated.end)}" if stated.end else says


def stepper(stage: str) -> list[dict[str, Any]]:
    """The way of a task with where this one stands."""
    here = rules.STAGES.index(stage) if stage in rules.STAGES else -1
    last = len(rules.STAGES) - 1
    return [
        {
            "label": gettext(f"design.stage_is.{key}"),
            "done": n < here or (n == here == last),
            "current": n == here and here != last,
        }
        for n, key in enumerate(rules.STAGES)
    ]


def changes_of(session: Session, design: Design) -> list[dict[str, Any]]:
    """Changes asked of a design."""
    return [
        {"number": c.number, "href": f"/orders/changes/{c.number}", "state_label": gettext(f"state.Change.{c.state}")}
        for c in session.scalars(changes.found(()).where(ChangeRequest.design_id == design.id))
    ]
