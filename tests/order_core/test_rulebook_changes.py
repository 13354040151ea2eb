"""A revision of the rulebook: proposed and signed by human resources, in force from its day, the past as it was."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select
from sqlalchemy.orm import Session

import order_core
from order_core.errors import Conflict, Forbidden, IllegalStep, Invalid
from order_core.execution import endings
from order_core.execution.change import service as changes
from order_core.execution.design import review
from order_core.execution.models import Order
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.kernel import clock
from order_core.kernel.actor import WORKER, Actor
from order_core.kernel.case import history, state_faults
from order_core.kernel.notice import Notice
from order_core.parties.models import Person
from order_core.rulebook import days, inforce
from order_core.rulebook import service as rulebook
from order_core.rulebook.calendar import house_calendar, usual_calendar
from order_core.rulebook.models import RulebookChange
from order_core.rulebook.signoffs import sign_rules
from tests.order_core import designs, orders
from tests.order_core.conftest import DEPARTMENTS, House, on_database, undone

DAY = timedelta(days=1)
SHORTER = {"clocks.T-03.budget": 480}


@pytest.fixture
def other_hr(session: Session, house: House) -> Actor:
    """A second person of human resources: nobody signs what he proposed."""
    person = Person(name="HR 2", email="hr2@house.test", department_code="HR", roles=["staff"])
    session.add(person)
    session.flush()
    return person.actor()


def proposed(
    session: Session, house: House, at: datetime, changes: dict[str, Any] | None = None, days: float = 1
) -> RulebookChange:
    return rulebook.propose(
        session,
        changes=changes or SHORTER,
        reason="too slow",
        effective_from=at + days * DAY,
        by=house.actor("HR"),
        at=at,
    )


def released(
    session: Session,
    house: House,
    signer: Actor,
    at: datetime,
    changes: dict[str, Any] | None = None,
    days: float = 1.0,
) -> RulebookChange:
    change = proposed(session, house, at, changes, days)
    rulebook.submit(session, change, by=house.actor("HR"), at=at)
    assert rulebook.approve(session, change, by=signer, at=at)
    return change


def budget(session: Session, at: datetime) -> timedelta:
    return inforce.book(session, at).policy("T-03").budget


@pytest.mark.clause("9.1")
def test_it_is_in_force_from_its_day_on_and_not_before(
    session: Session, house: House, other_hr: Actor, at: datetime
) -> None:
    change = released(session, house, other_hr, at)
    assert (change.state, change.edition) == ("released", 1)
    assert change.before == {"clocks.T-03.budget": 960}
    for moment, hours in ((at - 400 * DAY, 16), (at, 16), (at + DAY - timedelta(seconds=1), 16), (at + DAY, 8)):
        assert budget(session, moment) == timedelta(hours=hours), moment
    assert state_faults(session) == []


@pytest.mark.clause("9.1")
def test_a_running_clock_keeps_the_budget_it_was_started_with(
    session: Session, house: House, other_hr: Actor, ticket: Issue, at: datetime
) -> None:
    released(session, house, other_hr, at)
    started = clock.start(session, ticket, inforce.book(session, at).policy("T-03"), at=at, calendar=usual_calendar())
    due = started.due_at
    clock.fire_due(session, at=at + 1.5 * DAY, calendar=usual_calendar())
    assert (started.due_at, started.budget_seconds) == (due, 16 * 3600)


@pytest.mark.clause("9.1")
def test_it_takes_the_signature_of_another_person_of_human_resources(
    session: Session, house: House, other_hr: Actor, at: datetime
) -> None:
    change = proposed(session, house, at)
    with pytest.raises(Conflict, match="not_in_review"):
        rulebook.approve(session, change, by=other_hr, at=at)
    rulebook.submit(session, change, by=house.actor("HR"), at=at)
    with pytest.raises(Forbidden, match="own_submission"):
        rulebook.approve(session, change, by=house.actor("HR"), at=at)
    for department in DEPARTMENTS:
        if department != "HR":
            with pytest.raises(Forbidden, match="not_required"):
                rulebook.approve(session, change, by=house.actor(department), at=at)
    assert (change.state, budget(session, at + 9 * DAY)) == ("in_review", timedelta(hours=16))
    assert rulebook.approve(session, change, by=other_hr, at=at)
    steps = [(entry.step, entry.actor_id, entry.department) for entry in history(session, change)]
    hr = house.people["HR"].id
    assert steps == [("open", hr, "HR"), ("submit", hr, "HR"), ("release", other_hr.id, "HR")]


def test_nobody_signs_what_he_proposed_though_another_handed_it_in(
    session: Session, house: House, other_hr: Actor, at: datetime
) -> None:
    change = proposed(session, house, at)
    rulebook.submit(session, change, by=other_hr, at=at)
    for who in (house.actor("HR"), other_hr):
        with pytest.raises(Forbidden, match="own_submission"):
            rulebook.approve(session, change, by=who, at=at)


@pytest.mark.parametrize("department", [code for code in DEPARTMENTS if code != "HR"])
def test_other_departments_read_it_and_propose_nothing(
    session: Session, house: House, department: str, at: datetime
) -> None:
    with pytest.raises(Forbidden) as refused:
        rulebook.propose(
            session, changes=SHORTER, reason="x", effective_from=at + DAY, by=house.actor(department), at=at
        )
    assert (refused.value.code, refused.value.clause) == ("rulebook.hr_only", "9.1")
    assert session.scalars(select(RulebookChange)).all() == []


@pytest.mark.clause("9.1")
@pytest.mark.parametrize(
    ("changes", "reason", "days", "field"),
    [
        (SHORTER, "slow", 0, "effective_from"),
        (SHORTER, "slow", -1, "effective_from"),
        (SHORTER, " ", 1, "reason"),
        ({}, "slow", 1, "changes"),
        ({"clocks.T-03.budget": -1}, "slow", 1, "clocks.T-03.budget"),
        ({"clocks.T-99.budget": 1}, "slow", 1, "clocks.T-99.budget"),
        ({"weights.PRO.K-09": 40}, "slow", 1, "weights.PRO"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field_and_leaves_nothing(
    session: Session, house: House, changes: dict[str, Any], reason: str, days: int, field: str, at: datetime
) -> None:
    with pytest.raises(Invalid) as refused:
        rulebook.propose(
            session, changes=changes, reason=reason, effective_from=at + days * DAY, by=house.actor("HR"), at=at
        )
    assert (refused.value.field, refused.value.clause) == (field, "9.1")
    assert session.scalars(select(RulebookChange)).all() == []


def test_signed_too_late_it_is_refused_rather_than_rewriting_the_days_between(
    session: Session, house: House, other_hr: Actor, at: datetime
) -> None:
    change = proposed(session, house, at)
    rulebook.submit(session, change, by=house.actor("HR"), at=at)
    with pytest.raises(Invalid, match="past"), session.begin_nested():
        rulebook.approve(session, change, by=other_hr, at=at + 2 * DAY)
    session.expire_all()
    assert change.state == "in_review"
    assert budget(session, at + 9 * DAY) == timedelta(hours=16)


def test_two_revisions_that_are_right_alone_may_not_meet_and_be_wrong(
    session: Session, house: House, other_hr: Actor, at: datetime
) -> None:
    """The later start is looked at too: weights must add up on every day from the earlier one on."""
    released(session, house, other_hr, at, {"weights.SAL.K-01": 40, "weights.SAL.K-02": 15}, days=10)
    proposed(session, house, at, {"weights.SAL.K-01": 40, "weights.SAL.K-02": 15}, days=5)
    with pytest.raises(Invalid, match="weights"):
        proposed(session, house, at, {"weights.SAL.K-02": 25, "weights.SAL.K-03": 15}, days=5)


def test_a_refusal_to_sign_sends_it_back_with_the_reason_and_it_may_come_again(
    session: Session, house: House, other_hr: Actor, at: datetime
) -> None:
    change = proposed(session, house, at)
    rulebook.submit(session, change, by=house.actor("HR"), at=at)
    with pytest.raises(Invalid, match="reason"):
        rulebook.reject(session, change, " ", by=other_hr, at=at)
    with pytest.raises(Forbidden, match="own_submission"):
        rulebook.reject(session, change, "no", by=house.actor("HR"), at=at)
    rulebook.reject(session, change, "too short", by=other_hr, at=at)
    assert change.state == "draft"
    told = session.scalars(select(Notice.to_person_id).where(Notice.key == "rulebook.sent_back")).all()
    assert told == [house.people["HR"].id]
    rulebook.amend(
        session, change, changes={"clocks.T-03.budget": 720}, reason="a day and a half",
        effective_from=at + 2 * DAY, by=house.actor("HR"), at=at,
    )  # fmt: skip
    rulebook.submit(session, change, by=house.actor("HR"), at=at)
    assert rulebook.approve(session, change, by=other_hr, at=at)
    assert (change.revision, budget(session, at + 3 * DAY)) == (2, timedelta(hours=12))


def test_what_is_released_is_neither_amended_nor_withdrawn(
    session: Session, house: House, other_hr: Actor, at: datetime
) -> None:
    change = released(session, house, other_hr, at)
    hr = house.actor("HR")
    with pytest.raises(Conflict, match="not_draft"):
        rulebook.amend(session, change, changes=SHORTER, reason="x", effective_from=at + DAY, by=hr, at=at)
    with pytest.raises(IllegalStep):
        rulebook.withdraw(session, change, "mistake", by=hr, at=at)


def test_a_draft_may_be_withdrawn_with_a_reason(session: Session, house: House, at: datetime) -> None:
    change = proposed(session, house, at)
    with pytest.raises(Invalid, match="reason"):
        rulebook.withdraw(session, change, "", by=house.actor("HR"), at=at)
    with pytest.raises(Forbidden):
        rulebook.withdraw(session, change, "mistake", by=house.actor("SAL"), at=at)
    rulebook.withdraw(session, change, "mistake", by=house.actor("HR"), at=at)
    assert change.state == "withdrawn"


def test_everybody_is_told_what_was_released(session: Session, house: House, other_hr: Actor, at: datetime) -> None:
    released(session, house, other_hr, at)
    told = session.scalars(select(Notice.to_department).where(Notice.key == "rulebook.released")).all()
    assert sorted(map(str, told)) == sorted(DEPARTMENTS)


def test_a_release_that_was_taken_back_is_forgotten(
    session: Session, house: House, other_hr: Actor, at: datetime
) -> None:
    """Also by a process that had read it before it was taken back."""
    with undone(session):
        released(session, house, other_hr, at)
        assert budget(session, at + 9 * DAY) == timedelta(hours=8)
    assert budget(session, at + 9 * DAY) == timedelta(hours=16)
    released(session, house, other_hr, at, {"clocks.T-03.budget": 60})
    assert budget(session, at + 9 * DAY) == timedelta(hours=1)


@pytest.mark.clause("9.1")
@on_database
@given(
    plan=st.lists(st.tuples(st.integers(1, 30), st.integers(1, 5000)), min_size=1, max_size=4),
    asked=st.integers(0, 40),
)
def test_the_book_of_any_moment_is_the_last_one_started_by_then(
    session: Session, house: House, other_hr: Actor, at: datetime, plan: list[tuple[int, int]], asked: int
) -> None:
    """Also when revisions are released in another order than they start in, and whatever was asked before."""
    with undone(session):
        for start, minutes in plan:
            released(session, house, other_hr, at, {"clocks.T-03.budget": minutes}, days=start)
        begun = [(start, edition, minutes) for edition, (start, minutes) in enumerate(plan) if start <= asked]
        expected = max(begun)[2] if begun else 960
        assert budget(session, at + asked * DAY) == timedelta(minutes=expected)


def test_asking_costs_one_tiny_query(session: Session, house: House, other_hr: Actor, at: datetime) -> None:
    released(session, house, other_hr, at)
    inforce.book(session, at)
    asked: list[str] = []

    def heard(_connection: Any, _cursor: Any, sql: str, *_: Any) -> None:
        asked.append(sql)

    engine = session.get_bind().engine
    event.listen(engine, "before_cursor_execute", heard)
    for n in range(5):
        inforce.book(session, at + n * DAY)
        house_calendar(session)
    event.remove(engine, "before_cursor_execute", heard)
    assert len(asked) == 10
    assert {sql.split(" FROM ")[0] for sql in asked} == {"SELECT stamp"}


# the company's own days


def declare(
    session: Session, by: Actor, day: date, at: datetime, *hours: tuple[int, int], reason: str = "typhoon"
) -> None:
    days.declare(session, day=day, intervals=[(time(a), time(b)) for a, b in hours], reason=reason, by=by, at=at)


def deadlines(session: Session, case: Issue | Order, code: str) -> set[datetime]:
    rows = session.scalars(select(clock.Clock).where(clock.Clock.case_id == case.id, clock.Clock.policy == code))
    return {row.due_at for row in rows if row.due_at and row.case_kind == case.__case_kind__}


@pytest.mark.clause("9.1", "3.1.2-a", "5.1.2-c")
def test_orders_and_tickets_keep_to_the_book_and_the_calendar_of_their_day(
    session: Session, house: House, other_hr: Actor, at: datetime
) -> None:
    released(session, house, other_hr, at, {"clocks.T-03.budget": 240, "clocks.T-19.budget": 120})
    before = deadlines(session, orders.until(session, house, "issued", at), "T-03")
    wednesday = at + 2 * DAY  # at noon; the change is in force
    closed = time(9), time(12)
    days.declare(session, day=wednesday.date(), intervals=[closed], reason="typhoon", by=house.actor("HR"), at=at)
    usual = usual_calendar()
    after = deadlines(session, orders.until(session, house, "issued", wednesday), "T-03")
    ticket = issues.open_ticket(session, subject="x", channel="sms", phone=None, language="en", by=WORKER, at=wednesday)
    thursday = datetime.combine(wednesday.date() + DAY, time(), ZoneInfo(usual.zone))
    assert before == {usual.add(at, timedelta(hours=16))}, "begun before the change"
    assert after == {usual.add(thursday, timedelta(hours=4))}, "the afternoon is closed, four hours from the morning"
    assert deadlines(session, ticket, "T-19") == {usual.add(thursday, timedelta(hours=2))}


def test_a_day_of_one_s_own_is_in_the_calendar_and_the_last_word_counts(
    session: Session, house: House, at: datetime
) -> None:
    hr, tuesday = house.actor("HR"), date(2026, 11, 24)
    declare(session, hr, tuesday, at)
    assert house_calendar(session).hours(tuesday) == ()
    declare(session, hr, tuesday, at, (10, 12), (14, 16))
    assert house_calendar(session).hours(tuesday) == ((time(10), time(12)), (time(14), time(16)))
    assert house_calendar().hours(tuesday) == usual_calendar().hours(tuesday)
    declare(session, hr, date(2026, 11, 29), at, (9, 13), reason="stocktaking on a Sunday")
    assert house_calendar(session).hours(date(2026, 11, 29)) == ((time(9), time(13)),)


def test_deadlines_under_way_are_reckoned_anew(session: Session, house: House, ticket: Issue, at: datetime) -> None:
    """Monday noon with sixteen working hours: due on Wednesday at half past two; with Tuesday closed, a day later."""
    policy = inforce.SHIPPED.policy("T-03")
    started = clock.start(session, ticket, policy, at=at, calendar=house_calendar(session))
    due = started.due_at
    declare(session, house.actor("HR"), date(2026, 11, 24), at)
    assert due is not None
    assert started.due_at == due + DAY


@pytest.mark.parametrize(
    ("day", "hours", "reason", "field"),
    [
        (date(2026, 11, 22), (), "typhoon", "day"),
        (date(2026, 11, 24), ((12, 9),), "typhoon", "intervals"),
        (date(2026, 11, 24), ((9, 12), (11, 15)), "typhoon", "intervals"),
        (date(2026, 11, 24), (), " ", "reason"),
    ],
)
def test_a_day_that_cannot_be_is_refused(
    session: Session, house: House, at: datetime, day: date, hours: tuple[tuple[int, int], ...], reason: str, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        declare(session, house.actor("HR"), day, at, *hours, reason=reason)
    assert (refused.value.field, refused.value.clause) == (field, "9.1")


def test_only_human_resources_declare_days(session: Session, house: House, at: datetime) -> None:
    with pytest.raises(Forbidden, match="hr_only"):
        declare(session, house.actor("MGT"), date(2026, 11, 24), at)


def test_today_may_still_be_declared(session: Session, house: House, at: datetime) -> None:
    declare(session, house.actor("HR"), date(2026, 11, 23), at, (9, 12))
    assert house_calendar(session).hours(date(2026, 11, 23)) == ((time(9), time(12)),)


def test_declared_days_and_revisions_of_the_shipped_product_are_none(session: Session, at: datetime) -> None:
    assert inforce.book(session, at) is inforce.SHIPPED
    assert house_calendar(session) is usual_calendar()


@pytest.mark.clause("9.1")
def test_a_change_in_force_is_told_to_everybody(session: Session, house: House, other_hr: Actor, at: datetime) -> None:
    released(session, house, other_hr, at)
    rows = session.scalars(select(Notice).where(Notice.key == "rulebook.released")).all()
    assert {(row.to_department, row.everyone) for row in rows} == {(code, True) for code in DEPARTMENTS}


DELIVERED = ("2.", "3.1", "3.2", "6.2.1", "9.1")
"""Clauses, by their beginnings, of the chapters whose signatures the program asks for."""


@pytest.mark.clause("9.1")
def test_every_table_of_signatures_is_read_by_the_program() -> None:
    code = [path.read_text(encoding="utf-8") for path in Path(order_core.__file__).parent.rglob("*.py")]
    delivered = {name for name, rule in sign_rules().items() if rule.clause.startswith(DELIVERED)}
    assert {"order_refusal", "order_cancellation", "low_margin_quote", "change_approval"} <= delivered
    assert [name for name in sorted(delivered) if not any(f'"{name}"' in text for text in code)] == []


@pytest.mark.clause("9.1", "6.2.1")
@pytest.mark.parametrize(("kind", "name"), [("refuse", "order_refusal"), ("cancel", "order_cancellation")])
def test_who_signs_the_end_of_an_order_is_the_rulebooks_to_say(
    session: Session, house: House, other_hr: Actor, at: datetime, kind: str, name: str
) -> None:
    released(session, house, other_hr, at, {f"signoffs.{name}.always": ["LOG", "SAL:head"]})
    order = orders.until(session, house, "issued" if kind == "refuse" else "confirmed", at)
    before = endings.propose(session, order, kind, "no", by=house.actor("SAL"), at=at).required
    after = endings.propose(session, order, kind, "no", by=house.actor("SAL"), at=at + 2 * DAY).required
    assert (sorted(before), sorted(after)) == (sign_rules()[name].parties(), ["LOG", "SAL:head"])
    told = select(Notice.to_department).where(Notice.key == f"order.{kind}_asked", Notice.created_at > at)
    assert sorted(map(str, session.scalars(told))) == ["LOG", "SAL"]


@pytest.mark.clause("9.1", "3.1.2-a", "3.2.2-b", "3.2.3-b")
def test_who_confirms_reviews_and_approves_follows_the_rulebook(
    session: Session, house: House, other_hr: Actor, at: datetime
) -> None:
    names = ("order_confirmation", "design_review", "change_approval")
    released(session, house, other_hr, at, {f"signoffs.{name}.always": ["HR", "PRO"] for name in names})
    later = at + 2 * DAY
    assert "HR" in orders.until(session, house, "issued", later).confirmers
    design = designs.catalogue_design(session, house, at)
    change = designs.drawn_up(session, house, later, design)
    assert "HR" in changes.signers(session, change, at=later)
    assert "HR" not in changes.signers(session, change, at=at)
    assert ("HR" in review.invited_to(session, (), later), "HR" in review.invited_to(session, (), at)) == (True, False)
