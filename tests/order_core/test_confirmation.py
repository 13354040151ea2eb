"""Differences explained, questions asked and answered, signatures voided by part, changes worked in, endings signed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.acquisition.contract import service as contracts
from order_core.errors import Conflict, Forbidden, IllegalStep, Invalid, NotFound
from order_core.execution import amendment, conditions, confirmation, endings, gates, papers, queries, rules
from order_core.execution import service as orders
from order_core.execution.amendment import ApprovedChange
from order_core.execution.models import Order
from order_core.execution.papers import Edit
from order_core.execution.records import OrderQuery
from order_core.kernel import clock, sign
from order_core.kernel.case import history, state_faults
from order_core.kernel.notice import Notice
from order_core.kernel.outbox import OutboxRow
from order_core.parties.models import ContactPerson, Customer
from order_core.rulebook.clocks import house_calendar
from tests.order_core.conftest import House, on_database, undone
from tests.order_core.orders import contract, drafted, line, until

ASKED = ["AFS", "LOG", "PRO", "QUA"]


def standing(session: Session, order: Order) -> dict[str, str]:
    """Party → its verdict under what the order says now."""
    sign_off = sign.for_purpose(session, order, orders.CONFIRM)
    assert sign_off is not None
    return {party: signature.verdict for party, signature in sign.standing(sign_off).items()}


def edit(order: Order, **values: Any) -> Edit:
    """The order's first line otherwise."""
    first, *others = papers.content(order).lines
    return Edit([replace(first, **values), *others])


def running(session: Session, order: Order) -> dict[str, datetime]:
    """Department → since when its clock to sign runs."""
    rows = session.scalars(
        select(clock.Clock).where(
            clock.Clock.case_kind == "Order", clock.Clock.case_id == order.id, clock.Clock.stopped_at.is_(None)
        )
    )
    return {str(row.party): row.events[0].at for row in rows}


def told_since(session: Session, order: Order, key: str, at: datetime) -> list[str | None]:
    rows = select(Notice.to_department).where(Notice.about_number == order.number, Notice.key == key)
    return sorted(session.scalars(rows.where(Notice.created_at >= at)), key=str)


@pytest.fixture
def changes() -> Iterator[list[ApprovedChange]]:
    """Where approved changes are kept, as the room of changes would say it."""
    kept: list[ApprovedChange] = []
    source = amendment.source(lambda _session, _order: kept)
    yield kept
    amendment.SOURCES.remove(source)


@pytest.mark.clause("3.1.1-a")
def test_what_is_ordered_otherwise_is_explained_before_it_goes_round(
    session: Session, house: House, at: datetime
) -> None:
    order = drafted(session, house, at, line(house, at, unit_price=500_000))
    assert order.unexplained == 1
    with pytest.raises(Invalid) as refused:
        orders.issue(session, order, by=house.actor("SAL"), at=at)
    assert (refused.value.code, refused.value.field, refused.value.clause) == (
        "order.unexplained",
        "lines.1.unit_price",
        "3.1.1-a",
    )
    orders.issue(session, order, by=house.actor("SAL"), at=at, explanations={"lines.1": "second order this year"})
    known = papers.explanations(session, order)
    assert (order.state, order.unexplained) == ("issued", 0)
    assert {field: (row.values, row.why) for field, row in known.items()} == {
        "lines.1.unit_price": ([520_000, 500_000], "second order this year")
    }


@pytest.mark.clause("3.1.1-a")
def test_an_explanation_holds_for_the_difference_that_it_was_given_for(
    session: Session, house: House, at: datetime
) -> None:
    order = drafted(session, house, at, line(house, at, unit_price=500_000))
    sales = house.actor("SAL")
    orders.edit(session, order, Edit(), by=sales, at=at, explanations={"*": "second order this year"})
    assert order.unexplained == 0
    orders.edit(session, order, edit(order, unit_price=400_000), by=sales, at=at)
    assert [d.field for d in papers.unexplained(session, order)] == ["lines.1.unit_price"]
    orders.edit(session, order, edit(order, unit_price=520_000), by=sales, at=at)
    assert (order.unexplained, papers.differences(session, order)) == (0, [])


