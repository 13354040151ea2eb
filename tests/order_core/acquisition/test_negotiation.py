"""Negotiation: rounds append-only, departments told within T-02, won with four terms agreed, lost for a reason."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.acquisition import agreement
from order_core.acquisition.agreement import AgreedLine, Agreement
from order_core.acquisition.days import end_of, house_day
from order_core.acquisition.enquiry import service as enquiries
from order_core.acquisition.enquiry.models import Enquiry
from order_core.acquisition.enquiry.rules import ASPECTS
from order_core.acquisition.quote import drafting, negotiation, queries, service, terms
from order_core.acquisition.quote.negotiation import hold_round
from order_core.acquisition.quote.terms import Change
from order_core.errors import Conflict, Forbidden, IllegalStep, Invalid, Refusal
from order_core.execution import papers
from order_core.execution import service as orders
from order_core.kernel import notice
from order_core.kernel.case import history
from order_core.kernel.notice import Notice
from order_core.parties.models import ProductModel
from order_core.rulebook.clocks import house_calendar
from order_core.rulebook.inforce import book
from tests.order_core.acquisition import deals
from tests.order_core.conftest import House


def refusal(error: pytest.ExceptionInfo[Refusal]) -> tuple[str, str | None, str | None]:
    return error.value.code, error.value.field, error.value.clause


def told(session: Session, key: str) -> list[str | None]:
    return sorted(session.scalars(select(Notice.to_department).where(Notice.key == key)).all(), key=str)


@pytest.mark.clause("2.3.2-c")
@pytest.mark.parametrize(
    ("change", "departments"),
    [
        (Change("delivery_date", 1, "2027-03-01"), ["LOG", "PRO"]),
        (Change("service", 0, "three years"), ["AFS"]),
        (Change("specification", 1, "RF-520, silent"), ["QUA", "RND"]),
        (Change("volume", 1, 40, reason="two shifts"), ["PUR"]),
    ],
)
def test_a_changed_term_tells_the_departments_by_table_within_a_working_day(
    session: Session, house: House, at: datetime, change: Change, departments: list[str]
) -> None:
    quote = deals.sent(session, house, at)
    hold_round(session, quote, deals.meeting(house, house_day(at)), [change], by=house.actor("SAL"), at=at)
    rows = session.scalars(select(Notice).where(Notice.key.startswith("quote.changed."))).all()
    assert sorted(str(row.to_department) for row in rows) == departments
    due = house_calendar().add(at, book(session, at).policy("T-02").budget)
    assert {(row.key, row.due_at, row.escalate_to) for row in rows} == {(f"quote.changed.{change.term}", due, "SAL")}
    assert house_calendar().between(at, due) == timedelta(hours=8)
    assert notice.escalate_unread(session, at=due - timedelta(seconds=1)) == 0
    notice.acknowledge(rows[0], person=house.people[departments[0]].id, at=at)
    assert notice.escalate_unread(session, at=due) == len(departments) - 1
    assert told(session, "unread") == ["SAL"] * (len(departments) - 1)


@pytest.mark.clause("2.3.2-c")
def test_the_time_runs_from_the_day_of_the_talk_and_a_late_entry_is_late(
    session: Session, house: House, at: datetime
) -> None:
    quote, sal, change = deals.sent(session, house, at), house.actor("SAL"), Change("service", 0, "five years")
    later = at + timedelta(days=20)
    hold_round(session, quote, deals.meeting(house, house_day(at)), [change], by=sal, at=later)
    (row,) = session.scalars(select(Notice).where(Notice.key == "quote.changed.service"))
    opening = house_calendar().add(end_of(house_day(at)), timedelta(0))
    assert row.due_at is not None
    assert house_calendar().between(opening, row.due_at) == book(session, at).policy("T-02").budget
    assert row.due_at < later
    assert notice.escalate_unread(session, at=later) == 1
    assert told(session, "unread") == ["SAL"]


@pytest.mark.clause("2.3.2-c")
def test_price_and_payment_stay_with_sales_and_agreeing_alone_tells_nobody(
    session: Session, house: House, at: datetime
) -> None:
    quote = deals.sent(session, house, at)
    changes = [Change("price", 1, 96_000), Change("payment", 0, "60 days"), Change("delivery_date", 1, agreed=True)]
    hold_round(session, quote, deals.meeting(house, house_day(at)), changes, by=house.actor("SAL"), at=at)
    assert [n for n in session.scalars(select(Notice.key)) if n.startswith("quote.changed")] == []


@pytest.mark.clause("2.3.2-c")
def test_a_new_revision_that_changes_terms_is_told_like_a_round(session: Session, house: House, at: datetime) -> None:
    quote, sal = deals.sent(session, house, at), house.actor("SAL")
    service.revise(session, quote, valid_until=quote.valid_until, by=sal, at=at)
    enquiry = session.get_one(Enquiry, quote.enquiry_id)
    drafting.set_line(session, quote, 1, deals.spec(enquiry, at, quantity=50), by=sal, at=at)
    service.approve(session, quote, by=sal, at=at)
    assert told(session, "quote.changed.volume") == []
    service.send(session, quote, by=sal, at=at)
    (row,) = queries.rounds(session, quote)
    assert (row.kind, row.revision) == ("revision", 2)
    assert told(session, "quote.changed.volume") == ["PUR"]


@pytest.mark.clause("2.3.2-b", "2.3.2-c")
def test_another_model_is_another_line_and_is_told(session: Session, house: House, at: datetime) -> None:
    session.add(ProductModel(code="RF-999", appliance="refrigerator", names={"en": "Fridge"}))
    session.flush()
    quote, sal = deals.sent(session, house, at), house.actor("SAL")
    service.revise(session, quote, valid_until=quote.valid_until, by=sal, at=at)
    enquiry = session.get_one(Enquiry, quote.enquiry_id)
    spec = deals.spec(enquiry, at, model_code="RF-999")
    with pytest.raises(Invalid) as error:
        drafting.set_line(session, quote, 1, spec, by=sal, at=at)
    assert refusal(error) == ("quote.other_model", "model_code", "2.3.2-b")
    assert quote.lines[0].model_code == "RF-520"
    drafting.remove_line(session, quote, 1, by=sal, at=at)
    drafting.set_line(session, quote, None, deals.spec(enquiry, at), by=sal, at=at)
    drafting.set_line(session, quote, 2, spec, by=sal, at=at)
    service.approve(session, quote, by=sal, at=at)
    service.send(session, quote, by=sal, at=at)
    (row,) = queries.rounds(session, quote)
    assert {(c.line, c.gone) for c in terms.load(row.changes)} == {(1, True), (2, False)}
    assert told(session, "quote.changed.specification") == ["QUA", "RND"]


@pytest.mark.clause("2.3.2-b")
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"on": None}, "held_on"),
        ({"ours": ()}, "ours"),
        ({"ours": (4711,)}, "ours"),
        ({"theirs": " "}, "theirs"),
        ({"next_step": ""}, "next_step"),
    ],
)
def test_a_round_has_a_day_people_and_a_next_step(
    session: Session, house: House, at: datetime, values: dict[str, Any], field: str
) -> None:
    quote = deals.sent(session, house, at)
    facts = {**values, "on": house_day(at) + timedelta(days=1)} if "on" in values else values
    met = deals.meeting(house, facts.pop("on", house_day(at)), **facts)
    with pytest.raises(Invalid) as error:
        hold_round(session, quote, met, [], by=house.actor("SAL"), at=at)
    assert refusal(error) == (f"quote.{field}", field, "2.3.2-b")
    assert (quote.state, queries.rounds(session, quote)) == ("sent", [])


@pytest.mark.clause("2.3.2-a", "2.3.2-b")
@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ([Change("price", 1, 0)], "quote.value.price", "changes.1.value"),
        ([Change("price", 1, "cheap")], "quote.value.price", "changes.1.value"),
        ([Change("volume", 1, -4)], "quote.value.volume", "changes.1.value"),
        ([Change("delivery_date", 1, "soon")], "quote.value.delivery_date", "changes.1.value"),
        ([Change("delivery_date", 1, "2020-01-01")], "quote.value.delivery_date", "changes.1.value"),
        ([Change("service", 0, " ")], "quote.value.service", "changes.1.value"),
        ([Change("weather", 0, "fine")], "quote.change_term", "changes.1.term"),
        ([Change("price", 2, 5)], "quote.change_term", "changes.1.term"),
        ([Change("price", 1, gone=True)], "quote.change_term", "changes.1.term"),
        ([Change("price", 1, 5), Change("price", 1, 6)], "quote.change_twice", "changes.2.term"),
        ([Change("price", 1)], "quote.change_value", "changes.1.value"),
    ],
)
def test_a_change_names_a_term_of_the_quote_once_and_a_value_of_its_kind(
    session: Session, house: House, at: datetime, changes: list[Change], code: str, field: str
) -> None:
    quote = deals.sent(session, house, at)
    with pytest.raises(Invalid) as error:
        hold_round(session, quote, deals.meeting(house, house_day(at)), changes, by=house.actor("SAL"), at=at)
    assert refusal(error)[:2] == (code, field)
    assert (quote.state, queries.rounds(session, quote)) == ("sent", [])


@pytest.mark.clause("2.3.2-b")
def test_rounds_are_numbered_kept_and_never_rewritten(session: Session, house: House, at: datetime) -> None:
    quote, sal = deals.sent(session, house, at), house.actor("SAL")
    for price in (97_000, 96_000):
        met = deals.meeting(house, house_day(at))
        hold_round(session, quote, met, [Change("price", 1, price)], by=sal, at=at)
    rows = queries.rounds(session, quote)
    assert [(row.number, row.revision, row.theirs) for row in rows] == [(1, 1, "Ms Lin"), (2, 1, "Ms Lin")]
    assert [e.step for e in history(session, quote)][-2:] == ["open_round", "add_round"]

    def rewrite() -> None:
        with session.begin_nested():
            rows[0].next_step = "never mind"

    with pytest.raises(RuntimeError, match="stays as it was"):
        rewrite()


@pytest.mark.clause("2.3.2-a")
def test_nothing_is_won_while_one_of_the_four_is_open(session: Session, house: House, at: datetime) -> None:
    quote, sal = deals.sent(session, house, at), house.actor("SAL")
    met = deals.meeting(house, house_day(at))
    for term, line in (("delivery_date", 1), ("payment", 0), ("price", 1), ("service", 0)):
        with pytest.raises(Invalid) as error:
            negotiation.win(session, quote, None, by=sal, at=at)
        assert refusal(error) == (f"quote.term.{term}", term, "2.3.2-a")
        hold_round(session, quote, met, [Change(term, line, agreed=True)], by=sal, at=at)
    negotiation.win(session, quote, None, by=sal, at=at)
    assert quote.state == "won"
    assert told(session, "quote.won") == ["AFS", "LOG", "PRO", "PUR", "QUA"]


@pytest.mark.clause("1.3-c", "2.2.2-b", "2.3.2-a")
def test_a_key_need_and_a_won_quote_are_handed_over_with_a_clock(session: Session, house: House, at: datetime) -> None:
    enquiry = deals.captured(session, house, at)
    sal, usual = house.actor("SAL"), book(session, at).policy("HANDOVER")
    enquiries.state_aspects(session, enquiry, 1, dict.fromkeys(ASPECTS), by=sal, at=at)
    enquiries.classify(session, enquiry, 1, class_code="new_product", rank="key", by=sal, at=at)
    enquiries.complete(session, enquiry, by=sal, at=at)
    enquiries.rank(session, enquiry, by=sal, at=at)
    deals.won(session, house, at, enquiry=enquiry)
    due = house_calendar().add(at, usual.budget) if usual.working else at + usual.budget
    for key, departments in (("enquiry.key_need", {"PRO", "RND"}), ("quote.won", {"AFS", "LOG", "PRO", "PUR", "QUA"})):
        rows = session.scalars(select(Notice).where(Notice.key == key)).all()
        assert {row.to_department for row in rows} == departments
        assert {(row.due_at, row.acknowledged_at, row.everyone) for row in rows} == {(due, None, True)}
    assert notice.escalate_unread(session, at=due) == 7


@pytest.mark.clause("2.3.2-a", "3.1.2-a")
@pytest.mark.parametrize("quantity", [2, 30])
def test_a_won_quote_is_told_to_those_who_will_confirm_its_order(
    session: Session, house: House, at: datetime, quantity: int
) -> None:
    quote = deals.won(session, house, at, quantity=quantity)
    order = orders.draft_from(session, quote.number, by=house.actor("SAL"), at=at)
    orders.issue(session, order, by=house.actor("SAL"), at=at)
    assert told(session, "quote.won") == order.confirmers
    assert ("PUR" in order.confirmers) == (quantity == 30)


@pytest.mark.clause("2.3.2-a", "3.1.1-a")
def test_a_won_quote_is_what_an_order_is_issued_from(session: Session, house: House, at: datetime) -> None:
    quote, sal = deals.sent(session, house, at), house.actor("SAL")
    assert agreement.find(session, quote.number) is None
    changes = [
        Change("price", 1, 96_000),
        Change("volume", 1, 40, reason="two shifts"),
        Change("payment", 0, "60 days"),
    ]
    hold_round(session, quote, deals.meeting(house, house_day(at)), changes, by=sal, at=at)
    negotiation.win(session, quote, deals.meeting(house, house_day(at)), by=sal, at=at)
    found = agreement.find(session, quote.number)
    assert found is not None
    assert (found.customer_id, found.currency, found.payment_terms) == (house.customer.id, "HKD", "60 days")
    (line,) = found.lines
    assert (line.unit_price, line.quantity, line.due_on) == (96_000, 40, quote.lines[0].promised_on)
    assert terms.given_way_bp(queries.standing(session, quote)) == 2_000 * 10_000 // 98_000


@pytest.mark.clause("3.1.1-a")
def test_what_one_order_took_of_a_quote_is_a_difference_in_the_next(
    session: Session, house: House, at: datetime
) -> None:
    quote, sal = deals.won(session, house, at), house.actor("SAL")
    first = orders.draft_from(session, quote.number, by=sal, at=at)
    second = orders.draft_from(session, quote.number, by=sal, at=at)
    orders.issue(session, first, by=sal, at=at)
    with pytest.raises(Invalid) as error:
        orders.issue(session, second, by=sal, at=at)
    assert refusal(error) == ("order.unexplained", "lines.1.quantity", "3.1.1-a")
    (difference,) = papers.differences(session, second)
    assert (difference.agreed, difference.ordered) == (0, 30)
    assert papers.differences(session, first) == []
    orders.issue(session, second, by=sal, at=at, explanations={"*": "Ms Lin wants as many again at that price."})
    assert (second.state, papers.differences(session, first)) == ("issued", []), "the first was issued before"
    third = orders.draft_from(session, quote.number, by=sal, at=at)
    assert [line.quantity for line in third.lines] == [0], "nothing is left to be taken over"


@pytest.mark.clause("3.1.1-a")
def test_units_are_drawn_from_the_line_that_was_meant() -> None:
    may, june = date(2027, 5, 3), date(2027, 6, 1)
    lines = (AgreedLine("A", "a", 30, 1, may), AgreedLine("A", "a", 30, 1, june), AgreedLine("B", "b", None, 1, None))
    agreed = Agreement("QT-1", 1, "HKD", "", "", lines, once=True)

    def left(*ordered: tuple[str, int, date]) -> list[int | None]:
        taken = [AgreedLine(model, "", units, 1, due) for model, units, due in ordered]
        return [line.quantity for line in agreement.less(agreed, taken).lines]

    assert left() == [30, 30, None]
    assert left(("A", 20, june)) == [30, 10, None]
    assert left(("A", 40, june), ("B", 5, may)) == [20, 0, None]
    assert left(("A", 90, date(2028, 1, 3)), ("A", 5, may)) == [0, 0, None]


@pytest.mark.clause("2.3.1-a", "2.3.2-a")
def test_a_price_talked_below_the_floor_is_not_won_without_the_signature(
    session: Session, house: House, at: datetime
) -> None:
    quote, sal = deals.sent(session, house, at), house.actor("SAL")
    met = deals.meeting(house, house_day(at))
    hold_round(session, quote, met, [Change("price", 1, 80_000)], by=sal, at=at)
    with pytest.raises(Conflict) as error:
        negotiation.win(session, quote, met, by=sal, at=at)
    assert refusal(error) == ("quote.margin_unsigned", "unit_price", "2.3.1-a")
    assert (quote.state, len(queries.rounds(session, quote))) == ("negotiating", 1)
    service.ask_signature(session, quote, by=sal, at=at)
    service.sign_margin(session, quote, "approve", by=house.actor("MGT"), at=at)
    negotiation.win(session, quote, met, by=sal, at=at)
    assert quote.state == "won"


@pytest.mark.clause("2.3.2-a")
def test_a_quote_is_lost_for_a_reason_that_sales_and_market_research_hear(
    session: Session, house: House, at: datetime
) -> None:
    quote, sal = deals.sent(session, house, at), house.actor("SAL")
    with pytest.raises(Invalid) as error:
        negotiation.lose(session, quote, "", "", by=sal, at=at)
    assert refusal(error) == ("quote.lost_reason", "reason", "2.3.2-a")
    negotiation.lose(session, quote, "delivery", "They need it next week.", by=sal, at=at)
    heard = session.scalars(select(Notice).where(Notice.key == "quote.lost.delivery")).one()
    assert (quote.state, heard.to_department, heard.everyone) == ("lost", "SAL", True)
    assert "next week" not in str([entry.data for entry in history(session, quote)])


@pytest.mark.clause("2.3.2-b")
def test_only_sales_negotiates_and_only_what_was_sent(session: Session, house: House, at: datetime) -> None:
    met, sal = deals.meeting(house, house_day(at)), house.actor("SAL")
    with pytest.raises(IllegalStep):
        hold_round(session, deals.drafted(session, house, at), met, [], by=sal, at=at)
    quote = deals.sent(session, house, at)
    for department in ("PRO", "MGT"):
        with pytest.raises(Forbidden, match=r"case\.not_an_actor"):
            hold_round(session, quote, met, [], by=house.actor(department), at=at)
    assert queries.rounds(session, quote) == []
