"""Orders with their lines, and change requests to R&D."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from order_core.db import Base, Id
from order_core.kernel.case import CaseMixin


class Order(CaseMixin, Base):
    """A customer's order. ``agreement``: the won quote or contract; ``projected_on``: from production's progress.

    ``committed_on`` is the date promised first; on-time figures use it (4.1.2-c).
    """

    __tablename__ = "customer_order"
    __case_kind__ = "Order"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    agreement: Mapped[str] = mapped_column(String(40))
    issued_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"), default=None)
    committed_on: Mapped[date | None] = mapped_column(default=None)
    projected_on: Mapped[date | None] = mapped_column(default=None)
    delivered_at: Mapped[datetime | None] = mapped_column(default=None)
    accepted_at: Mapped[datetime | None] = mapped_column(default=None)
    lines: Mapped[list["OrderLine"]] = relationship(
        default_factory=list, order_by="OrderLine.id", lazy="selectin", back_populates="order"
    )


class OrderLine(Base):
    """One model, a quantity (whole units), a due date and a place."""

    __tablename__ = "order_line"

    id: Mapped[Id] = mapped_column(init=False)
    order_id: Mapped[int] = mapped_column(ForeignKey("customer_order.id"), index=True, init=False)
    model_code: Mapped[str] = mapped_column(ForeignKey("product_model.code"))
    specification: Mapped[str] = mapped_column(String(200))
    quantity: Mapped[int]
    due_on: Mapped[date]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    new_design: Mapped[bool] = mapped_column(default=False)
    order: Mapped[Order] = relationship(back_populates="lines", default=None)


class ChangeRequest(CaseMixin, Base):
    """A change asked of a released design, on the Revision machine; owned by R&D (3.2.3)."""

    __tablename__ = "change_request"
    __case_kind__ = "Revision"

    reason: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    model_code: Mapped[str | None] = mapped_column(ForeignKey("product_model.code"), default=None)
    quality_issue_id: Mapped[int | None] = mapped_column(ForeignKey("issue.id"), default=None, unique=True)
    impact_days: Mapped[int | None] = mapped_column(default=None)
    impact_cost: Mapped[int | None] = mapped_column(default=None)
