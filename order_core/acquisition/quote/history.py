"""What was offered and what was lost, as data sets for analysis."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from order_core.acquisition.days import start_of
from order_core.acquisition.quote.models import Quote, QuoteLine
from order_core.acquisition.research.datasets import drawn
from order_core.planner.analysis import Row


def _sent(wanted: Mapping[str, Any], *columns: Any) -> Select[Any]:
    """Columns of the lines of quotes that went out in a stretch of time."""
    rows = (
        select(*columns)
        .select_from(Quote)
        .join(QuoteLine, QuoteLine.quote_id == Quote.id)
        .where(Quote.sent_at.is_not(None))
    )
    if wanted["since"]:
        rows = rows.where(Quote.sent_at >= start_of(wanted["since"]))
    if wanted["until"]:
        rows = rows.where(Quote.sent_at < start_of(wanted["until"]))
    return rows.where(QuoteLine.model_code == wanted["model"]) if wanted["model"] else rows


@drawn("quotes_by_model")
def by_model(session: Session, wanted: Mapping[str, Any]) -> list[Row]:
    """Units offered, by model."""
    totals: dict[str, float] = {}
    for model, quantity in session.execute(_sent(wanted, QuoteLine.model_code, QuoteLine.quantity)):
        totals[model] = totals.get(model, 0.0) + quantity
    return sorted(totals.items())


@drawn("quotes_lost_by_reason")
def lost_by_reason(session: Session, wanted: Mapping[str, Any]) -> list[Row]:
    """Quotes that were lost, by the reason."""
    reasons: dict[str, float] = {}
    lost = _sent(wanted, Quote.id, Quote.lost_reason).where(Quote.lost_reason.is_not(None)).distinct()
    for _, reason in session.execute(lost):
        reasons[reason] = reasons.get(reason, 0.0) + 1
    return sorted(reasons.items())
