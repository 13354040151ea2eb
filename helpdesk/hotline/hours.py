"""When the hotline is staffed: the house's working days, straight through from first opening to last closing."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.orm import Session

from order_core.rulebook.calendar import house_calendar
from order_core.workdays import Interval, WorkingCalendar


def calendar(session: Session | None = None) -> WorkingCalendar:
    """The hotline's hours: nobody's telephone stops for lunch, company days and holidays hold."""
    house = house_calendar(session)
    return replace(
        house,
        week={day: _through(hours) for day, hours in house.week.items()},
        exceptions={day: _through(hours) for day, hours in house.exceptions.items()},
    )


def _through(hours: tuple[Interval, ...]) -> tuple[Interval, ...]:
    return ((hours[0][0], hours[-1][1]),) if hours else ()
