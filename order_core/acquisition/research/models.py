"""Findings, reports, analyses and forecasts of market research."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, event
from sqlalchemy.orm import Mapped, attributes, mapped_column, object_session, relationship

from order_core.db import Base, Id
from order_core.kernel.case import CaseMixin

PUBLISHED = ("released", "superseded")
"""States of a report that everybody may read and nobody may change."""


class Finding(Base):
    """Something found out about the market, with its source and the source's date; append-only but for a strike.

    Attributes:
        kind: industry | competitor | demand.
        models: codes of the product models that it concerns.
        struck_at, struck_by, struck_because: it was wrong; it stays readable and counts no more.
    """

    __tablename__ = "finding"
    __table_args__ = (Index("ix_finding_round", "round_id", "kind"),)

    id: Mapped[Id] = mapped_column(init=False)
    number: Mapped[str] = mapped_column(String(24), unique=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    kind: Mapped[str] = mapped_column(String(12))
    source: Mapped[str] = mapped_column(String(200))
    dated_on: Mapped[date]
    text: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    link: Mapped[str | None] = mapped_column(String(500), default=None)
    models: Mapped[list[str]] = mapped_column(default_factory=list)
    struck_at: Mapped[datetime | None] = mapped_column(default=None)
    struck_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"), default=None)
    struck_because: Mapped[str | None] = mapped_column(String(400), default=None)


class NothingFound(Base):
    """Somebody's word that a round found nothing of a kind."""

    __tablename__ = "nothing_found"
    __table_args__ = (UniqueConstraint("round_id", "kind"),)

    id: Mapped[Id] = mapped_column(init=False)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    kind: Mapped[str] = mapped_column(String(12))
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class ResearchReport(CaseMixin, Base):
    """What a round's findings come to, on the Revision machine; released means published (2.1.1-b).

    Attributes:
        language: the writer's, of title and text.
        sections: [{"heading", "text"}].
        supersedes_id: the published report that this revision corrects, for ``reason``.
        digest: of what was published.
    """

    __tablename__ = "research_report"
    __case_kind__ = "ResearchReport"

    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    title: Mapped[str] = mapped_column(String(120))
    language: Mapped[str] = mapped_column(String(8))
    author_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    sections: Mapped[list[Any]] = mapped_column(default_factory=list)
    supersedes_id: Mapped[int | None] = mapped_column(ForeignKey("research_report.id"), default=None, index=True)
    reason: Mapped[str | None] = mapped_column(String(400), default=None)
    published_at: Mapped[datetime | None] = mapped_column(default=None, index=True)
    digest: Mapped[str | None] = mapped_column(String(64), default=None)
    citations: Mapped[list["Citation"]] = relationship(
        default_factory=list, back_populates="report", cascade="all, delete-orphan", order_by="Citation.finding_id",
        lazy="selectin",
    )  # fmt: skip

    @property
    def is_published(self) -> bool:
        return self.state in PUBLISHED


class Citation(Base):
    """A finding that a report rests on."""

    __tablename__ = "citation"

    report_id: Mapped[int] = mapped_column(ForeignKey("research_report.id"), primary_key=True, init=False)
    finding_id: Mapped[int] = mapped_column(ForeignKey("finding.id"), primary_key=True, index=True)
    report: Mapped[ResearchReport] = relationship(back_populates="citations", default=None)


CONTENT = ("round_id", "title", "language", "author_id", "sections", "reason", "published_at", "digest")


def _is_frozen(report: ResearchReport) -> bool:
    """Whether the database has it as published; the flush that gives it its digest may still write."""
    history = attributes.get_history(report, "digest")
    return any(history.deleted or history.unchanged)


@event.listens_for(ResearchReport, "before_update")
def _refuse_rewriting(_mapper: object, _connection: object, report: ResearchReport) -> None:
    changed = [name for name in CONTENT if attributes.get_history(report, name).has_changes()]
    if changed and _is_frozen(report):
        raise RuntimeError(f"a published report is read-only: {report.number} {changed}")


@event.listens_for(ResearchReport, "before_delete")
def _refuse_deleting(_mapper: object, _connection: object, report: ResearchReport) -> None:
    if _is_frozen(report):
        raise RuntimeError(f"a published report is read-only: {report.number}")


