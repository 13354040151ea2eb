"""``/orders``: the pipeline as a board and as a list, one order with all that belongs to it, a department's work."""

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from helpdesk.auth.door import current_actor, door
from helpdesk.extensions import db
from helpdesk.now import now
from helpdesk.pipeline import board, order_present, orders, present, search
from helpdesk.pipeline import order_work as _its_providers_are_registered  # noqa: F401
from helpdesk.pipeline.desk_views import Refused, attach, shown
from helpdesk.pipeline.work import Work, work_list
from helpdesk.tickets.present import label, span
from order_core.execution import papers, queries, rules
from order_core.execution import service as order_service
from order_core.execution.confirmation import CONFIRM_CLOCK
from order_core.execution.models import ChangeRequest, Order
from order_core.execution.queries import Wanted
from order_core.kernel import sign
from order_core.kernel.actor import Actor
from order_core.parties.models import Customer, ProductModel
from order_core.rulebook.departments import DEPARTMENTS
from order_core.rulebook.roles import GRANTS

bp = Blueprint("pipeline", __name__, url_prefix="/orders")

FILTERS = ("stage", "state", "department", "late", "customer", "model", "from", "to", "q", "after")
HORIZON = timedelta(days=30)
"""The farthest that a work list's pictures reach."""


def _actor() -> Actor:
    actor = current_actor()
    assert actor is not None  # the door has seen to it
    return actor


@bp.get("")
@door("order.read")
def index() -> str:
    """The board; the list when it is asked for or narrowed."""
    session, actor = db.session(), _actor()
    at = now(session)
    frame = {
        "may_draft": GRANTS.may(actor, "order.act") and actor.department == order_service.SALES,
        "view": "list" if any(request.args.get(name) for name in ("view", *FILTERS)) else "board",
    }
    if frame["view"] == "list":
        return render_template("pipeline/list.html", **frame, **_list(at))
    changes = [_change(change) for change in queries.design_changes(session)]
    return render_template("pipeline/board.html", **frame, board=board.columns(session, at), changes=changes)


def _list(at: datetime) -> dict[str, Any]:
    """The list with its filter, as asked for."""
    session = db.session()
    asked = {name: request.args.get(name, "").strip()[:100] for name in FILTERS}
    found = board.listed(session, _wanted(asked), q=asked["q"], after=asked["after"], at=at)
    return {
        "orders": found.rows,
        "asked": asked,
        "next_href": _next_href(found.next),
        "stages": [{"value": name, "label": label("stage", name)} for name in rules.STAGES],
        "states": _choices("state.Order", sorted(order_service.ORDER.machine.states)),
        "departments": _choices("department", list(DEPARTMENTS)),
        "models": list(db.session.scalars(select(ProductModel.code).order_by(ProductModel.code))),
    }


def _next_href(after: str | None) -> str | None:
    asked: dict[str, Any] = {**request.args, "after": after}
    return url_for("pipeline.index", **asked) if after else None


def _choices(kind: str, values: list[str]) -> list[dict[str, str]]:
    return [{"value": value, "label": label(kind, value)} for value in values]


def _wanted(asked: dict[str, str]) -> Wanted:
    who = asked["customer"]
    customers = None
    if who:
        called = Customer.number.icontains(who, autoescape=True) | search.holds(Customer.name, who)
        customers = db.session.scalars(select(Customer.id).where(called)).all()
    return Wanted(
        stage=asked["stage"],
        state=asked["state"],
        department=asked["department"],
        late=bool(asked["late"]),
        customers=customers,
        model=asked["model"],
        promised_from=board.day(asked["from"], "from"),
        promised_to=board.day(asked["to"], "to"),
    )


@bp.post("")
@door("order.act")
def draft() -> Response:
    """A new order with the lines of an agreement."""
    session = db.session()
    number = request.form.get("agreement", "").strip()
    order = order_service.draft_from(session, number, by=_actor(), at=now(session))
    return redirect(f"/orders/{order.number}")


@bp.get("/work")
@door("order.read")
def work() -> str:
    """What waits for the reader's department, the latest start first."""
    session, actor = db.session(), _actor()
    at = now(session)
    rows = work_list(session, actor, at=at)
    ends = [min(row.due_at - at, HORIZON) for row in rows if row.due_at]
    scale = max([*ends, timedelta(days=2)])
    return render_template(
        "pipeline/work.html",
        rows=[_work(row, at, scale) for row in rows],
        department=label("department", actor.department),
    )


def _work(row: Work, at: datetime, scale: timedelta) -> dict[str, Any]:
    """A row with its picture: time to spare, then the work itself, in hundredths of the scale."""
    spare, end = (_share(moment, at, scale) for moment in (row.latest_start, row.due_at))
    late = row.due_at is not None and row.due_at < at
    return {
        "kind": row.kind,
        "label": gettext(f"work.{row.kind}"),
        "number": row.number,
        "href": row.href,
        "about": row.about,
        "due_at": row.due_at,
        "latest_start": row.latest_start,
        "late": late,
        "now": not late and row.latest_start is not None and row.latest_start <= at,
        "left": span(abs(row.due_at - at)) if row.due_at else "",
        "spare": spare,
        "work": max(end - spare, 2) if row.due_at else 0,
    }


def _share(moment: datetime | None, at: datetime, scale: timedelta) -> int:
    return round(100 * min(max((moment - at) / scale, 0.0), 0.98)) if moment else 0


@bp.get("/<number>")
@door("order.read")
def detail(number: str) -> str:
    """One order: where it stands, who has signed, what may be done now and why not, its timeline."""
    return page(orders.DESK.find(db.session(), number), None)


def page(order: Order, refused: Refused | None) -> str:
    """An order's page, with what was refused just now."""
    session, actor = db.session(), _actor()
    at = now(session)
    names = board.customer_names(session, [order])
    pills = present.deadlines(session, order, CONFIRM_CLOCK, at)
    return render_template(
        "pipeline/detail.html",
        order=board.card(order, names, papers.house_day(at)),
        terms={"payment_terms": order.payment_terms, "service_terms": order.service_terms},
        total=order_present.total(order),
        stepper=order_present.stepper(order),
        lines=order_present.lines(session, order),
        differences=order_present.differences(session, order),
        queries=order_present.queries(session, order, at),
        revisions=order_present.revisions(session, order),
        chain=order_present.chain(session, order),
        signatures=present.signatures(session, sign.for_purpose(session, order, order_service.CONFIRM), pills),
        endings=order_present.endings(session, order),
        deeds=shown(orders.DESK, order, by=actor, at=at, refused=refused),
        timeline=present.timeline(session, order, "Order"),
    )


attach(bp, orders.DESK, page)


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
