"""What dates are computed from, beside stock: kept by production, purchasing and logistics (2.3.1-b)."""

from datetime import date, datetime

from sqlalchemy.orm import Session

from order_core.acquisition.days import house_day
from order_core.acquisition.quote.models import ExpectedSupply, Quote, SupplyTerms
from order_core.errors import Forbidden, Invalid
from order_core.kernel.actor import Actor
from order_core.kernel.case import note

KEEPERS = ("PRO", "PUR", "LOG")
CLAUSE = "2.3.1-b"
LONGEST_DAYS = 365
MOST_UNITS = 1_000_000


def may(by: Actor) -> None:
    """Sales does not lay down what it promises."""
    if by.kind != "person" or by.department not in KEEPERS:
        raise Forbidden("quote.keepers_only", clause=CLAUSE)


def lay_down(
    session: Session, model_code: str, *, material_days: int, per_day: int, cycle_days: int, transport_days: int,
    by: Actor, at: datetime,
) -> SupplyTerms:  # fmt: skip
    """The days and the capacity of a model; dates computed from now on rest on them.

    Raises:
        Forbidden: none of the three departments; Invalid: a number that cannot be, with its field.
    """
    may(by)
    days = {"material_days": material_days, "cycle_days": cycle_days, "transport_days": transport_days}
    for field, number in days.items():
        if not 0 <= number <= LONGEST_DAYS:
            raise Invalid("quote.days", field=field, clause=CLAUSE, most=LONGEST_DAYS)
    if not 1 <= per_day <= MOST_UNITS:
        raise Invalid("quote.per_day", field="per_day", clause=CLAUSE, most=MOST_UNITS)
    row = session.get(SupplyTerms, model_code)
    if row is None:
        row = SupplyTerms(model_code=model_code, **days, per_day=per_day, changed_at=at, changed_by=by.id)
        session.add(row)
    row.material_days, row.cycle_days, row.transport_days = material_days, cycle_days, transport_days
    row.per_day, row.changed_at, row.changed_by = per_day, at, by.id
    session.flush()
    return row


def expect(
    session: Session, model_code: str, quantity: int, due_on: date, reference: str, *, by: Actor, at: datetime
) -> ExpectedSupply:
    """Units that are made or bought already and will be there on a day."""
    may(by)
    if not 1 <= quantity <= MOST_UNITS:
        raise Invalid("quote.quantity", field="quantity", clause=CLAUSE, most=MOST_UNITS)
    if due_on < house_day(at):
        raise Invalid("quote.due_on", field="due_on", clause=CLAUSE)
    if not reference.strip() or len(reference) > 40:
        raise Invalid("quote.reference", field="reference", clause=CLAUSE, most=40)
    row = ExpectedSupply(model_code=model_code, quantity=quantity, due_on=due_on, reference=reference.strip())
    session.add(row)
    session.flush()
    return row


def noted(session: Session, quote: Quote, what: str, *, by: Actor, at: datetime) -> None:
    """The quote's journal says who changed what its dates rest on."""
    note(session, quote, what, by=by, at=at, clauses=(CLAUSE,))
