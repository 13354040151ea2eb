"""From an accepted order to installed products: each unit has its order line, lot and site (clauses 1.1, 4.2.2)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from order_core.aftersales.models import InstalledProduct
from order_core.errors import Conflict, Invalid
from order_core.execution.models import Order, OrderLine


def install(
    session: Session,
    order: Order,
    line: OrderLine,
    units: Sequence[tuple[str, str]],
    *,
    room: str,
    at: datetime,
) -> list[InstalledProduct]:
    """Register the units of an accepted line, once: (serial, lot) pairs, as many as were ordered.

    Raises:
        Conflict: the order is not accepted yet; Invalid: another number of units than is still to come.
    """
    if order.accepted_at is None:
        raise Conflict("order.not_accepted", clause="4.2.2-b", number=order.number)
    registered = select(func.count()).where(InstalledProduct.order_line_id == line.id)
    expected = line.quantity - (session.scalar(registered) or 0) if line.order_id == order.id else 0
    if len(units) != expected:
        raise Invalid("order.units", field="units", clause="3.5.2-a", expected=expected)
    assert line.site_id is not None, "no order is issued without it (3.1.1-b)"
    products = [
        InstalledProduct(
            serial=serial,
            lot=lot,
            model_code=line.model_code,
            customer_id=order.customer_id,
            site_id=line.site_id,
            order_line_id=line.id,
            room=room,
            accepted_at=order.accepted_at,
        )
        for serial, lot in units
    ]
    session.add_all(products)
    session.flush()
    return products
