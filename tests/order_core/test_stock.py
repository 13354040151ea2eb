"""The stock ledger against plain sums: on hand is what was moved, and nothing is promised twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from order_core.errors import Conflict, Invalid
from order_core.issues.models import Issue
from order_core.kernel import stock
from order_core.kernel.actor import WORKER
from order_core.kernel.ledger import StockBalance, StockLocation, StockMove, StockReservation, ledger_faults
from tests.order_core.conftest import on_database, undone

INSIDE, OUTSIDE = ("MAIN", "VAN"), ("SUPPLIER", "CUSTOMER")  # the world outside has no balance
LOTS = ("", "A", "B")
VALVE = "IV-120"


@pytest.fixture
def store(session: Session, ticket: Issue) -> Session:
    """A warehouse, a van, a supplier and a customer, all empty."""
    session.add_all(StockLocation(code=code, kind="place") for code in INSIDE)
    session.add_all(StockLocation(code=code, kind="place", external=True) for code in OUTSIDE)
    session.commit()
    return session


def move(session: Session, source: str, target: str, quantity: int, at: datetime, lot: str = "") -> StockMove:
    return stock.move(session, VALVE, quantity, source=source, target=target, reason="test", by=WORKER, at=at, lot=lot)


def consume(session: Session, held: StockReservation, case: Issue, at: datetime) -> StockMove:
    return stock.consume(session, held, target="CUSTOMER", reason="repair", by=WORKER, at=at, cause=case)


def balance(session: Session, location: str, lot: str = "") -> tuple[int, int]:
    """(on hand, reserved) as the database has it."""
    session.expire_all()
    found = session.scalars(select(StockBalance).filter_by(location=location, item=VALVE, lot=lot)).one_or_none()
    return (found.on_hand, found.reserved) if found else (0, 0)


@dataclass
class Paper:
    """The same stock kept on paper. ``held``: reservation id → (location, lot, quantity)."""

    on_hand: Counter[tuple[str, str]] = field(default_factory=Counter)
    held: dict[int, tuple[str, str, int]] = field(default_factory=dict)

    def reserved(self, location: str, lot: str) -> int:
        return sum(q for where, what, q in self.held.values() if (where, what) == (location, lot))

    def free(self, location: str, lot: str) -> int:
        return self.on_hand[location, lot] - self.reserved(location, lot)

    def lot_for(self, location: str, quantity: int) -> str | None:
        return next(
            (lot for lot in LOTS if (location, lot) in self.on_hand and self.free(location, lot) >= quantity), None
        )

    def booked(self, source: str, target: str, lot: str, quantity: int) -> None:
        for place, amount in ((source, -quantity), (target, quantity)):
            if place in INSIDE:
                self.on_hand[place, lot] += amount


places = st.sampled_from(INSIDE + OUTSIDE)
quantities = st.integers(1, 4)
actions = st.one_of(
    st.tuples(st.just("move"), places, places, st.sampled_from(LOTS), quantities),
    st.tuples(st.just("move"), st.just("SUPPLIER"), st.sampled_from(INSIDE), st.sampled_from(LOTS), quantities),
    st.tuples(st.just("reserve"), st.sampled_from(INSIDE), quantities),
    st.tuples(st.just("consume"), st.integers(0, 9)),
    st.tuples(st.just("release"), st.integers(0, 9)),
)


def do(session: Session, paper: Paper, action: tuple[Any, ...], case: Issue, at: datetime) -> None:
    """Act on both, and see that the product refuses exactly where the paper says that it has to."""
    kind, *rest = action
    if kind == "move":
        source, target, lot, quantity = rest
        if source in INSIDE and paper.free(source, lot) < quantity:
            with pytest.raises(Conflict, match=r"stock\.not_available"):
                move(session, source, target, quantity, at, lot)
        else:
            move(session, source, target, quantity, at, lot)
            paper.booked(source, target, lot, quantity)
    elif kind == "reserve":
        location, quantity = rest
        lot = paper.lot_for(location, quantity)
        held = stock.reserve(session, VALVE, quantity, location=location, case=case, at=at)
        assert (held is None) is (lot is None)
        if held is not None and lot is not None:
            paper.held[held.id] = (location, lot, quantity)
    elif paper.held:
        held_id = sorted(paper.held)[rest[0] % len(paper.held)]
        location, lot, quantity = paper.held.pop(held_id)
        held = session.get_one(StockReservation, held_id)
        if kind == "consume":
            assert consume(session, held, case, at).lot == lot
            paper.booked(location, "CUSTOMER", lot, quantity)
        else:
            stock.release(session, held)


@pytest.mark.clause("5.2.3-a")
@on_database
@given(actions=st.lists(actions, max_size=14))
def test_the_ledger_agrees_with_plain_sums_after_every_action(
    store: Session, ticket: Issue, at: datetime, actions: list[tuple[Any, ...]]
) -> None:
    """5.2.3-a: every balance is the sum of its moves, at every moment, and never below what is promised."""
    paper = Paper()
    with undone(store):
        for action in actions:
            do(store, paper, action, ticket, at)
            for location in INSIDE:
                for lot in LOTS:
                    kept = (paper.on_hand[location, lot], paper.reserved(location, lot))
                    assert balance(store, location, lot) == kept
                    assert 0 <= kept[1] <= kept[0]
            assert ledger_faults(store) == []
        assert {held.id for held in stock.held_for(store, ticket)} == set(paper.held)


def test_a_move_that_is_refused_moves_nothing(store: Session, at: datetime) -> None:
    move(store, "SUPPLIER", "MAIN", 2, at)
    with pytest.raises(Conflict) as refused:
        move(store, "MAIN", "VAN", 3, at)
    assert (refused.value.clause, refused.value.params) == ("5.2.3-a", {"item": VALVE, "location": "MAIN"})
    assert (balance(store, "MAIN"), balance(store, "VAN")) == ((2, 0), (0, 0))
    assert len(store.scalars(select(StockMove)).all()) == 1


def test_what_is_promised_cannot_be_taken_by_another(store: Session, ticket: Issue, at: datetime) -> None:
    move(store, "SUPPLIER", "VAN", 2, at)
    assert stock.reserve(store, VALVE, 2, location="VAN", case=ticket, at=at) is not None
    assert stock.reserve(store, VALVE, 1, location="VAN", case=ticket, at=at) is None
    with pytest.raises(Conflict):
        move(store, "VAN", "CUSTOMER", 1, at)
    assert balance(store, "VAN") == (2, 2)


@pytest.mark.parametrize("quantity", [0, -1, -5])
def test_less_than_one_unit_is_neither_moved_nor_promised(
    store: Session, ticket: Issue, at: datetime, quantity: int
) -> None:
    """A promise of minus one would quietly take somebody else's promise away."""
    move(store, "SUPPLIER", "VAN", 5, at)
    assert stock.reserve(store, VALVE, 5, location="VAN", case=ticket, at=at) is not None
    with pytest.raises(Invalid, match=r"stock\.quantity"):
        move(store, "VAN", "MAIN", quantity, at)
    with pytest.raises(Invalid, match=r"stock\.quantity"):
        stock.reserve(store, VALVE, quantity, location="VAN", case=ticket, at=at)
    assert balance(store, "VAN") == (5, 5)


