"""Analyses of a round's results: data, method, settings and result are kept; run again, the same comes (2.1.2-a)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.acquisition.days import house_day
from order_core.acquisition.research import datasets, rules
from order_core.acquisition.research.datasets import QUERIES
from order_core.acquisition.research.models import Analysis, AnalysisRun
from order_core.acquisition.research.service import known_models, researcher
from order_core.clauses import carries, probe
from order_core.errors import Conflict, Invalid
from order_core.kernel.actor import Actor
from order_core.kernel.case import note
from order_core.kernel.numbers import next_number
from order_core.kernel.sign import digest_of
from order_core.planner.analysis import METHODS, Method, Row
from order_core.rounds.models import Round

CLAUSE = "2.1.2-a"
MOST_ROWS = 2000


@dataclass(frozen=True)
class Data:
    """Where the figures come from: rows that were typed, or a named query with its parameters."""

    typed: Sequence[Row] = ()
    query: str | None = None
    since: date | None = None
    until: date | None = None
    model: str | None = None


@carries("measure", "2.1.2-a")
def analyse(
    session: Session,
    turn: Round,
    *,
    title: str,
    data: Data,
    method: str,
    settings: Mapping[str, float | None],
    by: Actor,
    at: datetime,
) -> Analysis:
    """Apply a method to a data set and keep all of it.

    Args:
        settings: the method's; those that are None or not given are the usual ones, others' are left out.

    Raises:
        Forbidden: neither sales nor market research; Invalid: title, query, rows, method or settings.
    """
    person = researcher(by, CLAUSE)
    if turn.state == "planned":
        raise Conflict("research.not_collecting", clause=CLAUSE, number=turn.number)
    if not title.strip() or len(title) > rules.LONGEST["title"]:
        raise Invalid("research.title", field="title", clause=CLAUSE)
    rows, parameters = _rows(session, data, at)
    way, used = _chosen(method, settings)
    check(rows, way, used)
    result = way.compute(rows, used)
    analysis = Analysis(
        number=next_number(session, "MA", at),
        round_id=turn.id,
        title=title.strip(),
        query=data.query,
        parameters=parameters,
        data=[list(row) for row in rows],
        data_digest=digest_of([list(row) for row in rows]),
        method=method,
        settings=used,
        result=result,
        result_digest=digest_of(result),
        by_id=person,
        at=at,
    )
    session.add(analysis)
    session.flush()
    note(session, turn, "analysis", by=by, at=at, data={"analysis": analysis.number}, clauses=(CLAUSE,))
    return analysis


def _rows(session: Session, data: Data, at: datetime) -> tuple[list[Row], dict[str, Any]]:
    if data.query is None:
        return list(data.typed), {}
    query = QUERIES.get(data.query)
    if query is None:
        raise Invalid("research.query", field="query", clause=CLAUSE, allowed=", ".join(sorted(QUERIES)))
    if data.model is not None and data.model not in known_models(session):
        raise Invalid("research.model", field="model", clause=CLAUSE, model=data.model)
    until = data.until or house_day(at).replace(day=1)
    if data.since is not None and data.since >= until:
        raise Invalid("research.since", field="since", clause=CLAUSE)
    parameters = datasets.parameters(data.since, until, data.model)
    return datasets.draw(session, query, parameters), parameters


def _chosen(method: str, settings: Mapping[str, float | None]) -> tuple[Method, dict[str, float]]:
    way = METHODS.get(method)
    if way is None:
        raise Invalid("research.method", field="method", clause=CLAUSE, allowed=", ".join(METHODS))
    used: dict[str, float] = {}
    for name, setting in way.settings.items():
        given = settings.get(name)
        used[name] = setting.usual if given is None else float(given)
        if not setting.least <= used[name] <= setting.most:
            raise Invalid("research.setting", field=name, clause=CLAUSE, least=setting.least, most=setting.most)
    return way, used


def check(rows: Sequence[Row], way: Method, settings: Mapping[str, float]) -> None:
    """Whether a method can be applied to these rows. Raises ``Invalid``."""
    if not all(key.strip() and isfinite(value) for key, value in rows):
        raise Invalid("research.row", field="rows", clause=CLAUSE)
    if len(rows) > MOST_ROWS:
        raise Invalid("research.rows_many", field="rows", clause=CLAUSE, most=MOST_ROWS)
    if len(rows) < way.least(settings):
        raise Invalid("research.rows_few", field="rows", clause=CLAUSE, least=way.least(settings))
    if way.monthly:
        months = [rules.month_of(key) for key, _ in rows]
        first = months[0]
        if first is None or months[-1] is None or rules.month_span(first, months[-1]) != months:
            raise Invalid("research.rows_months", field="rows", clause=CLAUSE)


def run_again(session: Session, analysis: Analysis, *, by: Actor, at: datetime) -> AnalysisRun:
    """Apply the method to the kept data once more, and draw the data anew to see whether they have changed since."""
    person = researcher(by, CLAUSE)
    rows = [(str(key), float(value)) for key, value in analysis.data]
    result = METHODS[analysis.method].compute(rows, analysis.settings)
    query = QUERIES.get(analysis.query) if analysis.query else None
    data = [list(row) for row in datasets.draw(session, query, analysis.parameters)] if query else None
    run = AnalysisRun(
        by_id=person,
        at=at,
        result_digest=digest_of(result),
        data_digest=digest_of(data) if data is not None else None,
    )
    analysis.runs.append(run)
    session.flush()
    return run


@probe("2.1.2-a")
def _analyses_not_repeatable(session: Session, _at: datetime) -> int:
    """Analyses whose kept result is not what their kept data, method and settings give."""
    return sum(
        1
        for analysis in session.scalars(select(Analysis))
        if digest_of(METHODS[analysis.method].compute([(k, float(v)) for k, v in analysis.data], analysis.settings))
        != analysis.result_digest
    )
