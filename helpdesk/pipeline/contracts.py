"""Contracts as forms and rows: what sales types, what everybody reads."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.pipeline import order_forms, order_present
from helpdesk.pipeline.deeds import Field, read
from order_core.acquisition.contract import service as contracts
from order_core.acquisition.contract.models import Contract, ContractLine
from order_core.errors import NotFound
from order_core.kernel.actor import Actor
from order_core.parties.models import Customer

Row = dict[str, Any]
MOST = 100


FIELDS = (
    Field("customer"),
    Field("contract_number", required=False),
    Field("currency"),
    Field("valid_from", "date"),
    Field("valid_until", "date", required=False),
    Field("payment_terms", "long"),
    Field("service_terms", "long", required=False),
    Field(
        "lines",
        "rows",
        columns=(
            Field("model_code", "choice", options=order_forms.models),
            Field("specification"),
            Field("unit_price", "money"),
            Field("quantity", "number", required=False),
            Field("due_on", "date", required=False),
        ),
    ),
)


def keep(session: Session, raw: Mapping[str, Any], *, by: Actor, at: datetime) -> Contract:
    """Put a contract on file from what was typed.

    Raises:
        Refusal: see ``deeds.read`` and ``contract.service.keep``; NotFound: no such customer.
    """
    values = read(session, None, FIELDS, raw)
    customer = session.scalars(select(Customer).where(Customer.number == values["customer"])).first()
    if customer is None:
        raise NotFound("record.unknown", field="customer", number=values["customer"])
    return contracts.keep(
        session,
        number=values["contract_number"],
        customer_id=customer.id,
        currency=values["currency"].upper(),
        valid_from=values["valid_from"],
        valid_until=values["valid_until"],
        payment_terms=values["payment_terms"],
        service_terms=values["service_terms"] or "",
        lines=[ContractLine(**row) for row in values["lines"]],
        by=by,
        at=at,
    )


def rows(session: Session, today: date) -> list[Row]:
    """The newest contracts, with their lines and prices."""
    found = session.execute(
        select(Contract, Customer.name)
        .join(Customer, Customer.id == Contract.customer_id)
        .order_by(Contract.id.desc())
        .limit(MOST)
    )
    return [_row(contract, name, today) for contract, name in found]


def _row(contract: Contract, customer: str, today: date) -> Row:
    return {
        "number": contract.number,
        "customer": customer,
        "valid_from": contract.valid_from,
        "valid_until": contract.valid_until,
        "in_force": contract.valid_from <= today <= (contract.valid_until or today),
        "payment_terms": contract.payment_terms,
        "service_terms": contract.service_terms,
        "lines": [
            {
                "model": line.model_code,
                "specification": line.specification,
                "quantity": line.quantity,
                "due_on": line.due_on,
                "price": order_present.money(line.unit_price, contract.currency),
            }
            for line in contract.lines
        ],
    }