@pytest.mark.parametrize(("source", "target"), [("NOWHERE", "MAIN"), ("MAIN", "NOWHERE")])
def test_a_place_nobody_knows_is_refused(store: Session, at: datetime, source: str, target: str) -> None:
    move(store, "SUPPLIER", "MAIN", 5, at)
    with pytest.raises(Invalid, match=r"stock\.location .* location=NOWHERE"):
        move(store, source, target, 1, at)


def reserved(session: Session, case: Issue, at: datetime, *, settled: str = "") -> StockReservation:
    """A reservation of two of the van's five units, settled in this way; two others are held besides."""
    move(session, "SUPPLIER", "VAN", 5, at)
    held, besides = (stock.reserve(session, VALVE, 2, location="VAN", case=case, at=at) for _ in range(2))
    assert held is not None
    assert besides is not None
    if settled == "consumed":
        consume(session, held, case, at)
    elif settled == "released":
        stock.release(session, held)
    session.commit()
    return held


@pytest.mark.parametrize(("settled", "left"), [("consumed", (3, 2)), ("released", (5, 2))])
def test_a_promise_is_settled_once(
    store: Session, ticket: Issue, at: datetime, settled: str, left: tuple[int, int]
) -> None:
    held = reserved(store, ticket, at, settled=settled)
    stock.release(store, held)
    with pytest.raises(Conflict, match=r"stock\.reservation_settled"):
        consume(store, held, ticket, at)
    assert (held.state, balance(store, "VAN")) == (settled, left)
    assert ledger_faults(store) == []


@pytest.mark.parametrize("first", ["consumed", "released"])
@pytest.mark.parametrize("second", ["consumed", "released"])
def test_a_promise_is_settled_once_though_two_hold_it_in_their_hands(
    store: Session, other: Session, ticket: Issue, at: datetime, first: str, second: str
) -> None:
    """The other one has read it before it was settled and believes it still held."""
    held = reserved(store, ticket, at)
    theirs = other.get_one(StockReservation, held.id)
    other.commit()
    if first == "consumed":
        consume(store, held, ticket, at)
    else:
        stock.release(store, held)
    store.commit()
    assert theirs.state == "held"
    if second == "consumed":
        with pytest.raises(Conflict, match=r"stock\.reservation_settled"):
            consume(other, theirs, ticket, at)
    else:
        stock.release(other, theirs)
    other.commit()
    assert balance(store, "VAN") == ((3, 2) if first == "consumed" else (5, 2))
    assert ledger_faults(store) == []


@pytest.mark.parametrize("values", [{"on_hand": -1}, {"reserved": -1}, {"reserved": 6}])
def test_the_database_refuses_an_impossible_balance(store: Session, at: datetime, values: dict[str, int]) -> None:
    move(store, "SUPPLIER", "VAN", 5, at)
    with pytest.raises(IntegrityError), store.begin_nested():
        store.execute(update(StockBalance).values(**values))


@pytest.mark.clause("5.2.3-a")
@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"on_hand": 6}, "VAN IV-120: on hand 6, moves say 5"),
        ({"reserved": 2}, "VAN IV-120: reserved 2, held 0"),
    ],
)
def test_a_balance_that_was_tampered_with_is_found(
    store: Session, at: datetime, values: dict[str, int], fault: str
) -> None:
    move(store, "SUPPLIER", "VAN", 5, at)
    store.execute(update(StockBalance).values(**values))
    assert ledger_faults(store) == [fault]
