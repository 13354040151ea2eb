"""Where a customer's order stands, from live records."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from order_core.clauses import carries
from order_core.execution.queries import UNFINISHED, orders_of
from order_core.parties.models import ContactPerson


@dataclass(frozen=True)
class OrderStatus:
    """What a customer may hear of an order of his own. ``on``: promised date while it is open."""

    number: str
    state: str
    on: date | None
    open: bool


@carries("guard", "1.3-a")
def order_status_for(session: Session, contact: ContactPerson) -> OrderStatus | None:
    """The order that a caller most likely asks for: the open one, else the newest; None when he has none."""
    orders = orders_of(session, contact.customer_id)
    if not orders:
        return None
    order = orders[0]
    return OrderStatus(order.number, order.state, order.projected_on or order.promised_on, order.state in UNFINISHED)
