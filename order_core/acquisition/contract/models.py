"""Contracts with their lines."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from order_core.db import Base, BigInt, Id


class Contract(Base):
    """What a customer may order, at which prices and terms, between two days. ``number``: as both papers bear it."""

    __tablename__ = "contract"

    id: Mapped[Id] = mapped_column(init=False)
    number: Mapped[str] = mapped_column(String(24), unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    currency: Mapped[str] = mapped_column(String(3))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    payment_terms: Mapped[str] = mapped_column(Text)
    service_terms: Mapped[str] = mapped_column(Text)
    kept_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    kept_at: Mapped[datetime]
    lines: Mapped[list["ContractLine"]] = relationship(
        default_factory=list, order_by="ContractLine.id", lazy="selectin"
    )


class ContractLine(Base):
    """A model at its price (net, smallest unit). ``quantity``, ``due_on``: None where each order says it."""

    __tablename__ = "contract_line"

    id: Mapped[Id] = mapped_column(init=False)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"), index=True, init=False)
    model_code: Mapped[str] = mapped_column(ForeignKey("product_model.code"))
    specification: Mapped[str] = mapped_column(String(200))
    unit_price: Mapped[int] = mapped_column(BigInt)
    quantity: Mapped[int | None] = mapped_column(default=None)
    due_on: Mapped[date | None] = mapped_column(default=None)
