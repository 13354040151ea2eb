"""Netting against worked records, and its laws."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_core.errors import Invalid
from order_core.planner.net import Netting, Peg, Proposal, net

pytestmark = [pytest.mark.once, pytest.mark.clause("3.3.2-a")]

records = st.fixed_dictionaries(
    {
        "gross": st.lists(st.integers(0, 90), min_size=1, max_size=12),
        "on_hand": st.integers(0, 200),
        "safety": st.integers(0, 40),
        "multiple": st.integers(1, 50),
        "lead": st.integers(0, 14),
    }
)


def test_a_worked_record_with_a_lot_and_a_lead_time() -> None:
    """Item B of the worked sheet studylib.net/doc/25785023: lot 40, lead time 2, 60 on hand."""
    assert net([0, 0, 40, 160, 0, 0], on_hand=60, multiple=40, lead=2) == Netting(
        projected=(60, 60, 20, 20, 20, 20),
        net=(0, 0, 0, 140, 0, 0),
        receipts=(0, 0, 0, 160, 0, 0),
        releases=(0, 160, 0, 0, 0, 0),
        proposals=(Proposal(1, 3, 160, (Peg(3, 140),)),),
    )


def test_a_worked_record_lot_for_lot() -> None:
    """Item E of the same sheet: lot for lot, lead time 2, nothing on hand."""
    found = net([0, 0, 0, 0, 20, 80], on_hand=0, lead=2)
    assert found.projected == (0,) * 6
    assert found.net == found.receipts == (0, 0, 0, 0, 20, 80)
    assert found.releases == (0, 0, 20, 80, 0, 0)


def test_a_proposal_names_every_demand_it_serves() -> None:
    found = net([5, 0, 10, 10], on_hand=2, scheduled=[0, 4, 0, 0], multiple=12)
    assert found.proposals == (
        Proposal(0, 0, 12, (Peg(0, 3), Peg(2, 9))),
        Proposal(3, 3, 12, (Peg(3, 7),)),
    )


def test_what_should_have_been_ordered_already_is_late() -> None:
    found = net([0, 8], on_hand=3, lead=3)
    assert found.late == (Proposal(-2, 1, 5, (Peg(1, 5),)),)
    assert found.releases == (0, 0)


@given(record=records, data=st.data())
def test_nothing_goes_missing_and_nothing_is_ordered_needlessly(record: dict[str, Any], data: st.DataObject) -> None:
    gross, multiple = record["gross"], record["multiple"]
    scheduled = data.draw(st.lists(st.integers(0, 60), min_size=len(gross), max_size=len(gross)))
    found = net(scheduled=scheduled, **record)
    moves = [a + r - g for a, r, g in zip(scheduled, found.receipts, gross, strict=True)]
    assert list(found.projected) == list(accumulate(moves, initial=record["on_hand"]))[1:]
    assert all(left >= record["safety"] for left in found.projected)
    for left, lot, short in zip(found.projected, found.receipts, found.net, strict=True):
        assert lot % multiple == 0
        assert (lot > 0) is (short > 0)
        assert not lot or left - record["safety"] < multiple


@given(record=records)
def test_pegs_add_up_to_the_demands_that_stock_does_not_serve(record: dict[str, Any]) -> None:
    found = net(**record)
    pegs = [(proposal, peg) for proposal in found.proposals for peg in proposal.pegs]
    assert sum(peg.quantity for _, peg in pegs) == max(0, sum(record["gross"]) - record["on_hand"])
    assert all(peg.period >= proposal.receipt for proposal, peg in pegs)
    assert sum(found.releases) + sum(late.quantity for late in found.late) == sum(found.receipts)


@pytest.mark.parametrize(
    ("asked", "code", "field"),
    [
        ({"gross": [1, -1], "on_hand": 0}, "net.number", "gross"),
        ({"gross": [1], "on_hand": -1}, "net.number", "on_hand"),
        ({"gross": [1], "on_hand": 0, "multiple": 0}, "net.number", "multiple"),
        ({"gross": [1], "on_hand": 0, "lead": -1}, "net.number", "lead"),
        ({"gross": [1, 2], "on_hand": 0, "scheduled": [1]}, "net.length", "scheduled"),
    ],
)
def test_odd_input_is_refused_by_name(asked: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        net(**asked)
    assert (refusal.value.code, refusal.value.field) == (code, field)
