"""Warranty decisions and service reports."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.aftersales import rules
from order_core.aftersales.models import InstalledProduct, ServiceReport, WarrantyTerm
from order_core.aftersales.rules import Entitlement, Terms
from order_core.errors import Invalid
from order_core.issues.conditions import AFTER_REPAIR
from order_core.issues.models import Issue
from order_core.kernel import check
from order_core.kernel.actor import Actor
from order_core.kernel.sign import digest_of
from order_core.parties.models import ProductModel

DEFAULT_STANDARD = "after-repair/any"


def warranty(session: Session, product: InstalledProduct, *, at: datetime) -> Entitlement:
    """What is free for a unit at a moment."""
    term = session.scalars(
        select(WarrantyTerm)
        .join(ProductModel, ProductModel.appliance == WarrantyTerm.appliance)
        .where(ProductModel.code == product.model_code)
    ).first()
    terms = Terms(term.code, term.parts_months, term.labour_months, term.travel_months) if term else None
    return rules.entitlement(product.accepted_at, terms, at)


def products_of(session: Session, customer_id: int) -> list[InstalledProduct]:
    """The units of a customer, the oldest first."""
    return list(
        session.scalars(
            select(InstalledProduct).where(InstalledProduct.customer_id == customer_id).order_by(InstalledProduct.id)
        )
    )


def standard_for(session: Session, issue: Issue, *, at: datetime) -> check.Standard:
    """The after-repair standard of the issue's appliance, else the general one (5.2.2-c)."""
    if issue.appliance:
        try:
            return check.in_force(session, f"after-repair/{issue.appliance}", at=at)
        except Invalid:
            pass
    return check.in_force(session, DEFAULT_STANDARD, at=at)


def report(
    session: Session,
    issue: Issue,
    visit_number: str,
    *,
    cause_code: str,
    remedy: str,
    explained: str,
    parts: Sequence[Mapping[str, Any]],
    readings: Mapping[str, Any],
    signed_name: str,
    signature: str,
    by: Actor,
    at: datetime,
) -> ServiceReport:
    """Write the service report: cause, method, parts, explanation, test and the customer's signature.

    Raises:
        Invalid: a mandatory field is empty, or a code is not in its list (5.2.2-b), or a reading is missing.
    """
    for name, value, allowed in (
        ("cause_code", cause_code, rules.CAUSES),
        ("remedy", remedy, rules.REMEDIES),
    ):
        if value not in allowed:
            raise Invalid(f"report.{name}", field=name, clause="5.2.2-b", allowed=", ".join(allowed))
    for name, text in (("explained", explained), ("signed_name", signed_name), ("signature", signature)):
        if not text.strip():
            raise Invalid(f"report.{name}", field=name, clause="5.2.2-b")
    inspection = check.inspect(session, issue, standard_for(session, issue, at=at), readings, by=by, at=at)
    content = {
        "visit": visit_number,
        "cause": cause_code,
        "remedy": remedy,
        "explained": explained,
        "parts": list(parts),
        "verdict": inspection.verdict,
        "readings": dict(readings),
    }
    written = ServiceReport(
        visit_number=visit_number,
        issue_id=issue.id,
        technician_id=by.id or 0,
        cause_code=cause_code,
        remedy=remedy,
        explained=explained,
        parts=list(parts),
        inspection_id=inspection.id,
        digest=digest_of(content),
        signed_name=signed_name,
        signature=signature,
        at=at,
    )
    session.add(written)
    session.flush()
    return written


def last_test(session: Session, issue: Issue) -> str | None:
    """The verdict of the newest after-repair test of a ticket."""
    return check.last_verdict(session, issue, AFTER_REPAIR)
