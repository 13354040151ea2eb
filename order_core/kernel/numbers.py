"""Human numbers of cases: one row a series and year, counted up in the transaction of the case."""

from datetime import datetime

from sqlalchemy import String, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from order_core.db import Base


class NumberSeries(Base):
    """The last number given out in a series and year."""

    __tablename__ = "number_series"

    series: Mapped[str] = mapped_column(String(8), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


def next_number(session: Session, series: str, at: datetime) -> str:
    """The next number, e.g. ``T26-00042`` for series ``T`` in 2026; no gaps, since a rollback gives it back."""
    last = _count_up(session, series, at.year)
    if last is None:
        try:
            with session.begin_nested():
                session.add(NumberSeries(series=series, year=at.year, last=0))
        except IntegrityError:
            pass  # another transaction began the year at the same moment
        last = _count_up(session, series, at.year)
    return f"{series}{at.year % 100:02d}-{last:05d}"


def _count_up(session: Session, series: str, year: int) -> int | None:
    return session.scalar(
        update(NumberSeries)
        .where(NumberSeries.series == series, NumberSeries.year == year)
        .values(last=NumberSeries.last + 1)
        .returning(NumberSeries.last)
        .execution_options(synchronize_session=False)
    )