@pytest.mark.clause("3.1.1-a")
def test_an_order_is_issued_from_an_agreement_of_its_customer_that_is_in_force(
    session: Session, house: House, at: datetime
) -> None:
    sales, today = house.actor("SAL"), at.date()
    neighbour = Customer(name="Ho", number="K-2")
    session.add(neighbour)
    session.flush()
    contract(session, house, at, number="CT-2", customer_id=neighbour.id)
    over = contract(session, house, at, number="CT-3", valid_until=today)
    contracts.end(session, over, today - timedelta(days=1), by=sales)
    for number, code in (("CT-0", "agreement"), ("CT-2", "agreement_of_other"), ("CT-3", "agreement_over")):
        order = drafted(session, house, at, agreement=number)
        with pytest.raises(Invalid, match=rf"order\.{code} ") as refused:
            orders.issue(session, order, by=sales, at=at)
        assert (refused.value.field, refused.value.clause) == ("agreement", "3.1.1-a")


@pytest.mark.clause("3.1.1-b")
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"specification": ""}, "specification"),
        ({"quantity": 0}, "quantity"),
        ({"due_on": None}, "due_on"),
        ({"site_id": None}, "site_id"),
    ],
)
def test_an_incomplete_second_line_is_named(
    session: Session, house: House, at: datetime, values: dict[str, Any], field: str
) -> None:
    order = drafted(session, house, at, line(house, at), line(house, at, **values))
    with pytest.raises(Invalid) as refused:
        orders.issue(session, order, by=house.actor("SAL"), at=at, explanations={"*": "as he wants it"})
    assert (refused.value.field, refused.value.clause) == (f"lines.2.{field}", "3.1.1-b")


def test_a_draft_takes_the_lines_prices_and_terms_of_its_agreement(
    session: Session, house: House, at: datetime
) -> None:
    contract(session, house, at)
    order = orders.draft_from(session, "CT-1", by=house.actor("SAL"), at=at)
    only = order.lines[0]
    assert (only.model_code, only.unit_price, only.site_id, only.due_on) == ("RF-520", 520_000, house.site.id, None)
    assert (order.currency, order.payment_terms, order.state) == ("HKD", "30 days net", "draft")
    with pytest.raises(Invalid, match=r"order\.agreement "):
        orders.draft_from(session, "Q00-0", by=house.actor("SAL"), at=at)
    with pytest.raises(Forbidden, match=r"order\.sales_only"):
        orders.draft_from(session, "CT-1", by=house.actor("PRO"), at=at)


def test_a_draft_is_sales_to_edit_and_nobody_s_afterwards(session: Session, house: House, at: datetime) -> None:
    order = drafted(session, house, at)
    before = order.version
    with pytest.raises(Forbidden, match=r"order\.sales_only"):
        orders.edit(session, order, edit(order, quantity=2), by=house.actor("PRO"), at=at)
    with pytest.raises(NotFound) as refused:
        orders.edit(session, order, edit(order, site_id=house.site.id + 99), by=house.actor("SAL"), at=at)
    assert refused.value.field == "lines.1.site_id"
    orders.edit(session, order, edit(order, quantity=2), by=house.actor("SAL"), at=at + timedelta(minutes=1))
    assert order.version > before, "whoever read it before does not overwrite it"
    orders.issue(session, order, by=house.actor("SAL"), at=at)
    with pytest.raises(Conflict, match=r"order\.not_draft"):
        orders.edit(session, order, edit(order, quantity=3), by=house.actor("SAL"), at=at)


