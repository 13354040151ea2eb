"""Working time against counting minute by minute, through weekends, holidays and the nights the clocks change."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from order_core.rulebook import clocks
from order_core.workdays import ALWAYS, WorkingCalendar
from tests.order_core.places import DAY_SHIFT, HORIZON, MINUTE, PLACES, Place

pytestmark = pytest.mark.once

places = st.sampled_from(PLACES)
minutes = st.integers(0, HORIZON)
zones = st.sampled_from(["UTC", "Asia/Hong_Kong", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"])
patient = examples(max_examples=200, deadline=None)


@pytest.mark.parametrize("place", PLACES, ids=repr)
def test_each_place_opens_and_closes_while_it_is_watched(place: Place) -> None:
    """Else the comparisons below would compare nothing."""
    assert any(place.open)
    assert place.name == "around the clock" or not all(place.open)


@patient
@given(place=places, start=minutes, end=minutes)
def test_working_time_between_two_moments_is_the_minutes_it_was_open(place: Place, start: int, end: int) -> None:
    counted = sum(place.open[start:end]) * MINUTE
    assert place.calendar.between(place.minute(start), place.minute(end)) == counted


@patient
@given(place=places, start=minutes, working=st.integers(1, 900))
def test_a_deadline_is_where_counting_ends(place: Place, start: int, working: int) -> None:
    left = working
    for number in range(start, HORIZON):
        left -= place.open[number]
        if left == 0:
            assert place.calendar.add(place.minute(start), working * MINUTE) == place.minute(number + 1)
            return
    assert place.calendar.add(place.minute(start), working * MINUTE) > place.minute(HORIZON)


@patient
@given(place=places, start=minutes, seconds=st.integers(1, 200_000))
def test_between_takes_back_what_add_has_added(place: Place, start: int, seconds: int) -> None:
    moment, working = place.minute(start), timedelta(seconds=seconds)
    assert place.calendar.between(moment, place.calendar.add(moment, working)) == working


@patient
@given(place=places, cuts=st.lists(minutes, min_size=2, max_size=6))
def test_the_parts_make_up_the_whole(place: Place, cuts: list[int]) -> None:
    moments = [place.minute(cut) for cut in sorted(cuts)]
    parts = sum((place.calendar.between(a, b) for a, b in pairwise(moments)), timedelta(0))
    assert parts == place.calendar.between(moments[0], moments[-1])


@patient
@given(place=places, start=minutes, working=st.integers(1, 900), zone=zones)
def test_the_reader_may_stand_anywhere(place: Place, start: int, working: int, zone: str) -> None:
    """An instant is an instant: where the one who asks has his watch set changes nothing."""
    here, there = place.minute(start), place.minute(start).astimezone(ZoneInfo(zone))
    assert place.calendar.add(there, working * MINUTE) == place.calendar.add(here, working * MINUTE)
    assert place.calendar.is_open(there) is place.calendar.is_open(here)


@patient
@given(place=places, number=st.integers(0, HORIZON - 1))
def test_it_is_open_when_the_clock_on_the_wall_says_so(place: Place, number: int) -> None:
    moment = place.minute(number)
    assert place.calendar.is_open(moment) is place.open[number]
    opens = next((n for n in range(number, HORIZON) if place.open[n]), None)
    if opens is not None:
        assert place.calendar.opens_after(moment) == place.minute(opens)


@patient
@given(place=places, start=minutes, back=minutes)
def test_no_time_passes_backwards(place: Place, start: int, back: int) -> None:
    earlier = place.minute(start) - back * MINUTE
    assert place.calendar.between(place.minute(start), earlier) == timedelta(0)


def test_a_calendar_that_never_opens_says_so(at: datetime) -> None:
    closed = WorkingCalendar("UTC", {})
    assert closed.between(at, at + timedelta(days=30)) == timedelta(0)
    with pytest.raises(ValueError, match="of working time after"):
        closed.add(at, MINUTE)


def test_around_the_clock_means_elapsed_time(at: datetime) -> None:
    assert ALWAYS.add(at, timedelta(hours=100)) == at + timedelta(hours=100)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 12, 24), True),
        (date(2026, 12, 25), False),
        (date(2026, 12, 26), False),
        (date(2026, 12, 27), False),
        (date(2026, 12, 28), True),
        (date(2027, 1, 1), False),
    ],
)
def test_the_house_keeps_the_holidays_of_hong_kong(day: date, works: bool) -> None:
    assert clocks.house_calendar().hours(day) == (DAY_SHIFT if works else ())


def test_a_make_up_workday_is_worked_though_it_is_a_sunday() -> None:
    """Mainland China works on 4 January 2026, a Sunday, for the long New Year holiday."""
    mainland = WorkingCalendar("Asia/Shanghai", dict.fromkeys(range(5), DAY_SHIFT), "CN")
    assert mainland.hours(date(2026, 1, 4)) == DAY_SHIFT
    assert mainland.hours(date(2026, 1, 2)) == ()


def test_the_company_s_own_days_come_before_the_state_s(at: datetime) -> None:
    christmas = date(2026, 12, 25)
    busy = WorkingCalendar("Asia/Hong_Kong", dict.fromkeys(range(5), DAY_SHIFT), "HK", {christmas: DAY_SHIFT})
    assert busy.hours(christmas) == DAY_SHIFT
