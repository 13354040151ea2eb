"""What the scheduler keeps in SQL: who leads, and when each periodic entry last ran."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from order_core.db import Base


class Lease(Base):
    """A right that one process at a time holds, until a moment of real time."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    holder: Mapped[str] = mapped_column(String(80))
    until: Mapped[datetime]


class ScheduleRun(Base):
    """The last period for which a schedule entry was asked for (start of the period, business time)."""

    __tablename__ = "schedule_run"

    name: Mapped[str] = mapped_column(String(48), primary_key=True)
    period: Mapped[datetime]
    asked_at: Mapped[datetime]
