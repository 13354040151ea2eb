"""Enquiries with their requirements, and what people said about two requirements that look alike."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from order_core.db import Base, Id
from order_core.kernel.case import CaseMixin


class Enquiry(CaseMixin, Base):
    """What one customer asks for at one time. ``owner_id``: the salesperson, once one has taken it up."""

    __tablename__ = "enquiry"
    __case_kind__ = "Enquiry"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), default=None)
    requirements: Mapped[list["Requirement"]] = relationship(
        default_factory=list, order_by="Requirement.position", lazy="selectin", back_populates="enquiry"
    )

    def requirement(self, position: int) -> "Requirement | None":
        """The requirement at a position (1, 2, …)."""
        return next((row for row in self.requirements if row.position == position), None)


class Requirement(Base):
    """One need in the customer's own words.

    Attributes:
        channel, told_on: how and on which day it came (2.2.1-a); ticket_id: the helpdesk's ticket it came from.
        aspects: aspect → what was said of it, or None for "not stated by customer" (2.2.1-b).
        merged_into_id: the requirement that stands for both; this one stays readable.
        refusal: why we do not answer it, in writing, as the customer reads it.
    """

    __tablename__ = "requirement"
    __table_args__ = (
        CheckConstraint("merged_into_id IS NULL OR merged_into_id <> id", name="not_into_itself"),
        Index("ix_requirement_merged_into", "merged_into_id"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    enquiry_id: Mapped[int] = mapped_column(ForeignKey("enquiry.id"), index=True, init=False)
    position: Mapped[int]
    channel: Mapped[str] = mapped_column(String(12))
    told_on: Mapped[date]
    words: Mapped[str] = mapped_column(Text)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact_person.id"), default=None)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("issue.id"), default=None, unique=True)
    aspects: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)
    class_code: Mapped[str | None] = mapped_column(String(16), default=None)
    rank: Mapped[str | None] = mapped_column(String(12), default=None)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("requirement.id"), default=None)
    refusal: Mapped[str | None] = mapped_column(Text, default=None)
    enquiry: Mapped[Enquiry] = relationship(back_populates="requirements", default=None)

    @property
    def label(self) -> str:
        """How people call it: the enquiry's number and its place in it."""
        return f"{self.enquiry.number}/{self.position}"


class PairVerdict(Base):
    """What a person said about two requirements: ``same`` (merged) or ``different``. The newest word counts.

    ``one_id`` < ``other_id``; ``undone_at``: when a merge was taken back, by ``undone_by``.
    """

    __tablename__ = "requirement_pair"
    __table_args__ = (CheckConstraint("one_id < other_id", name="in_order"),)

    id: Mapped[Id] = mapped_column(init=False)
    one_id: Mapped[int] = mapped_column(ForeignKey("requirement.id"), index=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("requirement.id"), index=True)
    verdict: Mapped[str] = mapped_column(String(12))
    score: Mapped[int | None]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    undone_at: Mapped[datetime | None] = mapped_column(default=None)
    undone_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"), default=None)
