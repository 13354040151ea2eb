"""Quality cases: list, evidence, and the design change asked of R&D."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from helpdesk.auth.door import current_actor, door
from helpdesk.extensions import db
from helpdesk.now import now
from helpdesk.tickets import present, queries
from helpdesk.tickets.timeline import timeline
from order_core.aftersales import quality
from order_core.aftersales.models import InstalledProduct
from order_core.execution.change.models import ChangeRequest
from order_core.issues.models import Issue
from order_core.rulebook.roles import GRANTS

bp = Blueprint("quality", __name__, url_prefix="/quality")


@bp.get("")
@door("quality.read")
def index() -> str:
    """Quality cases, the newest first."""
    session = db.session()
    cases = session.scalars(select(Issue).where(Issue.kind == "quality").order_by(Issue.id.desc()).limit(100))
    return render_template("quality/list.html", cases=[_facts(case) for case in cases])


@bp.get("/<number>")
@door("quality.read")
def detail(number: str) -> str:
    """One case: the tickets behind it, unit by unit, and what was asked of R&D."""
    session = db.session()
    case = _case(number)
    change = session.scalars(select(ChangeRequest).where(ChangeRequest.quality_issue_id == case.id)).first()
    return render_template(
        "quality/detail.html",
        case=_facts(case),
        tickets=[_evidence(issue) for issue in quality.evidence(session, case)],
        timeline=timeline(session, case),
        change={"number": change.number, "state_label": present.label("state.Revision", change.state)}
        if change
        else None,
        may_ask=change is None and GRANTS.may(current_actor(), "quality.step"),
    )


@bp.post("/<number>/design-change")
@door("quality.step")
def ask_design_change(number: str) -> Response:
    """Ask R&D for a design change, with the reason."""
    session, actor = db.session(), current_actor()
    assert actor is not None
    quality.ask_design_change(session, _case(number), request.form.get("reason", ""), by=actor, at=now(session))
    return redirect(url_for("quality.detail", number=number))


def _case(number: str) -> Issue:
    return queries.by_number(db.session(), number, ("quality",))


def _facts(case: Issue) -> dict[str, Any]:
    session = db.session()
    unit = session.get(InstalledProduct, case.product_id) if case.product_id else None
    return {
        **present.facts(case, None, None, None, now(session)),
        "href": f"/quality/{case.number}",
        "model": unit.model_code if unit else "",
        "lot": unit.lot if unit else "",
        "cause_label": present.label("cause", case.cause_code),
        "units": len(quality.evidence(session, case)),
    }


def _evidence(issue: Issue) -> dict[str, Any]:
    unit = db.session.get(InstalledProduct, issue.product_id) if issue.product_id else None
    return {
        "number": issue.number,
        "href": f"/tickets/{issue.number}",
        "serial": unit.serial if unit else "",
        "opened_at": issue.opened_at,
        "subject": issue.subject,
        "state": issue.state,
        "state_label": present.label("state.Issue", issue.state),
    }


def register(app: Any) -> None:
    """Attach the pages."""
    app.register_blueprint(bp)
