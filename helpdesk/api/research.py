"""Market research over ``/api/v1``: rounds, findings, reports, analyses, forecasts; and what their pages take in."""

from typing import Any

from flask import Response, jsonify, request
from flask_openapi import APIBlueprint
from sqlalchemy import or_, select

from helpdesk.api import research_shapes as shapes
from helpdesk.api import service as answers
from helpdesk.api.desks import Numbered
from helpdesk.api.paging import ListQuery, page
from helpdesk.api.research_shapes import (
    ByState,
    FindingQuery,
    ForecastQuery,
    HistoryTable,
    NewFinding,
    Table,
)
from helpdesk.auth.door import current_actor, door
from helpdesk.errors.views import problem, said
from helpdesk.extensions import csrf, db
from helpdesk.now import now
from helpdesk.pipeline.research import REPORTS_DESK, ROUNDS_DESK
from helpdesk.pipeline.search import spellings
from order_core.acquisition.days import house_day
from order_core.acquisition.research import analyses, forecasts, imports, queries, service
from order_core.acquisition.research.imports import RowFault
from order_core.acquisition.research.models import Analysis, Finding, Forecast, ResearchReport
from order_core.acquisition.research.rules import FindingFacts
from order_core.errors import NotFound
from order_core.kernel.actor import Actor
from order_core.rounds.models import Round
from order_core.rulebook.roles import GRANTS

api = APIBlueprint("research_api", __name__, url_prefix="/api/v1")


def _reader() -> Actor:
    """Who asks; the pipeline's records are read by who may read its pages."""
    actor = current_actor()
    assert actor is not None
    GRANTS.require(actor, "order.read")
    return actor


def _writer() -> Actor:
    actor = _reader()
    GRANTS.require(actor, "order.act")
    return actor


def _json(body: dict[str, Any], status: int = 200) -> Response:
    answer: Response = jsonify(body)
    answer.status_code = status
    return answer


@api.get("/research-rounds")
@door("api.read")
def research_rounds(query: ByState) -> Response:
    """Market rounds, the newest first; `q` is a number or a period (2026-11)."""
    _reader()
    wanted = select(Round).where(Round.kind == service.KIND)
    if query.state:
        wanted = wanted.where(Round.state == query.state)
    if query.q:
        wanted = wanted.where((Round.number == query.q) | (Round.period == query.q))
    return _json(page(db.session(), wanted, Round.id, query, shapes.turn))


@api.get("/research-rounds/<string:number>")
@door("api.read")
def research_round(path: Numbered) -> Response:
    """One market round."""
    _reader()
    return _json(shapes.turn(ROUNDS_DESK.find(db.session(), path.number)))


@api.post("/research-rounds/<string:number>/import")
@door("api.write")
def import_findings(path: Numbered, body: Table) -> Response:
    """Findings as CSV: kind, source, date, text, link, models. With a fault nothing is taken, and each is named."""
    actor, session = _writer(), db.session()
    at, turn = now(session), ROUNDS_DESK.find(session, path.number)
    service.researcher(actor)
    checked = imports.findings(body.csv, house_day(at), service.known_models(session))
    if checked.faults:
        return _faults(checked.faults)

    def work() -> tuple[dict[str, Any], int]:
        taken = [] if body.dry_run else service.record_all(session, turn, checked.rows, by=actor, at=at)
        return {"rows": len(checked.rows), "taken": [finding.number for finding in taken]}, 200 if body.dry_run else 201

    return _once(work, actor, at)


@api.get("/findings")
@door("api.read")
def findings(query: FindingQuery) -> Response:
    """Findings, the newest first."""
    _reader()
    session = db.session()
    wanted = queries.matching(spellings(query.q) if query.q else ())
    if query.kind:
        wanted = wanted.where(Finding.kind == query.kind)
    if query.round:
        wanted = wanted.where(Finding.round_id == ROUNDS_DESK.find(session, query.round).id)
    return _json(page(session, wanted, Finding.id, query, shapes.finding))


