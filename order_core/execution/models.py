"""Orders with their lines."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from order_core.db import Base, BigInt, Id
from order_core.execution.change.models import ChangeRequest as ChangeRequest
from order_core.kernel.case import CaseMixin


class Order(CaseMixin, Base):
    """A customer's order. ``agreement``: number of the won quote or contract it is issued from (3.1.1-a).

    Attributes:
        currency, payment_terms, service_terms: the order's own, compared with those agreed.
        committed_on: the date promised first; on-time figures use it (4.1.2-c).
        promised_on: what the customer counts on now: the last line's date, moved by approved changes alone.
        projected_on: from production's progress; slack_days: promised less projected, None until projected.
        unexplained: differences from the agreement that sales has still to explain.
        confirmers: the departments that it was sent round to, to be confirmed.
        confirmed_at: when every department had signed for the first time.
    """

    __tablename__ = "customer_order"
    __case_kind__ = "Order"
    __table_args__ = (
        Index(
            "ix_customer_order_promised",
            "state",
            "promised_on",
            "id",
            sqlite_where=text("projected_on IS NULL"),
            postgresql_where=text("projected_on IS NULL"),
        ),
        Index("ix_customer_order_slack", "state", "slack_days", "id"),
        Index("ix_customer_order_projected", "state", "projected_on"),
        Index("ix_customer_order_changed", "state", "changed_at", "id"),
    )

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    agreement: Mapped[str] = mapped_column(String(40), index=True)
    currency: Mapped[str] = mapped_column(String(3), default="", server_default="")
    payment_terms: Mapped[str] = mapped_column(Text, default="", server_default="")
    service_terms: Mapped[str] = mapped_column(Text, default="", server_default="")
    issued_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"), default=None)
    committed_on: Mapped[date | None] = mapped_column(default=None)
    promised_on: Mapped[date | None] = mapped_column(default=None)
    projected_on: Mapped[date | None] = mapped_column(default=None)
    slack_days: Mapped[int | None] = mapped_column(default=None)
    unexplained: Mapped[int] = mapped_column(default=0, server_default="0")
    confirmers: Mapped[list[str]] = mapped_column(default_factory=list, server_default="[]")
    confirmed_at: Mapped[datetime | None] = mapped_column(default=None)
    delivered_at: Mapped[datetime | None] = mapped_column(default=None)
    accepted_at: Mapped[datetime | None] = mapped_column(default=None)
    lines: Mapped[list["OrderLine"]] = relationship(
        default_factory=list,
        order_by="OrderLine.id",
        lazy="selectin",
        back_populates="order",
        cascade="all, delete-orphan",
    )


class OrderLine(Base):
    """One model, a quantity (whole units), a due date and a place; a draft may still lack some of it.

    ``unit_price``: net, smallest unit of the order's currency.
    """

    __tablename__ = "order_line"

    id: Mapped[Id] = mapped_column(init=False)
    order_id: Mapped[int] = mapped_column(ForeignKey("customer_order.id"), index=True, init=False)
    model_code: Mapped[str] = mapped_column(ForeignKey("product_model.code"), index=True)
    specification: Mapped[str] = mapped_column(String(200))
    quantity: Mapped[int]
    due_on: Mapped[date | None]
    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id"))
    new_design: Mapped[bool] = mapped_column(default=False)
    unit_price: Mapped[int | None] = mapped_column(BigInt, default=None)
    order: Mapped[Order] = relationship(back_populates="lines", default=None)
