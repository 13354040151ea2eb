"""Contracts: kept by sales, complete or refused by name, and an agreement as long as they are in force."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from order_core.acquisition import agreement
from order_core.acquisition.contract import service as contracts
from order_core.acquisition.contract.models import ContractLine
from order_core.errors import Conflict, Forbidden, Invalid, NotFound
from tests.order_core.conftest import House
from tests.order_core.orders import contract


def line(**values: Any) -> ContractLine:
    return ContractLine(**{"model_code": "RF-520", "specification": "standard", "unit_price": 1, **values})


@pytest.mark.clause("3.1.1-a")
def test_a_contract_is_an_agreement_as_long_as_it_is_in_force(session: Session, house: House, at: datetime) -> None:
    day = at.date()
    kept = contract(session, house, at, valid_from=day, valid_until=day + timedelta(days=9))
    found = agreement.find(session, kept.number)
    assert found is not None
    assert (found.customer_id, found.currency, found.lines[0].quantity) == (house.customer.id, "HKD", None)
    days = (-1, 0, 9, 10)
    assert [found.in_force(day + timedelta(days=n)) for n in days] == [False, True, True, False]
    contracts.end(session, kept, day + timedelta(days=3), by=house.actor("SAL"))
    ended = agreement.find(session, kept.number)
    assert ended is not None
    assert not ended.in_force(day + timedelta(days=4))
    assert agreement.find(session, "CT-0") is None


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"currency": "hk$"}, "currency"),
        ({"payment_terms": " "}, "payment_terms"),
        ({"lines": []}, "lines"),
        ({"lines": [{}, {"specification": ""}]}, "lines.2.specification"),
        ({"lines": [{"quantity": 0}]}, "lines.1.quantity"),
        ({"lines": [{"unit_price": -1}]}, "lines.1.unit_price"),
        ({"valid_until": 0}, "valid_until"),
    ],
)
def test_what_a_contract_lacks_is_named(
    session: Session, house: House, at: datetime, values: dict[str, Any], field: str
) -> None:
    if "valid_until" in values:
        values = {"valid_until": (at - timedelta(days=500)).date()}
    if "lines" in values:
        values = {"lines": [line(**facts) for facts in values["lines"]]}
    with pytest.raises(Invalid) as refused:
        contract(session, house, at, **values)
    assert refused.value.field == field


def test_sales_alone_keeps_contracts_of_known_customers_and_models_once(
    session: Session, house: House, at: datetime
) -> None:
    facts: dict[str, Any] = {
        "customer_id": house.customer.id, "currency": "HKD", "valid_from": at.date(), "valid_until": None,
        "payment_terms": "30 days", "service_terms": "",
    }  # fmt: skip
    sales = house.actor("SAL")
    with pytest.raises(Forbidden, match=r"contract\.sales_only"):
        contracts.keep(session, **facts, lines=[line()], by=house.actor("PRO"), at=at)
    with pytest.raises(NotFound):
        contracts.keep(session, **facts | {"customer_id": 0}, lines=[line()], by=sales, at=at)
    with pytest.raises(NotFound) as refused:
        contracts.keep(session, **facts, lines=[line(), line(model_code="XX-1")], by=sales, at=at)
    assert refused.value.field == "lines.2.model_code"
    kept = contracts.keep(session, **facts, lines=[line()], by=sales, at=at)
    assert kept.number == "CT26-00001"
    with pytest.raises(Conflict, match=r"contract\.known"):
        contracts.keep(session, **facts, number=kept.number, lines=[line()], by=sales, at=at)
    with pytest.raises(Forbidden):
        contracts.end(session, kept, at.date(), by=house.actor("MGT"))
    with pytest.raises(Invalid):
        contracts.end(session, kept, at.date() - timedelta(days=1), by=sales)