@api.post("/findings")
@door("api.write")
def new_finding(body: NewFinding) -> Response:
    """Record a finding in the round that is collecting, or the one that is named."""
    actor, session = _writer(), db.session()
    at = now(session)
    turn = ROUNDS_DESK.find(session, body.round) if body.round else queries.collecting(session)
    found = FindingFacts(body.kind, body.source, body.dated_on, body.text, body.link, tuple(body.models))

    def work() -> tuple[dict[str, Any], int]:
        return shapes.finding(service.record(session, turn, found, by=actor, at=at)), 201

    return _once(work, actor, at)


@api.get("/research-reports")
@door("api.read")
def research_reports(query: ByState) -> Response:
    """Reports with the findings they cite, the newest first; `q` finds words of the title."""
    _reader()
    wanted = select(ResearchReport)
    if query.state:
        wanted = wanted.where(ResearchReport.state == query.state)
    if query.q:
        title = ResearchReport.title
        wanted = wanted.where(or_(*(title.icontains(word, autoescape=True) for word in spellings(query.q))))
    return _json(page(db.session(), wanted, ResearchReport.id, query, shapes.report))


@api.get("/research-reports/<string:number>")
@door("api.read")
def research_report(path: Numbered) -> Response:
    """One report."""
    _reader()
    return _json(shapes.report(REPORTS_DESK.find(db.session(), path.number)))


@api.get("/analyses")
@door("api.read")
def list_analyses(query: ListQuery) -> Response:
    """Analyses with data, method and result, the newest first; `q` is a number."""
    _reader()
    wanted = select(Analysis).where(Analysis.number == query.q) if query.q else select(Analysis)
    return _json(page(db.session(), wanted, Analysis.id, query, shapes.analysis))


@api.post("/analyses/<string:number>/again")
@door("api.write")
def run_again(path: Numbered) -> Response:
    """Run an analysis again: `same` says whether its kept data gave the same result."""
    actor, session = _writer(), db.session()
    found = session.scalars(select(Analysis).where(Analysis.number == path.number)).first()
    if found is None:
        raise NotFound("record.unknown", field="number", number=path.number)
    run = analyses.run_again(session, found, by=actor, at=now(session))
    moved = run.data_digest is not None and run.data_digest != found.data_digest
    return _json({"number": found.number, "same": run.result_digest == found.result_digest, "data_moved": moved})


@api.get("/forecasts")
@door("api.read")
def list_forecasts(query: ForecastQuery) -> Response:
    """Forecasts with series, interval, error and label."""
    _reader()
    session = db.session()
    wanted = select(Forecast)
    if query.model:
        wanted = wanted.where(Forecast.model_code == query.model)
    if query.newest:
        wanted = wanted.where(Forecast.id.in_([forecast.id for forecast in queries.newest_forecasts(session)]))
    return _json(page(session, wanted, Forecast.id, query, shapes.forecast))


@api.post("/demand-history/import")
@door("api.write")
def import_history(body: HistoryTable) -> Response:
    """Months of models as CSV: model, month, quantity. With a fault nothing is taken, and each is named."""
    actor, session = _writer(), db.session()
    at = now(session)
    service.researcher(actor, forecasts.CLAUSE)
    checked = imports.history(body.csv, house_day(at), service.known_models(session))
    if checked.faults:
        return _faults(checked.faults)

    def work() -> tuple[dict[str, Any], int]:
        if not body.dry_run:
            forecasts.set_history(session, checked.rows, body.source, by=actor, at=at)
        return {"rows": len(checked.rows), "taken": not body.dry_run}, 200 if body.dry_run else 201

    return _once(work, actor, at)


def _once(work: Any, actor: Actor, at: Any) -> Response:
    asked = f"{request.path}\n".encode() + request.get_data()
    return _json(*answers.once(db.session(), request.headers.get("Idempotency-Key"), asked, work, by=actor, at=at))


def _faults(faults: list[RowFault]) -> Response:
    """What is wrong with a table, row by row."""
    rows = [
        {"row": f.row, "field": f.fault.field, "code": f.fault.code, "detail": said(f.fault.code, f.fault.params)}
        for f in faults
    ]
    first = f"{rows[0]['row']}.{rows[0]['field']}"
    return problem(400, str(rows[0]["code"]), str(rows[0]["detail"]), field=first, errors=rows)


def register(app: Any) -> None:
    """Attach the lists."""
    app.register_api(api)
    csrf.exempt(api)
