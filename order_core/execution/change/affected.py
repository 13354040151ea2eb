"""Who holds open records of what a change is about: each room says what of it is its own (3.2.3-c)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.execution.change import rules
from order_core.execution.change.models import ChangeRequest
from order_core.execution.design.models import Design
from order_core.execution.models import Order, OrderLine
from order_core.kernel.ledger import StockBalance, StockLocation


@dataclass(frozen=True)
class Held:
    """An open record: whose it is, of what kind (catalogue key ``held.<kind>``), its number."""

    department: str
    kind: str
    number: str


Holder = Callable[[Session, ChangeRequest], Iterable[Held]]
HOLDERS: list[Holder] = []


def holds(look: Holder) -> Holder:
    """Register where a room finds its open records of what a change is about."""
    HOLDERS.append(look)
    return look


def held(session: Session, change: ChangeRequest) -> dict[str, list[Held]]:
    """Department → its open records, each in its order; departments without one are left out."""
    found: dict[str, list[Held]] = {}
    for look in HOLDERS:
        for record in look(session, change):
            found.setdefault(record.department, []).append(record)
    return dict(sorted(found.items()))


def open_orders(session: Session, change: ChangeRequest) -> list[Order]:
    """Orders of the changed model that are not delivered; of a design made for one order, that order alone."""
    design = session.get(Design, change.design_id) if change.design_id is not None else None
    wanted = select(Order).join(OrderLine).where(Order.state.in_(rules.OPEN_ORDERS)).order_by(Order.id)
    if design is not None and design.task is not None:
        wanted = wanted.where(OrderLine.id == design.task.line_id)
    else:
        wanted = wanted.where(OrderLine.model_code == change.model_code, OrderLine.new_design.is_(False))
    return list(session.scalars(wanted).unique())


@holds
def _orders(session: Session, change: ChangeRequest) -> Iterable[Held]:
    """Sales holds every order that is open; production those that it makes."""
    for order in open_orders(session, change):
        yield Held("SAL", "order", order.number)
        if order.state in ("confirmed", "executing"):
            yield Held("PRO", "work", order.number)


def _items(session: Session, change: ChangeRequest) -> set[str]:
    """What lies in stock by the old design: the part no longer used, and the model where it is the catalogue's."""
    design = session.get(Design, change.design_id) if change.design_id is not None else None
    made_to_order = design is not None and design.task_id is not None
    return {item for item in (change.old_item, None if made_to_order else change.model_code) if item is not None}


@holds
def _stock(session: Session, change: ChangeRequest) -> Iterable[Held]:
    """What lies in a technician's van is after-sales', everything else logistics'."""
    rows = session.execute(
        select(StockLocation.code, StockLocation.kind)
        .join(StockBalance, StockBalance.location == StockLocation.code)
        .where(
            StockBalance.item.in_(_items(session, change)), StockBalance.on_hand > 0, StockLocation.external.is_(False)
        )
        .distinct()
        .order_by(StockLocation.code)
    )
    for code, kind in rows:
        yield Held("AFS" if kind == "van" else "LOG", "stock", code)
