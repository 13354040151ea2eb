"""The issue and its links. A helpdesk ticket is an issue of kind ``ticket``."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, event, text
from sqlalchemy.orm import Mapped, mapped_column

from order_core.db import Base, Id
from order_core.kernel.case import CaseMixin

LISTED_BY = ("kind", "state", "urgency", "language", "appliance", "channel", "team", "assignee_id")
"""Columns that a list may be narrowed by: each has an index in the order of the list."""
OPEN = "state NOT IN ('closed', 'void')"
"""What is worked on: a few of a million, with indexes of their own. Spelled alike in a query, they are used."""


class Issue(CaseMixin, Base):
    """Something that has to be put right, from first word to verified end (chapters 3 to 7).

    Attributes:
        kind: ticket, callback, quality, production, transport, objection, alert.
        subject: the first words; the customer's own for a ticket.
        team: queue it waits in; assignee_id: the one owner once assigned.
        cause_code, remedy, result: mandatory before verification (clauses 5.2.1-a, 5.2.2-b).
        parent_id: the issue this one follows from.
        touched_at: the last step, note, message or call, whoever's: by it lists are in order. It is written beside
            the row's version, so that a customer's word makes nobody's form out of date.
    """

    __tablename__ = "issue"
    __case_kind__ = "Issue"
    __table_args__ = (
        Index("ix_issue_kind_state_changed", "kind", "state", "changed_at"),
        Index("ix_issue_contact", "contact_id", "kind", "state"),
        Index("ix_issue_product", "product_id"),
        *(Index(f"ix_issue_{column}_touched", column, "touched_at", "id") for column in LISTED_BY),
        Index("ix_issue_touched", "touched_at", "id"),
        Index("ix_issue_open", "touched_at", "id", sqlite_where=text(OPEN), postgresql_where=text(OPEN)),
        Index(
            "ix_issue_open_assignee",
            "assignee_id",
            "touched_at",
            "id",
            sqlite_where=text(OPEN),
            postgresql_where=text(OPEN),
        ),
    )

    kind: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(ForeignKey("department.code"), default="AFS")
    channel: Mapped[str] = mapped_column(String(16), default="console")
    language: Mapped[str] = mapped_column(String(8), default="zh-Hant")
    phone: Mapped[str | None] = mapped_column(String(20), default=None, index=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"), default=None, index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact_person.id"), default=None)
    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id"), default=None)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("installed_product.id"), default=None)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("customer_order.id"), default=None, index=True)
    category: Mapped[str | None] = mapped_column(String(32), default=None)
    appliance: Mapped[str | None] = mapped_column(String(24), default=None)
    symptom: Mapped[str | None] = mapped_column(String(32), default=None, index=True)
    urgency: Mapped[str] = mapped_column(String(12), default="normal")
    safety: Mapped[bool] = mapped_column(default=False)
    team: Mapped[str | None] = mapped_column(String(32), default=None)
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), default=None, index=True)
    responsible: Mapped[str | None] = mapped_column(ForeignKey("department.code"), default=None)
    mode: Mapped[str | None] = mapped_column(String(12), default=None)
    cause_code: Mapped[str | None] = mapped_column(String(32), default=None, index=True)
    remedy: Mapped[str | None] = mapped_column(String(32), default=None)
    result: Mapped[str | None] = mapped_column(Text, default=None)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("issue.id"), default=None, index=True)
    closed_at: Mapped[datetime | None] = mapped_column(default=None)
    touched_at: Mapped[datetime] = mapped_column(init=False)


@event.listens_for(Issue, "before_insert")
def _touched_when_opened(_mapper: object, _connection: object, issue: Any) -> None:
    issue.touched_at = issue.opened_at


class IssueLink(Base):
    """Two issues that belong together; ``relation``: evidence (of a quality case), duplicate, follow_up."""

    __tablename__ = "issue_link"
    __table_args__ = (UniqueConstraint("issue_id", "other_id", "relation"),)

    id: Mapped[Id] = mapped_column(init=False)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"), index=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("issue.id"), index=True)
    relation: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]
