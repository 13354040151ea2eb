"""The tables of the stock ledger and the proof that balances agree with moves (clause 5.2.3-a)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from order_core.db import Base, Id


class StockLocation(Base):
    """A place that holds stock: warehouse, a technician's van, or an external sink or source."""

    __tablename__ = "stock_location"

    code: Mapped[str] = mapped_column(String(24), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    external: Mapped[bool] = mapped_column(default=False)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), default=None, index=True)


class StockMove(Base):
    """One movement of a quantity (whole units) with its cause; append-only."""

    __tablename__ = "stock_move"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        Index("ix_stock_move_item_at", "item", "at"),
        Index("ix_stock_move_cause", "cause_kind", "cause_id"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    item: Mapped[str] = mapped_column(String(32))
    lot: Mapped[str] = mapped_column(String(32))
    source: Mapped[str] = mapped_column(ForeignKey("stock_location.code"))
    target: Mapped[str] = mapped_column(ForeignKey("stock_location.code"))
    quantity: Mapped[int]
    reason: Mapped[str] = mapped_column(String(24))
    at: Mapped[datetime]
    by_kind: Mapped[str] = mapped_column(String(16))
    by_id: Mapped[int | None]
    cause_kind: Mapped[str | None] = mapped_column(String(32))
    cause_id: Mapped[int | None]


class StockBalance(Base):
    """What lies at a location and how much of it is promised; available = on hand − reserved."""

    __tablename__ = "stock_balance"
    __table_args__ = (
        UniqueConstraint("location", "item", "lot"),
        CheckConstraint("on_hand >= 0", name="on_hand_not_negative"),
        CheckConstraint("reserved >= 0", name="reserved_not_negative"),
        CheckConstraint("reserved <= on_hand", name="reserved_within_on_hand"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    location: Mapped[str] = mapped_column(ForeignKey("stock_location.code"))
    item: Mapped[str] = mapped_column(String(32), index=True)
    lot: Mapped[str] = mapped_column(String(32))
    on_hand: Mapped[int] = mapped_column(default=0)
    reserved: Mapped[int] = mapped_column(default=0)

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved


class StockReservation(Base):
    """A quantity of a balance promised to a case: held → consumed | released."""

    __tablename__ = "stock_reservation"
    __table_args__ = (Index("ix_stock_reservation_for", "for_kind", "for_id"),)

    id: Mapped[Id] = mapped_column(init=False)
    balance_id: Mapped[int] = mapped_column(ForeignKey("stock_balance.id"), index=True)
    item: Mapped[str] = mapped_column(String(32))
    location: Mapped[str] = mapped_column(String(24))
    quantity: Mapped[int]
    for_kind: Mapped[str] = mapped_column(String(32))
    for_id: Mapped[int]
    at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10), default="held")


def ledger_faults(session: Session) -> list[str]:
    """Balances that are not the sum of their moves, or reserved ≠ held reservations; for the doctor."""
    keys = (StockMove.item, StockMove.lot)
    incoming = select(StockMove.target, *keys, func.sum(StockMove.quantity)).group_by(StockMove.target, *keys)
    outgoing = select(StockMove.source, *keys, func.sum(StockMove.quantity)).group_by(StockMove.source, *keys)
    booked: dict[tuple[str, str, str], int] = {}
    for sign, rows in ((1, session.execute(incoming)), (-1, session.execute(outgoing))):
        for location, item, lot, quantity in rows:
            booked[location, item, lot] = booked.get((location, item, lot), 0) + sign * int(quantity)
    held: dict[int, int] = {
        balance_id: int(quantity)
        for balance_id, quantity in session.execute(
            select(StockReservation.balance_id, func.sum(StockReservation.quantity))
            .where(StockReservation.state == "held")
            .group_by(StockReservation.balance_id)
        )
    }
    faults = []
    for balance in session.scalars(select(StockBalance)):
        where = f"{balance.location} {balance.item} {balance.lot}".strip()
        total = booked.get((balance.location, balance.item, balance.lot), 0)
        if total != balance.on_hand:
            faults.append(f"{where}: on hand {balance.on_hand}, moves say {total}")
        if held.get(balance.id, 0) != balance.reserved:
            faults.append(f"{where}: reserved {balance.reserved}, held {held.get(balance.id, 0)}")
    return faults
