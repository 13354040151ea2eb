"""The scheduler: one leads, due work is seen whatever happened to its wake-up, periodic work is asked for once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from helpdesk import wakeup
from helpdesk.now import wall
from order_core.kernel import clock
from order_core.kernel.outbox import OutboxRow
from tests.workers.conftest import LONG_AGO, Jobs, Provider, Publish
from workers import schedule
from workers.executor import drain
from workers.models import Lease
from workers.schedule import Entry
from workers.scheduler import LEASE, Scheduler, take_lease, wake_due

HOURLY = Entry("hourly", "outbox.purge", timedelta(hours=1), timedelta(minutes=5))


def test_one_leads_and_the_next_takes_over_when_its_lease_is_over(session: Session, working: Any) -> None:
    first, second = Scheduler("first"), Scheduler("second")
    assert (first.turn(), second.turn(), first.turn()) == (True, False, True)
    session.execute(update(Lease).values(until=LONG_AGO))
    session.commit()
    assert second.turn()
    assert session.scalar(select(Lease.holder)) == "second"


def test_one_who_stops_leaves_the_lease(working: Any) -> None:
    first, second = Scheduler("first"), Scheduler("second")
    first.turn()
    first.resign()
    assert second.turn()


def test_a_lease_is_kept_by_its_holder_and_by_nobody_else(session: Session) -> None:
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    assert take_lease(session, "right", "me", moment, LEASE)
    assert take_lease(session, "right", "me", moment + LEASE / 2, LEASE)
    assert not take_lease(session, "right", "you", moment + LEASE, LEASE)
    assert take_lease(session, "right", "you", moment + LEASE * 2, LEASE)


@pytest.fixture
def woken(working: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queues that were woken."""
    queues: list[str] = []
    monkeypatch.setattr(wakeup, "nudge", lambda _url, names: queues.extend(names))
    return queues


def test_due_work_is_woken_and_future_work_is_not(woken: list[str], jobs: Jobs, publish: Publish) -> None:
    jobs.local("tiny", lambda _session, _payload, _at: None)
    publish("tiny", due=wall() + timedelta(hours=1))
    assert wake_due("redis://nowhere") == []
    publish("tiny")
    woken.clear()
    assert wake_due("redis://nowhere") == ["fast"]
    assert woken == ["fast"]
    drain("fast")
    assert wake_due("redis://nowhere") == []


def test_a_claim_whose_holder_died_is_woken_when_its_lease_is_over(
    session: Session, woken: list[str], jobs: Jobs, publish: Publish
) -> None:
    class Killed(BaseException):
        pass

    jobs.external("out", Provider(Killed()))
    row = publish("out", id=1)
    with pytest.raises(Killed):
        drain("fast")
    assert wake_due("redis://nowhere") == []
    session.execute(update(OutboxRow).where(OutboxRow.id == row.id).values(lease_until=LONG_AGO))
    session.commit()
    assert wake_due("redis://nowhere") == ["fast"]


def test_a_failing_clock_stops_neither_schedule_nor_wake_up(
    session: Session, woken: list[str], jobs: Jobs, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Any, **_named: Any) -> int:
        raise ValueError

    monkeypatch.setattr(clock, "fire_due", broken)
    jobs.local("tiny", lambda _session, _payload, _at: None)
    publish("tiny")
    woken.clear()
    assert Scheduler("me").turn()
    assert "fast" in woken
    assert session.scalar(select(func.count()).where(OutboxRow.key.like("schedule:%"))) == len(schedule.ENTRIES)


def test_an_entry_is_asked_for_once_a_period(session: Session) -> None:
    start = datetime(2026, 11, 23, 12, 5, tzinfo=UTC)
    asked = [schedule.ask_for_due(session, start + timedelta(minutes=m), (HOURLY,)) for m in (0, 1, 59, 60, 61)]
    assert asked == [["hourly"], [], [], ["hourly"], []]
    assert session.scalar(select(func.count(OutboxRow.id))) == 2


def test_missed_periods_are_left_out(session: Session) -> None:
    start = datetime(2026, 11, 23, 12, 5, tzinfo=UTC)
    schedule.ask_for_due(session, start, (HOURLY,))
    schedule.ask_for_due(session, start + timedelta(days=3), (HOURLY,))
    assert session.scalar(select(func.count(OutboxRow.id))) == 2


@pytest.mark.parametrize("minute", [0, 4, 5, 6, 59])
def test_a_period_holds_its_moment(minute: int) -> None:
    at = datetime(2026, 11, 23, 12, minute, tzinfo=UTC)
    period = HOURLY.period(at)
    assert period <= at < period + HOURLY.every
    assert period.minute == 5
