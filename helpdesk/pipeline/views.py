"""``/orders``: the pipeline as a board of stages, one order with its signatures and journal, design changes."""

from typing import Any

from flask import Blueprint, render_template
from flask_babel import gettext
from sqlalchemy import select

from helpdesk.auth.door import current_actor, door
from helpdesk.extensions import db
from helpdesk.now import now
from helpdesk.pipeline import orders, present
from helpdesk.pipeline.desk_views import Refused, attach, shown
from helpdesk.tickets.present import label
from order_core.aftersales.models import InstalledProduct
from order_core.execution import queries
from order_core.execution.models import ChangeRequest, Order, OrderLine
from order_core.execution.service import CONFIRM
from order_core.kernel import sign
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
    """One order: where it stands, who has signed, what may be done now and why not, its timeline."""
    return page(orders.DESK.find(db.session(), number), None)


def page(order: Order, refused: Refused | None) -> str:
    """An order's page, with what was refused just now."""
    session, actor = db.session(), current_actor()
    assert actor is not None
    at = now(session)
    return render_template(
        "pipeline/detail.html",
        order=_card(order, at),
        lines=[_line(line) for line in order.lines],
        signatures=present.signatures(session, sign.for_purpose(session, order, CONFIRM)),
        deeds=shown(orders.DESK, order, by=actor, at=at, refused=refused),
        clocks=present.clocks(session, order, at),
        timeline=present.timeline(session, order, "Order"),
    )


attach(bp, orders.DESK, page)


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
