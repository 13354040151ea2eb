"""An order from its draft to the customer's acceptance: each step by its department, each with what it demands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.errors import Conflict, Forbidden, IllegalStep, Invalid, NotFound, Refusal
from order_core.execution import service as orders
from order_core.execution.models import Order
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.kernel import clock, sign
from order_core.kernel.actor import WORKER
from order_core.kernel.case import history, state_faults
from order_core.kernel.notice import Notice
from order_core.parties.models import ContactPerson, Customer, Site
from tests.order_core.conftest import DEPARTMENTS, House
from tests.order_core.orders import STAGES, drafted, line, take, until

TODAY = date(2026, 11, 23)


def told(session: Session, order: Order, key: str) -> list[str | None]:
    rows = select(Notice.to_department).where(Notice.about_number == order.number, Notice.key == key)
    return sorted(session.scalars(rows), key=str)


@pytest.mark.clause("3.1.1-b")
def test_no_order_goes_to_a_place_of_another_customer(session: Session, house: House, at: datetime) -> None:
    other = Customer(name="Other", number="K-2")
    other.sites = [Site(label="x", address="y", postcode="", lat=1.0, lon=1.0)]
    session.add(other)
    session.flush()
    order = drafted(session, house, at, line(house, at, site_id=other.sites[0].id))
    with pytest.raises(NotFound) as refused:
        orders.issue(session, order, by=house.actor("SAL"), at=at)
    assert (refused.value.field, order.state) == ("lines.1.site_id", "draft")


def test_an_order_goes_from_draft_to_closed_and_its_journal_says_who_did_it(
    session: Session, house: House, at: datetime
) -> None:
    order = until(session, house, "closed", at)
    session.flush()
    session.expire_all()
    assert [(e.step, e.to_state, e.department) for e in history(session, order)] == [
        ("open", "draft", "SAL"),
        ("issue", "issued", "SAL"),
        ("confirm", "confirmed", "QUA"),
        ("start", "executing", "PRO"),
        ("deliver", "delivered", "LOG"),
        ("accept", "accepted", None),
        ("close", "closed", "SAL"),
    ]
    assert (order.delivered_at, order.accepted_at) == (at, at)
    assert state_faults(session) == []


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_can_be_taken_before_the_one_in_front_of_it(
    session: Session, house: House, at: datetime, stage: str
) -> None:
    order = until(session, house, stage, at)
    entries = len(history(session, order))
    for later in set(STAGES[1:]) - set(STAGES[STAGES.index(stage) + 1 :][:1]):
        with pytest.raises(Refusal) as refused, session.begin_nested():
            take(session, house, order, later, at)
        assert isinstance(refused.value, IllegalStep) or refused.value.code == "order.not_issued"
        assert (order.state, len(history(session, order))) == (stage, entries)


doors: dict[str, Callable[..., Any]] = {
    "issued": lambda s, o, by, at: orders.issue(s, o, by=by, at=at),
    "executing": lambda s, o, by, at: orders.start(s, o, projected_on=at.date(), by=by, at=at),
    "delivered": lambda s, o, by, at: orders.deliver(s, o, "Lin", by=by, at=at),
    "accepted": lambda s, o, by, at: orders.accept(s, o, by=by, at=at),
    "closed": lambda s, o, by, at: orders.close(s, o, by=by, at=at),
}


@pytest.mark.clause("1.2")
@pytest.mark.parametrize(
    ("stage", "owner"),
    [("issued", "SAL"), ("executing", "PRO"), ("delivered", "LOG"), ("accepted", None), ("closed", "SAL")],
)
def test_each_step_belongs_to_one_department(
    session: Session, house: House, at: datetime, stage: str, owner: str | None
) -> None:
    order = until(session, house, STAGES[STAGES.index(stage) - 1], at)
    strangers = [house.actor(code) for code in DEPARTMENTS if code != owner] + [WORKER]
    if owner is not None:
        strangers.append(house.contact.actor())
    for stranger in strangers:
        with pytest.raises(Forbidden), session.begin_nested():
            doors[stage](session, order, stranger, at)
    take(session, house, order, stage, at)


@pytest.mark.clause("3.1.1-b")
@pytest.mark.parametrize("case", ["no lines", "no agreement", "past", "no quantity"])
def test_an_incomplete_order_is_not_issued(session: Session, house: House, at: datetime, case: str) -> None:
    order = drafted(session, house, at, agreement=" " if case == "no agreement" else "CT-1")
    if case == "no lines":
        order.lines.clear()
    elif case == "past":
        order.lines[0].due_on = at.date() - timedelta(days=1)
    elif case == "no quantity":
        order.lines[0].quantity = 0
    with pytest.raises(Invalid), session.no_autoflush:
        orders.issue(session, order, by=house.actor("SAL"), at=at)
    assert order.state == "draft"


def test_the_first_promise_is_the_last_line_s_date(session: Session, house: House, at: datetime) -> None:
    """4.1.2-c: on-time figures are measured against what was promised first."""
    late = (at + timedelta(days=50)).date()
    order = until(session, house, "issued", at, line(house, at), line(house, at, due_on=late))
    assert order.committed_on == late


@pytest.mark.clause("3.1.2-a", "3.1.2-c")
def test_each_department_is_asked_under_its_own_clock_until_it_has_signed(
    session: Session, house: House, at: datetime
) -> None:
    order = until(session, house, "issued", at, line(house, at, new_design=True))
    asked = ["AFS", "LOG", "PRO", "PUR", "QUA", "RND"]
    assert told(session, order, "order.to_confirm") == order.confirmers == asked
    for code in asked:
        running = clock.running(session, order, "T-03", code)
        assert (order.state, running is not None and running.rungs[0][2]) == ("issued", "party")
        assert told(session, order, "order.confirmed") == []
        assert orders.confirm(session, order, by=house.actor(code), at=at) is (code == asked[-1])
        assert clock.running(session, order, "T-03", code) is None
    assert (order.state, order.confirmed_at) == ("confirmed", at)
    assert told(session, order, "order.confirmed") == sorted([*asked, "SAL"])


@pytest.mark.clause("3.1.2-c")
def test_a_line_changed_behind_the_signatures_cannot_be_confirmed(session: Session, house: House, at: datetime) -> None:
    order = until(session, house, "issued", at)
    for code in ("PRO", "QUA", "LOG"):
        orders.confirm(session, order, by=house.actor(code), at=at)
    order.lines[0].quantity = 9
    with pytest.raises(Conflict, match=r"sign\.other_revision"):
        orders.confirm(session, order, by=house.actor("AFS"), at=at)
    assert order.state == "issued"


@pytest.mark.clause("3.1.2-c")
def test_confirming_past_the_signatures_is_refused(session: Session, house: House, at: datetime) -> None:
    order = until(session, house, "issued", at)
    orders.confirm(session, order, by=house.actor("PRO"), at=at)
    with pytest.raises(Conflict) as refused:
        orders.ORDER.advance(session, order, "confirm", by=house.actor("QUA"), at=at)
    assert (refused.value.code, refused.value.params) == ("order.signatures_missing", {"departments": "AFS, LOG, QUA"})


@pytest.mark.parametrize(("late", "explained", "starts"), [(0, False, True), (1, False, False), (1, True, True)])
def test_production_starts_late_only_with_an_open_issue_about_it(
    session: Session, house: House, at: datetime, late: int, explained: bool, starts: bool
) -> None:
    """3.3.1-a."""
    order = until(session, house, "confirmed", at)
    if explained:
        overdue = Issue(kind="production", subject="overdue", department="PRO", order_id=order.id)
        issues.open_issue(session, overdue, by=house.actor("PRO"), at=at, clause="3.3.1-a")
    projected = (order.committed_on or TODAY) + timedelta(days=late)
    if starts:
        orders.start(session, order, projected_on=projected, by=house.actor("PRO"), at=at)
        assert (order.state, order.projected_on) == ("executing", projected)
    else:
        with pytest.raises(Conflict, match=r"order\.overdue_unexplained"):
            orders.start(session, order, projected_on=projected, by=house.actor("PRO"), at=at)


@pytest.mark.parametrize("receiver", ["", "  "])
def test_nothing_is_handed_over_to_nobody(session: Session, house: House, at: datetime, receiver: str) -> None:
    """4.2.2-a: the proof names a receiver; his name itself stays out of the journal."""
    order = until(session, house, "executing", at)
    with pytest.raises(Invalid, match=r"order\.proof"):
        orders.deliver(session, order, receiver, by=house.actor("LOG"), at=at)
    orders.deliver(session, order, "Lin", by=house.actor("LOG"), at=at)
    proof = history(session, order)[-1].data
    assert proof == {"handed_over": {str(order.lines[0].id): {"receiver": sign.digest_of("Lin"), "at": at.isoformat()}}}


def test_only_the_customer_whose_order_it_is_accepts_it(session: Session, house: House, at: datetime) -> None:
    """4.2.2-b: the word of somebody else's contact person is not his."""
    neighbour = Customer(name="Ho", number="K-2")
    neighbour.contacts = [ContactPerson(name="Ho", phone=None)]
    session.add(neighbour)
    order = until(session, house, "delivered", at)
    session.flush()
    with pytest.raises(Forbidden):
        orders.accept(session, order, by=neighbour.contacts[0].actor(), at=at)
    orders.accept(session, order, by=house.contact.actor(recorded_by=house.people["LOG"].id), at=at)
    entry = history(session, order)[-1]
    assert (entry.actor_kind, entry.actor_id, entry.recorded_by) == (
        "customer",
        house.contact.id,
        house.people["LOG"].id,
    )
    assert entry.data == {"signed_digest": sign.digest_of(orders.content(order))}
    assert told(session, order, "order.accepted") == ["AFS"]
