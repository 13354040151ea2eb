"""How records of market research look outside, and what may be asked of them."""

from datetime import date
from typing import Any

from pydantic import Field

from helpdesk.api.paging import Asked, ListQuery
from helpdesk.api.shapes import instant
from helpdesk.extensions import db
from order_core.acquisition.research import queries, reports, service
from order_core.acquisition.research.models import Analysis, Finding, Forecast, ResearchReport
from order_core.rounds.models import Round


class ByState(ListQuery):
    """Rounds or reports."""

    state: str | None = None


class FindingQuery(ListQuery):
    """Filters of the findings; `q` finds words in either Chinese script."""

    round: str | None = Field(None, description="number of a round")
    kind: str | None = Field(None, pattern="^(industry|competitor|demand)$")


class NewFinding(Asked):
    """A finding as it is told; what may not be left out is refused by the rule that asks for it."""

    kind: str = ""
    source: str = ""
    dated_on: date | None = None
    text: str = ""
    link: str = ""
    models: list[str] = Field(default_factory=list)
    round: str | None = Field(None, description="number of a round; else the one that is collecting")


class ForecastQuery(ListQuery):
    """Forecasts of a model; the newest first."""

    model: str | None = None
    newest: bool = Field(False, description="only the one in force of each model")


class Table(Asked):
    """A table as CSV."""

    csv: str = Field(max_length=2_000_000)
    dry_run: bool = Field(False, description="check it and take nothing")


class HistoryTable(Table):
    """Months of models."""

    source: str = Field("", max_length=200)


def turn(row: Round) -> dict[str, Any]:
    return {
        "number": row.number,
        "state": row.state,
        "version": row.version,
        "period": row.period,
        "opens_at": instant(row.opens_at),
        "closes_at": instant(row.closes_at),
        "missing": service.missing(db.session(), row),
        "nothing_found": sorted(queries.silence(db.session(), row)),
    }


def finding(row: Finding) -> dict[str, Any]:
    return {
        "number": row.number,
        "round": db.session.get_one(Round, row.round_id).number,
        "kind": row.kind,
        "source": row.source,
        "dated_on": row.dated_on.isoformat(),
        "text": row.text,
        "link": row.link,
        "models": row.models,
        "by_id": row.by_id,
        "at": instant(row.at),
        "struck_at": instant(row.struck_at),
        "struck_because": row.struck_because,
    }


def report(row: ResearchReport) -> dict[str, Any]:
    former = db.session.get(ResearchReport, row.supersedes_id) if row.supersedes_id else None
    return {
        "number": row.number,
        "state": row.state,
        "version": row.version,
        "revision": row.revision,
        "title": row.title,
        "language": row.language,
        "sections": row.sections,
        "cited": [finding.number for finding in reports.cited_findings(db.session(), row)],
        "supersedes": former.number if former else None,
        "reason": row.reason,
        "published_at": instant(row.published_at),
        "digest": row.digest,
    }


def analysis(row: Analysis) -> dict[str, Any]:
    return {
        "number": row.number,
        "title": row.title,
        "query": row.query,
        "parameters": row.parameters,
        "data": row.data,
        "method": row.method,
        "settings": row.settings,
        "result": row.result,
        "result_digest": row.result_digest,
        "at": instant(row.at),
        "runs": [{"at": instant(run.at), "same": run.result_digest == row.result_digest} for run in row.runs],
    }


def forecast(row: Forecast) -> dict[str, Any]:
    names = ("month", "quantity", "typed"), ("month", "mean", "low", "high")
    return {
        "number": row.number,
        "model": row.model_code,
        "series": [dict(zip(names[0], point, strict=True)) for point in row.series],
        "points": [dict(zip(names[1], point, strict=True)) for point in row.points],
        "level": row.level,
        "horizon": row.horizon,
        "method": row.method,
        "parameters": row.parameters,
        "mase": row.mase,
        "mase_seasonal_naive": row.naive_mase,
        "bias": row.bias,
        "origins": row.origins,
        "beats_seasonal_naive": row.beats_naive,
        "at": instant(row.at),
    }
