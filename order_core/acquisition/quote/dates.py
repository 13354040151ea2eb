"""The days that a quote offers, as computed for what is on the table at a moment (2.3.1-b)."""

from datetime import date, datetime

from sqlalchemy.orm import Session

from order_core.acquisition.days import house_day
from order_core.acquisition.quote import promise
from order_core.acquisition.quote.models import Quote, QuoteLine


def compute(session: Session, line: QuoteLine, *, at: datetime) -> None:
    """The day the line can be promised for, and how it came about, as of this moment."""
    today = house_day(at)
    found, assumed = promise.computed(session, line.model_code, line.quantity, today)
    line.computed_on, line.computed_at, line.trace = found.on, at, promise.legs(found, today, assumed=assumed)


def refresh(session: Session, quote: Quote, *, at: datetime, older_than: date | None = None) -> None:
    """The computed days that are offered, as of now; with a day: only those computed before it (2.3.1-b)."""
    for line in quote.lines:
        old = older_than is None or line.computed_at is None or house_day(line.computed_at) < older_than
        if line.typed_on is None and old:
            compute(session, line, at=at)
