"""``/code``: a customer whose network carries no replies types in the code from his message and answers here."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import gettext

from helpdesk.auth.door import PUBLIC, door
from helpdesk.channels import budget, diversions
from helpdesk.extensions import db
from helpdesk.now import now
from order_core.errors import Invalid, Refusal

bp = Blueprint("codes", __name__)
LONGEST = 300


@bp.get("/code")
@door(PUBLIC)
def ask() -> str:
    """The page where a code is typed in."""
    return render_template("channels/code.html")


@bp.post("/code")
@door(PUBLIC)
def show() -> Any:
    """The question behind a code; to look at it answers nothing."""
    session, code = db.session(), request.form.get("code", "")
    if not budget.may_guess(session):
        return render_template("channels/code.html", error=gettext("code.busy")), 429
    try:
        row = diversions.by_code(session, code, at=now(session))
    except Refusal as refusal:  # the attempt is counted, so nothing is rolled back
        return render_template("channels/code.html", error=gettext(f"error.{refusal.code}")), 404
    return render_template("channels/code.html", code=code, question=row.spoken)


@bp.post("/code/answer")
@door(PUBLIC)
def answer() -> Any:
    """The customer's answer: it enters like a message of his."""
    session = db.session()
    text = request.form.get("text", "").strip()
    if not text or len(text) > LONGEST:
        raise Invalid("code.answer", field="text", maximum=LONGEST)
    if not budget.may_guess(session):
        return render_template("channels/code.html", error=gettext("code.busy")), 429
    at = now(session)
    try:
        row = diversions.by_code(session, request.form.get("code", ""), at=at)
    except Refusal as refusal:
        return render_template("channels/code.html", error=gettext(f"error.{refusal.code}")), 404
    diversions.answer(session, row, text, via="web", at=at)
    return render_template("channels/code.html", done=True)


def register(app: Any) -> None:
    """Attach the pages."""
    app.register_blueprint(bp)
