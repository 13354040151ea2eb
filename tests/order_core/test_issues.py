"""A ticket from the customer's first word to its verified end: what each step demands, and what follows from it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.errors import Conflict, Forbidden, Invalid
from order_core.issues import rules
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.kernel import clock
from order_core.kernel.actor import PLANNER, WORKER, Actor
from order_core.kernel.case import history, state_faults
from order_core.kernel.notice import Notice
from tests.order_core.conftest import AGENT, House

REPAIRED = {"cause_code": "thermostat", "remedy": "repaired", "result": "cold again"}
PATH: tuple[tuple[str, dict[str, Any]], ...] = (
    ("classify", {"category": "fault", "urgency": "normal"}),
    ("assign", {}),
    ("contact", {"notes": "no cold air"}),
    ("act", {"mode": "phone"}),
    ("verify", REPAIRED),
    ("close", {}),
)


def hua(house: House) -> Actor:
    return house.actor("AFS")


def drive(session: Session, ticket: Issue, house: House, at: datetime, until: str) -> Issue:
    """Every step before ``until``, by the head of after-sales; verified by the house's own rule."""
    for name, data in PATH:
        if name == until:
            return ticket
        by = issues.checker(ticket) if name == "close" else hua(house)
        brought = {"assignee_id": hua(house).id} if name == "assign" else data
        issues.step(session, ticket, name, brought, by=by, at=at)
    return ticket


@pytest.mark.clause("5.1.2-a", "5.1.2-b", "5.1.2-c", "5.2.1-a", "5.2.2-b")
@pytest.mark.parametrize(
    ("step", "data", "code"),
    [
        ("classify", {"category": "weather", "urgency": "low"}, "issue.category"),
        ("classify", {"category": "fault", "urgency": "soon"}, "issue.urgency"),
        ("assign", {}, "issue.assignee"),
        ("contact", {}, "issue.notes"),
        ("contact", {"notes": "  "}, "issue.notes"),
        ("act", {}, "issue.mode"),
        ("act", {"mode": "by_pigeon"}, "issue.mode"),
        ("verify", {**REPAIRED, "cause_code": ""}, "issue.cause"),
        ("verify", {**REPAIRED, "remedy": None}, "issue.remedy"),
        ("verify", {**REPAIRED, "result": " \n"}, "issue.result"),
        ("verify", {**REPAIRED, "mode": "phone", "result": ""}, "issue.result"),
        ("return", {"reason": " "}, "issue.reason"),
        ("void", {}, "issue.reason"),
    ],
)
def test_a_step_without_what_it_demands_is_refused(
    session: Session, ticket: Issue, house: House, at: datetime, step: str, data: dict[str, Any], code: str
) -> None:
    """5.1.2, 5.2.1, 5.2.2: an empty line is not an answer."""
    drive(session, ticket, house, at, {"return": "contact", "void": "act"}.get(step, step))
    state, entries = ticket.state, len(history(session, ticket))
    with pytest.raises(Invalid) as refused:
        issues.step(session, ticket, step, data, by=hua(house), at=at)
    assert refused.value.code == code
    assert (ticket.state, len(history(session, ticket))) == (state, entries)


@pytest.mark.clause("5.2.2-b")
def test_work_on_site_is_not_verified_without_a_service_report(
    session: Session, ticket: Issue, house: House, at: datetime
) -> None:
    """5.2.2-b."""
    drive(session, ticket, house, at, "act")
    issues.step(session, ticket, "act", {"mode": "on_site"}, by=hua(house), at=at)
    with pytest.raises(Invalid, match=r"issue\.report"):
        issues.step(session, ticket, "verify", REPAIRED, by=hua(house), at=at)
    issues.step(session, ticket, "verify", {**REPAIRED, "report": "V26-00001"}, by=hua(house), at=at)
    assert ticket.state == "verifying"


def test_what_the_customer_said_stays_out_of_the_journal(
    session: Session, ticket: Issue, house: House, at: datetime
) -> None:
    drive(session, ticket, house, at, "done")
    entries = {entry.step: entry.data or {} for entry in history(session, ticket)}
    assert entries["contact"] == {"notes": "11 characters"}
    assert entries["verify"] == {"cause_code": "thermostat", "remedy": "repaired", "result": "10 characters"}
    assert ticket.result == "cold again"
    assert state_faults(session) == []


def test_nobody_verifies_his_own_work(session: Session, ticket: Issue, house: House, at: datetime) -> None:
    drive(session, ticket, house, at, "close")
    for stranger in (hua(house), house.actor("QUA"), WORKER):
        with pytest.raises(Forbidden):
            issues.step(session, ticket, "close", {}, by=stranger, at=at)
    issues.step(session, ticket, "close", {}, by=house.contact.actor(), at=at)
    assert ticket.state == "closed"


@pytest.mark.clause("5.1.2-b")
def test_only_its_owner_works_on_it(session: Session, ticket: Issue, house: House, at: datetime) -> None:
    """5.1.2-b."""
    drive(session, ticket, house, at, "contact")
    for stranger in (AGENT, house.actor("QUA"), WORKER, house.contact.actor()):
        with pytest.raises(Forbidden):
            issues.step(session, ticket, "contact", {"notes": "hello"}, by=stranger, at=at)


