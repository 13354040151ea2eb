"""The date that can be promised for a quantity: from stock, from supply under way, else from making it.

Available-to-promise with cumulative look-ahead (APICS Dictionary, "available-to-promise"): a unit is free on a day
only if giving it away breaks no later commitment. What is missing is capable-to-promise: material, then free
capacity on working days, then the cycle through production. Units are whole; days are the calendar's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice
from typing import Literal

from order_core.clauses import carries
from order_core.errors import Invalid
from order_core.planner.situation import (
    CLAUSE,
    HORIZON_DAYS,
    Demand,
    Situation,
    Supply,
    available,
    check,
    working_days,
    works,
)
from order_core.workdays import WorkingCalendar

Reason = Literal["stock", "supply", "material", "capacity", "transport"]


@dataclass(frozen=True)
class Line:
    """One reason for the date: this many units wait for this until that day."""

    reason: Reason
    on: date
    quantity: int


@dataclass(frozen=True)
class Batch:
    """Units to make: started on a day, good ones finished on another."""

    starts: date
    done: date
    started: int
    good: int


@dataclass(frozen=True)
class Promise:
    """A date that can be kept, and how it came about.

    Attributes:
        on: the customer has it.
        ships: it leaves the gate; a working day.
        from_stock, from_supply, to_make: units by origin; they add up to the quantity asked for.
        reasons: in the order of time; the last one's day is ``on``.
        batches: what must be made for it, including units that earlier promises still lack.
    """

    on: date
    ships: date
    from_stock: int
    from_supply: int
    to_make: int
    reasons: tuple[Line, ...]
    batches: tuple[Batch, ...]

    @property
    def quantity(self) -> int:
        return self.from_stock + self.from_supply + self.to_make


@carries("planner", "2.3.1-b")
def promise(situation: Situation, quantity: int) -> Promise:
    """The earliest date for a quantity; stock before supply, supply before making.

    Raises:
        Invalid: ``promise.quantity``; ``promise.number`` (field); ``promise.never``: not within a thousand days.
    """
    if quantity < 1:
        raise Invalid("promise.quantity", field="quantity", clause=CLAUSE)
    check(situation)
    free = available(situation)
    batches = list(_batches(situation, quantity - min(free.values())))
    ships = _ships(situation, free, batches, quantity)
    covered = max(0, min(quantity, _until(free, ships)))
    from_stock = max(0, min(covered, free[situation.today]))
    to_make = quantity - covered
    made = tuple(_batches(situation, quantity - _until(free, ships))) if to_make else ()
    on = ships + timedelta(days=situation.leads.transport)
    stocked = (Line("stock", situation.today, from_stock),) if from_stock else ()
    reasons = (*stocked, *_supplied(free, covered, situation.today), *_made(situation, made, to_make))
    reasons = (*sorted(reasons, key=lambda line: line.on), Line("transport", on, quantity))
    return Promise(on, ships, from_stock, covered - from_stock, to_make, reasons, made)


def accept(situation: Situation, promised: Promise) -> Situation:
    """The situation once the promise is made: its units are spoken for, its batches are booked."""
    demands = (*situation.demands, Demand(promised.ships, promised.quantity))
    made = tuple(Supply(batch.done, batch.good) for batch in promised.batches)
    if situation.capacity is None or not promised.batches:
        return replace(situation, demands=demands)
    booked = dict(situation.capacity.booked)
    for batch in promised.batches:
        booked[batch.starts] = booked.get(batch.starts, 0) + batch.started
    capacity = replace(situation.capacity, booked=booked)
    return replace(situation, demands=demands, supplies=(*situation.supplies, *made), capacity=capacity)


@carries("planner", "3.2.3-b")
def delay(before: Promise, after: Promise, calendar: WorkingCalendar) -> int:
    """Working days by which a promise moves; negative when it becomes earlier."""
    first, last = sorted((before.on, after.on))
    days = sum(works(calendar, first + timedelta(days=n)) for n in range(1, (last - first).days + 1))
    return days if after.on >= before.on else -days


def _batches(situation: Situation, good: int) -> list[Batch]:
    """The soonest batches with at least that many good units in all, as far as capacity goes within the horizon."""
    if situation.capacity is None or good <= 0:
        return []
    first = situation.today + timedelta(days=situation.leads.material)
    ends = islice(working_days(situation, first), situation.leads.cycle, None)
    most = -(-good // (1 - situation.scrap))
    batches: list[Batch] = []
    started = finished = 0
    for start, done in zip(working_days(situation, first), ends, strict=False):
        units = min(situation.capacity.free(start), most - started)
        if units:
            started += units
            fine = int(started * (1 - situation.scrap))
            batches.append(Batch(start, done, units, fine - finished))
            finished = fine
        if started == most:
            break
    return batches


def _until(free: Mapping[date, int], day: date) -> int:
    """Units that may be promised for that day."""
    return max(units for since, units in free.items() if since <= day)


def _ships(situation: Situation, free: Mapping[date, int], batches: Sequence[Batch], quantity: int) -> date:
    made = 0
    waiting = list(reversed(batches))
    for day in working_days(situation, situation.today):
        while waiting and waiting[-1].done <= day:
            made += waiting.pop().good
        if _until(free, day) + made >= quantity:
            return day
    raise Invalid("promise.never", field="quantity", clause=CLAUSE, days=HORIZON_DAYS)


def _supplied(free: Mapping[date, int], covered: int, today: date) -> Iterator[Line]:
    """Which arrivals the covered units wait for."""
    taken = max(0, free[today])
    for day, units in free.items():
        if taken < min(units, covered):
            yield Line("supply", day, min(units, covered) - taken)
            taken = min(units, covered)


def _made(situation: Situation, batches: Sequence[Batch], quantity: int) -> Iterator[Line]:
    if not quantity:
        return
    if situation.leads.material:
        yield Line("material", situation.today + timedelta(days=situation.leads.material), quantity)
    yield Line("capacity", batches[-1].done, quantity)
