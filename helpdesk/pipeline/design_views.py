"""``/orders/design``: the board of design tasks on a calendar; one design with traces, review and deeds."""

from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import gettext

from helpdesk.auth.door import current_actor, door
from helpdesk.extensions import db
from helpdesk.now import now
from helpdesk.pipeline import design, design_present, present
from helpdesk.pipeline import design_work as _its_providers_are_registered  # noqa: F401
from helpdesk.pipeline.desk_views import Refused, attach, shown
from helpdesk.pipeline.search import spellings
from order_core.execution.design import lifecycle, measures, queries
from order_core.execution.design.models import Design

bp = Blueprint("design", __name__, url_prefix="/orders/design")

MOST = 300
"""Designs that a board looks at; older ones are found by their number."""


@bp.get("")
@door("order.read")
def index() -> str:
    """Design tasks by stage, on the calendar, and the figures of design work."""
    session, q = db.session(), request.args.get("q", "")[:100]
    at = now(session)
    found = session.scalars(queries.found(spellings(q) if q.strip() else ()).limit(MOST)).unique().all()
    rows = queries.rows(session, found, at=at)
    return render_template(
        "pipeline/design/list.html",
        q=q,
        board=design_present.board(session, rows),
        calendar=design_present.calendar(session, rows, at),
        figures=design_present.figures(session, measures.in_force(session, at), at),
        empty=not rows,
    )


@bp.get("/<number>")
@door("order.read")
def detail(number: str) -> str:
    """One design: what it answers, who has spoken, what may be done."""
    return page(design.DESK.find(db.session(), number), None)


def page(case: Design, refused: Refused | None) -> str:
    """A design's page, with what was refused just now."""
    session, actor = db.session(), current_actor()
    assert actor is not None
    at = now(session)
    (row,) = queries.rows(session, [case], at=at)
    change = lifecycle.change_behind(session, case)
    return render_template(
        "pipeline/design/detail.html",
        design=design_present.card(session, row)
        | {"state": case.state, "state_label": gettext(f"state.Design.{case.state}")},
        steps=design_present.stepper(row.stage) if row.needed_on else [],
        change=change,
        matrix=design_present.matrix(session, case),
        documents=case.documents,
        plan=design_present.plan(session, case, at) if case.predecessor_id is None else None,
        reviews=design_present.reviews(session, case),
        points=design_present.points_of(session, case),
        revisions=design_present.revisions(session, case),
        changes=design_present.changes_of(session, case),
        deeds=shown(design.DESK, case, by=actor, at=at, refused=refused),
        clocks=present.clocks(session, case, at),
        timeline=present.timeline(session, case, "Design"),
    )


attach(bp, design.DESK, page)


def register(app: Any) -> None:
    """Attach the pages."""
    app.register_blueprint(bp)
