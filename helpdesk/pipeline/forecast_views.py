"""``/orders/research/forecasts``: what will be asked for of each model, and the history that it rests on."""

from typing import Any

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from helpdesk.auth.door import current_actor, door
from helpdesk.errors.views import sentence
from helpdesk.extensions import db
from helpdesk.now import now
from helpdesk.pipeline import forecast_present
from helpdesk.pipeline.research import PATH
from helpdesk.pipeline.upload_views import refused_rows, uploaded
from order_core.acquisition.days import house_day
from order_core.acquisition.research import forecasts, imports, queries, service
from order_core.errors import Refusal

FORECASTS = f"{PATH}/forecasts"
bp = Blueprint("forecasts", __name__, url_prefix=FORECASTS)


@bp.get("")
@door("order.read")
def index() -> str:
    """A chart a model; the one that was chosen (else the first that has a forecast) is large, with its figures."""
    session, actor = db.session(), current_actor()
    assert actor is not None
    at, chosen = now(session), request.args.get("model", "")
    drawn = [forecast.model_code for forecast in queries.newest_forecasts(session)]
    large = chosen if chosen in drawn else next(iter(drawn), None)
    panels = forecast_present.panels(session, at, large=large)
    return render_template(
        "pipeline/research/forecasts.html",
        large=next((panel for panel in panels if panel["model"] == large), None),
        panels=[panel for panel in panels if panel["model"] != large],
        can_type=service.is_researcher(actor),
    )


@bp.get("/import")
@door("order.act")
def import_form() -> str:
    """Where a table of months is handed in."""
    return _import_page()


@bp.post("/import")
@door("order.act")
def import_history() -> Response | str | tuple[str, int]:
    """Check a table of months; take it, whole, when that was asked for and nothing is wrong with it."""
    session, actor = db.session(), current_actor()
    assert actor is not None
    at, text, source = now(session), "", request.form.get("source", "")
    try:
        text = uploaded()
        service.researcher(actor, forecasts.CLAUSE)
        checked = imports.history(text, house_day(at), service.known_models(session))
        if checked.faults:
            return _import_page(text=text, source=source, checked=checked), 400
        if "dry" in request.form:
            return _import_page(text=text, source=source, checked=checked)
        with session.begin_nested():
            forecasts.set_history(session, checked.rows, source, by=actor, at=at)
    except Refusal as refusal:
        return _import_page(text=text, source=source, refusal=refusal), refusal.status
    return redirect(FORECASTS)


def _import_page(*, text: str = "", source: str = "", checked: Any = None, refusal: Refusal | None = None) -> str:
    return render_template(
        "pipeline/research/import.html",
        back=FORECASTS,
        about=None,
        what="history",
        columns=imports.HISTORY_COLUMNS,
        source_asked=True,
        source=source,
        text=text,
        good=len(checked.rows) if checked else None,
        faults=refused_rows(checked.faults) if checked else [],
        error=sentence(refusal) if refusal else "",
        clause=refusal.clause if refusal else None,
    )


def register(app: Any) -> None:
    """Attach the pages."""
    app.register_blueprint(bp)
