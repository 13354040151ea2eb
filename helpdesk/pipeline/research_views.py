"""``/orders/research``: the year of market rounds, one round with its findings, the import of findings."""

from typing import Any

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from helpdesk.auth.door import current_actor, door
from helpdesk.auth.sessions import reader_language
from helpdesk.errors.views import sentence
from helpdesk.extensions import db
from helpdesk.now import now
from helpdesk.pipeline import present
from helpdesk.pipeline import research_present as show
from helpdesk.pipeline import research_work as _its_provider_is_registered  # noqa: F401
from helpdesk.pipeline.desk_views import Refused, attach, part, shown
from helpdesk.pipeline.research import PATH, ROUNDS_DESK
from helpdesk.pipeline.search import spellings
from helpdesk.pipeline.upload_views import refused_rows, uploaded
from order_core.acquisition.days import house_day
from order_core.acquisition.research import imports, queries, service
from order_core.errors import Refusal
from order_core.rounds.models import Round

bp = Blueprint("research", __name__, url_prefix=PATH)

SHOWN_IN_COLUMNS = frozenset({"record", "nothing_found", "strike"})
MADE_OF_IT = ("report", "analyse")
"""Deeds whose forms need room."""


@bp.get("")
@door("order.read")
def index() -> str:
    """The year's rounds, figures, newest findings (or those that are looked for), reports and analyses."""
    session = db.session()
    words = request.args.get("q", "").strip()[:100]
    rows = queries.newest_findings(session, spellings(words) if words else ())
    return render_template(
        "pipeline/research/index.html",
        q=words,
        year=show.year(session),
        figures=show.figures(session, now(session)),
        findings=show.findings(session, rows),
        reports=show.reports(session, queries.reports(session)),
        analyses=show.analyses(queries.analyses(session, limit=12)),
    )


@bp.get("/<number>")
@door("order.read")
def detail(number: str) -> str:
    """One round."""
    return page(ROUNDS_DESK.find(db.session(), number), None)


def page(turn: Round, refused: Refused | None) -> str:
    """A round's page: a column for each kind with its findings and forms, and what else may be done."""
    session, actor = db.session(), current_actor()
    assert actor is not None
    at = now(session)
    rows = {row["name"]: row for row in shown(ROUNDS_DESK, turn, by=actor, at=at, refused=refused)}
    if "report" in rows:
        cited = [f.number for f in queries.findings_of(session, turn) if f.struck_at is None]
        values = {"language": reader_language(), "cited": cited}
        rows["report"] = part(ROUNDS_DESK, turn, rows["report"], {}, values, refused)
    columns = [_with_forms(turn, column, rows, refused) for column in show.columns(session, turn)]
    return render_template(
        "pipeline/research/round.html",
        turn=show.turn_facts(turn),
        columns=columns,
        may_record="record" in rows and rows["record"]["enabled"],
        made=[rows[name] for name in MADE_OF_IT if name in rows and rows[name]["enabled"]],
        deeds=[row for name, row in rows.items() if name not in SHOWN_IN_COLUMNS | set(MADE_OF_IT)],
        reports=show.reports(session, queries.reports(session, turn)),
        analyses=show.analyses(queries.analyses(session, turn)),
        clocks=present.clocks(session, turn, at),
        timeline=present.timeline(session, turn, ROUNDS_DESK.called),
    )


def _with_forms(turn: Round, column: dict[str, Any], rows: dict[str, Any], refused: Refused | None) -> dict[str, Any]:
    """A column with the forms that are about its kind or one of its findings, where they may be used."""
    if not ("record" in rows and rows["record"]["enabled"]):
        return column
    fixed = {"kind": column["kind"]}
    forms = {name: part(ROUNDS_DESK, turn, rows[name], fixed, {}, refused) for name in ("record", "nothing_found")}
    for finding in column["findings"]:
        if not finding["struck"]:
            of_it = {"finding": finding["number"]}
            finding["strike"] = part(ROUNDS_DESK, turn, rows["strike"], of_it, {}, refused)
    return {**column, **forms}


attach(bp, ROUNDS_DESK, page)


@bp.get("/<number>/import")
@door("order.act")
def import_form(number: str) -> str:
    """Where a table of findings is handed in."""
    return _import_page(ROUNDS_DESK.find(db.session(), number))


@bp.post("/<number>/import")
@door("order.act")
def import_findings(number: str) -> Response | str | tuple[str, int]:
    """Check a table of findings; take it, whole, when that was asked for and nothing is wrong with it."""
    session, actor = db.session(), current_actor()
    assert actor is not None
    turn, at, text = ROUNDS_DESK.find(session, number), now(session), ""
    try:
        text = uploaded()
        service.researcher(actor)
        checked = imports.findings(text, house_day(at), service.known_models(session))
        if checked.faults:
            return _import_page(turn, text=text, checked=checked), 400
        if "dry" in request.form:
            return _import_page(turn, text=text, checked=checked)
        with session.begin_nested():
            service.record_all(session, turn, checked.rows, by=actor, at=at)
    except Refusal as refusal:
        return _import_page(turn, text=text, refusal=refusal), refusal.status
    return redirect(f"{PATH}/{turn.number}")


def _import_page(turn: Round, *, text: str = "", checked: Any = None, refusal: Refusal | None = None) -> str:
    return render_template(
        "pipeline/research/import.html",
        back=f"{PATH}/{turn.number}",
        about=show.turn_facts(turn),
        what="findings",
        columns=imports.FINDING_COLUMNS,
        source_asked=False,
        text=text,
        good=len(checked.rows) if checked else None,
        faults=refused_rows(checked.faults) if checked else [],
        error=sentence(refusal) if refusal else "",
        clause=refusal.clause if refusal else None,
    )


def register(app: Any) -> None:
    """Attach the pages."""
    app.register_blueprint(bp)
