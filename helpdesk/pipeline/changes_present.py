"""Design changes as their pages show them, in the reader's language: effect before and after, cost, who must know."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.pipeline.changes import costs
from helpdesk.pipeline.design_present import effectivity
from helpdesk.tickets.present import clock_pill, label, names_of
from order_core.execution.change import acknowledge, affected, queries, rules
from order_core.execution.change.models import ChangeNotice, ChangeRequest
from order_core.execution.change.rules import Toll
from order_core.execution.design.models import Design
from order_core.execution.models import Order
from order_core.issues.models import Issue
from order_core.kernel.clock import Clock

WAY = ("draft", "in_review", "released", "superseded")


def row(change: ChangeRequest) -> dict[str, Any]:
    """A change in the list."""
    return {
        "number": change.number,
        "href": f"/orders/changes/{change.number}",
        "model": change.model_code or "",
        "reason": change.scope or change.reason,
        "state": change.state,
        "state_label": gettext(f"state.Change.{change.state}"),
        "cause": label("change.cause", change.cause),
        "days": change.impact_days,
        "cost": change.impact_cost,
        "opened_at": change.opened_at,
    }


def rows(changes: Sequence[ChangeRequest]) -> list[dict[str, Any]]:
    """Changes with bars of days and cost, each against the largest of the list."""
    found = [row(change) for change in changes]
    for name in ("days", "cost"):
        most = max((shown[name] or 0 for shown in found), default=0)
        for shown in found:
            shown[f"{name}_share"] = round(100 * (shown[name] or 0) / most, 1) if most else 0
    return found


def causes(tolls: Sequence[Toll]) -> list[dict[str, Any]]:
    """Approved changes by cause, as bars."""
    found = rules.by_cause(tolls)
    most = max(found.values(), default=1)
    return [
        {"label": gettext(f"change.cause.{cause}"), "count": count, "share": round(100 * count / most, 1)}
        for cause, count in found.items()
    ]


def facts(session: Session, change: ChangeRequest) -> dict[str, Any]:
    """What it is about, and where it came from."""
    design = session.get(Design, change.design_id) if change.design_id else None
    successor = session.get(Design, change.successor_id) if change.successor_id else None
    order = session.get(Order, change.order_id) if change.order_id else None
    issue = session.get(Issue, change.quality_issue_id) if change.quality_issue_id else None
    return row(change) | {
        "why": change.reason,
        "scope": change.scope or "",
        "ready_on": change.ready_on,
        "effectivity": effectivity(change),
        "origin": gettext(f"change.origin_is.{change.origin}") if change.origin != "other" else "",
        "origin_href": f"/quality/{issue.number}" if issue else f"/orders/{order.number}" if order else "",
        "origin_number": issue.number if issue else order.number if order else "",
        "design": _design(design),
        "successor": _design(successor),
        "old_item": change.old_item or "",
        "verified_at": change.verified_at,
    }


def _design(design: Design | None) -> dict[str, Any] | None:
    if design is None:
        return None
    return {
        "number": design.number,
        "href": f"/orders/design/{design.number}",
        "revision": design.revision,
        "state": design.state,
        "state_label": gettext(f"state.Design.{design.state}"),
    }


def effect(session: Session, change: ChangeRequest) -> dict[str, Any]:
    """Each open order before and after, on one line of time; None of it before production has replanned."""
    moved = change.moved
    if not moved:
        return {"given": "PRO" in change.given, "orders": [], "left": ""}
    days = [day for one in moved for day in (one.before, one.after)]
    first, width = min(days), max(1, (max(days) - min(days)).days)

    def place(day: date) -> float:
        return round(4 + 92 * (day - first).days / width, 1)

    return {
        "given": True,
        "left": ", ".join(one.number for one in queries.unworked(session, change)) if change.approved_at else "",
        "orders": [
            {
                "number": one.number,
                "href": f"/orders/{one.number}",
                "before": one.before,
                "after": one.after,
                "days": one.days,
                "from": place(one.before),
                "to": place(one.after),
            }
            for one in moved
        ],
    }


def money(change: ChangeRequest) -> list[dict[str, Any]]:
    """The parts of the cost as bars."""
    parts = costs(change)
    most = max((amount or 0 for amount in parts.values()), default=0)
    return [
        {
            "label": gettext(f"change.cost_of.{part}"),
            "amount": amount,
            "share": round(100 * (amount or 0) / most, 1) if most else 0,
        }
        for part, amount in parts.items()
    ]


def given(session: Session, change: ChangeRequest) -> list[dict[str, Any]]:
    """Who has given his part of the effect."""
    names = names_of(session, {row["by"] for row in change.given.values() if row["by"]})
    return [
        {
            "department": gettext(f"department.{code}"),
            "who": names.get(change.given[code]["by"], "") if code in change.given else "",
            "at": datetime.fromisoformat(change.given[code]["at"]) if code in change.given else None,
        }
        for code in rules.GIVERS
    ]


def holders(session: Session, change: ChangeRequest, at: datetime) -> list[dict[str, Any]]:
    """Departments with affected records: told at the approval with their acknowledgement, before it as of now."""
    if change.approved_at is None:
        if change.design_id is None:
            return []
        return [
            {
                "department": gettext(f"department.{code}"),
                "records": [_record(record.kind, record.number) for record in records],
                "state": "",
            }
            for code, records in affected.held(session, change).items()
        ]
    names = names_of(session, {n.acknowledged_by for n in change.notices if n.acknowledged_by})
    higher, clocks = acknowledge.escalated(session, change), _clocks(session, change)
    return [_holder(notice, names, higher, clocks, at) for notice in change.notices]


def _clocks(session: Session, change: ChangeRequest) -> dict[str, Clock]:
    wanted = select(Clock).where(Clock.case_kind == change.__case_kind__, Clock.case_id == change.id)
    return {str(clock.party): clock for clock in session.scalars(wanted.where(Clock.stopped_at.is_(None)))}


def _holder(
    notice: ChangeNotice, names: dict[int, str], higher: set[str], clocks: dict[str, Clock], at: datetime
) -> dict[str, Any]:
    waits = "escalated" if notice.department in higher else "waiting"
    state = "acknowledged" if notice.acknowledged_at else waits
    return {
        "department": gettext(f"department.{notice.department}"),
        "records": [_record(record["kind"], record["number"]) for record in notice.records],
        "state": state,
        "state_label": gettext(f"change.{state}"),
        "who": names.get(notice.acknowledged_by or 0, ""),
        "at": notice.acknowledged_at,
        "remark": notice.remark or "",
        "clock": None if notice.acknowledged_at else clock_pill(clocks.get(notice.department), at),
    }


PLACES = {"order": "/orders/", "work": "/orders/", "ticket": "/tickets/", "case": "/quality/"}


def _record(kind: str, number: str) -> dict[str, Any]:
    href = f"{PLACES[kind]}{number}" if kind in PLACES else ""
    return {"kind": gettext(f"change.held.{kind}"), "number": number, "href": href}


def stepper(change: ChangeRequest) -> list[dict[str, Any]]:
    """The way of a change with where this one stands; a refused one has none."""
    if change.state not in WAY:
        return []
    here = WAY.index(change.state)
    steps = [
        {"label": gettext(f"state.Change.{key}"), "done": n < here, "current": n == here} for n, key in enumerate(WAY)
    ]
    verified = change.verified_at is not None
    steps[-1] |= {"done": verified, "current": here == len(WAY) - 1 and not verified}
    return [*steps, {"label": gettext("change.verified"), "done": verified, "current": False}]