def test_the_line_breaks_of_a_form_change_nothing(session: Session, house: House, at: datetime) -> None:
    contract(session, house, at, payment_terms="half at once\nhalf in 30 days")
    order = until(session, house, "issued", at)
    query = confirmation.ask_back(session, order, "half of what?", by=house.actor("PRO"), at=at)
    as_posted = replace(
        edit(order, specification="RF-520,  standard "), payment_terms="half at once\r\nhalf in 30 days"
    )
    confirmation.answer(session, order, query, "of the price", by=house.actor("SAL"), at=at, wanted=as_posted)
    assert (order.revision, order.payment_terms) == (1, "half at once\nhalf in 30 days")


@pytest.mark.clause("3.1.2-b")
def test_a_question_stops_nothing_but_the_confirmation(session: Session, house: House, at: datetime) -> None:
    order = until(session, house, "issued", at)
    before = running(session, order)
    query = confirmation.ask_back(session, order, "which door?", by=house.actor("QUA"), at=at)
    own = clock.running(session, query, "T-04", "QUA")
    assert own is not None
    assert (order.state, own.owner_id, [rung[2] for rung in own.rungs]) == (
        "queried",
        order.issued_by,
        ["owner", "SAL", "party"],
    )
    assert running(session, order) == before, "the departments' own clocks run on"
    for code in ("PRO", "LOG", "AFS"):
        assert orders.confirm(session, order, by=house.actor(code), at=at) is False
    with pytest.raises(Conflict, match=r"order\.own_query_open"):
        orders.confirm(session, order, by=house.actor("QUA"), at=at)
    confirmation.answer(session, order, query, "the right one", by=house.actor("SAL"), at=at)
    assert (order.state, order.revision, clock.running(session, query, "T-04", "QUA")) == ("issued", 1, None)
    assert standing(session, order) == {"AFS": "approve", "LOG": "approve", "PRO": "approve", "QUA": "query"}
    assert orders.confirm(session, order, by=house.actor("QUA"), at=at) is True
    assert order.state == "confirmed"
    assert state_faults(session) == []


@pytest.mark.clause("3.1.2-b")
def test_of_two_questions_the_last_answer_ends_the_questioning(session: Session, house: House, at: datetime) -> None:
    order = until(session, house, "issued", at)
    first = confirmation.ask_back(session, order, "which door?", by=house.actor("QUA"), at=at)
    second = confirmation.ask_back(session, order, "which street?", by=house.actor("LOG"), at=at)
    assert confirmation.answer(session, order, second, "the long one", by=house.actor("SAL"), at=at) is False
    assert order.state == "queried"
    with pytest.raises(Conflict, match=r"order\.query_answered"):
        confirmation.answer(session, order, second, "again", by=house.actor("SAL"), at=at)
    assert confirmation.answer(session, order, first, "the right one", by=house.actor("SAL"), at=at) is True
    assert [entry.step for entry in history(session, order)] == [
        "open", "issue", "query", "note:asked_back", "note:answered", "answer",
    ]  # fmt: skip
    texts = [str(entry.data) for entry in history(session, order)]
    assert not any("door" in text or "street" in text for text in texts), "what people wrote stays out of the journal"


@pytest.mark.clause("3.1.2-b")
def test_only_those_asked_to_sign_ask_back_and_only_sales_answers(session: Session, house: House, at: datetime) -> None:
    order = until(session, house, "issued", at)
    with pytest.raises(Forbidden, match=r"sign\.not_required"):
        confirmation.ask_back(session, order, "why?", by=house.actor("HR"), at=at)
    with pytest.raises(Invalid) as refused:
        confirmation.ask_back(session, order, " ", by=house.actor("PRO"), at=at)
    assert (refused.value.field, refused.value.clause) == ("text", "3.1.2-b")
    query = confirmation.ask_back(session, order, "why?", by=house.actor("PRO"), at=at)
    with pytest.raises(Forbidden, match=r"case\.not_an_actor"):
        confirmation.answer(session, order, query, "so", by=house.actor("PRO"), at=at)
    with pytest.raises(Invalid, match=r"order\.answer"):
        confirmation.answer(session, order, query, "", by=house.actor("SAL"), at=at)
    assert session.scalars(select(OrderQuery)).all() == [query]


