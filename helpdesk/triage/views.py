"""``/reports/triage``: how well messages are read, what agents put right, and which model reads them."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from helpdesk.auth.door import current_actor, door
from helpdesk.extensions import db
from helpdesk.now import now
from helpdesk.triage import queries, service
from helpdesk.triage.judging import Scores
from helpdesk.triage.models import TriageModel
from helpdesk.triage.queries import Week
from helpdesk.triage.rules import classify
from helpdesk.triage.values import INTENTS
from order_core.errors import NotFound
from order_core.issues.models import Issue
from order_core.rulebook.roles import GRANTS

bp = Blueprint("triage", __name__, url_prefix="/reports/triage")

SHADES = 5
"""Steps of the heat map, 0 for nothing."""
CHART = 100
"""Units of either side of the square charts."""
TARGETS = {
    "accuracy": (0.88, True),
    "macro_f1": (0.85, True),
    "calibration_error": (0.03, False),
    "safety_recall": (0.98, True),
    "alarms_ordinary": (0.05, False),
    "urgency": (0.80, True),
}
"""Score → (target, up is good)."""
TRIED_AT_MOST = 500


@bp.get("")
@door("ticket.read")
def index() -> str:
    """Scores, confusion, calibration, drift, corrections and models; and a message of the reader's own."""
    session, actor = db.session(), current_actor()
    scores = service.scores_in_use(session)
    weeks = queries.weeks(session, now(session))
    text = request.args.get("text", "").strip()[:TRIED_AT_MOST]
    return render_template(
        "reports/triage.html",
        gauges=[_gauge(name, getattr(scores, name)) for name in TARGETS],
        languages=[(gettext(f"language.{lang}"), share) for lang, share in scores.by_language.items()],
        heat=_heat(scores),
        curve=_curve(scores),
        weeks=[_week(week) for week in weeks],
        drift=queries.drift(weeks),
        corrections=queries.latest_corrections(session),
        tickets=queries.latest_tickets(session),
        models=[_model(row) for row in queries.models(session)],
        intents=[(intent, gettext(f"intent.{intent}")) for intent in INTENTS],
        fields=service.FIELDS,
        may_correct=GRANTS.may(actor, "ticket.correct"),
        may_roll_back=GRANTS.may(actor, "admin.triage"),
        text=text,
        read=classify(text) if text else None,
    )


@bp.post("/corrections/<number>")
@door("ticket.correct")
def correct(number: str) -> Response:
    """Put right what triage made of a ticket."""
    session, actor = db.session(), current_actor()
    assert actor is not None
    issue = session.scalars(select(Issue).where(Issue.number == number, Issue.kind == "ticket")).first()
    if issue is None:
        raise NotFound("record.unknown", number=number)
    field, _, value = request.form.get("value", "").partition(":")
    service.correct(session, issue, field, value, request.form.get("reason", ""), by=actor, at=now(session))
    return redirect(url_for("triage.index") + "#corrections")


@bp.post("/models/<int:model_id>/use")
@door("admin.triage")
def use(model_id: int) -> Response:
    """Read with an earlier model again."""
    session, actor = db.session(), current_actor()
    assert actor is not None
    model = session.get(TriageModel, model_id)
    if model is None:
        raise NotFound("record.unknown", number=str(model_id))
    service.roll_back(session, model, by=actor, at=now(session))
    return redirect(url_for("triage.index") + "#models")


def _gauge(name: str, value: float) -> dict[str, Any]:
    target, up = TARGETS[name]
    return {
        "name": name,
        "text": f"{100 * value:.1f}",
        "share": round(100 * value),
        "target": round(100 * target),
        "good": value >= target if up else value <= target,
        "up": up,
    }


def _heat(scores: Scores) -> list[dict[str, Any]]:
    """A row an intent that occurs: its name, and for each column the count and its shade."""
    rows = []
    for place, (intent, counts) in enumerate(zip(INTENTS, scores.confusion, strict=True)):
        total = sum(counts)
        cells = [
            {"count": count, "shade": -(-SHADES * count // total) if total else 0, "right": at == place}
            for at, count in enumerate(counts)
        ]
        rows.append({"intent": intent, "cells": cells, "total": total})
    return rows


def _curve(scores: Scores) -> list[dict[str, float]]:
    """A point a tenth of confidence: where it lies in the square, and how many messages it stands for."""
    most = max(count for count, _, _ in scores.reliability) or 1
    return [
        {"x": CHART * sure, "y": CHART * (1 - right), "r": 1.5 + 3 * (count / most) ** 0.5, "count": count}
        for count, sure, right in scores.reliability
        if count
    ]


def _week(week: Week) -> dict[str, Any]:
    """The week's bar: the shares of the five commonest wishes, the rest together."""
    ranked = sorted(week.shares.items(), key=lambda entry: -entry[1])[:5]
    parts, at = [], 0.0
    for intent, share in ranked:
        if share:
            parts.append({"intent": intent, "x": CHART * at, "width": CHART * share, "share": round(100 * share)})
            at += share
    return {"starts_at": week.starts_at, "tickets": week.tickets, "corrected": week.corrected, "parts": parts}


def _model(row: TriageModel) -> dict[str, Any]:
    scores = Scores.from_json(row.scores)
    return {
        "row": row,
        "scores": scores,
        "usable": row.verdict != "refused" and row.in_use_since is None,
    }


def register(app: Any) -> None:
    """Attach the page."""
    app.register_blueprint(bp)
