"""What is kept beside an order: questions about it, why it differs from the agreement, its revisions, how it ended."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from order_core.db import Base, Id


class OrderQuery(Base):
    """A department's doubt about an order and the answer of sales; it has a clock of its own (3.1.2-b).

    ``revision``: what was asked about; ``answered_in``: the revision that the answer made, where it changed the order.
    """

    __tablename__ = "order_query"
    __case_kind__ = "OrderQuery"
    __table_args__ = (
        Index(
            "ix_order_query_open",
            "asked_at",
            sqlite_where=text("answered_at IS NULL"),
            postgresql_where=text("answered_at IS NULL"),
        ),
    )

    id: Mapped[Id] = mapped_column(init=False)
    number: Mapped[str] = mapped_column(String(24), unique=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("customer_order.id"), index=True)
    department: Mapped[str] = mapped_column(ForeignKey("department.code"))
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime]
    revision: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text, default=None)
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"), default=None)
    answered_at: Mapped[datetime | None] = mapped_column(default=None)
    answered_in: Mapped[int | None] = mapped_column(default=None)


class OrderExplanation(Base):
    """Why a revision differs from the agreement in one field; ``values``: [agreed, ordered] (3.1.1-a)."""

    __tablename__ = "order_explanation"
    __table_args__ = (UniqueConstraint("order_id", "revision", "field"),)

    id: Mapped[Id] = mapped_column(init=False)
    order_id: Mapped[int] = mapped_column(ForeignKey("customer_order.id"))
    revision: Mapped[int]
    field: Mapped[str] = mapped_column(String(40))
    values: Mapped[list[Any]]
    why: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class OrderRevision(Base):
    """What an order said in one revision, as it was signed; stays readable (3.2.3-a).

    ``reason``: issue, answer or amend; ``change``: number of the approved change behind it.
    """

    __tablename__ = "order_revision"
    __table_args__ = (UniqueConstraint("order_id", "revision"),)

    id: Mapped[Id] = mapped_column(init=False)
    order_id: Mapped[int] = mapped_column(ForeignKey("customer_order.id"))
    revision: Mapped[int]
    reason: Mapped[str] = mapped_column(String(8))
    content: Mapped[dict[str, Any]]
    digest: Mapped[str] = mapped_column(String(64))
    promised_on: Mapped[date | None]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime]
    change: Mapped[str | None] = mapped_column(String(24), default=None)


class OrderEnding(Base):
    """A wish to refuse or cancel an order, with its reason; signatures decide (6.2.1)."""

    __tablename__ = "order_ending"
    __table_args__ = (UniqueConstraint("order_id", "kind"),)

    id: Mapped[Id] = mapped_column(init=False)
    order_id: Mapped[int] = mapped_column(ForeignKey("customer_order.id"))
    kind: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime]
