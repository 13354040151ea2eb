"""What went wrong with what was sold, as data sets for analysis: tickets by model, region, symptom and month."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from order_core.acquisition.days import start_of
from order_core.acquisition.research.datasets import drawn, monthly
from order_core.aftersales.models import InstalledProduct
from order_core.issues.models import Issue
from order_core.parties.models import Site
from order_core.planner.analysis import Row


def _tickets(column: Any, wanted: Mapping[str, Any]) -> Select[Any]:
    """A column of the tickets opened in a stretch of time, of one model where asked; void ones left out."""
    rows = select(column).select_from(Issue).where(Issue.kind == "ticket", Issue.state != "void")
    rows = rows.outerjoin(InstalledProduct, InstalledProduct.id == Issue.product_id)
    rows = rows.outerjoin(Site, Site.id == Issue.site_id)
    if wanted["since"]:
        rows = rows.where(Issue.opened_at >= start_of(wanted["since"]))
    if wanted["until"]:
        rows = rows.where(Issue.opened_at < start_of(wanted["until"]))
    return rows.where(InstalledProduct.model_code == wanted["model"]) if wanted["model"] else rows


def _counted(session: Session, column: Any, wanted: Mapping[str, Any]) -> list[Row]:
    counts: dict[str, float] = {}
    for key in session.scalars(_tickets(column, wanted)):
        if key is not None:
            counts[key] = counts.get(key, 0.0) + 1
    return sorted(counts.items())


@drawn("tickets_by_model")
def by_model(session: Session, wanted: Mapping[str, Any]) -> list[Row]:
    """Tickets about a known unit, by its model."""
    return _counted(session, InstalledProduct.model_code, wanted)


@drawn("tickets_by_region")
def by_region(session: Session, wanted: Mapping[str, Any]) -> list[Row]:
    """Tickets, by postcode of the place."""
    return _counted(session, Site.postcode, wanted)


@drawn("tickets_by_symptom")
def by_symptom(session: Session, wanted: Mapping[str, Any]) -> list[Row]:
    """Tickets, by symptom code."""
    return _counted(session, Issue.symptom, wanted)


@drawn("tickets_per_month", monthly=True)
def per_month(session: Session, wanted: Mapping[str, Any]) -> list[Row]:
    """Tickets, by month of opening."""
    return monthly(((at, 1.0) for at in session.scalars(_tickets(Issue.opened_at, wanted))), wanted["until"])
