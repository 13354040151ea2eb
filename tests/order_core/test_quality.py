"""A fault that recurs on units of one lot is one quality case, which may ask research for a change of design."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.aftersales import quality
from order_core.aftersales.models import InstalledProduct
from order_core.aftersales.rules import PATTERN_WINDOW
from order_core.errors import Conflict, Invalid
from order_core.execution import queries
from order_core.execution.change import service as changes
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.kernel.actor import WORKER
from order_core.kernel.case import history, state_faults
from order_core.kernel.notice import Notice
from tests.order_core.conftest import AGENT, House, on_database, undone
from tests.order_core.orders import unit

DAY = timedelta(days=1)
LOT, HEATER = "RF-2609-A", "drain_heater_open"


@pytest.fixture
def units(session: Session, house: House, at: datetime) -> list[InstalledProduct]:
    """Four units of one lot and one of another."""
    lots = (LOT, LOT, LOT, LOT, "RF-2610-B")
    return [unit(session, house, f"RF-{number}", lot, at - 400 * DAY) for number, lot in enumerate(lots)]


def fault(session: Session, product: InstalledProduct, at: datetime, cause: str = HEATER) -> Issue:
    """A ticket about a unit whose cause was found."""
    issue = issues.open_ticket(
        session, subject="warm", channel="phone", phone=None, language="en", product_id=product.id, by=AGENT, at=at
    )
    issue.cause_code = cause
    session.flush()
    return issue


def cases(session: Session) -> list[Issue]:
    return list(session.scalars(select(Issue).where(Issue.kind == "quality")))


def opened(session: Session, units: list[InstalledProduct], at: datetime) -> Issue:
    """The quality case of three faulty units."""
    tickets = [fault(session, product, at) for product in units[:3]]
    case = quality.recurring(session, tickets[-1].id, at=at)
    assert case is not None
    return case


def test_the_third_unit_of_a_lot_opens_the_case(
    session: Session, house: House, units: list[InstalledProduct], at: datetime
) -> None:
    """5.3.2-b: quality's own case, classified, with its evidence; quality, research and production are told."""
    tickets = [fault(session, product, at + number * DAY) for number, product in enumerate(units[:3])]
    case = quality.recurring(session, tickets[0].id, at=at + 3 * DAY)
    assert case is not None
    assert (case.kind, case.department, case.state, case.cause_code) == ("quality", "QUA", "classified", HEATER)
    assert quality.evidence(session, case) == tickets
    told = session.scalars(select(Notice).where(Notice.key == "quality.opened")).all()
    assert sorted(str(notice.to_department) for notice in told) == ["PRO", "QUA", "RND"]
    assert told[0].params == {"number": case.number, "units": 3, "lot": LOT, "cause": HEATER}
    assert state_faults(session) == []


def test_two_units_make_no_pattern_nor_does_one_that_fails_again(
    session: Session, house: House, units: list[InstalledProduct], at: datetime
) -> None:
    tickets = [fault(session, product, at) for product in (units[0], units[1], units[0], units[0])]
    assert [quality.recurring(session, ticket.id, at=at) for ticket in tickets] == [None] * 4
    assert cases(session) == []


def test_a_later_fault_joins_the_open_case(
    session: Session, house: House, units: list[InstalledProduct], at: datetime
) -> None:
    case = opened(session, units, at)
    fourth = fault(session, units[3], at + DAY)
    for _ in range(2):
        assert quality.recurring(session, fourth.id, at=at + DAY) is case
    assert [issue.product_id for issue in quality.evidence(session, case)] == [product.id for product in units[:4]]
    assert cases(session) == [case]


def test_after_the_case_was_settled_the_fault_opens_a_new_one(
    session: Session, house: House, units: list[InstalledProduct], at: datetime
) -> None:
    case = opened(session, units, at)
    issues.step(session, case, "void", {"reason": "supplier's own"}, by=house.actor("QUA"), at=at)
    again = quality.recurring(session, fault(session, units[3], at).id, at=at)
    assert again is not None
    assert again is not case


facts = st.tuples(st.integers(0, 4), st.integers(-95, 0), st.sampled_from([HEATER, "thermostat"]), st.booleans())


@on_database
@given(facts=st.lists(facts, min_size=1, max_size=8))
def test_one_case_a_lot_and_cause_with_every_ticket_of_the_window(
    session: Session,
    house: House,
    units: list[InstalledProduct],
    at: datetime,
    facts: list[tuple[int, int, str, bool]],
) -> None:
    """Against counting by hand; every ticket is looked at once, and then again."""
    with undone(session):
        lots = {product.id: product.lot for product in units}
        groups: dict[tuple[str, str], list[Issue]] = {}
        tickets: list[Issue] = []
        for index, days, cause, void in facts:
            ticket = fault(session, units[index], at + days * DAY, cause)
            tickets.append(ticket)
            if void:
                issues.step(session, ticket, "void", {"reason": "twice"}, by=WORKER, at=at)
            elif at + days * DAY > at - PATTERN_WINDOW:
                groups.setdefault((lots[units[index].id], cause), []).append(ticket)
        for ticket in tickets * 2:
            quality.recurring(session, ticket.id, at=at)
        expected = [
            sorted(ticket.id for ticket in group)
            for group in groups.values()
            if len({ticket.product_id for ticket in group}) >= 3
        ]
        found = [sorted(issue.id for issue in quality.evidence(session, case)) for case in cases(session)]
        assert sorted(found) == sorted(expected)


@pytest.mark.parametrize("what", ["product", "cause"])
def test_a_ticket_without_unit_or_cause_belongs_to_no_pattern(
    session: Session, house: House, units: list[InstalledProduct], at: datetime, what: str
) -> None:
    for product in units[:3]:
        ticket = fault(session, product, at)
    if what == "product":
        ticket.product_id = None
    else:
        ticket.cause_code = None
    assert quality.recurring(session, ticket.id, at=at) is None


def test_a_quality_case_asks_research_for_one_change(
    session: Session, house: House, units: list[InstalledProduct], at: datetime
) -> None:
    """3.2.3-a: asked once, with a reason, and both sides say so."""
    case = opened(session, units, at)
    change = quality.ask_design_change(session, case, " another heater ", by=house.actor("QUA"), at=at)
    assert (change.state, change.reason, change.model_code) == ("draft", "another heater", "RF-520")
    assert (change.quality_issue_id, change.asked_by) == (case.id, house.people["QUA"].id)
    assert list(queries.design_changes(session)) == [change]
    assert (history(session, case)[-1].step, history(session, case)[-1].data) == (
        "note:design_change_asked",
        {"change": change.number},
    )
    told = session.scalars(select(Notice).where(Notice.key == "change.asked")).one()
    assert (told.to_department, told.about_number) == ("RND", change.number)
    with pytest.raises(Conflict) as refused:
        quality.ask_design_change(session, case, "yet another", by=house.actor("QUA"), at=at)
    assert refused.value.params == {"number": change.number}


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_change_has_a_reason(session: Session, house: House, at: datetime, reason: str) -> None:
    with pytest.raises(Invalid, match=r"issue\.reason"):
        changes.ask(session, reason=reason, model_code=None, quality_issue_id=None, by=house.actor("QUA"), at=at)
    assert list(queries.design_changes(session)) == []
