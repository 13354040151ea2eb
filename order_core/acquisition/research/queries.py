"""Reads of market research: the year of rounds, findings, reports, the forecast of a model."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from order_core.acquisition.research.models import Analysis, Finding, Forecast, NothingFound, ResearchReport
from order_core.errors import NotFound
from order_core.rounds.models import Round

KIND = "research"


def forecast_of(session: Session, model_code: str) -> Forecast | None:
    """The newest forecast of a model, or None: for the quote of it, for production, for purchasing (2.1.2-b)."""
    return session.scalars(
        select(Forecast).where(Forecast.model_code == model_code).order_by(Forecast.id.desc()).limit(1)
    ).first()


def newest_forecasts(session: Session) -> list[Forecast]:
    """The newest forecast of each model, by model."""
    newest = select(func.max(Forecast.id)).group_by(Forecast.model_code)
    return list(session.scalars(select(Forecast).where(Forecast.id.in_(newest)).order_by(Forecast.model_code)))


def rounds(session: Session, *, limit: int = 13) -> list[Round]:
    """The newest market rounds, the oldest of them first."""
    newest = session.scalars(select(Round).where(Round.kind == KIND).order_by(Round.opens_at.desc()).limit(limit))
    return list(newest)[::-1]


def collecting(session: Session) -> Round:
    """The round that is collecting. Raises ``NotFound`` between two rounds."""
    turn = session.scalars(
        select(Round).where(Round.kind == KIND, Round.state == "open").order_by(Round.opens_at.desc())
    ).first()
    if turn is None:
        raise NotFound("research.none_collecting", clause="2.1.1-a")
    return turn


def counts(session: Session, rounds: Sequence[Round]) -> dict[int, Counter[str]]:
    """Round's id → kind → number of findings that count."""
    rows = session.execute(
        select(Finding.round_id, Finding.kind, func.count())
        .where(Finding.round_id.in_([turn.id for turn in rounds]), Finding.struck_at.is_(None))
        .group_by(Finding.round_id, Finding.kind)
    )
    found: dict[int, Counter[str]] = {turn.id: Counter() for turn in rounds}
    for round_id, kind, number in rows:
        found[round_id][kind] = number
    return found


def findings_of(session: Session, turn: Round) -> list[Finding]:
    """A round's findings, struck ones too, the newest first."""
    return list(session.scalars(select(Finding).where(Finding.round_id == turn.id).order_by(Finding.id.desc())))


def silence(session: Session, turn: Round) -> dict[str, NothingFound]:
    """Kind → whose word it is that nothing was found."""
    rows = session.scalars(select(NothingFound).where(NothingFound.round_id == turn.id))
    return {row.kind: row for row in rows}


def matching(words: Sequence[str]) -> Select[Any]:
    """Findings with one of these spellings in text, source or number; all of them for no words."""
    wanted = select(Finding)
    if words:
        columns = (Finding.text, Finding.source, Finding.number)
        wanted = wanted.where(or_(*(column.icontains(word, autoescape=True) for column in columns for word in words)))
    return wanted


def newest_findings(session: Session, words: Sequence[str] = (), *, limit: int = 12) -> list[Finding]:
    """Findings that count, the newest first."""
    wanted = matching(words).where(Finding.struck_at.is_(None)).order_by(Finding.id.desc()).limit(limit)
    return list(session.scalars(wanted))


def reports(session: Session, turn: Round | None = None, *, limit: int = 50) -> list[ResearchReport]:
    """Reports (of a round), the newest first."""
    wanted = select(ResearchReport).order_by(ResearchReport.id.desc()).limit(limit)
    return list(session.scalars(wanted.where(ResearchReport.round_id == turn.id) if turn else wanted))


def successor(session: Session, report: ResearchReport) -> ResearchReport | None:
    """The newest revision that corrects a report and was not withdrawn, published or still being written."""
    return session.scalars(
        select(ResearchReport)
        .where(ResearchReport.supersedes_id == report.id, ResearchReport.state != "withdrawn")
        .order_by(ResearchReport.id.desc())
    ).first()


def analyses(session: Session, turn: Round | None = None, *, limit: int = 50) -> list[Analysis]:
    """Analyses (of a round), the newest first."""
    wanted = select(Analysis).order_by(Analysis.id.desc()).limit(limit)
    return list(session.scalars(wanted.where(Analysis.round_id == turn.id) if turn else wanted))