def test_the_owner_is_told_and_reminded_and_giving_it_back_leaves_none(
    session: Session, ticket: Issue, house: House, at: datetime
) -> None:
    drive(session, ticket, house, at, "contact")
    running = clock.running(session, ticket, "T-19")
    assert running is not None
    assert running.owner_id == ticket.assignee_id == house.people["AFS"].id
    told = session.scalars(select(Notice).where(Notice.key == "ticket.assigned")).one()
    assert (told.to_person_id, told.about_number) == (house.people["AFS"].id, ticket.number)
    issues.step(session, ticket, "return", {"reason": "on leave"}, by=hua(house), at=at)
    assert ticket.state == "classified"
    assert not ticket.assignee_id
    assert running.owner_id is None, "who gave it back is not reminded of it"


@pytest.mark.clause("5.1.2-c")
def test_the_contact_clock_stops_when_a_person_has_answered(
    session: Session, ticket: Issue, house: House, at: datetime
) -> None:
    """5.1.2-c: a robot's word does not count."""
    for voice in (WORKER, PLANNER, house.contact.actor()):
        issues.replied(session, ticket, by=voice, at=at)
    assert clock.running(session, ticket, "T-19") is not None
    issues.replied(session, ticket, by=hua(house), at=at)
    assert clock.running(session, ticket, "T-19") is None


@pytest.mark.clause("5.1.2-c")
@pytest.mark.parametrize(
    ("urgency", "safety", "due"),
    [
        ("normal", False, timedelta(hours=5)),
        ("high", False, timedelta(hours=1)),
        ("low", True, timedelta(hours=1)),
    ],
)
def test_the_contact_clock_runs_as_fast_as_it_is_urgent(
    session: Session, house: House, at: datetime, urgency: str, safety: bool, due: timedelta
) -> None:
    """Noon on a Monday: four working hours end at five, with lunch in between."""
    ticket = issues.open_ticket(
        session, subject="smoke", channel="sms", phone="+85291234567", language="en", by=WORKER, at=at,
        urgency=urgency, safety=safety,
    )  # fmt: skip
    running = clock.running(session, ticket, "T-19")
    assert running is not None
    assert running.due_at == at + due
    assert ticket.urgency == ("emergency" if safety else urgency)
    told = session.scalars(select(Notice.to_department).where(Notice.key == "ticket.safety")).all()
    assert told == (["AFS"] if safety else [])


@pytest.mark.parametrize(("late", "reopens"), [(timedelta(0), True), (timedelta(microseconds=1), False)])
def test_a_closed_ticket_reopens_for_a_fortnight(
    session: Session, ticket: Issue, house: House, at: datetime, late: timedelta, reopens: bool
) -> None:
    """5.3.1-b."""
    drive(session, ticket, house, at, "done")
    assert ticket.closed_at == at
    moment = at + rules.REOPEN_WITHIN + late
    if reopens:
        issues.step(session, ticket, "reopen", {}, by=house.contact.actor(), at=moment)
        assert ticket.state == "assigned"
        assert not ticket.closed_at
    else:
        with pytest.raises(Conflict, match=r"issue\.reopen_over"):
            issues.step(session, ticket, "reopen", {}, by=house.contact.actor(), at=moment)


@pytest.mark.parametrize("step", ["open", "assign", "contact", "act", "verify"])
def test_the_planner_hands_it_over_from_any_open_state(
    session: Session, ticket: Issue, house: House, at: datetime, step: str
) -> None:
    """Every step on the way is written; who had it before is reminded of it no more."""
    drive(session, ticket, house, at, "classify" if step == "open" else step)
    qua = house.people["QUA"]
    issues.hand_to(session, ticket, qua.id, by=PLANNER, at=at, mode="on_site")
    assert (ticket.state, ticket.assignee_id) == ("acting", qua.id)
    running = clock.running(session, ticket, "T-19")
    assert running is None or running.owner_id == qua.id
    assert state_faults(session) == []


@pytest.mark.parametrize("state", ["verifying", "closed", "void"])
def test_what_is_not_open_is_not_handed_over(
    session: Session, ticket: Issue, house: House, at: datetime, state: str
) -> None:
    drive(session, ticket, house, at, {"verifying": "close", "closed": "done", "void": "assign"}[state])
    if state == "void":
        issues.step(session, ticket, "void", {"reason": "not ours"}, by=hua(house), at=at)
    with pytest.raises(Forbidden, match=r"issue\.not_open"):
        issues.hand_to(session, ticket, house.people["QUA"].id, by=PLANNER, at=at, mode="phone")


def test_a_duplicate_names_another_issue_that_exists(
    session: Session, ticket: Issue, house: House, at: datetime
) -> None:
    first = issues.open_ticket(session, subject="x", channel="sms", phone=None, language="en", by=WORKER, at=at)
    for number in ("T99-1", ticket.number):
        with pytest.raises(Invalid, match=r"issue\.duplicate_of"):
            issues.step(session, ticket, "void", {"reason": "twice", "duplicate_of": number}, by=hua(house), at=at)
    issues.step(session, ticket, "void", {"reason": "twice", "duplicate_of": first.number}, by=hua(house), at=at)
    assert (ticket.state, clock.running(session, ticket, "T-19")) == ("void", None)
