"""The desks of market research: what is done to a round and to a report, for page and API."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.pipeline.deeds import Deed, Desk, Field
from order_core.acquisition.quote import history as quotes_history
from order_core.acquisition.research import analyses, publishing, queries, reports, rules, service
from order_core.acquisition.research.analyses import Data
from order_core.acquisition.research.datasets import QUERIES
from order_core.acquisition.research.models import Analysis, Finding, ResearchReport
from order_core.acquisition.research.rules import FindingFacts
from order_core.aftersales import history as tickets_history
from order_core.errors import Conflict, NotFound
from order_core.execution import history as orders_history
from order_core.kernel import sign
from order_core.kernel.actor import Actor
from order_core.parties.models import ProductModel
from order_core.planner.analysis import METHODS
from order_core.rounds import service as rounds
from order_core.rounds.models import Round

PATH = "/orders/research"
REPORTS = f"{PATH}/reports"
ANALYSES = f"{PATH}/analyses"
DRAWN = (quotes_history, orders_history, tickets_history)
"""Imported so that what can be drawn from them is there before the choice of it is made."""
COLLECTING = ("open",)
BEGUN = ("open", "done", "applied", "missed")
Values = Mapping[str, Any]


def models(session: Session, _case: Any) -> list[tuple[str, str]]:
    """Options: our product models."""
    return [(code, code) for code in session.scalars(select(ProductModel.code).order_by(ProductModel.code))]


def _counting(session: Session, turn: Round) -> list[Finding]:
    return [finding for finding in queries.findings_of(session, turn) if finding.struck_at is None]


def _findings(session: Session, case: Round | ResearchReport) -> list[tuple[str, str]]:
    """Options: the round's findings that count, and those a report of it cites already."""
    turn = case if isinstance(case, Round) else session.get_one(Round, case.round_id)
    found = _counting(session, turn)
    if isinstance(case, ResearchReport):
        found += [finding for finding in reports.cited_findings(session, case) if finding not in found]
    return [(finding.number, f"{finding.number} · {finding.source} · {finding.text[:60]}") for finding in found]


def _may_research(_session: Session, _case: Any, by: Actor, _at: datetime) -> None:
    service.researcher(by)


def _record(session: Session, turn: Round, values: Values, by: Actor, at: datetime) -> Finding:
    found = FindingFacts(
        kind=values["kind"],
        source=values["source"],
        dated_on=values["dated_on"],
        text=values["text"],
        link=values["link"] or "",
        models=tuple(values["models"]),
    )
    return service.record(session, turn, found, by=by, at=at)


def _nothing_found(session: Session, turn: Round, values: Values, by: Actor, at: datetime) -> None:
    service.nothing_found(session, turn, values["kind"], by=by, at=at)


def _strike(session: Session, turn: Round, values: Values, by: Actor, at: datetime) -> None:
    finding = session.scalars(
        select(Finding).where(Finding.number == values["finding"], Finding.round_id == turn.id)
    ).first()
    if finding is None:
        raise NotFound("record.unknown", field="finding", number=values["finding"])
    service.strike(session, finding, values["reason"], by=by, at=at)


def _finish(session: Session, turn: Round, _values: Values, by: Actor, at: datetime) -> None:
    service.finish(session, turn, by=by, at=at)


def _sign_off(session: Session, turn: Round, _values: Values, by: Actor, at: datetime) -> None:
    rounds.sign(session, turn, by=by, at=at)


def _draft(session: Session, turn: Round, values: Values, by: Actor, at: datetime) -> ResearchReport:
    return reports.draft(
        session, turn, title=values["title"], language=values["language"], cited=values["cited"], by=by, at=at
    )


def _analyse(session: Session, turn: Round, values: Values, by: Actor, at: datetime) -> Analysis:
    data = Data(
        typed=[(row["key"], row["value"]) for row in values["rows"]],
        query=values["query"],
        since=values["since"],
        until=values["until"],
        model=values["model"],
    )
    settings = {name: values[name] for name in ("vital", "confidence", "season")}
    return analyses.analyse(
        session, turn, title=values["title"], data=data, method=values["method"], settings=settings, by=by, at=at
    )


def _write(session: Session, report: ResearchReport, values: Values, by: Actor, at: datetime) -> None:
    sections = [(row["heading"] or "", row["text"]) for row in values["sections"]]
    reports.write(
        session, report, title=values["title"], language=values["language"], sections=sections, cited=values["cited"],
        by=by, at=at,
    )  # fmt: skip


def _submit(session: Session, report: ResearchReport, _values: Values, by: Actor, at: datetime) -> None:
    publishing.submit(session, report, by=by, at=at)


