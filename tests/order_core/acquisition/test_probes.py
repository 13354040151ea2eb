"""Whether 2.2 and 2.3 hold is counted from the records: none on a clean house, one for each that breaks it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from order_core.acquisition.days import end_of, house_day
from order_core.acquisition.enquiry.models import Requirement
from order_core.acquisition.quote import negotiation, probes
from order_core.acquisition.quote.models import NegotiationRound, PriceInput, QuoteLine
from order_core.acquisition.quote.terms import Change
from tests.order_core.acquisition import deals
from tests.order_core.conftest import House

BREAKS: dict[Callable[[Session, datetime], int], object] = {
    probes.told_by_nobody: update(Requirement).values(words=" "),
    probes.passed_too_early: update(Requirement).values(aspects={"price": None}),
    probes.low_and_unsigned: update(PriceInput).where(PriceInput.kind == "cost").values(amount=97_000),
    probes.past_their_day: update(QuoteLine).values(computed_on=None),
    probes.won_and_open: update(NegotiationRound).values(changes=[]),
}


@pytest.mark.clause("1.3-b", "2.2.1-a", "2.2.1-b", "2.3.1-a", "2.3.1-b", "2.3.2-a")
@pytest.mark.parametrize("count", BREAKS, ids=lambda count: count.__name__)
def test_what_breaks_a_clause_behind_the_rules_is_counted(
    session: Session, house: House, at: datetime, count: Callable[[Session, datetime], int]
) -> None:
    deals.won(session, house, at)
    assert count(session, at) == 0
    session.execute(BREAKS[count])  # type: ignore[call-overload]
    session.expire_all()
    assert count(session, at) == 1


@pytest.mark.clause("2.2.2-b", "2.3.1-b")
def test_an_unanswered_key_need_and_an_offer_past_its_day_are_counted(
    session: Session, house: House, at: datetime
) -> None:
    quote = deals.sent(session, house, at)
    assert probes.key_needs_unanswered(session, at) == 0
    late = end_of(quote.valid_until) + timedelta(days=2)
    assert (probes.past_their_day(session, at), probes.past_their_day(session, late)) == (0, 1)
    quote.lines[0].answers.clear()
    session.flush()
    assert probes.key_needs_unanswered(session, at) == 1


@pytest.mark.clause("2.3.2-b", "2.3.2-c")
def test_a_change_that_nobody_reads_is_counted_until_it_is_escalated(
    session: Session, house: House, at: datetime
) -> None:
    quote = deals.sent(session, house, at)
    met = deals.meeting(house, house_day(at))
    negotiation.hold_round(
        session, quote, met, [Change("volume", 1, 40, reason="two shifts")], by=house.actor("SAL"), at=at
    )
    later = at + timedelta(days=3)
    assert (probes.unread_changes(session, at), probes.unread_changes(session, later)) == (0, 1)
    assert probes.rounds_of_nobody(session, at) == 0
    session.execute(update(NegotiationRound).values(next_step=""))
    assert probes.rounds_of_nobody(session, at) == 1
