"""Periodic work as data. An entry only asks, by an outbox row a period; a worker does it, once.

When the product was off, the latest period is asked for once and the missed ones are left out: nobody needs
yesterday's poll.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.kernel import outbox
from workers.models import ScheduleRun

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Entry:
    """``topic`` is asked for once in each period of ``every``; periods begin ``offset`` after midnight."""

    name: str
    topic: str
    every: timedelta
    offset: timedelta = timedelta(0)

    def period(self, at: datetime) -> datetime:
        """When the period began in which ``at`` lies."""
        begun = (at - EPOCH - self.offset) // self.every
        return EPOCH + self.offset + begun * self.every


ENTRIES: tuple[Entry, ...] = (
    Entry("housekeeping", "outbox.purge", timedelta(days=1), timedelta(hours=19)),
    Entry("forecasts", "forecast.compute", timedelta(days=1), timedelta(hours=18)),
    Entry("rounds", "rounds.keep_going", timedelta(hours=1), timedelta(minutes=1)),
    Entry("quotes", "quote.lapse", timedelta(hours=1), timedelta(minutes=2)),
    Entry("hotline", "hotline.watch", timedelta(minutes=15)),
    Entry("triage", "triage.retrain", timedelta(days=1), timedelta(hours=18, minutes=30)),
    Entry("inbound", "inbound.poll", timedelta(minutes=5), timedelta(seconds=30)),
)
"""All periodic work. 19:00 UTC is three in the morning in Taipei."""


def ask_for_due(session: Session, at: datetime, entries: tuple[Entry, ...] = ENTRIES) -> list[str]:
    """Publish a row for each entry whose present period has not been asked for; returns their names.

    The row's key holds the period, so that two schedulers ask once.
    """
    last = {run.name: run for run in session.scalars(select(ScheduleRun))}
    asked = []
    for entry in entries:
        period = entry.period(at)
        run = last.get(entry.name)
        if run is not None and run.period >= period:
            continue
        if run is None:
            session.add(ScheduleRun(name=entry.name, period=period, asked_at=at))
        else:
            run.period, run.asked_at = period, at
        outbox.publish(session, entry.topic, {}, at=at, key=f"schedule:{entry.name}:{period.isoformat()}")
        asked.append(entry.name)
    return asked
