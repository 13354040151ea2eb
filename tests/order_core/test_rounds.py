"""Recurring work: one round a period, whenever and however often anybody looks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.errors import Conflict
from order_core.kernel import clock
from order_core.kernel.notice import Notice
from order_core.parties.models import Person
from order_core.rounds import rules, service
from order_core.rounds.models import Round
from order_core.rounds.rules import Every, next_period, period_of
from order_core.rounds.service import Duty
from tests.order_core.conftest import House, on_database, undone

every = st.sampled_from(get_args(Every))
days = st.dates(date(2020, 1, 1), date(2040, 12, 31))


def duty(**values: Any) -> Duty:
    facts: dict[str, Any] = {
        "kind": "test", "department": "SAL", "every": "month", "clause": "2.1.1-a", "zone": "Asia/Hong_Kong",
    }  # fmt: skip
    return Duty(**facts | values)


@pytest.mark.once
@examples(deadline=None)
@given(day=days, every=every)
def test_periods_cover_every_day_once_and_their_keys_sort(day: date, every: Every) -> None:
    period = period_of(day, every)
    following = next_period(period, every)
    assert period.first <= day <= period.last
    assert following.first == period.last + timedelta(days=1)
    assert period.key < following.key
    assert period_of(period.first, every) == period_of(period.last, every) == period


@pytest.mark.once
def test_known_periods() -> None:
    assert period_of(date(2026, 12, 31), "week") == rules.Period("2026-W53", date(2026, 12, 28), date(2027, 1, 3))
    assert period_of(date(2028, 2, 29), "month") == rules.Period("2028-02", date(2028, 2, 1), date(2028, 2, 29))
    assert period_of(date(2026, 11, 25), "quarter") == rules.Period("2026-Q4", date(2026, 10, 1), date(2026, 12, 31))


@on_database
@pytest.mark.clause("2.1.1-a")
@given(
    looks=st.lists(st.integers(0, 120), min_size=1, max_size=6).map(sorted), every=st.sampled_from(("week", "month"))
)
def test_rounds_are_the_same_whoever_looked_and_when(
    session: Session, house: House, looks: list[int], every: Every
) -> None:
    """After days of standstill the missed periods are there and missed; looked at daily it is the same."""
    begun, end = datetime(2026, 1, 5, 1, tzinfo=UTC), datetime(2026, 1, 5, 1, tzinfo=UTC) + timedelta(days=120)
    seen = []
    for moments in ([begun + timedelta(days=n) for n in looks], [begun + timedelta(days=n) for n in range(121)]):
        with undone(session):
            for moment in (begun, *moments, end, end):
                service.keep_going(session, duty(every=every), at=moment)
            rows = session.scalars(select(Round).order_by(Round.opens_at)).all()
            seen.append([(row.period, row.state) for row in rows])
    assert seen[0] == seen[1]
    assert [state for _, state in seen[0]][-2:] == ["open", "planned"]


@pytest.mark.clause("2.1.1-a", "4.1.1-b")
def test_the_department_hears_of_the_opening_and_the_head_and_management_of_a_miss(
    session: Session, house: House
) -> None:
    january, february = datetime(2026, 1, 10, tzinfo=UTC), datetime(2026, 2, 10, tzinfo=UTC)
    service.keep_going(session, duty(), at=january)
    service.keep_going(session, duty(), at=february)
    told = session.execute(select(Notice.key, Notice.to_department, Notice.everyone).order_by(Notice.id)).all()
    assert [tuple(row) for row in told] == [
        ("round.opened", "SAL", True),
        ("round.opened", "SAL", True),
        ("round.missed", "MGT", False),
        ("round.missed", "SAL", False),
    ]


def test_a_round_is_not_missed_while_it_can_be_done(session: Session, house: House) -> None:
    at = datetime(2026, 1, 10, tzinfo=UTC)
    (turn,) = service.keep_going(session, duty(), at=at)
    with pytest.raises(Conflict):
        service._miss(session, duty(), turn, at=at)
    service.do(session, turn, {"found": 1}, by=house.actor("SAL"), at=at)
    service.sign(session, turn, by=house.actor("SAL"), at=at)
    assert (turn.state, turn.outcome) == ("applied", {"found": 1})


@pytest.mark.clause("2.1.1-a")
def test_those_who_do_it_are_told_and_its_deadline_runs_from_the_opening_to_the_miss(
    session: Session, house: House
) -> None:
    session.add(Person(name="Kay", email="kay@house.test", department_code="SAL", roles=["market"]))
    session.add(Person(name="Gone", email="gone@house.test", department_code="SAL", roles=["market"], active=False))
    kept = duty(role="market", deadline="T-01")
    january, february = datetime(2026, 1, 10, tzinfo=UTC), datetime(2026, 2, 10, tzinfo=UTC)
    (turn,) = service.keep_going(session, kept, at=january)
    kay = session.scalars(select(Person).where(Person.name == "Kay")).one()
    assert session.scalars(select(Notice.to_person_id).where(Notice.key == "round.opened")).all() == [kay.id]
    running = clock.running(session, turn, "T-01")
    assert running is not None
    assert running.due_at == january + timedelta(days=28)
    service.keep_going(session, kept, at=february)
    assert (turn.state, clock.running(session, turn, "T-01")) == ("missed", None)


def test_every_registered_duty_is_kept_going(session: Session, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "DUTIES", [])
    for kind in ("one", "two"):
        service.register(duty(kind=kind))
    at = datetime(2026, 1, 10, tzinfo=UTC)
    assert [turn.kind for turn in service.keep_all_going(session, at=at)] == ["one", "two"]
    assert service.keep_all_going(session, at=at) == []
