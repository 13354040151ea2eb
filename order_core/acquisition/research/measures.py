"""Figures of market research, each recomputed from rounds, journal and forecasts (1.3-d, 2.1)."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from order_core.acquisition.research.models import ResearchReport
from order_core.acquisition.research.queries import newest_forecasts
from order_core.clauses import carries
from order_core.kernel.journal import JournalEntry
from order_core.kernel.signals import Figure, Measure
from order_core.rounds.models import Round

KIND = "research"


@carries("measure", "2.1.1-a")
def held_on_time(session: Session, start: datetime, end: datetime) -> Figure:
    """Per cent of the rounds whose time ended in a stretch that were done before it did."""
    done_at = (
        select(func.min(JournalEntry.at))
        .where(JournalEntry.kind == Round.__case_kind__, JournalEntry.case_id == Round.id, JournalEntry.step == "do")
        .correlate(Round)
        .scalar_subquery()
    )
    planned = select(Round.closes_at, done_at).where(
        Round.kind == KIND, Round.closes_at >= start, Round.closes_at < end
    )
    rows = [(closes, done) for closes, done in session.execute(planned)]
    held = sum(1 for closes, done in rows if done is not None and done < closes)
    newest = max((closes for closes, _ in rows), default=None)
    return Figure(100 * held / len(rows) if rows else None, len(rows), newest)


@carries("measure", "2.1.1-b")
def reports_published(session: Session, start: datetime, end: datetime) -> Figure:
    """Reports published in a stretch of time, corrections not counted."""
    count, newest = session.execute(
        select(func.count(ResearchReport.id), func.max(ResearchReport.published_at)).where(
            ResearchReport.published_at >= start,
            ResearchReport.published_at < end,
            ResearchReport.supersedes_id.is_(None),
        )
    ).one()
    return Figure(float(count), count, newest)


@carries("measure", "2.1.2-b")
def forecast_error(session: Session, _start: datetime, _end: datetime) -> Figure:
    """Mean rolling-origin MASE of the forecasts in force."""
    judged = [forecast for forecast in newest_forecasts(session) if forecast.mase is not None]
    errors = [forecast.mase for forecast in judged if forecast.mase is not None]
    newest = max((forecast.at for forecast in judged), default=None)
    return Figure(sum(errors) / len(errors) if errors else None, len(errors), newest)


ON_TIME = Measure(
    code="M-2.1.1-a", clause="2.1.1-a", unit="percent", formula=held_on_time, up_is_good=True,
    target=100, warning=90, alarm=75, owner="SAL",
)  # fmt: skip
PUBLISHED = Measure(
    code="M-2.1.1-b", clause="2.1.1-b", unit="count", formula=reports_published, up_is_good=True,
    target=3, warning=2, alarm=1, owner="SAL", period="quarter",
)  # fmt: skip
ERROR = Measure(
    code="M-2.1.2-b", clause="2.1.2-b", unit="ratio", formula=forecast_error, up_is_good=False,
    target=0.9, warning=1.0, alarm=1.2, owner="SAL",
)  # fmt: skip
