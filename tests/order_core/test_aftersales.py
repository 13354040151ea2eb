"""After acceptance: installed units and their warranty, surveys and call-backs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.aftersales import installation, rules, service, surveys
from order_core.aftersales.models import InstalledProduct, Survey
from order_core.aftersales.rules import Terms, add_months, entitlement
from order_core.errors import Conflict, Forbidden, IllegalStep, Invalid
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.kernel import clock
from order_core.kernel.actor import CLOCK, WORKER
from order_core.kernel.case import state_faults
from order_core.kernel.notice import Notice
from order_core.kernel.outbox import OutboxRow
from tests.order_core.conftest import House
from tests.order_core.orders import drafted, line, until

DAY = timedelta(days=1)
TERMS = Terms("W", parts_months=36, labour_months=24, travel_months=12)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def test_units_are_installed_from_an_accepted_order(session: Session, house: House, at: datetime) -> None:
    """4.2.2-b: each unit knows its order line, lot, customer and site, and from when its warranty runs."""
    order = until(session, house, "accepted", at, line(house, at, quantity=2))
    units = [("RF-1", "L-1"), ("RF-2", "L-2")]
    installation.install(session, order, order.lines[0], units, room="kitchen", at=at + DAY)
    session.expire_all()
    rows = service.products_of(session, house.customer.id)
    assert [(row.serial, row.lot, row.room) for row in rows] == [("RF-1", "L-1", "kitchen"), ("RF-2", "L-2", "kitchen")]
    for row in rows:
        assert (row.order_line_id, row.site_id, row.model_code) == (order.lines[0].id, house.site.id, "RF-520")
        assert row.accepted_at == at, "accepted, not installed"


def test_nothing_is_installed_before_acceptance(session: Session, house: House, at: datetime) -> None:
    order = until(session, house, "delivered", at)
    with pytest.raises(Conflict, match=r"order\.not_accepted"):
        installation.install(session, order, order.lines[0], [("RF-1", "L-1")], room="", at=at)


@pytest.mark.parametrize("units", [0, 1, 3])
def test_as_many_units_as_were_ordered(session: Session, house: House, at: datetime, units: int) -> None:
    order = until(session, house, "accepted", at, line(house, at, quantity=2))
    serials = [(f"RF-{number}", "L-1") for number in range(units)]
    with pytest.raises(Invalid, match=r"order\.units .*expected=2"):
        installation.install(session, order, order.lines[0], serials, room="", at=at)
    assert session.scalars(select(InstalledProduct)).all() == []


def test_a_line_is_installed_once(session: Session, house: House, at: datetime) -> None:
    order = until(session, house, "accepted", at)
    installation.install(session, order, order.lines[0], [("RF-1", "L-1")], room="", at=at)
    with pytest.raises(Invalid, match=r"order\.units .*expected=0"):
        installation.install(session, order, order.lines[0], [("RF-2", "L-1")], room="", at=at)


def test_a_line_of_another_order_is_not_installed_with_this_one(session: Session, house: House, at: datetime) -> None:
    order, another = until(session, house, "accepted", at), drafted(session, house, at)
    with pytest.raises(Invalid, match=r"order\.units"):
        installation.install(session, order, another.lines[0], [("RF-1", "L-1")], room="", at=at)


@pytest.mark.parametrize(
    ("accepted", "months", "ends"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2026-11-30", 3, "2027-02-28"),
        ("2026-12-15", 12, "2027-12-15"),
        ("2026-10-31", 1, "2026-11-30"),
        ("2026-11-30", 1, "2026-12-30"),
    ],
)
def test_months_end_on_the_same_day_or_the_month_s_last(accepted: str, months: int, ends: str) -> None:
    begins = datetime.fromisoformat(f"{accepted}T09:30+00:00")
    assert add_months(begins, months) == datetime.fromisoformat(f"{ends}T09:30+00:00")


@examples(deadline=None)
@given(moment=moments, months=st.integers(0, 120))
def test_so_many_months_later_is_so_many_months_later(moment: datetime, months: int) -> None:
    """Reckoned by walking day by day: the month is right, and only a missing day shortens it."""
    later = add_months(moment, months)
    assert (later.year * 12 + later.month) - (moment.year * 12 + moment.month) == months
    assert later.timetz() == moment.timetz()
    assert later.day == moment.day or (later.day < moment.day and (later + DAY).month != later.month)


@examples(deadline=None)
@given(accepted=moments, days=st.integers(-10, 1500), seconds=st.integers(0, 86_399))
def test_each_kind_of_cost_is_free_until_its_own_anniversary(accepted: datetime, days: int, seconds: int) -> None:
    at = accepted + timedelta(days=days, seconds=seconds)
    found = entitlement(accepted, TERMS, at)
    for free, months in ((found.parts, 36), (found.labour, 24), (found.travel, 12)):
        assert free is (at >= accepted and at < add_months(accepted, months))
    assert found.covered is (found.parts and found.labour)
    assert (found.until, found.rule) == (add_months(accepted, 36), "W")


@pytest.mark.parametrize("unknown", [(None, TERMS), (datetime(2026, 1, 1, tzinfo=UTC), None)])
def test_without_a_date_or_terms_nothing_is_promised(at: datetime, unknown: tuple[Any, Any]) -> None:
    found = entitlement(*unknown, at)
    assert (found.parts, found.labour, found.travel, found.until) == (False, False, False, None)


def test_the_warranty_is_that_of_the_model_s_appliance(session: Session, house: House, at: datetime) -> None:
    order = until(session, house, "accepted", at)
    (product,) = installation.install(session, order, order.lines[0], [("RF-1", "L-1")], room="", at=at)
    assert service.warranty(session, product, at=at + 500 * DAY).rule == "W-36/24/12"
    assert service.warranty(session, product, at=at + 500 * DAY).travel is False
    assert service.warranty(session, product, at=add_months(at, 36)).parts is False


def sent(session: Session, ticket: Issue, at: datetime, visit: str = "") -> Survey:
    survey = surveys.queue(session, ticket, visit_number=visit, by=WORKER, at=at)
    assert surveys.mark_sent(session, survey, token_hash=f"h{survey.id}", at=at)
    return survey


@pytest.mark.clause("5.3.1-a")
def test_a_visit_is_asked_about_once(session: Session, ticket: Issue, at: datetime) -> None:
    """5.3.1-a."""
    first = surveys.queue(session, ticket, visit_number="V-1", by=WORKER, at=at)
    assert surveys.queue(session, ticket, visit_number="V-1", by=WORKER, at=at) is first
    assert surveys.queue(session, ticket, visit_number="V-2", by=WORKER, at=at) is not first
    topics = session.scalars(select(OutboxRow.topic).where(OutboxRow.cause_kind == "Survey")).all()
    assert topics == ["survey.send", "survey.send"]


@pytest.mark.clause("5.3.1-a")
@pytest.mark.parametrize(("days", "asked"), [(0, False), (6, False), (7, True), (30, True)])
def test_nobody_is_asked_twice_within_a_week(
    session: Session, ticket: Issue, at: datetime, days: int, asked: bool
) -> None:
    sent(session, ticket, at, "V-1")
    second = surveys.queue(session, ticket, visit_number="V-2", by=WORKER, at=at + days * DAY)
    assert surveys.mark_sent(session, second, token_hash=None, at=at + days * DAY) is asked
    assert second.state == ("sent" if asked else "suppressed")


@pytest.mark.clause("5.3.1-b")
@pytest.mark.parametrize("score", [1, 2, 3, 4, 5])
def test_a_low_score_opens_the_call_back_of_the_head_with_its_two_clocks(
    session: Session, ticket: Issue, house: House, at: datetime, score: int
) -> None:
    """5.3.1-b: looked at within four working hours, called within three working days."""
    survey = sent(session, ticket, at)
    callback = surveys.answer(session, survey, score, "loud", by=house.contact.actor(), at=at + DAY)
    assert (survey.state, survey.score, survey.comment) == ("answered", score, "loud")
    assert (callback is not None) is (score <= 2)
    assert surveys.callback_of(session, survey) is callback
    if callback is not None:
        assert (callback.kind, callback.state, callback.urgency) == ("callback", "assigned", "high")
        assert (callback.assignee_id, callback.parent_id) == (house.people["AFS"].id, ticket.id)
        assert {code: clock.running(session, callback, code) is not None for code in ("T-23", "CALLBACK")} == {
            "T-23": True,
            "CALLBACK": True,
        }
        told = session.scalars(select(Notice).where(Notice.key == "callback.assigned")).one()
        assert told.to_person_id == house.people["AFS"].id
    surveys.review(session, survey, by=house.actor("AFS"), at=at + DAY)
    assert state_faults(session) == []


def test_a_call_that_reached_the_customer_stops_both_clocks(
    session: Session, ticket: Issue, house: House, at: datetime
) -> None:
    callback = surveys.answer(session, sent(session, ticket, at), 1, "", by=house.contact.actor(), at=at)
    assert callback is not None
    issues.step(session, callback, "contact", {"notes": "he is right"}, by=house.actor("AFS"), at=at + DAY)
    assert [clock.running(session, callback, code) for code in ("T-23", "CALLBACK")] == [None, None]


@pytest.mark.parametrize("score", [0, 6, -1])
def test_a_score_is_one_to_five(session: Session, ticket: Issue, house: House, at: datetime, score: int) -> None:
    survey = sent(session, ticket, at)
    with pytest.raises(Invalid, match=r"survey\.score"):
        surveys.answer(session, survey, score, "", by=house.contact.actor(), at=at)


@pytest.mark.clause("5.2.2-d")
def test_nobody_answers_for_the_customer(session: Session, ticket: Issue, house: House, at: datetime) -> None:
    """5.2.2-d: least of all the one whose work is judged."""
    survey = sent(session, ticket, at)
    for stranger in (*(person.actor() for person in house.people.values()), WORKER, CLOCK):
        with pytest.raises(Forbidden):
            surveys.answer(session, survey, 5, "", by=stranger, at=at)
    assert (survey.state, survey.score) == ("sent", None)


def test_a_survey_is_answered_once(session: Session, ticket: Issue, house: House, at: datetime) -> None:
    survey = sent(session, ticket, at)
    surveys.answer(session, survey, 1, "", by=house.contact.actor(), at=at)
    with pytest.raises(IllegalStep):
        surveys.answer(session, survey, 1, "", by=house.contact.actor(), at=at)
    assert len(session.scalars(select(Issue).where(Issue.kind == "callback")).all()) == 1


@pytest.mark.parametrize(("late", "over"), [(timedelta(0), False), (timedelta(microseconds=1), True)])
def test_a_survey_is_either_still_valid_or_over(
    session: Session, ticket: Issue, house: House, at: datetime, late: timedelta, over: bool
) -> None:
    survey, moment = sent(session, ticket, at), at + rules.SURVEY_VALID + late
    if over:
        with pytest.raises(Conflict, match=r"survey\.over"):
            surveys.answer(session, survey, 5, "", by=house.contact.actor(), at=moment)
        surveys.SURVEY.advance(session, survey, "lapse", by=CLOCK, at=moment)
    else:
        with pytest.raises(Conflict, match=r"survey\.still_open"):
            surveys.SURVEY.advance(session, survey, "lapse", by=CLOCK, at=moment)
        surveys.answer(session, survey, 5, "", by=house.contact.actor(), at=moment)