@pytest.mark.clause("3.1.2-b")
@pytest.mark.parametrize(
    ("values", "voided"),
    [
        ({"quantity": 2}, ["LOG", "PRO"]),
        ({"specification": "RF-520, left-hand door"}, ["PRO", "QUA"]),
        ({"due_on": date(2027, 2, 1)}, ["LOG", "PRO"]),
        ({"unit_price": 500_000}, []),
    ],
    ids=["quantity", "specification", "date", "price"],
)
def test_a_changed_answer_voids_the_signatures_of_those_whose_part_changed(
    session: Session, house: House, at: datetime, values: dict[str, Any], voided: list[str]
) -> None:
    order = until(session, house, "issued", at)
    for code in ("PRO", "LOG", "QUA"):
        orders.confirm(session, order, by=house.actor(code), at=at)
    later = at + timedelta(hours=1)
    query = confirmation.ask_back(session, order, "is that so?", by=house.actor("AFS"), at=at)
    why = {"*": "the customer says so"}
    confirmation.answer(
        session, order, query, "no", by=house.actor("SAL"), at=later, wanted=edit(order, **values), explanations=why
    )
    assert (order.revision, query.answered_in, order.state) == (2, 2, "issued")
    carried = {"PRO", "LOG", "QUA"} - set(voided)
    assert standing(session, order) == dict.fromkeys(carried, "approve")
    new = [code for code in order.confirmers if code not in ASKED]
    assert sorted(code for code, since in running(session, order).items() if since == later) == sorted([*voided, *new])
    assert told_since(session, order, "order.to_confirm", later) == sorted([*voided, *new])
    assert set(told_since(session, order, "order.revised", later)) == carried | {"AFS"}


@pytest.mark.clause("3.1.1-a", "3.1.2-b")
def test_a_changed_answer_is_explained_anew_where_it_differs_anew(session: Session, house: House, at: datetime) -> None:
    order = drafted(session, house, at, line(house, at, unit_price=500_000))
    orders.issue(session, order, by=house.actor("SAL"), at=at, explanations={"*": "second order"})
    query = confirmation.ask_back(session, order, "other terms?", by=house.actor("PRO"), at=at)
    other = Edit(payment_terms="60 days net")
    with pytest.raises(Invalid) as refused, session.begin_nested():
        confirmation.answer(session, order, query, "yes", by=house.actor("SAL"), at=at, wanted=other)
    assert (refused.value.code, refused.value.field) == ("order.unexplained", "payment_terms")
    session.expire_all()
    assert (order.revision, order.payment_terms, query.answer) == (1, "30 days net", None)
    texts = {"payment_terms": "he asked"}
    confirmation.answer(session, order, query, "yes", by=house.actor("SAL"), at=at, wanted=other, explanations=texts)
    known = papers.explanations(session, order)
    assert {field: row.why for field, row in known.items()} == {
        "payment_terms": "he asked",
        "lines.1.unit_price": "second order",
    }
    assert [row.content["payment_terms"] for row in papers.revisions(session, order)] == ["30 days net", "60 days net"]


