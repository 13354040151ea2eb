"""The roster covers the opening hours or the head is told; the number is tried and its silence is an alarm."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels.gateway import Accepted, TransportError
from helpdesk.hotline import probes, roster
from helpdesk.hotline.models import Probe, Shift
from helpdesk.hotline.rules import Span, covered, gaps
from order_core.errors import Refusal
from order_core.kernel.notice import Notice
from order_core.kernel.outbox import OutboxRow
from order_core.parties.models import Department, Person
from tests.conftest import NOON
from tests.helpdesk.channels.conftest import Outside, new_sid
from tests.helpdesk.conftest import As
from tests.helpdesk.hotline.conftest import Caller

HOUR = timedelta(hours=1)


def span(begin: int, length: int) -> Span:
    return Span(NOON + begin * HOUR, NOON + (begin + length) * HOUR)


SPANS = st.lists(st.builds(span, st.integers(0, 40), st.integers(1, 12)), max_size=8)


def hours(spans: list[Span]) -> set[datetime]:
    """Every whole hour that lies in one of the spans."""
    return {one.starts_at + n * HOUR for one in spans for n in range(int((one.ends_at - one.starts_at) / HOUR))}


@pytest.mark.clause("5.1.1-b")
@given(st.lists(st.integers(0, 3), unique=True, max_size=4), SPANS)
def test_a_gap_is_an_open_hour_without_anybody(days: list[int], shifts: list[Span]) -> None:
    opening = [span(10 * day, 9) for day in days]
    found = gaps(opening, shifts)
    assert hours(found) == hours(opening) - hours(shifts)
    assert 0 <= covered(opening, found) <= 1
    assert (covered(opening, found) == 1) == (found == [])


@pytest.fixture
def mei(session: Session) -> Person:
    session.add(Department(code="AFS", names={"en": "After-sales service"}))
    session.flush()
    made = Person(name="Mei", email="mei@demo.test", department_code="AFS", roles=["agent"])
    session.add(made)
    session.flush()
    return made


def alarms(session: Session, key: str) -> list[Notice]:
    return list(session.scalars(select(Notice).where(Notice.key == key).order_by(Notice.id)))


@pytest.mark.clause("5.1.1-b")
def test_a_gap_in_the_coming_week_is_told_to_the_head_once(mei: Person, session: Session, at: datetime) -> None:
    week = roster.opening(session, at, at + timedelta(days=7))
    for hours_of_day in week[1:]:
        roster.add(session, mei, hours_of_day.starts_at, hours_of_day.ends_at, by=mei.actor(), at=at)
    assert roster.cover(session, at=at).gaps == [week[0]]
    assert roster.watch(session, at=at) is not None
    for later in (timedelta(minutes=15), timedelta(minutes=30)):
        assert roster.watch(session, at=at + later) is None, "told already"
    (told,) = alarms(session, roster.GAP_NOTICE)
    assert (told.to_department, told.params["count"]) == ("AFS", 1)
    roster.add(session, mei, week[0].starts_at, week[0].ends_at, by=mei.actor(), at=at)
    assert roster.cover(session, at=at).share == 1
    assert roster.watch(session, at=at) is None
    mei.active = False
    assert roster.cover(session, at=at).share == 0, "who has left covers nothing"


def test_a_shift_is_possible_or_refused(mei: Person, session: Session, at: datetime) -> None:
    by = mei.actor()
    shift = roster.add(session, mei, at + HOUR, at + 5 * HOUR, by=by, at=at)
    wei = Person(name="Wei", email="wei@demo.test", department_code="AFS", roles=["technician"])
    session.add(wei)
    session.flush()
    refused = [
        (mei, at + 2 * HOUR, at + 3 * HOUR), (mei, at + 9 * HOUR, at + 8 * HOUR), (mei, at - 3 * HOUR, at - HOUR),
        (mei, at + 6 * HOUR, at + 30 * HOUR), (wei, at + HOUR, at + 2 * HOUR),
    ]  # fmt: skip
    for person, starts, ends in refused:
        with pytest.raises(Refusal):
            roster.add(session, person, starts, ends, by=by, at=at)
    with pytest.raises(Refusal):
        roster.remove(session, shift.id, at=at + 2 * HOUR)
    roster.remove(session, shift.id, at=at)
    assert session.scalars(select(Shift)).all() == []


@pytest.mark.clause("5.1.1-a")
def test_silence_of_the_number_is_an_alarm(mei: Person, session: Session, at: datetime) -> None:
    probe = probes.keep_asking(session, "+85230000000", at=at)
    assert probe is not None
    (row,) = session.scalars(select(OutboxRow).where(OutboxRow.topic == probes.TOPIC))
    asked = probes.prepare(session, row.payload, at, False)
    assert asked is not None
    assert asked.to == "+85230000000"
    assert probes.prepare(session, row.payload, at, True) is None, "a call in doubt is not made twice"
    probes.settle(session, row.payload, Accepted("CA" + "0" * 32, "queued"), at)
    assert probes.keep_asking(session, "+85230000000", at=at + timedelta(minutes=4)) is None
    assert alarms(session, "hotline.unreachable") == []
    for later in (6, 21, 36):
        probes.keep_asking(session, "+85230000000", at=at + timedelta(minutes=later))
    assert (probe.state, len(alarms(session, "hotline.unreachable"))) == ("failed", 1)
    assert probes.reachability(session, since=at - HOUR) == 0
    probes.answered(session, str(probe.id), at=at + HOUR)
    assert (probe.state, len(alarms(session, "hotline.answers"))) == ("answered", 1)
    assert probes.reachability(session, since=at - HOUR) == 1


def test_what_the_provider_refuses_is_an_alarm_at_once(mei: Person, session: Session, at: datetime) -> None:
    probe = probes.keep_asking(session, "+85230000000", at=at)
    assert probe is not None
    probes.settle(session, {"probe_id": probe.id}, TransportError("no", permanent=True), at)
    assert len(alarms(session, "hotline.unreachable")) == 1


def test_whoever_rings_shows_that_the_number_answers(
    mei: Person, session: Session, outside: Outside, working_hours: datetime
) -> None:
    Caller(outside).dial()
    assert probes.keep_asking(session, "+85230000000", at=working_hours + timedelta(minutes=5)) is None
    asked = probes.keep_asking(session, "+85230000000", at=working_hours + timedelta(minutes=90))
    assert asked is not None
    session.commit()
    answer = outside.post(f"/twilio/voice/probe?probe={asked.id}", outside.form(CallSid=new_sid("CA")))
    assert answer.status_code == 200
    session.expire_all()
    assert session.get_one(Probe, asked.id).state == "answered"


def test_nobody_is_tried_at_night(session: Session, closed: datetime) -> None:
    assert probes.keep_asking(session, "+85230000000", at=closed) is None


@pytest.mark.clause("5.1.1-b")
def test_the_heads_page(as_: As, company: Any, session: Session) -> None:
    """Everybody who answers sees the roster; the head plans it."""
    hua, mei = as_("hua"), as_("mei")
    page = hua.get("/calls/roster").get_data(as_text=True)
    assert "100 %" in page, "the demo's week is covered"
    assert 'class="shift"' in page
    person = session.scalars(select(Person).where(Person.email == "hua@demo.test")).one()
    day = (roster.opening(session, NOON, NOON + timedelta(days=99))[-1].starts_at + timedelta(days=300)).date()
    form = {"person": str(person.id), "day": day.isoformat(), "from": "09:00", "to": "12:00"}
    assert mei.post("/calls/roster/shifts", form).status_code == 403
    assert hua.post("/calls/roster/shifts", form).status_code == 302
    assert hua.post("/calls/roster/shifts", form).status_code == 409
    assert hua.post("/calls/roster/shifts", {**form, "day": "x"}).status_code == 400
    shift = session.scalars(select(Shift).where(Shift.person_id == person.id)).one()
    assert hua.post(f"/calls/roster/shifts/{shift.id}/remove", {}).status_code == 302
    assert hua.post(f"/calls/roster/shifts/{shift.id}/remove", {}).status_code == 404
