"""Installed products, warranty terms, service reports and surveys."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from order_core.db import Base, Id
from order_core.kernel.case import CaseMixin


class InstalledProduct(Base):
    """One unit at a customer, from the order line that delivered it; warranty starts at acceptance (4.2.2-b)."""

    __tablename__ = "installed_product"

    id: Mapped[Id] = mapped_column(init=False)
    serial: Mapped[str] = mapped_column(String(32), unique=True)
    lot: Mapped[str] = mapped_column(String(32), index=True)
    model_code: Mapped[str] = mapped_column(ForeignKey("product_model.code"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    order_line_id: Mapped[int] = mapped_column(ForeignKey("order_line.id"), index=True)
    room: Mapped[str] = mapped_column(String(40), default="")
    accepted_at: Mapped[datetime | None] = mapped_column(default=None)


class WarrantyTerm(Base):
    """What is free, and how long from acceptance (months), for an appliance."""

    __tablename__ = "warranty_term"

    code: Mapped[str] = mapped_column(String(24), primary_key=True)
    appliance: Mapped[str] = mapped_column(String(24), unique=True)
    parts_months: Mapped[int]
    labour_months: Mapped[int]
    travel_months: Mapped[int]


class ServiceReport(Base):
    """The record of a visit (5.2.2-b). ``signature``: what the customer drew, and who he said he is."""

    __tablename__ = "service_report"

    id: Mapped[Id] = mapped_column(init=False)
    visit_number: Mapped[str] = mapped_column(String(24), unique=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"), index=True)
    technician_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    cause_code: Mapped[str] = mapped_column(String(32))
    remedy: Mapped[str] = mapped_column(String(32))
    explained: Mapped[str] = mapped_column(Text)
    parts: Mapped[list[Any]]
    inspection_id: Mapped[int] = mapped_column(ForeignKey("inspection.id"))
    digest: Mapped[str] = mapped_column(String(64))
    signed_name: Mapped[str] = mapped_column(String(80))
    signature: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class Survey(CaseMixin, Base):
    """One question after a verified visit, or after closing without one (5.3.1-a). ``score``: 1 … 5."""

    __tablename__ = "survey"
    __case_kind__ = "Survey"
    __table_args__ = (
        UniqueConstraint("issue_id", "visit_number"),
        Index("ix_survey_contact", "contact_id", "sent_at"),
    )

    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"), index=True)
    visit_number: Mapped[str] = mapped_column(String(24), default="")
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact_person.id"), default=None)
    phone: Mapped[str | None] = mapped_column(String(20), default=None)
    token_hash: Mapped[str | None] = mapped_column(String(64), default=None, unique=True)
    score: Mapped[int | None] = mapped_column(default=None)
    comment: Mapped[str | None] = mapped_column(Text, default=None)
    sent_at: Mapped[datetime | None] = mapped_column(default=None)
    answered_at: Mapped[datetime | None] = mapped_column(default=None)
