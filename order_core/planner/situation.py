"""What a promise depends on: stock, what is under way, what is promised already, capacity and times.

Units are whole; days are the calendar's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import accumulate

from order_core.errors import Invalid
from order_core.workdays import WorkingCalendar

CLAUSE = "2.3.1-b"
HORIZON_DAYS = 1000
"""How far ahead a date is looked for."""


@dataclass(frozen=True)
class Supply:
    """Units that will be there from a day on: a receipt under way."""

    on: date
    quantity: int


@dataclass(frozen=True)
class Demand:
    """Units that are promised to somebody and leave on a day."""

    on: date
    quantity: int


@dataclass(frozen=True)
class Capacity:
    """What can be started on a working day, and what of it is taken (day → units)."""

    per_day: int
    booked: Mapping[date, int] = field(default_factory=dict)

    def free(self, day: date) -> int:
        return max(0, self.per_day - self.booked.get(day, 0))


@dataclass(frozen=True)
class Leads:
    """Times of an item.

    Attributes:
        material: calendar days until all material is there (0: it is).
        cycle: working days from start to finish of a unit (0: the same day).
        transport: calendar days from the gate to the customer.
    """

    material: int = 0
    cycle: int = 0
    transport: int = 0


@dataclass(frozen=True)
class Situation:
    """All that a promise depends on.

    Attributes:
        today: the first day on which anything can happen.
        calendar: working days of the plant.
        stock: units on hand, whether promised or not.
        supplies, demands: what is under way and what is promised, in any order; those of the past count for today.
        capacity: None: the item is not made, only supplied.
        leads: of material, production and transport.
        scrap: share of started units that is lost, 0 to less than 1.
    """

    today: date
    calendar: WorkingCalendar
    stock: int = 0
    supplies: Sequence[Supply] = ()
    demands: Sequence[Demand] = ()
    capacity: Capacity | None = None
    leads: Leads = Leads()
    scrap: Fraction = Fraction(0)


@dataclass(frozen=True)
class Change:
    """What a change of the design adds: days of material and of production, and scrap (a share)."""

    material: int = 0
    cycle: int = 0
    scrap: Fraction = Fraction(0)


def available(situation: Situation) -> dict[date, int]:
    """Units that may be promised from each day on, without breaking what is promised already.

    Cumulative and never falling. Negative: that many units of promises already made have no cover.
    Days: today, and each later one on which something arrives.
    """
    changes = {situation.today: situation.stock}
    moves = [(s.on, s.quantity) for s in situation.supplies] + [(d.on, -d.quantity) for d in situation.demands]
    for on, quantity in moves:
        day = max(on, situation.today)
        changes[day] = changes.get(day, 0) + quantity
    days = sorted(changes)
    balance = list(accumulate(changes[day] for day in days))
    ahead = list(accumulate(reversed(balance), min))[::-1]
    arrivals = {max(supply.on, situation.today) for supply in situation.supplies} | {situation.today}
    return {day: free for day, free in zip(days, ahead, strict=True) if day in arrivals}


def changed(situation: Situation, change: Change) -> Situation:
    """The situation under a changed design. (Stock and supply that it makes useless: take them out yourself.)"""
    leads = situation.leads
    leads = replace(leads, material=leads.material + change.material, cycle=leads.cycle + change.cycle)
    return replace(situation, leads=leads, scrap=situation.scrap + change.scrap)


def check(situation: Situation) -> None:
    """Refuse what cannot be.

    Raises:
        Invalid: ``promise.number`` (field): a negative number, or scrap of all or more.
    """
    capacity, leads = situation.capacity or Capacity(0), situation.leads
    numbers: dict[str, list[int] | list[Fraction]] = {
        "stock": [situation.stock],
        "supplies": [supply.quantity for supply in situation.supplies],
        "demands": [demand.quantity for demand in situation.demands],
        "capacity": [capacity.per_day, *capacity.booked.values()],
        "leads": [leads.material, leads.cycle, leads.transport],
        "scrap": [situation.scrap],
    }
    for name, row in numbers.items():
        if any(number < 0 for number in row):
            raise Invalid("promise.number", field=name, clause=CLAUSE)
    if situation.scrap >= 1:
        raise Invalid("promise.number", field="scrap", clause=CLAUSE)


def works(calendar: WorkingCalendar, day: date) -> bool:
    """Whether the plant works on that day at all."""
    return bool(calendar.hours(day))


def working_days(situation: Situation, first: date) -> Iterator[date]:
    """Working days from ``first`` on, as far as anybody looks."""
    ahead = (situation.today + timedelta(days=n) for n in range(HORIZON_DAYS))
    return (day for day in ahead if day >= first and works(situation.calendar, day))
