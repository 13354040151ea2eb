"""``/orders``: the pipeline as a board of stages, one order with its signatures and journal, design changes."""

from typing import Any

from flask import Blueprint, render_template
from flask_babel import gettext
from sqlalchemy import select

from helpdesk.auth.door import current_actor, door
from helpdesk.extensions import db
from helpdesk.now import now
from helpdesk.tickets.present import label, names_of
from order_core.aftersales.models import InstalledProduct
from order_core.errors import NotFound
from order_core.execution import queries
from order_core.execution.models import ChangeRequest, Order, OrderLine
from order_core.execution.service import CONFIRM, ORDER
from order_core.kernel import sign
from order_core.kernel.case import Choice, history
from order_core.parties.models import Customer

bp = Blueprint("pipeline", __name__, url_prefix="/orders")

STAGES = (
    ("new", ("draft", "issued", "queried")),
    ("confirmed", ("confirmed",)),
    ("making", ("executing",)),
    ("delivered", ("delivered", "rectifying")),
    ("done", ("accepted", "closed")),
)
"""Columns of the board and the states in each."""


@bp.get("")
@door("order.read")
def index() -> str:
    """Orders by stage; design changes asked of R&D beside them."""
    session = db.session()
    at = now(session)
    cards = [_card(order, at) for order in queries.pipeline(session)]
    board = [
        {"key": key, "label": gettext(f"stage.{key}"), "orders": [c for c in cards if c["state"] in states]}
        for key, states in STAGES
    ]
    changes = [_change(change) for change in queries.design_changes(session)]
    return render_template("pipeline/list.html", board=board, changes=changes)


@bp.get("/<number>")
@door("order.read")
def detail(number: str) -> str:
    """One order: where it stands, who has signed, what may be done now and why not, its journal."""
    session, actor = db.session(), current_actor()
    assert actor is not None
    order = session.scalars(select(Order).where(Order.number == number)).first()
    if order is None:
        raise NotFound("order.unknown", field="number", number=number)
    at = now(session)
    return render_template(
        "pipeline/detail.html",
        order=_card(order, at),
        lines=[_line(line) for line in order.lines],
        signatures=_signatures(order),
        steps=[_step(choice) for choice in ORDER.available(session, order, by=actor, at=at)],
        timeline=_timeline(order),
    )


def _card(order: Order, at: Any) -> dict[str, Any]:
    customer = db.session.get_one(Customer, order.customer_id)
    slack = (order.committed_on - (order.projected_on or at.date())).days if order.committed_on else None
    return {
        "number": order.number,
        "href": f"/orders/{order.number}",
        "customer": customer.name,
        "model": ", ".join(line.model_code for line in order.lines),
        "state": order.state,
        "state_label": label("state.Order", order.state),
        "committed_on": order.committed_on,
        "projected_on": order.projected_on,
        "slack": slack if order.delivered_at is None else None,
        "agreement": order.agreement,
        "revision": order.revision,
    }


def _line(line: OrderLine) -> dict[str, Any]:
    units = db.session.scalars(select(InstalledProduct).where(InstalledProduct.order_line_id == line.id))
    return {
        "model": line.model_code,
        "specification": line.specification,
        "quantity": line.quantity,
        "due_on": line.due_on,
        "units": [f"{unit.serial} ({unit.lot})" for unit in units],
    }


def _signatures(order: Order) -> list[dict[str, Any]]:
    sign_off = sign.for_purpose(db.session(), order, CONFIRM)
    if sign_off is None:
        return []
    signed = sign.standing(sign_off)
    names = names_of(db.session(), {s.person_id for s in signed.values() if s.person_id is not None})
    return [
        {
            "department": gettext(f"department.{code}"),
            "who": names.get(signed[code].person_id or 0, "") if code in signed else "",
            "at": signed[code].at if code in signed else None,
        }
        for code in sign_off.required
    ]


def _step(choice: Choice) -> dict[str, Any]:
    refusal = choice.refusal
    return {
        "label": gettext(f"step.Order.{choice.transition.step}"),
        "clauses": ", ".join(choice.transition.clauses),
        "enabled": refusal is None,
        "why_not": gettext(f"error.{refusal.code}", **refusal.params) if refusal else "",
    }


def _timeline(order: Order) -> list[dict[str, Any]]:
    entries = history(db.session(), order)
    names = names_of(db.session(), {e.actor_id for e in entries if e.actor_kind == "person" and e.actor_id})
    return [
        {
            "kind": "step",
            "at": entry.at,
            "who": names.get(entry.actor_id or 0) or gettext(f"actor.{entry.actor_kind}"),
            "text": gettext(f"step.Order.{entry.step}"),
            "detail": [{"label": gettext("journal.clause"), "value": ", ".join(entry.clauses)}],
            "status": label("state.Order", entry.to_state),
        }
        for entry in entries
    ]


def _change(change: ChangeRequest) -> dict[str, Any]:
    return {
        "number": change.number,
        "reason": change.reason,
        "model": change.model_code or "",
        "state_label": label("state.Revision", change.state),
        "opened_at": change.opened_at,
    }


def register(app: Any) -> None:
    """Attach the pages."""
    app.register_blueprint(bp)
