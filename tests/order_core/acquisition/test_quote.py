"""Quotes: built up, dated, signed where low, frozen when sent, expired when over (2.3.1)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.acquisition.days import end_of, house_day
from order_core.acquisition.enquiry import merging
from order_core.acquisition.enquiry import service as enquiries
from order_core.acquisition.enquiry.models import Enquiry
from order_core.acquisition.enquiry.rules import ASPECTS
from order_core.acquisition.quote import drafting, negotiation, queries, rules, service, steps
from order_core.acquisition.quote.models import Quote, QuoteRevision
from order_core.acquisition.quote.negotiation import hold_round
from order_core.acquisition.quote.terms import Change
from order_core.errors import Conflict, Forbidden, IllegalStep, Invalid, Refusal
from order_core.kernel import clock, sign
from order_core.kernel.actor import CLOCK
from order_core.kernel.case import history
from order_core.kernel.clock import Clock
from order_core.kernel.notice import Notice
from order_core.rulebook.clocks import house_calendar
from tests.order_core.acquisition import deals
from tests.order_core.conftest import House, on_database, undone

LOW: dict[str, Any] = {"unit_price": 80_000}
"""Twelve and a half per cent over cost."""


def refusal(error: pytest.ExceptionInfo[Refusal]) -> tuple[str, str | None, str | None]:
    return error.value.code, error.value.field, error.value.clause


@pytest.mark.clause("2.3.1-a")
@pytest.mark.parametrize("kind", rules.INPUTS)
def test_no_price_is_approved_without_cost_market_and_need(
    session: Session, house: House, at: datetime, kind: str
) -> None:
    left = tuple(given for given in deals.inputs(house_day(at)) if given.kind != kind)
    quote = deals.drafted(session, house, at, inputs=left)
    with pytest.raises(Invalid) as error:
        service.approve(session, quote, by=house.actor("SAL"), at=at)
    assert refusal(error) == (f"quote.{kind}.input", kind, "2.3.1-a")
    assert quote.state == "draft"


@pytest.mark.clause("2.3.1-a")
def test_an_input_from_nowhere_or_from_tomorrow_is_refused(session: Session, house: House, at: datetime) -> None:
    nowhere = tuple(dataclasses.replace(given, source=" ") for given in deals.inputs(house_day(at)))
    quote = deals.drafted(session, house, at, inputs=nowhere)
    with pytest.raises(Invalid) as error:
        service.approve(session, quote, by=house.actor("SAL"), at=at)
    assert refusal(error) == ("quote.cost.source", "cost", "2.3.1-a")
    with pytest.raises(Invalid) as error:
        deals.drafted(session, house, at, inputs=deals.inputs(house_day(at) + timedelta(days=1)))
    assert refusal(error) == ("quote.input_day", "cost_on", "2.3.1-a")


@pytest.mark.clause("2.3.1-a")
@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"quantity": 0}, "quote.quantity", "quantity"),
        ({"quantity": rules.MOST_UNITS + 1}, "quote.quantity", "quantity"),
        ({"unit_price": 0}, "quote.unit_price", "unit_price"),
        ({"specification": " "}, "quote.specification", "specification"),
        ({"model_code": "XX-1"}, "quote.model", "model_code"),
        ({"answers": (4711,)}, "quote.answers", "answers"),
    ],
)
def test_a_line_that_cannot_be_is_refused_by_its_field(
    session: Session, house: House, at: datetime, values: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(Invalid) as error:
        deals.drafted(session, house, at, **values)
    assert refusal(error)[:2] == (code, field)


@pytest.mark.clause("2.3.1-a")
def test_a_floor_margin_quote_waits_for_managements_head(session: Session, house: House, at: datetime) -> None:
    quote, sal = deals.drafted(session, house, at, **LOW), house.actor("SAL")
    with pytest.raises(Conflict) as error:
        service.approve(session, quote, by=sal, at=at)
    assert refusal(error) == ("quote.margin_unsigned", "unit_price", "2.3.1-a")
    service.ask_signature(session, quote, by=sal, at=at)
    told = session.scalars(select(Notice).where(Notice.key == "quote.low_margin")).one()
    assert (told.to_department, told.params) == ("MGT", {"number": quote.number})
    with pytest.raises(Conflict, match=r"quote\.margin_unsigned"):
        service.approve(session, quote, by=sal, at=at)
    service.sign_margin(session, quote, "approve", by=house.actor("MGT"), at=at, opinion="to get in")
    service.approve(session, quote, by=sal, at=at)
    assert quote.state == "approved"


@pytest.mark.clause("2.3.1-a")
@pytest.mark.parametrize("department", ["SAL", "PRO", "AFS"])
def test_nobody_signs_a_low_margin_for_management(
    session: Session, house: House, at: datetime, department: str
) -> None:
    quote = deals.drafted(session, house, at, **LOW)
    service.ask_signature(session, quote, by=house.actor("SAL"), at=at)
    with pytest.raises(Forbidden, match=r"sign\.not_required"):
        service.sign_margin(session, quote, "approve", by=house.actor(department), at=at)
    nobody_special = dataclasses.replace(house.actor("MGT"), head=False)
    with pytest.raises(Forbidden, match=r"sign\.not_required"):
        service.sign_margin(session, quote, "approve", by=nobody_special, at=at)
    assert not sign.complete(steps.low_sign_off(session, quote))


@pytest.mark.clause("2.3.1-a")
def test_a_signature_is_for_these_prices_only(session: Session, house: House, at: datetime) -> None:
    quote, sal = deals.drafted(session, house, at, **LOW), house.actor("SAL")
    service.ask_signature(session, quote, by=sal, at=at)
    service.sign_margin(session, quote, "approve", by=house.actor("MGT"), at=at)
    enquiry = session.get_one(Enquiry, quote.enquiry_id)
    drafting.set_line(session, quote, 1, deals.spec(enquiry, at, unit_price=79_000), by=sal, at=at)
    with pytest.raises(Conflict, match=r"quote\.margin_unsigned"):
        service.approve(session, quote, by=sal, at=at)
    with pytest.raises(Conflict, match=r"sign\.other_revision"):
        service.sign_margin(session, quote, "approve", by=house.actor("MGT"), at=at)
    drafting.set_line(session, quote, 1, deals.spec(enquiry, at), by=sal, at=at)
    service.approve(session, quote, by=sal, at=at)
    with pytest.raises(Conflict, match=r"quote\.frozen"):
        service.ask_signature(session, quote, by=sal, at=at)


@pytest.mark.clause("2.3.1-a")
def test_good_margins_ask_nobody(session: Session, house: House, at: datetime) -> None:
    quote = deals.drafted(session, house, at)
    with pytest.raises(Conflict, match=r"quote\.margin_fine"):
        service.ask_signature(session, quote, by=house.actor("SAL"), at=at)
    with pytest.raises(Conflict, match=r"quote\.not_asked"):
        service.sign_margin(session, quote, "approve", by=house.actor("MGT"), at=at)


@pytest.mark.clause("2.3.1-b")
def test_a_date_is_computed_and_a_typed_one_stands_beside_it_for_a_reason(
    session: Session, house: House, at: datetime
) -> None:
    quote, sal = deals.drafted(session, house, at), house.actor("SAL")
    (line,) = quote.lines
    computed = line.computed_on
    assert computed is not None
    assert line.trace[-1]["to"] == computed.isoformat()
    with pytest.raises(Invalid) as error:
        drafting.type_date(session, quote, 1, computed - timedelta(days=3), " ", by=sal, at=at)
    assert refusal(error) == ("quote.typed_reason", "reason", "2.3.1-b")
    drafting.type_date(session, quote, 1, computed - timedelta(days=3), "a fair", by=sal, at=at)
    assert (line.promised_on, line.computed_on) == (computed - timedelta(days=3), computed)
    drafting.type_date(session, quote, 1, None, "", by=sal, at=at)
    assert (line.promised_on, line.typed_reason) == (computed, None)
    drafting.type_date(session, quote, 1, computed, "a fair", by=sal, at=at)
    line.computed_on = None
    with pytest.raises(Invalid) as error:
        service.approve(session, quote, by=sal, at=at)
    assert refusal(error) == ("quote.promise", "computed_on", "2.3.1-b")


@pytest.mark.clause("2.2.2-b")
def test_nothing_is_sent_while_a_requirement_has_no_rank(session: Session, house: House, at: datetime) -> None:
    enquiry, sal = deals.captured(session, house, at), house.actor("SAL")
    quote = deals.drafted(session, house, at, enquiry)
    service.approve(session, quote, by=sal, at=at)
    with pytest.raises(Conflict) as error:
        service.send(session, quote, by=sal, at=at)
    assert refusal(error) == ("quote.unranked", "rank", "2.2.2-b")
    assert queries.revisions(session, quote) == []
    assert (quote.state, quote.sent_at) == ("approved", None)


@pytest.mark.clause("2.2.2-b")
def test_a_key_need_is_in_a_line_or_refused_in_writing_before_anything_is_sent(
    session: Session, house: House, at: datetime
) -> None:
    enquiry = deals.classified(session, house, at, "fridges", "a discount", ranks=("secondary", "key"))
    first, second = enquiry.requirements
    quote, sal = deals.drafted(session, house, at, enquiry, answers=(first.id,)), house.actor("SAL")
    service.approve(session, quote, by=sal, at=at)
    with pytest.raises(Conflict) as error:
        service.send(session, quote, by=sal, at=at)
    assert refusal(error) == ("quote.uncovered", "answers", "2.2.2-b")
    assert error.value.params == {"requirement": second.label}
    enquiries.refuse(session, enquiry, 2, "Prices are the same for all.", by=sal, at=at)
    frozen = service.send(session, quote, by=sal, at=at)
    assert [row["refusal"] for row in frozen.content["refusals"]] == ["Prices are the same for all."]
    assert enquiry.state == "answered"


@pytest.mark.clause("2.2.1-b", "2.2.2-a")
def test_nothing_is_sent_before_its_enquiry_is_classified(session: Session, house: House, at: datetime) -> None:
    enquiry, sal = deals.captured(session, house, at), house.actor("SAL")
    enquiries.state_aspects(session, enquiry, 1, dict.fromkeys(ASPECTS), by=sal, at=at)
    enquiries.classify(session, enquiry, 1, class_code="standard", rank="key", by=sal, at=at)
    quote = deals.drafted(session, house, at, enquiry)
    service.approve(session, quote, by=sal, at=at)
    with pytest.raises(Conflict) as error:
        service.send(session, quote, by=sal, at=at)
    assert refusal(error) == ("quote.unclassified", "enquiry", "2.2.2-a")
    assert (quote.state, enquiry.state) == ("approved", "captured")
    enquiries.complete(session, enquiry, by=sal, at=at)
    enquiries.rank(session, enquiry, by=sal, at=at)
    service.send(session, quote, by=sal, at=at)
    assert (quote.state, enquiry.state) == ("sent", "answered")


@pytest.mark.clause("2.2.2-b", "2.3.2-a")
def test_a_need_that_became_key_after_sending_keeps_the_quote_from_being_won(
    session: Session, house: House, at: datetime
) -> None:
    enquiry = deals.classified(session, house, at, "fridges", "a discount", "an app",
                               ranks=("secondary", "secondary", "key"))  # fmt: skip
    first, second, third = enquiry.requirements
    sal, met = house.actor("SAL"), deals.meeting(house, house_day(at))
    quote = deals.sent(session, house, at, enquiry=enquiry, answers=(first.id, third.id))
    later = deals.classified(session, house, at, "five per cent off", ranks=("key",))
    assert enquiry.state == "answered"
    (other,) = later.requirements
    merging.merge(session, second, other, score=None, by=sal, at=at)
    with pytest.raises(Conflict) as error:
        negotiation.win(session, quote, met, by=sal, at=at)
    assert refusal(error) == ("quote.uncovered", "answers", "2.2.2-b")
    assert (quote.state, queries.rounds(session, quote)) == ("sent", [])
    enquiries.refuse(session, later, 1, "Prices are the same for all.", by=sal, at=at)
    negotiation.win(session, quote, met, by=sal, at=at)
    assert quote.state == "won"


def sal_changes(session: Session, house: House, quote: Quote, at: datetime, move: str) -> None:
    """Something that sales may try with a quote at any time."""
    sal = house.actor("SAL")
    enquiry = session.get_one(Enquiry, quote.enquiry_id)
    price = [Change("price", 1, 96_000)]
    moves: dict[str, Callable[[], object]] = {
        "line": lambda: drafting.set_line(session, quote, 1, deals.spec(enquiry, at, unit_price=97_000), by=sal, at=at),
        "remove": lambda: drafting.remove_line(session, quote, 1, by=sal, at=at),
        "recompute": lambda: drafting.recompute(session, quote, by=sal, at=at),
        "approve": lambda: service.approve(session, quote, by=sal, at=at),
        "send": lambda: service.send(session, quote, by=sal, at=at),
        "revise": lambda: service.revise(session, quote, valid_until=quote.valid_until, by=sal, at=at),
        "round": lambda: hold_round(session, quote, deals.meeting(house, house_day(at)), price, by=sal, at=at),
        "refuse": lambda: enquiries.refuse(session, enquiry, 1, "no", by=sal, at=at),
    }
    moves[move]()


MOVES = ("line", "remove", "recompute", "approve", "send", "revise", "round", "refuse")


@pytest.mark.clause("2.3.1-b", "2.3.2-b")
@on_database
@given(moves=st.lists(st.sampled_from(MOVES), max_size=14))
def test_what_was_sent_never_changes_and_terms_move_by_rounds_alone(
    session: Session, house: House, at: datetime, moves: list[str]
) -> None:
    """A random walk of a quote that was sent: frozen revisions stay, and each moved term has its new round."""
    with undone(session):
        quote = deals.sent(session, house, at)
        frozen: dict[int, tuple[str, str]] = {}
        for move in moves:
            before, held = queries.standing(session, quote), len(queries.rounds(session, quote))
            try:
                with session.begin_nested():
                    sal_changes(session, house, quote, at, move)
            except Refusal:
                pass
            session.expire_all()
            for row in queries.revisions(session, quote):
                now = (sign.digest_of(row.content), sign.digest_of(row.build_up))
                assert frozen.setdefault(row.revision, now) == now
                assert row.digest == now[0]
            after = queries.standing(session, quote)
            if {k: t.current for k, t in before.items()} != {k: t.current for k, t in after.items()}:
                assert len(queries.rounds(session, quote)) == held + 1


@pytest.mark.clause("2.3.1-b")
def test_a_frozen_revision_refuses_to_be_rewritten(session: Session, house: House, at: datetime) -> None:
    (row,) = queries.revisions(session, deals.sent(session, house, at))

    def rewrite() -> None:
        with session.begin_nested():
            row.content = {**row.content, "currency": "EUR"}

    def remove() -> None:
        with session.begin_nested():
            session.delete(row)

    for attempt in (rewrite, remove):
        with pytest.raises(RuntimeError, match="stays as it was"):
            attempt()
    assert row.content["currency"] == "HKD"


@pytest.mark.clause("2.3.1-b")
def test_the_customers_copy_says_nothing_of_what_the_price_rests_on(
    session: Session, house: House, at: datetime
) -> None:
    (row,) = queries.revisions(session, deals.sent(session, house, at))
    assert "70000" not in str(row.content)
    assert "bill of materials" not in str(row.content)
    assert row.build_up["lines"][0]["inputs"]["cost"]["amount"] == 70_000


@pytest.mark.clause("2.3.1-b")
def test_a_revision_begins_where_the_talks_stand(session: Session, house: House, at: datetime) -> None:
    quote, sal = deals.sent(session, house, at), house.actor("SAL")
    due = (house_day(at) + timedelta(days=60)).isoformat()
    changes = [Change("price", 1, 96_000), Change("delivery_date", 1, due), Change("service", 0, "three years")]
    hold_round(session, quote, deals.meeting(house, house_day(at)), changes, by=sal, at=at)
    service.revise(session, quote, valid_until=quote.valid_until, by=sal, at=at)
    (line,) = quote.lines
    assert (quote.state, quote.revision, quote.service_terms) == ("draft", 2, "three years")
    assert (line.unit_price, line.typed_on and line.typed_on.isoformat(), line.typed_round) == (96_000, due, 1)
    service.approve(session, quote, by=sal, at=at)
    service.send(session, quote, by=sal, at=at)
    assert [row.revision for row in queries.revisions(session, quote)] == [1, 2]
    assert len(queries.rounds(session, quote)) == 1, "it changed nothing of what was on the table"


@pytest.mark.clause("2.3.1-b")
def test_the_validity_clock_runs_from_sending_to_the_end_of_the_last_day(
    session: Session, house: House, at: datetime
) -> None:
    quote = deals.sent(session, house, at)
    running = clock.running(session, quote, service.VALIDITY)
    assert running is not None
    assert running.due_at == end_of(quote.valid_until)
    service.revise(session, quote, valid_until=quote.valid_until, by=house.actor("SAL"), at=at)
    assert clock.running(session, quote, service.VALIDITY) is None


@pytest.mark.clause("2.3.1-b")
def test_an_offer_holds_through_its_last_day_and_lapses_after_it(session: Session, house: House, at: datetime) -> None:
    quote = deals.sent(session, house, at)
    over = end_of(quote.valid_until)
    assert service.lapse_due(session, at=over - timedelta(seconds=1)) == 0
    assert service.lapse_due(session, at=over) == 1
    assert quote.state == "expired"
    told = session.scalars(select(Notice).where(Notice.key == "quote.expired")).one()
    assert told.to_person_id == house.people["SAL"].id
    assert history(session, quote)[-1].actor_kind == "clock"


@pytest.mark.clause("2.3.1-b")
@on_database
@given(hours=st.lists(st.integers(-48, 48), min_size=1, max_size=8), ending=st.sampled_from(["", "win", "lose"]))
def test_a_quote_lapses_once_whatever_happens(
    session: Session, house: House, at: datetime, hours: list[int], ending: str
) -> None:
    """Looked at in any order and as often as one likes; what was decided before does not lapse at all."""
    with undone(session):
        quote = deals.won(session, house, at) if ending == "win" else deals.sent(session, house, at)
        if ending == "lose":
            negotiation.lose(session, quote, "price", "", by=house.actor("SAL"), at=at)
        over = end_of(quote.valid_until)
        moments = [over + timedelta(hours=h) for h in hours]
        lapsed = sum(service.lapse_due(session, at=moment) for moment in moments)
        assert lapsed == (not ending and max(hours) >= 0)
        assert [e.step for e in history(session, quote)].count("lapse") == lapsed
        clocks = session.scalars(select(Clock).where(Clock.case_kind == "Quote", Clock.case_id == quote.id)).all()
        for moment in (over, over + timedelta(days=9)):
            clock.fire_due(session, at=moment, calendar=house_calendar())
        assert all(c.stopped_at is not None for c in clocks) == bool(ending or lapsed)


@pytest.mark.clause("2.3.1-b")
def test_nobody_lapses_a_quote_by_hand_or_before_its_time(session: Session, house: House, at: datetime) -> None:
    quote = deals.sent(session, house, at)
    with pytest.raises(Forbidden, match=r"case\.not_an_actor"):
        steps.QUOTE.advance(session, quote, "lapse", by=house.actor("SAL"), at=at)
    with pytest.raises(Conflict, match=r"quote\.still_valid"):
        steps.QUOTE.advance(session, quote, "lapse", by=CLOCK, at=at)


@pytest.mark.clause("2.3.1-b")
def test_an_offer_whose_last_day_is_over_goes_nowhere_but_out(session: Session, house: House, at: datetime) -> None:
    quote, sal = deals.drafted(session, house, at), house.actor("SAL")
    late = end_of(quote.valid_until)
    with pytest.raises(Conflict) as error:
        service.approve(session, quote, by=sal, at=late)
    assert refusal(error) == ("quote.over", "valid_until", "2.3.1-b")
    service.approve(session, quote, by=sal, at=at)
    with pytest.raises(Conflict, match=r"quote\.over"):
        service.send(session, quote, by=sal, at=late)
    assert session.scalars(select(QuoteRevision)).all() == []


@pytest.mark.clause("2.3.1-b")
def test_what_is_approved_is_not_written_in(session: Session, house: House, at: datetime) -> None:
    quote, sal = deals.drafted(session, house, at), house.actor("SAL")
    service.approve(session, quote, by=sal, at=at)
    for move in ("line", "remove", "recompute"):
        with pytest.raises(Conflict, match=r"quote\.frozen"):
            sal_changes(session, house, quote, at, move)
    with pytest.raises(IllegalStep):
        service.approve(session, quote, by=sal, at=at)


def test_quotes_are_the_sales_departments(session: Session, house: House, at: datetime) -> None:
    enquiry = deals.classified(session, house, at)
    with pytest.raises(Forbidden, match=r"quote\.sales_only"):
        service.draft(session, enquiry, currency="HKD", by=house.actor("PRO"), at=at)
    with pytest.raises(Invalid, match=r"quote\.currency"):
        service.draft(session, enquiry, currency="XAU", by=house.actor("SAL"), at=at)


def test_the_number_of_a_line_that_was_taken_off_is_not_given_again(
    session: Session, house: House, at: datetime
) -> None:
    """Its terms were negotiated under that number."""
    quote, sal = deals.drafted(session, house, at), house.actor("SAL")
    enquiry = session.get_one(Enquiry, quote.enquiry_id)
    drafting.remove_line(session, quote, 1, by=sal, at=at)
    line = drafting.set_line(session, quote, None, deals.spec(enquiry, at), by=sal, at=at)
    assert line.position == 2
