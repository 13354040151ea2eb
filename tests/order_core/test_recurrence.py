"""Regular work comes round once a period: whoever asks, wherever he stands, however often."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from order_core.rulebook.recurrence import Recurrence
from order_core.workdays import WorkingCalendar

pytestmark = pytest.mark.once

OFFICE = ((time(9), time(18)),)
ZONES = ("UTC", "Asia/Hong_Kong", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Santiago")
patient = examples(deadline=None, max_examples=120)

moments = st.integers(0, 4 * 365 * 24 * 60).map(lambda n: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=n))
zones = st.sampled_from(ZONES)


def office(zone: str, *, week: range = range(5), closed: frozenset[date] = frozenset()) -> WorkingCalendar:
    return WorkingCalendar(zone, dict.fromkeys(week, OFFICE), None, dict.fromkeys(closed, ()))


@st.composite
def rules(draw: st.DrawFn) -> Recurrence:
    unit = draw(st.sampled_from(("day", "week", "month", "quarter", "year")))
    return Recurrence(
        unit=unit,  # type: ignore[arg-type]
        count=draw(st.integers(1, 4)),
        on=draw(st.integers(1, 7 if unit == "week" else 31)),
        at=draw(st.sampled_from((time(0), time(2, 30), time(9), time(23, 59)))),
        working=draw(st.booleans()),
    )


def run(rule: Recurrence, start: datetime, calendar: WorkingCalendar, count: int) -> list[datetime]:
    found: list[datetime] = []
    moment = start
    for _ in range(count):
        moment = rule.next_after(moment, calendar)
        found.append(moment)
    return found


@patient
@given(rule=rules(), start=moments, zone=zones)
def test_each_is_later_than_the_one_before_and_than_who_asked(rule: Recurrence, start: datetime, zone: str) -> None:
    found = run(rule, start, office(zone), 6)
    assert [start, *found] == sorted({start, *found})


@patient
@given(rule=rules(), start=moments, zone=zones, share=st.floats(0, 1))
def test_within_a_period_everybody_is_told_the_same(rule: Recurrence, start: datetime, zone: str, share: float) -> None:
    """So that work keyed by its occurrence is asked for once, though a thousand times in the period."""
    calendar = office(zone)
    first, second = run(rule, start, calendar, 2)
    between = first + (second - first) * share
    if between < second:
        assert rule.last_until(between, calendar) == first
        assert rule.next_after(between, calendar) == second
    assert rule.last_until(second, calendar) == second


@patient
@given(rule=rules(), start=moments, zone=zones, reader=zones)
def test_the_reader_s_own_zone_changes_nothing(rule: Recurrence, start: datetime, zone: str, reader: str) -> None:
    calendar = office(zone)
    assert rule.next_after(start.astimezone(ZoneInfo(reader)), calendar) == rule.next_after(start, calendar)


@patient
@given(rule=rules(), start=moments, zone=zones)
def test_it_comes_at_its_time_on_the_wall_on_a_day_that_is_worked(rule: Recurrence, start: datetime, zone: str) -> None:
    calendar = office(zone)
    for moment in run(rule, start, calendar, 6):
        shown = moment.astimezone(ZoneInfo(zone))
        meant = datetime.combine(shown.date(), rule.at, ZoneInfo(zone))
        assert meant.astimezone(UTC) == moment or shown.time() > rule.at, "only a gap of summer time moves it on"
        assert not rule.working or calendar.hours(shown.date())


@patient
@given(on=st.integers(1, 31), year=st.integers(2020, 2035), zone=zones)
def test_a_month_without_that_day_has_it_on_its_last(on: int, year: int, zone: str) -> None:
    rule, calendar = Recurrence("month", on=on, working=False), office(zone)
    before = datetime(year, 1, 1, tzinfo=ZoneInfo(zone)) - timedelta(seconds=1)
    days = [moment.astimezone(ZoneInfo(zone)).date() for moment in run(rule, before, calendar, 12)]
    assert [day.month for day in days] == list(range(1, 13))
    for day in days:
        assert day.day == on or (day.day < on and (day + timedelta(days=1)).day == 1)


@patient
@given(count=st.integers(1, 30), start=moments, zone=zones)
def test_every_so_many_days_are_so_many_days_on_the_wall(count: int, start: datetime, zone: str) -> None:
    rule = Recurrence("day", count, working=False)
    days = [moment.astimezone(ZoneInfo(zone)).date() for moment in run(rule, start, office(zone), 5)]
    assert {(b - a).days for a, b in pairwise(days)} == {count}


@pytest.mark.parametrize(
    ("rule", "after", "expected"),
    [
        (Recurrence("month"), "2026-12-31T12:00", "2027-01-01T09:00"),
        (Recurrence("month", on=31), "2027-02-01T09:00", "2027-03-01T09:00"),
        (Recurrence("quarter"), "2026-11-23T12:00", "2027-01-01T09:00"),
        (Recurrence("year", on=15), "2026-01-15T09:00", "2027-01-15T09:00"),
        (Recurrence("week", on=1), "2026-11-23T09:00", "2026-11-30T09:00"),
        (Recurrence("week", 2, on=1), "2026-11-16T09:00", "2026-11-30T09:00"),
        (Recurrence("day"), "2026-11-27T09:00", "2026-11-30T09:00"),
        (Recurrence("day", working=False), "2026-11-27T09:00", "2026-11-28T09:00"),
    ],
)
def test_known_days(rule: Recurrence, after: str, expected: str) -> None:
    """A Friday's daily work is followed by Monday's; 31 January by Monday 1 March, since 28 February is a Sunday."""
    zone = ZoneInfo("Asia/Hong_Kong")
    moment = datetime.fromisoformat(after).replace(tzinfo=zone)
    assert rule.next_after(moment, office("Asia/Hong_Kong")).astimezone(zone).isoformat()[:16] == expected


def test_a_holiday_moves_it_and_does_not_double_it() -> None:
    calendar = office("UTC", closed=frozenset(date(2026, 12, 1) + timedelta(days=n) for n in range(3)))
    found = run(Recurrence("day"), datetime(2026, 11, 29, tzinfo=UTC), calendar, 3)
    assert [moment.day for moment in found] == [30, 4, 7]


def test_where_nobody_ever_works_it_says_so() -> None:
    with pytest.raises(ValueError, match="does not open"):
        Recurrence("day").next_after(datetime(2026, 1, 1, tzinfo=UTC), office("UTC", week=range(0)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("month", ("month", 1)),
        ("2 weeks", ("week", 2)),
        ("10 days", ("day", 10)),
        ("1 year", ("year", 1)),
        ("0 days", None),
        ("fortnight", None),
        ("-1 days", None),
        ("every month", None),
        ("", None),
    ],
)
def test_how_it_is_written(text: str, expected: Any) -> None:
    if expected is None:
        with pytest.raises(ValueError, match="no recurrence"):
            Recurrence.spelled(text)
    else:
        rule = Recurrence.spelled(text)
        assert (rule.unit, rule.count) == expected
