"""Named queries that a data set may be drawn by; the stages that keep the records put theirs in."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from order_core.acquisition.days import house_day
from order_core.acquisition.research import rules
from order_core.planner.analysis import Row

Draw = Callable[[Session, Mapping[str, Any]], list[Row]]
"""(session, parameters: since, until (dates, until not included) and model (code or None)) → rows."""


@dataclass(frozen=True)
class Query:
    """A named query. ``monthly``: one row a month, without gaps."""

    name: str
    draw: Draw
    monthly: bool


QUERIES: dict[str, Query] = {}


def drawn(name: str, *, monthly: bool = False) -> Callable[[Draw], Draw]:
    """Register a query under a name that stays: analyses name it."""

    def register(draw: Draw) -> Draw:
        QUERIES[name] = Query(name, draw, monthly)
        return draw

    return register


def parameters(since: date | None, until: date, model: str | None) -> dict[str, Any]:
    """As they are stored with an analysis, JSON."""
    return {"since": since.isoformat() if since else None, "until": until.isoformat(), "model": model}


def draw(session: Session, query: Query, stored: Mapping[str, Any]) -> list[Row]:
    """The rows of a query with stored parameters."""
    days = {name: date.fromisoformat(stored[name]) if stored.get(name) else None for name in ("since", "until")}
    return query.draw(session, {**days, "model": stored.get("model")})


def monthly(moments: Iterable[tuple[datetime, float]], until: date | None) -> list[Row]:
    """Sums by the house's months: from the first month with anything, without gaps, to the last before ``until``."""
    totals: dict[date, float] = {}
    for at, quantity in moments:
        month = house_day(at).replace(day=1)
        totals[month] = totals.get(month, 0.0) + quantity
    if not totals:
        return []
    end = until or rules.next_month(max(totals))
    months = [month for month in rules.month_span(min(totals), end) if month < end]
    return [(f"{month:%Y-%m}", totals.get(month, 0.0)) for month in months]
