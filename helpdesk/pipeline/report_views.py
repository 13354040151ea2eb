"""``/orders/research/reports`` and ``/orders/research/analyses``: one report to read, one analysis to run again."""

from typing import Any

from flask import Blueprint, redirect, render_template
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from helpdesk.auth.door import current_actor, door
from helpdesk.extensions import db
from helpdesk.now import now
from helpdesk.pipeline import analysis_present, present
from helpdesk.pipeline import research_present as show
from helpdesk.pipeline.desk_views import Refused, attach, shown
from helpdesk.pipeline.research import ANALYSES, REPORTS, REPORTS_DESK
from helpdesk.tickets.present import names_of
from order_core.acquisition.research import analyses, queries
from order_core.acquisition.research import reports as service
from order_core.acquisition.research.models import Analysis, ResearchReport
from order_core.errors import NotFound
from order_core.kernel import sign
from order_core.rounds.models import Round

WRITE = "write"
"""The deed whose form stands where the text will."""
bp = Blueprint("research_reports", __name__, url_prefix=REPORTS)
analyses_bp = Blueprint("research_analyses", __name__, url_prefix=ANALYSES)


@bp.get("/<number>")
@door("order.read")
def detail(number: str) -> str:
    """One report."""
    return page(REPORTS_DESK.find(db.session(), number), None)


def page(report: ResearchReport, refused: Refused | None) -> str:
    """A report's page: its text, the findings that it rests on, its revisions, what may be done."""
    session, actor = db.session(), current_actor()
    assert actor is not None
    forms = shown(REPORTS_DESK, report, by=actor, at=now(session), refused=refused)
    former = session.get(ResearchReport, report.supersedes_id) if report.supersedes_id else None
    later = queries.successor(session, report)
    return render_template(
        "pipeline/research/report.html",
        report=show.reports(session, [report])[0],
        sections=report.sections,
        reason=report.reason,
        published=report.is_published,
        former=show.report_facts(former) if former else None,
        later=show.report_facts(later) if later else None,
        turn=show.turn_facts(session.get_one(Round, report.round_id)),
        findings=show.findings(session, service.cited_findings(session, report)),
        signatures=present.signatures(session, sign.for_purpose(session, report, service.PUBLISH)),
        writing=next((row for row in forms if row["name"] == WRITE and row["enabled"]), None),
        deeds=[row for row in forms if row["name"] != WRITE],
        timeline=present.timeline(session, report, REPORTS_DESK.called),
    )


attach(bp, REPORTS_DESK, page)


def find_analysis(number: str) -> Analysis:
    """The analysis with that number. Raises ``NotFound``."""
    found = db.session.scalars(select(Analysis).where(Analysis.number == number)).first()
    if found is None:
        raise NotFound("record.unknown", field="number", number=number)
    return found


@analyses_bp.get("/<number>")
@door("order.read")
def analysis(number: str) -> str:
    """One analysis: what came of it, by which method, from which data, and whether it came again."""
    session, found = db.session(), find_analysis(number)
    names = names_of(session, {found.by_id} | {run.by_id for run in found.runs})
    return render_template(
        "pipeline/research/analysis.html",
        analysis=show.analyses([found])[0],
        who=names.get(found.by_id, ""),
        turn=show.turn_facts(session.get_one(Round, found.round_id)),
        result=analysis_present.result(found),
        settings=[(gettext(f"field.ResearchRound.{name}"), value) for name, value in found.settings.items()],
        source=analysis_present.source(found),
        data=analysis_present.data(found),
        runs=[_run(found, run, names) for run in reversed(found.runs)],
        digest=found.result_digest,
    )


def _run(found: Analysis, run: Any, names: dict[int, str]) -> dict[str, Any]:
    return {
        "who": names.get(run.by_id, ""),
        "at": run.at,
        "same": run.result_digest == found.result_digest,
        "moved": run.data_digest is not None and run.data_digest != found.data_digest,
    }


@analyses_bp.post("/<number>/again")
@door("order.act")
def again(number: str) -> Response:
    """Run it again, now."""
    session, actor = db.session(), current_actor()
    assert actor is not None
    analyses.run_again(session, find_analysis(number), by=actor, at=now(session))
    return redirect(f"{ANALYSES}/{number}#runs")


def register(app: Any) -> None:
    """Attach the pages."""
    app.register_blueprint(bp)
    app.register_blueprint(analyses_bp)
