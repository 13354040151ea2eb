"""Measure: a figure computed from what happened, kept by period, with the signals it gave.

A value can be recomputed at any time; one that somebody typed is marked as such (1.3-d).
"""

from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from order_core.clauses import carries
from order_core.db import Base, Id
from order_core.kernel.signals import Measure, spoken


class MeasureValue(Base):
    """A measure's value of one period. ``typed_by``: the person who typed it; None: computed."""

    __tablename__ = "measure_value"
    __table_args__ = (UniqueConstraint("code", "subject", "period_start"),)

    id: Mapped[Id] = mapped_column(init=False)
    code: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(String(40))
    period_start: Mapped[datetime]
    period_end: Mapped[datetime]
    value: Mapped[float | None]
    count: Mapped[int]
    newest: Mapped[datetime | None]
    computed_at: Mapped[datetime]
    typed_by: Mapped[int | None] = mapped_column(default=None)


class MeasureSignal(Base):
    """A measure spoke: ``rule`` is a level reached (warning, alarm) or a run rule. One a period and rule."""

    __tablename__ = "measure_signal"
    __table_args__ = (
        UniqueConstraint("code", "subject", "period_start", "rule"),
        Index("ix_measure_signal_at", "at"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    code: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(String(40))
    period_start: Mapped[datetime]
    rule: Mapped[str] = mapped_column(String(16))
    value: Mapped[float]
    at: Mapped[datetime]


@carries("measure", "1.3-d")
def compute(
    session: Session, measure: Measure, start: datetime, end: datetime, *, at: datetime, subject: str = ""
) -> list[MeasureSignal]:
    """Compute a period's value, in place of a former one, and raise the signals that are new.

    Args:
        start, end: the period, [start, end).
        subject: whose figure it is where a measure has several (an item, a machine); "" for the company.
    """
    figure = measure.formula(session, start, end)
    found = _value(session, measure.code, subject, start)
    if found is None:
        found = MeasureValue(
            code=measure.code, subject=subject, period_start=start, period_end=end,
            value=None, count=0, newest=None, computed_at=at,
        )  # fmt: skip
        session.add(found)
    found.value, found.count, found.newest = figure.value, figure.count, figure.newest
    found.computed_at, found.typed_by = at, None
    session.flush()
    return _signals(session, measure, subject, at=at)


def _value(session: Session, code: str, subject: str, start: datetime) -> MeasureValue | None:
    return session.scalars(
        select(MeasureValue).where(
            MeasureValue.code == code, MeasureValue.subject == subject, MeasureValue.period_start == start
        )
    ).first()


def _signals(session: Session, measure: Measure, subject: str, *, at: datetime) -> list[MeasureSignal]:
    rows = [row for row in values(session, measure.code, subject) if row.value is not None]
    known = {
        (signal.period_start, signal.rule)
        for signal in session.scalars(
            select(MeasureSignal).where(MeasureSignal.code == measure.code, MeasureSignal.subject == subject)
        )
    }
    series = [row.value for row in rows if row.value is not None]
    raised = [
        MeasureSignal(
            code=measure.code, subject=subject, period_start=rows[i].period_start, rule=rule, value=series[i], at=at
        )
        for i, rule in spoken(series, measure)
        if (rows[i].period_start, rule) not in known
    ]
    session.add_all(raised)
    session.flush()
    return raised


def values(session: Session, code: str, subject: str = "") -> list[MeasureValue]:
    """A measure's values, the oldest period first."""
    return list(
        session.scalars(
            select(MeasureValue)
            .where(MeasureValue.code == code, MeasureValue.subject == subject)
            .order_by(MeasureValue.period_start)
        )
    )
