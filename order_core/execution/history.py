"""What was ordered, as data sets for analysis and forecast: quantities of orders that were confirmed."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from order_core.acquisition.days import start_of
from order_core.acquisition.research.datasets import drawn, monthly
from order_core.execution.models import Order, OrderLine
from order_core.parties.models import Site
from order_core.planner.analysis import Row

VOID = ("cancelled",)
BY_MODEL = "orders_by_model"


def _confirmed(*columns: Any, wanted: Mapping[str, Any]) -> Select[Any]:
    """Columns of the lines of orders first confirmed in a stretch of time (and not cancelled), and when they were."""
    lines = select(*columns, Order.confirmed_at).join(OrderLine.order)
    lines = lines.where(Order.confirmed_at.is_not(None), Order.state.not_in(VOID))
    if wanted["since"]:
        lines = lines.where(Order.confirmed_at >= start_of(wanted["since"]))
    if wanted["until"]:
        lines = lines.where(Order.confirmed_at < start_of(wanted["until"]))
    return lines.where(OrderLine.model_code == wanted["model"]) if wanted["model"] else lines


def _by(column: Any, session: Session, wanted: Mapping[str, Any], *, place: bool = False) -> list[Row]:
    lines = _confirmed(column, OrderLine.quantity, wanted=wanted)
    if place:
        lines = lines.join(Site, Site.id == OrderLine.site_id)
    totals: dict[str, float] = {}
    for key, quantity, _ in session.execute(lines):
        totals[key] = totals.get(key, 0.0) + quantity
    return sorted(totals.items())


@drawn(BY_MODEL)
def by_model(session: Session, wanted: Mapping[str, Any]) -> list[Row]:
    """Units ordered, by model."""
    return _by(OrderLine.model_code, session, wanted)


@drawn("orders_by_region")
def by_region(session: Session, wanted: Mapping[str, Any]) -> list[Row]:
    """Units ordered, by postcode of the place they go to."""
    return _by(Site.postcode, session, wanted, place=True)


@drawn("orders_per_month", monthly=True)
def per_month(session: Session, wanted: Mapping[str, Any]) -> list[Row]:
    """Units ordered, by month of confirmation."""
    moments = session.execute(_confirmed(OrderLine.quantity, wanted=wanted))
    return monthly(((at, quantity) for quantity, at in moments), wanted["until"])
