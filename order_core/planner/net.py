"""Netting: from what is needed to what must be ordered, in which period, and for whom.

Source: the record of material requirements planning (Orlicky 1975; APICS Dictionary, "netting"). Net = gross - on hand
- scheduled receipts + safety stock, raised to a multiple of the lot and set off by the lead time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from order_core.clauses import carries
from order_core.errors import Invalid

CLAUSE = "3.3.2-a"


@dataclass(frozen=True)
class Peg:
    """Which period's demand a proposal serves, and with how much of it."""

    period: int
    quantity: int


@dataclass(frozen=True)
class Proposal:
    """An order to release.

    Attributes:
        release: period in which to order; negative: it should have been ordered before the plan begins.
        receipt: period in which it is needed.
        quantity: units, a multiple of the lot.
        pegs: the demands it serves; what is left over goes into stock.
    """

    release: int
    receipt: int
    quantity: int
    pegs: tuple[Peg, ...]


@dataclass(frozen=True)
class Netting:
    """The record of one item; each row has one number a period.

    Attributes:
        projected: units on hand at the end of the period, proposals received.
        net: units missing before a proposal is made.
        receipts: units of proposals, where they are needed.
        releases: the same units, where they are ordered; those too late to order are in ``proposals`` only.
        proposals: one an order, by receipt.
    """

    projected: tuple[int, ...]
    net: tuple[int, ...]
    receipts: tuple[int, ...]
    releases: tuple[int, ...]
    proposals: tuple[Proposal, ...]

    @property
    def late(self) -> tuple[Proposal, ...]:
        """Proposals that cannot come in time: to be expedited, or the promise moves."""
        return tuple(proposal for proposal in self.proposals if proposal.release < 0)


@carries("planner", "3.3.2-a")
def net(
    gross: Sequence[int],
    *,
    on_hand: int,
    scheduled: Sequence[int] | None = None,
    safety: int = 0,
    multiple: int = 1,
    lead: int = 0,
) -> Netting:
    """Net the needs of one item.

    Args:
        gross: (n,) units needed in each period.
        on_hand: units in stock when the first period begins.
        scheduled: (n,) units already on order, by period of arrival.
        safety: units that shall remain.
        multiple: lot; orders are multiples of it (1: lot for lot).
        lead: periods from release to receipt.

    Raises:
        Invalid: ``net.number`` (field; a negative number, or a lot below 1), ``net.length`` (rows of two lengths).
    """
    arriving = list(scheduled) if scheduled is not None else [0] * len(gross)
    _check(gross, arriving, on_hand=on_hand, safety=safety, multiple=multiple, lead=lead)
    projected, missing, receipts = [], [], []
    stock = on_hand
    for need, arrival in zip(gross, arriving, strict=True):
        stock += arrival - need
        short = max(0, safety - stock)
        lot = -(-short // multiple) * multiple
        stock += lot
        projected.append(stock)
        missing.append(short)
        receipts.append(lot)
    proposals = _pegged(gross, arriving, on_hand, receipts, lead)
    releases = [*receipts[lead:], *[0] * min(lead, len(gross))]
    return Netting(tuple(projected), tuple(missing), tuple(receipts), tuple(releases), proposals)


def _check(gross: Sequence[int], scheduled: Sequence[int], **numbers: int) -> None:
    for field, row in (("gross", gross), ("scheduled", scheduled)):
        if any(value < 0 for value in row):
            raise Invalid("net.number", field=field, clause=CLAUSE)
    if len(scheduled) != len(gross):
        raise Invalid("net.length", field="scheduled", clause=CLAUSE, scheduled=len(scheduled), gross=len(gross))
    for field, value in numbers.items():
        if value < (1 if field == "multiple" else 0):
            raise Invalid("net.number", field=field, clause=CLAUSE)


def _pegged(
    gross: Sequence[int], scheduled: Sequence[int], on_hand: int, receipts: Sequence[int], lead: int
) -> tuple[Proposal, ...]:
    """First come, first served: units in the order of their arrival to demands in the order of their dates."""
    waiting = deque([Peg(period, need) for period, need in enumerate(gross) if need])
    _serve(waiting, on_hand)
    proposals = []
    for period, (arrival, lot) in enumerate(zip(scheduled, receipts, strict=True)):
        _serve(waiting, arrival)
        if lot:
            proposals.append(Proposal(period - lead, period, lot, _serve(waiting, lot)))
    return tuple(proposals)


def _serve(waiting: deque[Peg], units: int) -> tuple[Peg, ...]:
    served = []
    while units and waiting:
        peg = waiting.popleft()
        given = min(units, peg.quantity)
        served.append(Peg(peg.period, given))
        units -= given
        if given < peg.quantity:
            waiting.appendleft(Peg(peg.period, peg.quantity - given))
    return tuple(served)