@on_database
@given(
    life=st.lists(
        st.tuples(st.sampled_from(("sign", "ask", "answer", "change")), st.sampled_from(ASKED), st.integers(1, 9)),
        max_size=12,
    )
)
def test_however_it_is_discussed_confirmed_means_all_signed_what_it_says(
    session: Session, house: House, at: datetime, life: list[tuple[str, str, int]]
) -> None:
    """3.1.2-c as a property: whatever departments and sales do, in whatever order."""
    with undone(session):
        order = until(session, house, "issued", at)
        for n, (deed, code, number) in enumerate(life):
            moment = at + timedelta(minutes=n)
            left = queries_open(session, order)
            try:
                with session.begin_nested():
                    if deed == "sign":
                        orders.confirm(session, order, by=house.actor(code), at=moment)
                    elif deed == "ask":
                        confirmation.ask_back(session, order, "?", by=house.actor(code), at=moment)
                    elif left:
                        wanted = edit(order, quantity=number) if deed == "change" else None
                        confirmation.answer(
                            session, order, left[0], "!", by=house.actor("SAL"), at=moment, wanted=wanted
                        )
            except (Conflict, Forbidden):
                session.refresh(order)
            sign_off = sign.for_purpose(session, order, orders.CONFIRM)
            assert sign_off is not None
            assert sign_off.digest == sign.digest_of(orders.content(order))
            assert (order.state == "queried") == bool(queries_open(session, order))
            complete = sign.complete(sign_off)
            assert (order.state == "confirmed") == complete
        assert state_faults(session) == []


def queries_open(session: Session, order: Order) -> list[OrderQuery]:
    return conditions.open_queries(session, order)


@pytest.mark.clause("6.2.1")
def test_another_room_may_keep_an_order_from_being_confirmed(session: Session, house: House, at: datetime) -> None:
    order = until(session, house, "issued", at)

    def untreated(_session: Session, _order: Order, _at: datetime) -> None:
        raise Conflict("risk.untreated", clause="6.2.1")

    gates.gate("confirm")(untreated)
    try:
        for code in ("PRO", "LOG", "QUA"):
            orders.confirm(session, order, by=house.actor(code), at=at)
        with pytest.raises(Conflict, match=r"risk\.untreated"):
            orders.confirm(session, order, by=house.actor("AFS"), at=at)
        assert order.state == "issued"
    finally:
        gates.GATES["confirm"].remove(untreated)


@pytest.mark.clause("3.1.2-b")
@pytest.mark.parametrize("values", [{"specification": "RF-520, explosion-proof"}, {"new_design": True}])
def test_production_signs_again_where_it_has_to_make_something_else(
    session: Session, house: House, at: datetime, values: Any
) -> None:
    order = until(session, house, "issued", at)
    orders.confirm(session, order, by=house.actor("PRO"), at=at)
    query = confirmation.ask_back(session, order, "what climate?", by=house.actor("QUA"), at=at)
    confirmation.answer(
        session, order, query, "tropical", by=house.actor("SAL"), at=at,
        wanted=edit(order, **values), explanations={"*": "asked for by telephone"},
    )  # fmt: skip
    assert "PRO" not in standing(session, order)


@pytest.mark.clause("3.2.3-a", "3.2.3-b", "3.2.3-c")
def test_a_confirmed_order_changes_through_an_approved_change_alone_and_its_promise_moves(
    session: Session, house: House, at: datetime, changes: list[ApprovedChange]
) -> None:
    order = until(session, house, "confirmed", at)
    promised, sales = order.promised_on, house.actor("SAL")
    assert promised is not None
    with pytest.raises(Conflict, match=r"order\.no_approved_change"):
        orders.amend(session, order, "ECR26-00001", by=sales, at=at)
    changes.append(ApprovedChange("ECR26-00001", days=3, cost=12_000))
    with pytest.raises(Invalid) as refused:
        orders.amend(session, order, "ECR26-00002", by=sales, at=at)
    assert refused.value.field == "change"
    later = at + timedelta(days=1)
    orders.amend(session, order, "ECR26-00001", by=sales, at=later)
    moved = rules.moved(promised, 3, house_calendar())
    assert (order.state, order.revision, order.promised_on, order.committed_on) == ("issued", 2, moved, promised)
    assert order.lines[0].due_on == moved
    assert standing(session, order) == {"AFS": "approve", "QUA": "approve"}
    newest = papers.revisions(session, order)[-1]
    assert (newest.reason, newest.change, newest.promised_on) == ("amend", "ECR26-00001", moved)
    assert amendment.approved(session, order) == [], "a change is worked in once"
    for code in ("LOG", "PRO"):
        orders.confirm(session, order, by=house.actor(code), at=later)
    assert order.state == "confirmed"


