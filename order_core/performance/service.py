"""The service indicators of the regulation, each a formula over records of a period (clause 1.3-d)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from order_core.aftersales.models import ServiceReport, Survey
from order_core.clauses import carries
from order_core.execution.models import Order
from order_core.issues.models import Issue
from order_core.issues.rules import OPEN_STATES
from order_core.kernel.clock import Clock
from order_core.performance import handovers
from order_core.rulebook.handover import USUAL
from order_core.rulebook.inforce import book

PERIOD = timedelta(days=90)
REPEAT_WITHIN = timedelta(days=30)


@dataclass(frozen=True)
class Indicator:
    """A computed figure. ``value`` None: nothing to compute it from; ``count``: records behind it;
    ``newest``: time of the newest datum; ``up_is_good``: the direction; ``since`` … ``until``: the period,
    of one moment where ``since`` is None."""

    code: str
    value: float | None
    unit: str
    target: float
    up_is_good: bool
    count: int
    newest: datetime | None
    since: datetime | None = None
    until: datetime | None = None


@carries("measure", "1.3-d")
def indicators(session: Session, *, at: datetime) -> list[Indicator]:
    """Every indicator over the 90 days before ``at``."""
    since = at - PERIOD
    of_the_period = [
        _satisfaction(session, since),
        _response(session, since),
        _first_time_fix(session, since),
        _on_time(session, since),
        _handed_over(session, since, at),
    ]
    return [
        *(replace(one, since=since, until=at) for one in of_the_period),
        replace(_open_quality_cases(session), until=at),
    ]


def _satisfaction(session: Session, since: datetime) -> Indicator:
    """K-18: mean score, 1 to 5, of surveys answered in the period."""
    mean, count, newest = session.execute(
        select(func.avg(Survey.score), func.count(Survey.id), func.max(Survey.answered_at)).where(
            Survey.answered_at > since
        )
    ).one()
    return Indicator("K-18", float(mean) if mean is not None else None, "score", 4.5, True, count, newest)


def _response(session: Session, since: datetime) -> Indicator:
    """K-19: share of contact clocks stopped before they were due."""
    rows = session.execute(
        select(Clock.due_at, Clock.stopped_at).where(Clock.policy == "T-19", Clock.stopped_at > since)
    ).all()
    # A stopped clock that never reached its budget has no due date.
    in_time = sum(1 for due, _ in rows if due is None)
    share = 100 * in_time / len(rows) if rows else None
    return Indicator("K-19", share, "percent", 95.0, True, len(rows), max((s for _, s in rows if s), default=None))


def _first_time_fix(session: Session, since: datetime) -> Indicator:
    """First-time fix: visits with no other visit to the same unit within 30 days after."""
    rows = session.execute(
        select(Issue.product_id, ServiceReport.at)
        .join(Issue, Issue.id == ServiceReport.issue_id)
        .where(ServiceReport.at > since)
        .order_by(ServiceReport.at)
    ).all()
    repeated = sum(
        1
        for index, (product, done) in enumerate(rows)
        if any(p == product and done < later <= done + REPEAT_WITHIN for p, later in rows[index + 1 :])
    )
    share = 100 * (len(rows) - repeated) / len(rows) if rows else None
    return Indicator("FTFR", share, "percent", 85.0, True, len(rows), rows[-1][1] if rows else None)


def _on_time(session: Session, since: datetime) -> Indicator:
    """K-09: orders delivered in the period on or before the date committed first."""
    rows = session.execute(select(Order.committed_on, Order.delivered_at).where(Order.delivered_at > since)).all()
    in_time = sum(1 for committed, done in rows if committed and done and done.date() <= committed)
    newest = max((done for _, done in rows if done), default=None)
    return Indicator("K-09", 100 * in_time / len(rows) if rows else None, "percent", 98.0, True, len(rows), newest)


def _handed_over(session: Session, since: datetime, at: datetime) -> Indicator:
    """HO: median working hours from a hand-over to its acknowledgement (1.3-c)."""
    found = handovers.acknowledged(session, since, at)
    delay = float(median(one.hours for one in found)) if found else None
    newest = max((one.at for one in found), default=None)
    target = book(session, at).policy(USUAL).budget.total_seconds() / 3600
    return Indicator("HO", delay, "hours", target, False, len(found), newest)


def _open_quality_cases(session: Session) -> Indicator:
    """Open quality cases of recurring faults."""
    count, newest = session.execute(
        select(func.count(Issue.id), func.max(Issue.opened_at)).where(
            Issue.kind == "quality", Issue.state.in_(OPEN_STATES)
        )
    ).one()
    return Indicator("QC-OPEN", float(count), "cases", 0.0, False, count, newest)
