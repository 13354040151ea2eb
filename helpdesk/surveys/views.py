"""``/surveys``: what customers said; ``/s/<token>``: the survey by link, voting on POST only."""

from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import gettext
from sqlalchemy import select

from helpdesk.auth.door import PUBLIC, door
from helpdesk.channels import service as channels
from helpdesk.extensions import db
from helpdesk.now import now
from helpdesk.surveys import service
from helpdesk.tickets.present import label
from order_core.aftersales import surveys
from order_core.aftersales.models import Survey
from order_core.errors import Invalid
from order_core.issues.models import Issue
from order_core.kernel.actor import Actor

bp = Blueprint("surveys", __name__)


@bp.get("/surveys")
@door("survey.read")
def index() -> str:
    """Scores as a picture, then the answers, the newest first."""
    rows = db.session.scalars(select(Survey).order_by(Survey.id.desc()).limit(200)).all()
    answered = [row for row in rows if row.score is not None]
    counts = [{"score": score, "count": sum(1 for r in answered if r.score == score)} for score in range(5, 0, -1)]
    return render_template(
        "surveys/list.html",
        surveys=[_shown(row) for row in rows],
        counts=counts,
        most=max([c["count"] for c in counts] + [1]),
        asked=sum(1 for row in rows if row.sent_at),
        answered=len(answered),
        mean=sum(r.score or 0 for r in answered) / len(answered) if answered else None,
    )


@bp.get("/s/<token>")
@door(PUBLIC)
def ask(token: str) -> str:
    """The question. Reading it answers nothing: link previews read it too."""
    survey = service.by_token(db.session(), token)
    return render_template("surveys/ask.html", answered=survey.score is not None)


@bp.post("/s/<token>")
@door(PUBLIC)
def answer(token: str) -> str:
    """The customer's score and words."""
    session = db.session()
    survey = service.by_token(session, token)
    score = request.form.get("score", "")
    if score not in {"1", "2", "3", "4", "5"}:
        raise Invalid("survey.score", field="score", clause="5.2.2-d", minimum=1, maximum=5)
    customer = Actor(kind="customer", id=survey.contact_id)
    comment = request.form.get("comment", "").strip()[:1000]
    surveys.answer(session, survey, int(score), comment, by=customer, at=now(session))
    return render_template("surveys/ask.html", answered=True)


def _shown(row: Survey) -> dict[str, Any]:
    issue = db.session.get_one(Issue, row.issue_id)
    return {
        "number": row.number,
        "ticket": issue.number,
        "href": f"/tickets/{issue.number}",
        "state": row.state,
        "state_label": label("state.Survey", row.state),
        "score": row.score,
        "comment": row.comment or "",
        "sent_at": row.sent_at,
        "answered_at": row.answered_at,
        "refused": gettext("survey.opted_out")
        if row.phone and channels.refused(db.session(), row.phone, ("survey",))
        else "",
    }


def register(app: Any) -> None:
    """Attach the pages."""
    app.register_blueprint(bp)
