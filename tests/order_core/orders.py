"""Orders driven as far as a test needs them, each step by the department whose it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from order_core.acquisition.contract import service as contracts
from order_core.acquisition.contract.models import Contract, ContractLine
from order_core.aftersales import installation
from order_core.aftersales.models import InstalledProduct
from order_core.execution import service as orders
from order_core.execution.models import Order, OrderLine
from tests.order_core.conftest import House

AGREEMENT = "CT-1"
PRICE = 520_000
STAGES = ("draft", "issued", "confirmed", "executing", "delivered", "accepted", "closed")


def line(house: House, at: datetime, **values: Any) -> OrderLine:
    """A line that may be issued: one refrigerator, due in thirty days at the customer's home."""
    facts: dict[str, Any] = {
        "model_code": "RF-520",
        "specification": "RF-520, standard",
        "quantity": 1,
        "due_on": (at + timedelta(days=30)).date(),
        "site_id": house.site.id,
    }
    return OrderLine(**facts | values)


def contract(session: Session, house: House, at: datetime, **values: Any) -> Contract:
    """The customer's standing contract: refrigerators at their price, quantity and date as ordered."""
    known = contracts.by_number(session, values.get("number", AGREEMENT))
    if known is not None:
        return known
    facts: dict[str, Any] = {
        "customer_id": house.customer.id,
        "number": AGREEMENT,
        "currency": "HKD",
        "valid_from": (at - timedelta(days=400)).date(),
        "valid_until": None,
        "payment_terms": "30 days net",
        "service_terms": "parts 36 months, labour 24",
        "lines": [ContractLine(model_code="RF-520", specification="RF-520, standard", unit_price=PRICE)],
    }
    return contracts.keep(session, **facts | values, by=house.actor("SAL"), at=at)


def drafted(session: Session, house: House, at: datetime, *lines: OrderLine, agreement: str = AGREEMENT) -> Order:
    """An order of the customer's, by sales; of one line unless others are given."""
    contract(session, house, at)
    return orders.draft(
        session,
        customer_id=house.customer.id,
        agreement=agreement,
        lines=lines or (line(house, at),),
        by=house.actor("SAL"),
        at=at,
    )


def take(session: Session, house: House, order: Order, stage: str, at: datetime) -> None:
    """The step that leads to a stage from the one before."""
    if stage == "issued":
        orders.issue(session, order, by=house.actor("SAL"), at=at)
    elif stage == "confirmed":
        for code in order.confirmers or ["PRO"]:
            orders.confirm(session, order, by=house.actor(code), at=at)
    elif stage == "executing":
        promised = order.committed_on or at.date()
        orders.start(session, order, projected_on=promised, by=house.actor("PRO"), at=at)
    elif stage == "delivered":
        orders.deliver(session, order, "Lin", by=house.actor("LOG"), at=at)
    elif stage == "accepted":
        orders.accept(session, order, by=house.contact.actor(), at=at)
    elif stage == "closed":
        orders.close(session, order, by=house.actor("SAL"), at=at)


def until(session: Session, house: House, stage: str, at: datetime, *lines: OrderLine) -> Order:
    """An order at this stage."""
    order = drafted(session, house, at, *lines)
    for passed in STAGES[1 : STAGES.index(stage) + 1]:
        take(session, house, order, passed, at)
        assert order.state == passed
    return order


def unit(session: Session, house: House, serial: str, lot: str, at: datetime) -> InstalledProduct:
    """An installed refrigerator from an accepted order."""
    order = until(session, house, "accepted", at)
    return installation.install(session, order, order.lines[0], [(serial, lot)], room="kitchen", at=at)[0]
