"""The desk of an order: what its departments do to it, for page and API."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from helpdesk.pipeline.deeds import Deed, Desk, Field
from order_core.errors import Conflict
from order_core.execution import service as orders
from order_core.execution.models import Order
from order_core.kernel import sign
from order_core.kernel.actor import Actor


def _issue(session: Session, order: Order, _values: Mapping[str, Any], by: Actor, at: datetime) -> None:
    orders.issue(session, order, by=by, at=at)


def _sign(session: Session, order: Order, values: Mapping[str, Any], by: Actor, at: datetime) -> None:
    orders.confirm(session, order, by=by, at=at, opinion=values["opinion"])


def _may_sign(session: Session, order: Order, by: Actor, _at: datetime) -> None:
    sign_off = sign.for_purpose(session, order, orders.CONFIRM)
    if sign_off is None:
        raise Conflict("order.not_issued", clause="3.1.2-a", number=order.number)
    sign.may_sign(sign_off, by)


def _start(session: Session, order: Order, values: Mapping[str, Any], by: Actor, at: datetime) -> None:
    orders.start(session, order, projected_on=values["projected_on"], by=by, at=at)


def _close(session: Session, order: Order, _values: Mapping[str, Any], by: Actor, at: datetime) -> None:
    orders.close(session, order, by=by, at=at)


DESK = Desk(
    model=Order,
    procedure=orders.ORDER,
    path="/orders",
    plural="orders",
    permission="order.act",
    deeds=(
        Deed("issue", _issue, step="issue"),
        Deed("sign", _sign, (Field("opinion", "long", required=False),), states=("issued",), may=_may_sign),
        Deed("start", _start, (Field("projected_on", "date"),), step="start"),
        Deed("close", _close, step="close"),
    ),
)
