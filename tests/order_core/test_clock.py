"""Deadlines against a brute force that counts minute by minute: the same reminders, whatever happens in between."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from order_core.kernel import clock
from order_core.kernel.clock import Clock, ClockReminder, EventKind, Policy
from order_core.kernel.notice import Notice
from order_core.rulebook import clocks
from order_core.workdays import ALWAYS
from tests.order_core.conftest import House, on_database, undone
from tests.order_core.places import HORIZON, MINUTE, PLACES, Event, Place, counted, lives


@dataclass(frozen=True)
class Subject:
    """A case as far as a clock knows it."""

    __case_kind__: ClassVar[str] = "Issue"
    id: int = 1
    number: str = "T26-00001"


def policy(budget: int, **more: Any) -> Policy:
    """A deadline of so many minutes; a multiple of four has its warning on a whole minute."""
    return Policy(code="T-99", clause="1.3-c", budget=budget * MINUTE, **more)


places = st.sampled_from(PLACES)
budgets = st.integers(1, 300).map(lambda quarters: 4 * quarters)
looks = st.lists(st.integers(0, HORIZON - 1), max_size=5).map(sorted)
zones = st.sampled_from(["UTC", "Asia/Hong_Kong", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]).map(ZoneInfo)


def start(session: Session, place: Place, number: int, budget: int, **more: Any) -> Clock:
    return clock.start(
        session, Subject(), policy(budget, **more), at=place.minute(number), calendar=place.calendar, owner=None
    )


def happen(session: Session, place: Place, running: Clock, event: Event) -> None:
    clock.record(session, running, event[1], at=place.minute(event[0]), calendar=place.calendar)


def given_so_far(session: Session) -> dict[str, datetime]:
    session.expire_all()
    return {reminder.kind: reminder.at for reminder in session.scalars(select(ClockReminder))}


@on_database
@given(place=places, events=lives(), budget=budgets, looks=looks, zone=zones, data=st.data())
def test_reminders_are_those_that_counting_minutes_gives(
    session: Session,
    house: House,
    place: Place,
    events: list[Event],
    budget: int,
    looks: list[int],
    zone: ZoneInfo,
    data: st.DataObject,
) -> None:
    """Events entered in any order; looked at whenever, twice, from any zone, by a process that has just started."""
    expected = counted(place, events, budget)
    with undone(session):
        running = start(session, place, events[0][0], budget)
        for event in data.draw(st.permutations(events[1:])):
            happen(session, place, running, event)
        session.expire_all()
        assert running.due_at == expected.get("breach") or "breach" not in expected
        for look in [*looks, HORIZON]:
            now = place.minute(look).astimezone(zone)
            due = {kind: moment for kind, moment in expected.items() if moment <= now}
            fresh = len(due) - len(given_so_far(session))
            assert clock.fire_due(session, at=now, calendar=place.calendar) == fresh
            assert clock.fire_due(session, at=now, calendar=place.calendar) == 0
            assert given_so_far(session) == due
        assert len(session.scalars(select(Notice)).all()) == len(expected)


@on_database
@given(place=places, events=lives(), budget=budgets, looks=looks)
def test_reminders_are_the_same_when_they_are_looked_for_between_the_events(
    session: Session, house: House, place: Place, events: list[Event], budget: int, looks: list[int]
) -> None:
    """As it happens in life: whoever looks in time and whoever was away for days give the same reminders."""
    expected = counted(place, events, budget)
    with undone(session):
        running = start(session, place, events[0][0], budget)
        story: list[tuple[int, EventKind | None]] = [*events[1:], *((look, None) for look in looks)]
        for number, kind in sorted(story, key=lambda entry: entry[0]):
            session.expire_all()
            if kind is None:
                clock.fire_due(session, at=place.minute(number), calendar=place.calendar)
            else:
                happen(session, place, running, (number, kind))
        clock.fire_due(session, at=place.minute(HORIZON), calendar=place.calendar)
        assert {kind: at for kind, at in given_so_far(session).items() if at <= place.minute(HORIZON)} == expected


@on_database
@given(events=lives(), budget=budgets)
def test_a_deadline_in_elapsed_time_knows_no_closing_hours(
    session: Session, house: House, events: list[Event], budget: int
) -> None:
    hong_kong, always = PLACES[0], PLACES[-1]
    with undone(session):
        running = start(session, always, events[0][0], budget, working=False)
        for event in events[1:]:
            clock.record(session, running, event[1], at=always.minute(event[0]), calendar=hong_kong.calendar)
        clock.fire_due(session, at=always.minute(HORIZON), calendar=hong_kong.calendar)
        assert given_so_far(session) == counted(always, events, budget)


def test_a_clock_that_runs_is_not_started_again(session: Session, house: House, at: datetime) -> None:
    first = clock.start(session, Subject(), policy(60), at=at, calendar=ALWAYS)
    again = clock.start(session, Subject(), policy(60), at=at + MINUTE, calendar=ALWAYS)
    assert again is first
    assert [event.at for event in first.events] == [at]


def test_a_stopped_clock_can_be_followed_by_a_new_one(session: Session, house: House, at: datetime) -> None:
    first = clock.start(session, Subject(), policy(60), at=at, calendar=ALWAYS)
    clock.stop(session, Subject(), "T-99", at=at + MINUTE, calendar=ALWAYS)
    clock.stop(session, Subject(), "T-99", at=at + 2 * MINUTE, calendar=ALWAYS)
    second = clock.start(session, Subject(), policy(60), at=at + 3 * MINUTE, calendar=ALWAYS)
    assert (first.stopped_at, second.id != first.id) == (at + MINUTE, True)
    assert clock.running(session, Subject(), "T-99") is second


def test_clocks_of_other_cases_and_policies_are_left_alone(session: Session, house: House, at: datetime) -> None:
    mine = clock.start(session, Subject(), policy(60), at=at, calendar=ALWAYS)
    clock.stop(session, Subject(id=2), "T-99", at=at, calendar=ALWAYS)
    clock.stop(session, Subject(), "T-98", at=at, calendar=ALWAYS)
    assert clock.running(session, Subject(), "T-99") is mine


@pytest.mark.parametrize("owned", [True, False])
def test_the_owner_is_warned_and_the_department_told_of_a_breach(
    session: Session, house: House, at: datetime, owned: bool
) -> None:
    owner = house.people["SAL"].id if owned else None
    clock.start(session, Subject(), policy(60, escalate_to="MGT"), at=at, calendar=ALWAYS, owner=owner)
    clock.fire_due(session, at=at + 60 * MINUTE, calendar=ALWAYS)
    warned, told = session.scalars(select(Notice).order_by(Notice.id))
    assert (warned.key, warned.to_person_id, warned.to_department) == ("clock.warn", owner, None if owned else "MGT")
    assert (told.key, told.to_person_id, told.to_department) == ("clock.breach", None, "MGT")
    assert warned.params == told.params == {"policy": "T-99", "number": "T26-00001"}


def test_a_longer_calendar_never_takes_a_breach_back(session: Session, house: House) -> None:
    """A change of calendar moves what is still to come; what was said stays said, once."""
    place = PLACES[0]
    running = clock.start(session, Subject(), policy(60), at=place.minute(0), calendar=ALWAYS)
    clock.fire_due(session, at=place.minute(45), calendar=ALWAYS)
    assert (list(given_so_far(session)), running.next_at) == (["warn"], place.minute(60))
    clock.recompute(running, place.calendar)
    assert running.due_at == running.next_at == place.minute(30 + 60), "it begins at lunch"
    clock.fire_due(session, at=place.minute(90), calendar=place.calendar)
    clock.recompute(running, ALWAYS)
    assert (running.due_at, running.next_at) == (place.minute(60), None)
    assert clock.fire_due(session, at=place.minute(HORIZON), calendar=ALWAYS) == 0
    assert set(given_so_far(session)) == {"warn", "breach"}


def test_the_database_takes_one_reminder_of_a_kind(session: Session, house: House, at: datetime) -> None:
    running = clock.start(session, Subject(), policy(60), at=at, calendar=ALWAYS)
    clock.fire_due(session, at=at + 45 * MINUTE, calendar=ALWAYS)
    running.reminders.append(ClockReminder(kind="warn", at=at))
    with pytest.raises(IntegrityError), session.begin_nested():
        session.flush()


def test_a_look_gives_no_more_than_its_limit_the_earliest_first(session: Session, house: House, at: datetime) -> None:
    for number in (3, 1, 2):
        clock.start(session, Subject(id=number), policy(60), at=at + number * MINUTE, calendar=ALWAYS)
    late = at + 48 * MINUTE
    assert [clock.fire_due(session, at=late, calendar=ALWAYS, limit=2) for _ in range(3)] == [2, 1, 0]
    told = session.scalars(select(Clock.case_id).join(ClockReminder).order_by(ClockReminder.id)).all()
    assert told == [1, 2, 3]


@pytest.mark.parametrize(
    ("code", "urgency", "budget", "working"),
    [
        ("T-19", "normal", timedelta(hours=4), True),
        ("T-19", "high", timedelta(hours=1), False),
        ("T-19", "emergency", timedelta(hours=1), False),
        ("T-23", "emergency", timedelta(hours=4), True),
        ("T-03", "normal", timedelta(hours=16), True),
    ],
)
def test_an_urgent_deadline_is_shorter_where_the_regulation_says_so(
    code: str, urgency: str, budget: timedelta, working: bool
) -> None:
    found = clocks.policy(code, urgency)
    assert (found.budget, found.working) == (budget, working)


@pytest.mark.clause("3.1.2-a")
def test_each_party_has_its_own_clock_and_each_rung_its_own_addressee(
    session: Session, house: House, at: datetime
) -> None:
    """At warning the department's head, at breach management, later whoever the ladder names."""
    ladder = policy(60, escalate_to="MGT", warn_to="party", ladder=((2.0, "HR"),))
    for party in ("PRO", "QUA"):
        clock.start(session, Subject(), ladder, at=at, calendar=ALWAYS, party=party)
    again = clock.start(session, Subject(), ladder, at=at + MINUTE, calendar=ALWAYS, party="PRO")
    assert again.due_at == at + 60 * MINUTE
    clock.stop(session, Subject(), "T-99", at=at + 50 * MINUTE, calendar=ALWAYS, party="QUA")
    told = []
    for minute in (44, 45, 60, 119, 120, 500):
        clock.fire_due(session, at=at + minute * MINUTE, calendar=ALWAYS)
        told.append([n.to_department for n in session.scalars(select(Notice).order_by(Notice.id))])
    assert told == [[], ["PRO", "QUA"], ["PRO", "QUA", "MGT"], told[2], [*told[2], "HR"], [*told[2], "HR"]]
