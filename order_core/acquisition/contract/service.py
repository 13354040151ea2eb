"""Contracts kept by sales; each is an agreement that orders may be issued from."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.acquisition import agreement
from order_core.acquisition.agreement import AgreedLine, Agreement
from order_core.acquisition.contract import rules
from order_core.acquisition.contract.models import Contract, ContractLine
from order_core.errors import Conflict, Forbidden, Invalid, NotFound
from order_core.kernel.actor import Actor
from order_core.kernel.numbers import next_number
from order_core.parties.models import Customer, ProductModel

KEEPER = "SAL"
SERIES = "CT"


def keep(
    session: Session,
    *,
    customer_id: int,
    currency: str,
    valid_from: date,
    valid_until: date | None,
    payment_terms: str,
    service_terms: str,
    lines: Sequence[ContractLine],
    by: Actor,
    at: datetime,
    number: str | None = None,
) -> Contract:
    """Put a signed contract on file. ``number``: as the paper bears it, else the next of our own.

    Raises:
        Forbidden: not sales; Invalid: a term or line is missing (``lines.2.unit_price``);
        Conflict: the number is known.
    """
    _sales(by)
    fault = rules.fault(currency, valid_from, valid_until, payment_terms, [_facts(line) for line in lines])
    if fault is not None:
        raise Invalid(fault[1], field=fault[0], clause="2.3.2-a")
    _known(session, customer_id, lines)
    if number and by_number(session, number) is not None:
        raise Conflict("contract.known", field="number", clause="2.3.2-a", number=number)
    contract = Contract(
        number=number or next_number(session, SERIES, at),
        customer_id=customer_id,
        currency=currency,
        valid_from=valid_from,
        valid_until=valid_until,
        payment_terms=payment_terms.strip(),
        service_terms=service_terms.strip(),
        kept_by=by.id,
        kept_at=at,
        lines=list(lines),
    )
    session.add(contract)
    session.flush()
    return contract


def end(session: Session, contract: Contract, on: date, *, by: Actor) -> None:
    """Its last day; orders issued before stay as they are.

    Raises:
        Forbidden: not sales; Invalid: before its first day.
    """
    _sales(by)
    if on < contract.valid_from:
        raise Invalid("contract.valid_until", field="valid_until", clause="2.3.2-a")
    contract.valid_until = on
    session.flush()


def by_number(session: Session, number: str) -> Contract | None:
    """The contract with that number."""
    return session.scalars(select(Contract).where(Contract.number == number)).first()


@agreement.source
def as_agreement(session: Session, number: str) -> Agreement | None:
    """A contract as what was agreed."""
    contract = by_number(session, number)
    if contract is None:
        return None
    return Agreement(
        number=contract.number,
        customer_id=contract.customer_id,
        currency=contract.currency,
        payment_terms=contract.payment_terms,
        service_terms=contract.service_terms,
        lines=tuple(
            AgreedLine(line.model_code, line.specification, line.quantity, line.unit_price, line.due_on)
            for line in contract.lines
        ),
        valid_from=contract.valid_from,
        valid_until=contract.valid_until,
    )


def _facts(line: ContractLine) -> rules.LineFacts:
    return rules.LineFacts(line.specification, line.quantity, line.unit_price)


def _sales(by: Actor) -> None:
    if by.kind != "person" or by.department != KEEPER:
        raise Forbidden("contract.sales_only", clause="2.3.2-a")


def _known(session: Session, customer_id: int, lines: Sequence[ContractLine]) -> None:
    if session.get(Customer, customer_id) is None:
        raise NotFound("record.unknown", field="customer", number=customer_id)
    for n, line in enumerate(lines, 1):
        if session.get(ProductModel, line.model_code) is None:
            raise NotFound("record.unknown", field=f"lines.{n}.model_code", number=line.model_code)
