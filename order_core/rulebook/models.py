"""What a company changes in its rulebook: revisions, and days of its own in the calendar."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from order_core.db import Base, Id
from order_core.kernel.case import CaseMixin


class RulebookChange(CaseMixin, Base):
    """A set of values to be changed together, on the Revision machine (9.1).

    Attributes:
        changes: path → new value (``clocks.T-03.budget``, ``thresholds.margin_floor``).
        before: path → the value it replaces, as of the last time somebody looked (proposal, release).
        effective_from: when it comes into force; later than its release, so that nothing past is rewritten.
        edition: 1, 2, … in the order of release; stamp: what processes keep their copy by.
    """

    __tablename__ = "rulebook_change"
    __case_kind__ = "RulebookChange"

    changes: Mapped[dict[str, Any]]
    before: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(Text)
    effective_from: Mapped[datetime]
    proposed_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    edition: Mapped[int | None] = mapped_column(default=None, unique=True)
    stamp: Mapped[str | None] = mapped_column(String(16), default=None)


class CompanyDay(Base):
    """A day on which the house works otherwise than its calendar says; the last row of a date counts.

    ``intervals``: [["09:00", "12:00"], …] on the wall clock of the house, [] when it is closed.
    """

    __tablename__ = "company_day"

    id: Mapped[Id] = mapped_column(init=False)
    day: Mapped[date] = mapped_column(index=True)
    intervals: Mapped[list[Any]]
    reason: Mapped[str] = mapped_column(String(200))
    declared_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    declared_at: Mapped[datetime]
    stamp: Mapped[str] = mapped_column(String(16))
