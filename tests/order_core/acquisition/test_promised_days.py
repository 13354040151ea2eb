"""Days that are offered are computed for what is offered, as of now; another day has a reason beside it (2.3.1-b)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from order_core.acquisition.days import house_day
from order_core.acquisition.quote import drafting, promise, queries, service
from order_core.acquisition.quote.negotiation import hold_round
from order_core.acquisition.quote.terms import Change
from order_core.errors import Invalid
from tests.order_core.acquisition import deals
from tests.order_core.conftest import House

DAY = timedelta(days=1)


@pytest.mark.clause("2.3.1-b")
def test_a_revision_computes_its_days_for_the_quantity_as_it_stands(
    session: Session, house: House, at: datetime
) -> None:
    quote, sal = deals.sent(session, house, at), house.actor("SAL")
    before = quote.lines[0].computed_on
    hold_round(session, quote, deals.meeting(house, house_day(at)), [Change("volume", 1, 10)], by=sal, at=at)
    service.revise(session, quote, valid_until=quote.valid_until, by=sal, at=at)
    (line,) = quote.lines
    expected = promise.computed(session, "RF-520", 10, house_day(at))[0].on
    assert (line.quantity, line.computed_on, line.typed_on) == (10, expected, None)
    assert before is not None
    assert expected < before


@pytest.mark.clause("2.3.1-b")
def test_what_was_computed_weeks_ago_is_computed_anew_before_it_goes_out(
    session: Session, house: House, at: datetime
) -> None:
    quote, sal = deals.drafted(session, house, at), house.actor("SAL")
    first = quote.lines[0].computed_on
    approved, sent = at + 21 * DAY, at + 28 * DAY
    service.approve(session, quote, by=sal, at=approved)
    again = promise.computed(session, "RF-520", 30, house_day(approved))[0].on
    assert first is not None
    assert quote.lines[0].promised_on == again > first
    offered = service.send(session, quote, by=sal, at=sent).content["lines"][0]["due_on"]
    assert offered == promise.computed(session, "RF-520", 30, house_day(sent))[0].on.isoformat()


@pytest.mark.clause("2.3.1-b")
def test_no_day_that_is_over_is_approved_or_sent(session: Session, house: House, at: datetime) -> None:
    quote, sal = deals.drafted(session, house, at), house.actor("SAL")
    drafting.type_date(session, quote, 1, house_day(at) + 2 * DAY, "from the show room", by=sal, at=at)
    late = at + 3 * DAY
    with pytest.raises(Invalid) as error:
        service.approve(session, quote, by=sal, at=late)
    fault = (error.value.code, error.value.field, error.value.clause, error.value.params["line"])
    assert (fault, quote.state) == (("quote.promise_past", "typed_on", "2.3.1-b", 1), "draft")
    service.approve(session, quote, by=sal, at=at)
    with pytest.raises(Invalid) as error:
        service.send(session, quote, by=sal, at=late)
    assert (error.value.code, error.value.field, error.value.params["line"]) == ("quote.promise_past", "typed_on", 1)
    assert (quote.state, queries.revisions(session, quote)) == ("approved", [])


@pytest.mark.clause("2.3.1-b")
@pytest.mark.parametrize(
    "changes",
    [
        (Change("volume", 1, 3_000),),
        (Change("delivery_date", 1, "2026-12-01", agreed=True),),
        (Change("volume", 1, 3_000), Change("delivery_date", 1, "2027-06-01")),
    ],
)
def test_a_round_offers_no_earlier_day_than_the_computed_one_without_a_reason(
    session: Session, house: House, at: datetime, changes: tuple[Change, ...]
) -> None:
    quote, sal = deals.sent(session, house, at), house.actor("SAL")
    met = deals.meeting(house, house_day(at))
    with pytest.raises(Invalid) as error:
        hold_round(session, quote, met, changes, by=sal, at=at)
    fault = (error.value.code, error.value.field, error.value.clause, error.value.params["line"])
    assert fault == ("quote.round_reason", f"changes.{len(changes)}.reason", "2.3.1-b", 1)
    assert (quote.state, queries.rounds(session, quote)) == ("sent", [])
    told = [replace(change, reason="bought in, agreed with purchasing") for change in changes]
    row = hold_round(session, quote, met, told, by=sal, at=at)
    units = next((int(c.value or 0) for c in changes if c.term == "volume"), 30)
    expected = promise.computed(session, "RF-520", units, house_day(at))[0].on
    kept = row.changes[-1]
    assert (kept["computed"], kept["reason"]) == (expected.isoformat(), "bought in, agreed with purchasing")


@pytest.mark.clause("2.3.1-b")
def test_a_day_kept_for_a_reason_stays_beside_the_one_computed_for_the_new_volume(
    session: Session, house: House, at: datetime
) -> None:
    quote, sal = deals.sent(session, house, at), house.actor("SAL")
    offered = quote.lines[0].promised_on
    change = Change("volume", 1, 60, reason="half of it from the branch")
    hold_round(session, quote, deals.meeting(house, house_day(at)), [change], by=sal, at=at)
    service.revise(session, quote, valid_until=quote.valid_until, by=sal, at=at)
    (line,) = quote.lines
    assert (line.promised_on, line.typed_reason, line.typed_round) == (offered, "half of it from the branch", 1)
    assert line.computed_on == promise.computed(session, "RF-520", 60, house_day(at))[0].on