@pytest.mark.clause("3.2.3-a")
def test_production_signs_an_amended_order_even_where_its_part_stayed(
    session: Session, house: House, at: datetime, changes: list[ApprovedChange]
) -> None:
    order = until(session, house, "executing", at)
    changes.append(ApprovedChange("ECR26-00001", days=0, cost=0))
    wanted, why = Edit(service_terms="parts 60 months"), {"service_terms": "the new compressor's own warranty"}
    sales = house.actor("SAL")
    orders.amend(session, order, "ECR26-00001", by=sales, at=at, wanted=wanted, explanations=why)
    assert standing(session, order) == {"LOG": "approve", "QUA": "approve"}
    assert (order.projected_on, order.slack_days) == (None, None)
    assert papers.explanations(session, order)["service_terms"].why == why["service_terms"]


@pytest.mark.clause("3.2.3-a", "3.2.3-b")
@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"due_on": date(2031, 3, 3)}, "order.amend_date", "lines"),
        ({"unit_price": 1}, "order.amend_unexplained", "lines.1.unit_price"),
        ({"quantity": 50}, "order.amend_unexplained", "lines.1.quantity"),
    ],
)
def test_an_approved_change_moves_the_date_by_its_days_and_excuses_nothing_else(
    session: Session, house: House, at: datetime, changes: list[ApprovedChange], values: Any, code: str, field: str
) -> None:
    order = until(session, house, "confirmed", at)
    changes.append(ApprovedChange("ECR26-00001", days=3, cost=0))
    said, promised, sales = papers.content(order), order.promised_on, house.actor("SAL")
    assert promised is not None
    with pytest.raises(Invalid) as refused:
        orders.amend(session, order, "ECR26-00001", by=sales, at=at, wanted=edit(order, **values))
    assert (refused.value.code, refused.value.field) == (code, field)
    assert (order.state, order.revision, papers.content(order)) == ("confirmed", 1, said), "nothing is half done"
    if "due_on" in values:
        return
    wanted, why = edit(order, **values), {field: "agreed by telephone"}
    orders.amend(session, order, "ECR26-00001", by=sales, at=at, wanted=wanted, explanations=why)
    assert order.promised_on == order.lines[0].due_on == rules.moved(promised, 3, house_calendar())
    assert papers.explanations(session, order)[field].why == "agreed by telephone"


@pytest.mark.clause("6.2.1")
def test_an_order_is_refused_with_a_reason_that_management_s_head_signed(
    session: Session, house: House, at: datetime
) -> None:
    order = until(session, house, "issued", at)
    sales = house.actor("SAL")
    with pytest.raises(Conflict, match=r"order\.ending_not_asked"):
        endings.refuse(session, order, by=sales, at=at)
    with pytest.raises(Invalid, match=r"issue\.reason"):
        endings.propose(session, order, "refuse", " ", by=sales, at=at)
    endings.propose(session, order, "refuse", "the risk is too high", by=sales, at=at)
    with pytest.raises(Conflict, match=r"order\.signatures_missing"):
        endings.refuse(session, order, by=sales, at=at)
    with pytest.raises(Forbidden, match=r"sign\.not_required"):
        endings.sign_ending(session, order, "refuse", by=replace(house.actor("MGT"), head=False), at=at)
    endings.sign_ending(session, order, "refuse", by=house.actor("MGT"), at=at)
    with pytest.raises(Forbidden):
        endings.refuse(session, order, by=house.actor("MGT"), at=at)
    endings.refuse(session, order, by=sales, at=at)
    assert (order.state, running(session, order)) == ("cancelled", {})
    assert told_since(session, order, "order.ended", at) == ASKED


