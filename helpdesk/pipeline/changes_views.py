"""``/orders/changes``: design changes with their effect; one change before and after, and who must know of it."""

from typing import Any

from flask import Blueprint, render_template, request

from helpdesk.auth.door import current_actor, door
from helpdesk.extensions import db
from helpdesk.now import now
from helpdesk.pipeline import changes, design_present, present
from helpdesk.pipeline import changes_present as shows
from helpdesk.pipeline.desk_views import Refused, attach, opening, shown
from helpdesk.pipeline.search import spellings
from order_core.execution.change import lifecycle, measures, queries
from order_core.execution.change.models import ChangeRequest
from order_core.kernel import sign

bp = Blueprint("changes", __name__, url_prefix="/orders/changes")

MOST = 200


@bp.get("")
@door("order.read")
def index() -> str:
    """Changes, the newest first, with days and cost; approved ones by cause; the form that asks for one."""
    return listed(None)


def listed(refused: Refused | None) -> str:
    """The page of all changes, with a form that was refused just now."""
    session, q, actor = db.session(), request.args.get("q", "")[:100], current_actor()
    assert actor is not None
    at = now(session)
    rows = session.scalars(queries.found(spellings(q) if q.strip() else ()).limit(MOST)).all()
    costs = changes.sees_cost(actor)
    tiles = [measure for measure in measures.MEASURES if costs or measure.unit != "money"]
    return render_template(
        "pipeline/change/list.html",
        q=q,
        changes=shows.rows(rows),
        causes=shows.causes(measures.approved(session, at - design_present.PERIOD, at)),
        figures=design_present.figures(session, tiles, at),
        costs=costs,
        ask=opening(changes.DESK, refused=refused) if costs else None,
    )


@bp.get("/<number>")
@door("order.read")
def detail(number: str) -> str:
    """One change: what it does to delivery and cost, who must know, what may be done."""
    return page(changes.DESK.find(db.session(), number), None)


def page(change: ChangeRequest, refused: Refused | None) -> str:
    """A change's page, with what was refused just now."""
    session, actor = db.session(), current_actor()
    assert actor is not None
    at = now(session)
    return render_template(
        "pipeline/change/detail.html",
        change=shows.facts(session, change),
        steps=shows.stepper(change),
        effect=shows.effect(session, change),
        costs=shows.money(change) if changes.sees_cost(actor) else None,
        given=shows.given(session, change),
        holders=shows.holders(session, change, at),
        approved=change.approved_at is not None,
        signatures=present.signatures(session, sign.for_purpose(session, change, lifecycle.APPROVAL)),
        points=design_present.points_of(session, change),
        deeds=shown(changes.DESK, change, by=actor, at=at, refused=refused),
        clocks=present.clocks(session, change, at),
        timeline=present.timeline(session, change, "Change"),
    )


attach(bp, changes.DESK, page, listed)


def register(app: Any) -> None:
    """Attach the pages."""
    app.register_blueprint(bp)
