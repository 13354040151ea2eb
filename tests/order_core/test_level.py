"""The clocks of a ticket in the books: contracts, pauses, changed terms with the old result kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.errors import Conflict, Invalid
from order_core.issues import service as issues
from order_core.issues.level import service as level
from order_core.issues.level.models import ServiceContract
from order_core.issues.models import Issue
from order_core.kernel import clock
from order_core.kernel.case import history
from order_core.kernel.clock import Clock
from order_core.rulebook.clocks import house_calendar
from tests.order_core.conftest import AGENT, House

HOUR = timedelta(hours=1)


def of(session: Session, ticket: Issue, code: str) -> Clock:
    return session.scalars(select(Clock).where(Clock.case_id == ticket.id, Clock.policy == code)).one()


def contract(session: Session, house: House, at: datetime, **more: Any) -> ServiceContract:
    made = ServiceContract(
        number="SC-1", customer_id=house.customer.id, name="Gold", valid_from=(at - timedelta(days=9)).date(),
        valid_until=(at + timedelta(days=365)).date(), pauses=["customer"],
        **{"targets": {"normal": {"response": 30, "solution": 120, "elapsed": True}}, **more},
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def restated(session: Session, ticket: Issue) -> list[dict[str, Any]]:
    return [entry.data or {} for entry in history(session, ticket) if entry.step == "note:clock_restated"]


@pytest.mark.clause("5.1.2-c", "5.2.1-a")
def test_a_ticket_has_both_clocks_from_its_first_word(session: Session, ticket: Issue, at: datetime) -> None:
    answered, solved = of(session, ticket, "T-19"), of(session, ticket, "SOLVE")
    assert answered.due_at == house_calendar().add(at, timedelta(hours=4))
    assert solved.due_at == house_calendar().add(at, timedelta(hours=24))


def test_pause_reply_and_resume_move_the_due_date_by_what_was_waited(
    session: Session, ticket: Issue, at: datetime
) -> None:
    running = of(session, ticket, "SOLVE")
    level.pause(session, ticket, "customer", by=AGENT, at=at)
    assert running.due_at is None
    level.customer_replied(session, ticket, by=AGENT, at=at + 2 * HOUR)
    assert running.due_at == house_calendar().add(at + 2 * HOUR, timedelta(hours=24))
    with pytest.raises(Conflict):
        level.resume(session, ticket, by=AGENT, at=at + 3 * HOUR)


def test_a_later_date_ends_by_itself(session: Session, ticket: Issue, at: datetime) -> None:
    until = at + timedelta(days=7)
    level.pause(session, ticket, "later", by=AGENT, at=at, until=until)
    assert of(session, ticket, "SOLVE").due_at == house_calendar().add(until, timedelta(hours=24))
    assert clock.fire_due(session, at=at + timedelta(days=6), calendar=level.calendars(session)) == 2  # T-19's


@pytest.mark.parametrize(
    ("reason", "days"), [("part", None), ("sleep", None), ("later", None), ("later", -1), ("later", 999)]
)
def test_a_pause_that_was_not_agreed_is_refused(
    session: Session, ticket: Issue, at: datetime, reason: str, days: int | None
) -> None:
    until = at + timedelta(days=days) if days else None
    with pytest.raises(Invalid):
        level.pause(session, ticket, reason, by=AGENT, at=at, until=until)
    assert len(history(session, ticket)) == 1


def test_a_breach_is_never_undone_by_other_terms(session: Session, ticket: Issue, house: House, at: datetime) -> None:
    """B8: more time under a lower urgency; the old result stands in the trail and the breach stays given."""
    level.change_urgency(session, ticket, "high", by=AGENT, at=at)
    late = at + timedelta(days=3)
    clock.fire_due(session, at=late, calendar=level.calendars(session))
    answered = of(session, ticket, "T-19")
    breached = {reminder.kind: reminder.at for reminder in answered.reminders}["breach"]
    level.change_urgency(session, ticket, "low", by=AGENT, at=late)
    assert answered.budget_seconds == 4 * 3600
    assert {r.kind: r.at for r in answered.reminders}["breach"] == breached
    old = next(d for d in restated(session, ticket) if d["policy"] == "T-19" and d["old"]["breached"])
    assert (old["old"]["budget"], old["old"]["breached"]) == (60, breached.isoformat())


def test_a_contract_has_its_own_targets_and_hours(session: Session, ticket: Issue, house: House, at: datetime) -> None:
    contract(session, house, at)
    assert level.reckon_customer(session, house.customer.id, by=AGENT, at=at) == 1
    answered = of(session, ticket, "T-19")
    assert (answered.due_at, answered.contract) == (at + HOUR / 2, "SC-1")
    assert {d["why"] for d in restated(session, ticket)} == {"contract"}
    with pytest.raises(Invalid):
        level.pause(session, ticket, "later", by=AGENT, at=at, until=at + timedelta(days=1))


def test_hours_of_a_contract_are_counted_when_reminders_are_looked_for(
    session: Session, ticket: Issue, house: House, at: datetime
) -> None:
    """The house is closed on Saturday; this customer has bought Saturdays."""
    saturday = {"zone": "Asia/Hong_Kong", "week": {"5": [["09:00", "18:00"]]}}
    contract(session, house, at, hours=saturday, targets={"normal": {"response": 60}})
    level.reckon_customer(session, house.customer.id, by=AGENT, at=at)
    due = of(session, ticket, "T-19").due_at
    assert due == datetime.fromisoformat("2026-11-28T10:00:00+08:00")
    clock.fire_due(session, at=due, calendar=level.calendars(session))
    assert "breach" in {reminder.kind for reminder in of(session, ticket, "T-19").reminders}


def test_solved_and_open_again_it_goes_on_with_what_was_left(
    session: Session, ticket: Issue, house: House, at: datetime
) -> None:
    head = house.actor("AFS")
    steps: dict[str, dict[str, Any]] = {
        "classify": {"category": "fault"},
        "assign": {"assignee_id": head.id},
        "act": {"mode": "phone"},
        "verify": {"cause_code": "x", "remedy": "y", "result": "z"},
    }
    for step, data in steps.items():
        issues.step(session, ticket, step, data, by=head, at=at + HOUR)
    solved = of(session, ticket, "SOLVE")
    assert (solved.stopped_at, solved.next_at) == (at + HOUR, None)
    issues.step(session, ticket, "fail", {"failure": "still warm"}, by=issues.checker(ticket), at=at + 5 * HOUR)
    assert solved.stopped_at is None
    assert solved.due_at == house_calendar().add(
        at + 5 * HOUR, timedelta(hours=24) - house_calendar().between(at, at + HOUR)
    )
