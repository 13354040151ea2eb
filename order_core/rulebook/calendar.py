"""When the house works: the rulebook's week and the country's holidays, with the company's own days on top."""

from __future__ import annotations

from datetime import date, time
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.rulebook.models import CompanyDay
from order_core.rulebook.source import shipped
from order_core.workdays import Interval, WorkingCalendar

_NEWEST = "SELECT stamp FROM company_day ORDER BY id DESC LIMIT 1"
"""Asked by whoever needs the calendar: as plain SQL it costs a third of what the ORM would."""
_known: dict[str, WorkingCalendar] = {}
KEPT = 4


@lru_cache(maxsize=1)
def usual_calendar() -> WorkingCalendar:
    """The calendar as the rulebook gives it, without the company's own days."""
    row = shipped("clocks")["calendar"]
    hours = intervals(row["hours"])
    return WorkingCalendar(row["zone"], dict.fromkeys(row["days"], hours), row["country"])


def house_calendar(session: Session | None = None) -> WorkingCalendar:
    """The house's calendar; with a session, the days that the company has declared are in it.

    A process keeps it until another day is declared, so that asking costs one look at the end of a small table.
    """
    if session is None:
        return usual_calendar()
    newest = session.connection().exec_driver_sql(_NEWEST).scalar()
    if newest is None:
        return usual_calendar()
    calendar = _known.get(newest)
    if calendar is None:
        while len(_known) >= KEPT:
            _known.pop(next(iter(_known)), None)
        calendar = _known[newest] = _with_own_days(session)
    return calendar


def own_days(session: Session) -> dict[date, CompanyDay]:
    """The company's own days in force: the last declaration of each, by date."""
    return {day.day: day for day in session.scalars(select(CompanyDay).order_by(CompanyDay.id))}


def intervals(written: list[list[str]]) -> tuple[Interval, ...]:
    """``[["09:00", "12:30"], …]`` as times of the wall."""
    return tuple((time.fromisoformat(start), time.fromisoformat(end)) for start, end in written)


def _with_own_days(session: Session) -> WorkingCalendar:
    usual = usual_calendar()
    exceptions = {day: intervals(row.intervals) for day, row in sorted(own_days(session).items())}
    return WorkingCalendar(usual.zone, usual.week, usual.country, exceptions)
