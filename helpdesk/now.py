"""What time it is for the business. The one place that reads the wall clock for views.

A demo may move its clock forward (reminders, quiet hours, surveys) by an offset kept in the database, so that
every process agrees; a real deployment's offset is always zero because nothing can write it.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import String
from sqlalchemy.orm import Mapped, Session, mapped_column

from order_core.db import Base


class DemoClock(Base):
    """One row: how many seconds the demo company's clock is ahead."""

    __tablename__ = "demo_clock"

    name: Mapped[str] = mapped_column(String(16), primary_key=True, default="offset")
    seconds: Mapped[int] = mapped_column(default=0)


def wall() -> datetime:
    """Real time, UTC: for leases and logs."""
    return datetime.now(UTC)


_OFFSET = "SELECT seconds FROM demo_clock WHERE name = 'offset'"
"""Asked by every request: as plain SQL, which both databases read alike, it costs a quarter."""


_follows_demo_clock = True


def configure(*, demo: bool) -> None:
    """Say whether this process serves a demo; elsewhere business time is real time, whatever a demo left behind."""
    global _follows_demo_clock
    _follows_demo_clock = demo


def now(session: Session) -> datetime:
    """Business time, UTC."""
    if not _follows_demo_clock:
        return wall()
    row = session.connection().exec_driver_sql(_OFFSET).first()
    return wall() + timedelta(seconds=row[0] if row else 0)


def forward(session: Session, by: timedelta) -> datetime:
    """Move the demo's clock ahead and return the new time; callers check that this is a demo.

    Raises:
        ValueError: for a step backwards; journals only grow forwards.
    """
    if by < timedelta(0):
        raise ValueError("the clock only moves forward")
    clock = session.get(DemoClock, "offset")
    if clock is None:
        clock = DemoClock()
        session.add(clock)
    clock.seconds += int(by.total_seconds())
    session.flush()
    return now(session)