@pytest.mark.clause("6.2.1")
def test_another_reason_needs_another_signature(session: Session, house: House, at: datetime) -> None:
    order = until(session, house, "issued", at)
    sales = house.actor("SAL")
    endings.propose(session, order, "refuse", "too risky", by=sales, at=at)
    endings.sign_ending(session, order, "refuse", by=house.actor("MGT"), at=at)
    endings.propose(session, order, "refuse", "too cheap", by=sales, at=at)
    with pytest.raises(Conflict, match=r"order\.signatures_missing"):
        endings.refuse(session, order, by=sales, at=at)


@pytest.mark.clause("6.2.1")
def test_an_order_is_cancelled_with_the_customer_s_own_consent(session: Session, house: House, at: datetime) -> None:
    order = until(session, house, "confirmed", at)
    sales = house.actor("SAL")
    neighbour = Customer(name="Ho", number="K-2")
    neighbour.contacts = [ContactPerson(name="Ho", phone=None)]
    session.add(neighbour)
    session.flush()
    endings.propose(session, order, "cancel", "he moves abroad", by=sales, at=at)
    endings.sign_ending(session, order, "cancel", by=house.actor("MGT"), at=at)
    with pytest.raises(Forbidden):
        endings.sign_ending(session, order, "cancel", by=neighbour.contacts[0].actor(), at=at)
    with pytest.raises(Conflict, match=r"order\.signatures_missing"):
        endings.cancel(session, order, by=sales, at=at)
    endings.sign_ending(session, order, "cancel", by=house.contact.actor(recorded_by=sales.id), at=at)
    endings.cancel(session, order, by=sales, at=at)
    assert order.state == "cancelled"
    with pytest.raises(IllegalStep):
        endings.propose(session, order, "cancel", "again", by=sales, at=at)


@pytest.mark.clause("1.3-a", "3.1.2-c", "6.2.1")
def test_the_customer_is_told_of_each_step_declared_visible_to_him(
    session: Session, house: House, at: datetime
) -> None:
    order = until(session, house, "delivered", at)
    rows = session.scalars(select(OutboxRow).where(OutboxRow.topic == "customer.tell").order_by(OutboxRow.id)).all()
    assert [(row.payload["step"], row.payload["id"]) for row in rows] == [("confirm", order.id), ("deliver", order.id)]


def test_a_new_projection_is_production_s_and_slack_follows(session: Session, house: House, at: datetime) -> None:
    order = until(session, house, "executing", at)
    assert order.promised_on is not None
    late = order.promised_on + timedelta(days=4)
    with pytest.raises(Forbidden, match=r"order\.production_only"):
        orders.project(session, order, late, by=house.actor("SAL"), at=at)
    orders.project(session, order, late, by=house.actor("PRO"), at=at)
    assert (order.slack_days, queries.slack_of(order, at.date())) == (-4, -4)


@pytest.mark.clause("4.1.1-a")
def test_a_stage_is_shown_from_the_least_slack_on_whatever_is_known_of_each_order(
    session: Session, house: House, at: datetime
) -> None:
    today = papers.house_day(at)
    expected = []
    for promised, projected in ((40, 30), (20, 25), (30, None), (35, 1), (50, 20), (33, 33)):
        order = until(session, house, "executing", at, line(house, at, due_on=today + timedelta(days=promised)))
        order.projected_on = today + timedelta(days=projected) if projected else None
        orders.measure_slack(order)
        expected.append(order)
    session.flush()
    tomorrow = today + timedelta(days=2)
    slack = {order.number: queries.slack_of(order, tomorrow) for order in expected}
    wanted = sorted(slack, key=lambda number: (slack[number], number))
    for limit in (3, 6):
        shown = queries.stage(session, "making", today=tomorrow, at=at, limit=limit)
        assert [order.number for order in shown] == wanted[:limit]