def _approve(session: Session, report: ResearchReport, values: Values, by: Actor, at: datetime) -> None:
    publishing.approve(session, report, by=by, at=at, opinion=values["opinion"])


def _may_approve(session: Session, report: ResearchReport, by: Actor, _at: datetime) -> None:
    sign_off = sign.for_purpose(session, report, reports.PUBLISH)
    if sign_off is None:
        raise Conflict("research.not_submitted", clause=reports.CLAUSE, number=report.number)
    sign.may_sign(sign_off, by)


def _send_back(session: Session, report: ResearchReport, values: Values, by: Actor, at: datetime) -> None:
    publishing.send_back(session, report, values["reason"], by=by, at=at)


def _withdraw(session: Session, report: ResearchReport, values: Values, by: Actor, at: datetime) -> None:
    publishing.withdraw(session, report, values["reason"], by=by, at=at)


def _correct(session: Session, report: ResearchReport, values: Values, by: Actor, at: datetime) -> ResearchReport:
    return publishing.correct(session, report, values["reason"], by=by, at=at)


def _report_page(report: ResearchReport) -> str:
    return f"{REPORTS}/{report.number}"


KIND = Field("kind", "choice", options=rules.KINDS, labels="research.kind", clause=service.CLAUSE)
TITLE = Field("title", clause=reports.CLAUSE)
LANGUAGE = Field("language", "choice", options=rules.LANGUAGES, labels="language")
REASON = Field("reason", "long")
CITED = Field(
    "cited", "many", required=False, options=_findings, clause=reports.CLAUSE,
    initial=lambda session, report: [finding.number for finding in reports.cited_findings(session, report)],
)  # fmt: skip
SECTIONS = Field(
    "sections", "rows", required=False, initial=lambda _session, report: report.sections,
    columns=(Field("heading", required=False), Field("text", "long")),
)  # fmt: skip
ROWS = Field("rows", "rows", required=False, columns=(Field("key"), Field("value", "decimal")))

ROUNDS_DESK = Desk(
    model=Round,
    procedure=rounds.ROUND,
    path=PATH,
    plural="research-rounds",
    permission="order.act",
    kind=service.KIND,
    words="ResearchRound",
    deeds=(
        Deed(
            "record",
            _record,
            (
                KIND,
                Field("source", clause=service.CLAUSE),
                Field("dated_on", "date", clause=service.CLAUSE),
                Field("text", "long", clause=service.CLAUSE),
                Field("link", required=False),
                Field("models", "many", required=False, options=models),
            ),
            states=COLLECTING,
            may=_may_research,
        ),
        Deed("nothing_found", _nothing_found, (KIND,), states=COLLECTING, may=_may_research),
        Deed(
            "strike",
            _strike,
            (Field("finding", "choice", options=_findings), REASON),
            states=COLLECTING,
            may=_may_research,
        ),
        Deed("finish", _finish, step="do"),
        Deed(
            "report",
            _draft,
            (TITLE, LANGUAGE, Field("cited", "many", required=False, options=_findings, clause=reports.CLAUSE)),
            states=BEGUN,
            may=_may_research,
            then=_report_page,
        ),
        Deed(
            "analyse",
            _analyse,
            (
                Field("title", clause=analyses.CLAUSE),
                Field("query", "choice", required=False, options=tuple(sorted(QUERIES)), labels="research.query"),
                Field("since", "date", required=False),
                Field("until", "date", required=False),
                Field("model", "choice", required=False, options=models),
                ROWS,
                Field("method", "choice", options=tuple(METHODS), labels="research.method", clause=analyses.CLAUSE),
                *(Field(name, "decimal", required=False) for name in ("vital", "confidence", "season")),
            ),
            states=BEGUN,
            may=_may_research,
            then=lambda analysis: f"{ANALYSES}/{analysis.number}",
        ),
        Deed("sign_off", _sign_off, step="sign"),
    ),
)

REPORTS_DESK = Desk(
    model=ResearchReport,
    procedure=reports.REPORT,
    path=REPORTS,
    plural="research-reports",
    permission="order.act",
    words="ResearchReport",
    deeds=(
        Deed(
            "write",
            _write,
            (
                replace(TITLE, initial=lambda _session, report: report.title),
                replace(LANGUAGE, initial=lambda _session, report: report.language),
                SECTIONS,
                CITED,
            ),
            states=("draft",),
            may=_may_research,
        ),
        Deed("submit", _submit, step="submit"),
        Deed("approve", _approve, (Field("opinion", "long", required=False),), states=("in_review",), may=_may_approve),
        Deed("send_back", _send_back, (REASON,), step="send_back"),
        Deed("correct", _correct, (REASON,), states=("released",), may=_may_research, then=_report_page),
        Deed("withdraw", _withdraw, (REASON,), step="withdraw"),
    ),
)
