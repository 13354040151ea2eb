"""The promised day: what the books say of a model goes to the planner, and the way there is kept leg by leg."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from order_core.acquisition.days import house_day
from order_core.acquisition.quote import promise, supply
from order_core.acquisition.quote.models import ExpectedSupply, SupplyTerms
from order_core.errors import Forbidden, Invalid
from order_core.execution import commitments
from order_core.execution import service as execution
from order_core.kernel import stock
from order_core.kernel.actor import WORKER
from order_core.kernel.ledger import StockLocation
from order_core.planner.promise import promise as planned
from order_core.planner.situation import Capacity, Demand, Leads, Situation, Supply
from order_core.rulebook.clocks import house_calendar
from tests.order_core import orders
from tests.order_core.acquisition import deals
from tests.order_core.conftest import House

MONDAY = date(2026, 11, 23)
TERMS = {"material_days": 7, "per_day": 2, "cycle_days": 4, "transport_days": 1}


def warehouses(session: Session, at: datetime) -> None:
    """Eight in our warehouse, five in a van, and a supplier."""
    session.add_all([
        StockLocation(code="MAIN", kind="warehouse"),
        StockLocation(code="VAN", kind="van"),
        StockLocation(code="SUP", kind="supplier", external=True),
    ])  # fmt: skip
    session.flush()
    for target, units in (("MAIN", 8), ("VAN", 5)):
        stock.move(session, "RF-520", units, source="SUP", target=target, reason="receipt", by=WORKER, at=at)


def known(session: Session, at: datetime) -> Situation:
    return promise.situation(session, "RF-520", house_day(at), session.get(SupplyTerms, "RF-520"))


@pytest.mark.clause("2.3.1-b")
def test_stock_supply_and_terms_are_read_from_the_books(session: Session, house: House, at: datetime) -> None:
    warehouses(session, at)
    today, pro = house_day(at), house.actor("PRO")
    order = orders.drafted(session, house, at)
    assert stock.reserve(session, "RF-520", 3, location="MAIN", case=order, at=at)
    supply.expect(session, "RF-520", 6, today + timedelta(days=5), "PO-1", by=pro, at=at)
    session.add(ExpectedSupply(model_code="RF-520", quantity=9, due_on=today - timedelta(days=1), reference="late"))
    session.flush()
    found = known(session, at)
    assert (found.stock, found.supplies) == (5, [Supply(today + timedelta(days=5), 6)])
    assert promise.computed(session, "RF-520", 1, today)[1], "nobody has laid down any terms"
    supply.lay_down(session, "RF-520", **TERMS, by=pro, at=at)
    found = known(session, at)
    assert (found.capacity, found.leads) == (Capacity(2), Leads(material=7, cycle=4, transport=1))
    assert not promise.computed(session, "RF-520", 1, today)[1]


@pytest.mark.clause("2.3.1-b")
def test_what_orders_wait_for_is_not_promised_again(session: Session, house: House, at: datetime) -> None:
    warehouses(session, at)
    before = promise.computed(session, "RF-520", 8, house_day(at))[0]
    order = orders.until(session, house, "issued", at)
    due = order.lines[0].due_on
    assert due is not None
    assert list(commitments.of_orders(session, "RF-520")) == [Demand(due, 1)]
    after = promise.computed(session, "RF-520", 8, house_day(at))[0]
    assert (before.from_stock, after.from_stock) == (8, 7)
    assert after.on > before.on


@pytest.mark.clause("2.3.1-b")
def test_what_was_won_is_promised_once_until_it_is_ordered(session: Session, house: House, at: datetime) -> None:
    first, sal = deals.won(session, house, at), house.actor("SAL")
    (line,) = first.lines
    assert line.promised_on is not None
    demand = [Demand(line.promised_on, 30)]
    assert list(commitments.of_won_quotes(session, "RF-520")) == demand
    second = deals.sent(session, house, at)
    later = second.lines[0].promised_on
    assert later is not None
    assert later > line.promised_on
    order = execution.draft_from(session, first.number, by=sal, at=at)
    assert list(commitments.of_won_quotes(session, "RF-520")) == demand, "a draft has taken nothing yet"
    execution.issue(session, order, by=sal, at=at)
    assert list(commitments.of_won_quotes(session, "RF-520")) == []
    assert list(commitments.of_orders(session, "RF-520")) == demand


@pytest.mark.clause("2.3.1-b")
@deals.pure
@given(
    quantity=st.integers(1, 60),
    on_hand=st.integers(0, 40),
    coming=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 30)), max_size=4),
    leads=st.builds(Leads, material=st.integers(0, 20), cycle=st.integers(0, 10), transport=st.integers(0, 10)),
    per_day=st.integers(1, 20),
    assumed=st.booleans(),
)
def test_the_way_to_the_day_is_kept_leg_by_leg(
    quantity: int, on_hand: int, coming: list[tuple[int, int]], leads: Leads, per_day: int, assumed: bool
) -> None:
    """Every unit comes from somewhere, no leg ends after the day, and what is assumed says so."""
    supplies = [Supply(MONDAY + timedelta(days=n), units) for n, units in coming]
    found = planned(Situation(MONDAY, house_calendar(), on_hand, supplies, (), Capacity(per_day), leads), quantity)
    rows = promise.legs(found, MONDAY, assumed=assumed)
    sources = [row for row in rows if row["kind"] in ("stock", "supply", "capacity")]
    assert sum(int(str(row["units"])) for row in sources) == quantity
    days = [(date.fromisoformat(str(row["from"])), date.fromisoformat(str(row["to"]))) for row in rows]
    assert all(MONDAY <= starts <= ends <= found.on for starts, ends in days)
    assert all(one[1] <= other[1] for one, other in pairwise(days))
    assert days[-1] == (found.ships, found.on)
    assert {row["assumed"] for row in rows if row["kind"] in ("stock", "supply")} <= {False}
    assert rows[-1]["assumed"] == assumed


@pytest.mark.clause("2.3.1-b")
def test_sales_does_not_lay_down_what_it_promises(session: Session, house: House, at: datetime) -> None:
    for department in ("SAL", "MGT"):
        with pytest.raises(Forbidden, match=r"quote\.keepers_only"):
            supply.lay_down(session, "RF-520", **TERMS, by=house.actor(department), at=at)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"material_days": -1}, "material_days"),
        ({"transport_days": 400}, "transport_days"),
        ({"per_day": 0}, "per_day"),
    ],
)
def test_days_and_capacity_are_of_this_world(
    session: Session, house: House, at: datetime, values: dict[str, int], field: str
) -> None:
    with pytest.raises(Invalid) as error:
        supply.lay_down(session, "RF-520", **{**TERMS, **values}, by=house.actor("PUR"), at=at)
    assert (error.value.field, error.value.clause) == (field, "2.3.1-b")


@pytest.mark.parametrize(
    ("quantity", "days", "reference", "field"),
    [(0, 1, "PO", "quantity"), (1, -1, "PO", "due_on"), (1, 1, " ", "reference")],
)
def test_supply_on_its_way_is_so_many_of_some_day(
    session: Session, house: House, at: datetime, quantity: int, days: int, reference: str, field: str
) -> None:
    due = house_day(at) + timedelta(days=days)
    with pytest.raises(Invalid) as error:
        supply.expect(session, "RF-520", quantity, due, reference, by=house.actor("PUR"), at=at)
    assert error.value.field == field
