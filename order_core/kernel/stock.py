"""Stock: a double-entry ledger. On hand = sum of moves at every moment, never negative (clause 5.2.3-a).

Balances are a cache kept by guarded updates, so the last valve is reserved once however many ask for it at
the same instant. External locations (supplier, customer, scrap) are sources and sinks without a balance.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from order_core.clauses import carries
from order_core.errors import Conflict, Invalid
from order_core.kernel.actor import Actor
from order_core.kernel.ledger import StockBalance, StockLocation, StockMove, StockReservation

CLAUSE = "5.2.3-a"


@carries("stock", "5.2.3-a")
def move(
    session: Session,
    item: str,
    quantity: int,
    *,
    source: str,
    target: str,
    reason: str,
    by: Actor,
    at: datetime,
    lot: str = "",
    cause: Any = None,
) -> StockMove:
    """Move unreserved units between locations.

    Raises:
        Invalid: quantity below one, or an unknown location.
        Conflict: fewer than ``quantity`` units available at the source.
    """
    _at_least_one(quantity)
    if not _location(session, source).external:
        _take(session, source, item, lot, quantity)
    if not _location(session, target).external:
        _put(session, target, item, lot, quantity)
    entry = StockMove(
        item=item,
        lot=lot,
        source=source,
        target=target,
        quantity=quantity,
        reason=reason,
        at=at,
        by_kind=by.kind,
        by_id=by.id,
        cause_kind=getattr(cause, "__case_kind__", None),
        cause_id=getattr(cause, "id", None),
    )
    session.add(entry)
    session.flush()
    return entry


def reserve(
    session: Session, item: str, quantity: int, *, location: str, case: Any, at: datetime
) -> StockReservation | None:
    """Promise units at a location to a case; None when they are not there. Atomic on both databases.

    Raises:
        Invalid: quantity below one.
    """
    _at_least_one(quantity)
    balance_id = session.scalar(
        update(StockBalance)
        .where(
            StockBalance.id.in_(
                select(StockBalance.id)
                .where(StockBalance.location == location, StockBalance.item == item)
                .where(StockBalance.on_hand - StockBalance.reserved >= quantity)
                .order_by(StockBalance.lot)
                .limit(1)
            ),
            StockBalance.on_hand - StockBalance.reserved >= quantity,
        )
        .values(reserved=StockBalance.reserved + quantity)
        .returning(StockBalance.id)
    )
    if balance_id is None:
        return None
    reservation = StockReservation(
        balance_id=balance_id,
        item=item,
        location=location,
        quantity=quantity,
        for_kind=case.__case_kind__,
        for_id=case.id,
        at=at,
    )
    session.add(reservation)
    session.flush()
    return reservation


def release(session: Session, reservation: StockReservation) -> None:
    """Give a held reservation back; nothing happens to one already settled."""
    _settle(session, reservation, "released")


def consume(
    session: Session,
    reservation: StockReservation,
    *,
    target: str,
    reason: str,
    by: Actor,
    at: datetime,
    cause: Any,
) -> StockMove:
    """Use what was reserved: the promise is taken off and the units move, in one go.

    Raises:
        Conflict: the reservation was settled before.
    """
    if not _settle(session, reservation, "consumed"):
        raise Conflict("stock.reservation_settled", clause=CLAUSE, item=reservation.item)
    balance = session.get_one(StockBalance, reservation.balance_id, populate_existing=True)
    return move(
        session,
        reservation.item,
        reservation.quantity,
        source=reservation.location,
        target=target,
        reason=reason,
        by=by,
        at=at,
        lot=balance.lot,
        cause=cause,
    )


def held_for(session: Session, case: Any) -> list[StockReservation]:
    """The reservations still held for a case."""
    return list(
        session.scalars(
            select(StockReservation)
            .where(StockReservation.for_kind == case.__case_kind__, StockReservation.for_id == case.id)
            .where(StockReservation.state == "held")
            .order_by(StockReservation.id)
        )
    )


def _at_least_one(quantity: int) -> None:
    if quantity < 1:
        raise Invalid("stock.quantity", field="quantity", clause=CLAUSE, minimum=1)


def _location(session: Session, code: str) -> StockLocation:
    location = session.get(StockLocation, code)
    if location is None:
        raise Invalid("stock.location", field="location", clause=CLAUSE, location=code)
    return location


def _take(session: Session, location: str, item: str, lot: str, quantity: int) -> None:
    taken = session.scalar(
        update(StockBalance)
        .where(StockBalance.location == location, StockBalance.item == item, StockBalance.lot == lot)
        .where(StockBalance.on_hand - StockBalance.reserved >= quantity)
        .values(on_hand=StockBalance.on_hand - quantity)
        .returning(StockBalance.id)
    )
    if taken is None:
        raise Conflict("stock.not_available", field="quantity", clause=CLAUSE, item=item, location=location)


def _put(session: Session, location: str, item: str, lot: str, quantity: int) -> None:
    if _add(session, location, item, lot, quantity):
        return
    try:
        with session.begin_nested():
            session.add(StockBalance(location=location, item=item, lot=lot, on_hand=quantity))
    except IntegrityError:  # somebody else made the balance at the same moment
        _add(session, location, item, lot, quantity)


def _add(session: Session, location: str, item: str, lot: str, quantity: int) -> bool:
    return (
        session.scalar(
            update(StockBalance)
            .where(StockBalance.location == location, StockBalance.item == item, StockBalance.lot == lot)
            .values(on_hand=StockBalance.on_hand + quantity)
            .returning(StockBalance.id)
        )
        is not None
    )


def _settle(session: Session, reservation: StockReservation, state: str) -> bool:
    """Take the promise off, once however many hold the reservation in their hands; False when it was settled."""
    session.flush()
    settled = session.scalar(
        update(StockReservation)
        .where(StockReservation.id == reservation.id, StockReservation.state == "held")
        .values(state=state)
        .returning(StockReservation.id)
        .execution_options(synchronize_session=False)
    )
    session.refresh(reservation)
    if settled is not None:
        session.execute(
            update(StockBalance)
            .where(StockBalance.id == reservation.balance_id)
            .values(reserved=StockBalance.reserved - reservation.quantity)
        )
    return settled is not None