@event.listens_for(Citation, "before_insert")
@event.listens_for(Citation, "before_update")
@event.listens_for(Citation, "before_delete")
def _refuse_citing(_mapper: object, _connection: object, citation: Citation) -> None:
    session = object_session(citation)
    report = citation.report or (session.get(ResearchReport, citation.report_id) if session else None)
    if report is not None and _is_frozen(report):
        raise RuntimeError(f"a published report is read-only: {report.number}")


class Analysis(Base):
    """A data set, a method with its parameters, and what came of it; run again, the same comes (2.1.2-a).

    Attributes:
        round_id: the round whose results are analysed.
        query, parameters: where the data come from; query None: typed in.
        data: [[key, value]] as they were; data_digest, result_digest: SHA-256 of their canonical JSON.
        method, settings: of the planner's methods.
    """

    __tablename__ = "analysis"

    id: Mapped[Id] = mapped_column(init=False)
    number: Mapped[str] = mapped_column(String(24), unique=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    title: Mapped[str] = mapped_column(String(120))
    query: Mapped[str | None] = mapped_column(String(40))
    parameters: Mapped[dict[str, Any]]
    data: Mapped[list[Any]]
    data_digest: Mapped[str] = mapped_column(String(64))
    method: Mapped[str] = mapped_column(String(16))
    settings: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any]]
    result_digest: Mapped[str] = mapped_column(String(64))
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    runs: Mapped[list["AnalysisRun"]] = relationship(default_factory=list, order_by="AnalysisRun.id", lazy="selectin")


class AnalysisRun(Base):
    """An analysis run again. ``result_digest``: of the kept data; ``data_digest``: of what its query says today."""

    __tablename__ = "analysis_run"

    id: Mapped[Id] = mapped_column(init=False)
    analysis_id: Mapped[int] = mapped_column(ForeignKey("analysis.id"), index=True, init=False)
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    result_digest: Mapped[str] = mapped_column(String(64))
    data_digest: Mapped[str | None] = mapped_column(String(64))


class DemandPoint(Base):
    """What was asked for of a model in a month, typed in or imported; it comes before what the orders say.

    ``month``: its first day; ``quantity``: whole units.
    """

    __tablename__ = "demand_point"
    __table_args__ = (UniqueConstraint("model_code", "month"),)

    id: Mapped[Id] = mapped_column(init=False)
    model_code: Mapped[str] = mapped_column(ForeignKey("product_model.code"))
    month: Mapped[date]
    quantity: Mapped[int]
    source: Mapped[str] = mapped_column(String(200))
    typed_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    typed_at: Mapped[datetime]


class Forecast(Base):
    """What will be asked for of a model, with the series it rests on and how good the method was (2.1.2-b).

    Attributes:
        series: [[month, quantity, typed]], the oldest first; series_digest: of that and the method's settings.
        method, parameters: the planner's; horizon: months; level: share of the interval.
        points: [[month, mean, low, high]].
        mase: mean absolute scaled error of rolling origins; naive_mase: that of the seasonal naive forecast from the
            same origins; bias: mean scaled error, positive where the forecasts were too low; None for a series that
            never changed, which has no scale.
        origins: earlier moments from which it was judged; beats_naive: better than "as in that month a year before".
    """

    __tablename__ = "forecast"
    __table_args__ = (Index("ix_forecast_model_at", "model_code", "at"),)

    id: Mapped[Id] = mapped_column(init=False)
    number: Mapped[str] = mapped_column(String(24), unique=True)
    model_code: Mapped[str] = mapped_column(ForeignKey("product_model.code"))
    series: Mapped[list[Any]]
    series_digest: Mapped[str] = mapped_column(String(64))
    method: Mapped[str] = mapped_column(String(40))
    parameters: Mapped[dict[str, Any]]
    horizon: Mapped[int]
    level: Mapped[float]
    points: Mapped[list[Any]]
    mase: Mapped[float | None]
    naive_mase: Mapped[float | None]
    bias: Mapped[float | None]
    origins: Mapped[int]
    beats_naive: Mapped[bool]
    at: Mapped[datetime]
