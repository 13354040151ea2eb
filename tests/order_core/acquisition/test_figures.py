"""What quotes come to, from facts alone and from real quotes (2.3.1-b, 2.3.2)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from order_core.acquisition.days import house_day
from order_core.acquisition.quote import drafting, negotiation, queries
from order_core.acquisition.quote.figures import DONE, POSITIONS, Facts, Share, figures, middle
from order_core.acquisition.quote.negotiation import hold_round
from order_core.acquisition.quote.terms import Change
from tests.conftest import NOON
from tests.order_core.acquisition import deals
from tests.order_core.conftest import House

facts = st.builds(
    Facts,
    state=st.sampled_from(["draft", "sent", *DONE]),
    asked_at=st.just(NOON),
    sent_at=st.none() | st.integers(0, 10**6).map(lambda s: NOON + timedelta(seconds=s)),
    position=st.none() | st.sampled_from(POSITIONS),
    given_way_bp=st.none() | st.integers(0, 2_000),
    computed=st.integers(0, 3),
    lines=st.integers(3, 5),
)


@pytest.mark.clause("2.3.1-b", "2.3.2-a")
@deals.pure
@given(found=st.lists(facts, max_size=20))
def test_shares_add_up_and_what_is_open_counts_for_nothing(found: list[Facts]) -> None:
    seen = figures(found)
    assert seen.won.whole == sum(f.state in DONE for f in found)
    parts = seen.by_position.values()
    unplaced = [f for f in found if f.state in DONE and f.position is None]
    assert sum(s.whole for s in parts) + len(unplaced) == seen.won.whole
    assert sum(s.part for s in parts) + sum(f.state == "won" for f in unplaced) == seen.won.part
    assert figures([f for f in found if f.state in DONE]).won == seen.won
    assert seen.computed.part <= seen.computed.whole


def test_of_nothing_there_is_no_share_and_no_middle() -> None:
    seen = figures([])
    assert (seen.won.bp, seen.lead_seconds, seen.given_way_bp, seen.told_after) == (None, None, None, None)
    assert Share(1, 3).bp == 3333
    assert [middle(row) for row in ([], [5], [9, 1], [3, 1, 2])] == [None, 5, 1, 2]


@pytest.mark.clause("2.3.1-b", "2.3.2-a", "2.3.2-c")
def test_the_figures_of_real_quotes(session: Session, house: House, at: datetime) -> None:
    sal = house.actor("SAL")
    deals.won(session, house, at)
    lost = deals.sent(session, house, at, unit_price=120_000)
    negotiation.lose(session, lost, "price", "", by=sal, at=at)
    talked = deals.sent(session, house, at)
    met = deals.meeting(house, house_day(at) - timedelta(days=2))
    hold_round(session, talked, met, [Change("price", 1, 93_100)], by=sal, at=at)
    negotiation.win(session, talked, deals.meeting(house, house_day(at)), by=sal, at=at)
    typed = deals.drafted(session, house, at)
    drafting.type_date(session, typed, 1, house_day(at) + timedelta(days=90), "a fair", by=sal, at=at)
    seen = figures(queries.facts(session))
    assert seen.won == Share(2, 3)
    assert (seen.by_position["level"], seen.by_position["above"]) == (Share(2, 2), Share(0, 1))
    assert seen.given_way_bp == (0 + 500) // 2
    assert seen.computed == Share(3, 4)
    assert (seen.lead_seconds, seen.told_after) == (0, 2)
