"""The figures of design work, each computed from its records over a period."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from order_core.clauses import carries
from order_core.execution.design import rules
from order_core.execution.design.lifecycle import PLAN_KIND
from order_core.execution.design.models import Design, DesignReview, DesignTask
from order_core.execution.design.points import KIND as POINTS
from order_core.kernel.plan import ActionPlan, PlanItem
from order_core.kernel.signals import Figure, Measure
from order_core.rulebook.calendar import house_calendar
from order_core.rulebook.inforce import SHIPPED, book


def _day(moment: datetime) -> datetime:
    return moment.astimezone(ZoneInfo(house_calendar().zone))


def _middle(hours: Iterable[float], newest: datetime | None) -> Figure:
    values = list(hours)
    return Figure(float(median(values)) if values else None, len(values), newest)


@carries("measure", "3.2.1-a")
def assignment_delay(session: Session, start: datetime, end: datetime) -> Figure:
    """Median working hours from opened to given to somebody, of tasks given in the period."""
    rows = session.execute(
        select(DesignTask.opened_at, DesignTask.assigned_at).where(
            DesignTask.assigned_at >= start, DesignTask.assigned_at < end
        )
    ).all()
    given = [(opened, at) for opened, at in rows if at is not None]
    calendar = house_calendar(session)
    hours = [calendar.between(opened, at).total_seconds() / 3600 for opened, at in given]
    return _middle(hours, max((at for _, at in given), default=None))


@carries("measure", "3.2.1-b")
def plan_adherence(session: Session, start: datetime, end: datetime) -> Figure:
    """Percent of the stages due in the period that were done by their date; stages of the plans as they are now."""
    first, last = _day(start).date(), _day(end).date()
    rows = session.execute(
        select(PlanItem.due_on, PlanItem.closed_at)
        .join(ActionPlan, ActionPlan.id == PlanItem.plan_id)
        .where(ActionPlan.kind == PLAN_KIND, PlanItem.revision == ActionPlan.revision)
        .where(ActionPlan.state.in_(("running", "achieved")), PlanItem.due_on >= first, PlanItem.due_on < last)
    ).all()
    value, count = rules.adherence([(due, _day(done).date() if done else None) for due, done in rows], last)
    return Figure(value, count, max((done for _, done in rows if done), default=None))


@carries("measure", "3.2.1-b")
def development_cycle(session: Session, start: datetime, end: datetime) -> Figure:
    """K-05: median working days from given to released, of the first designs of tasks released in the period."""
    rows = session.execute(
        select(DesignTask.assigned_at, Design.released_at)
        .join(DesignTask, DesignTask.id == Design.task_id)
        .where(Design.predecessor_id.is_(None), Design.released_at >= start, Design.released_at < end)
    ).all()
    spans = [(given, done) for given, done in rows if given is not None and done is not None]
    value = rules.cycle([(_day(given).date(), _day(done).date()) for given, done in spans], house_calendar(session))
    return Figure(value, len(spans), max((done for _, done in spans), default=None))


@carries("measure", "3.2.2-a")
def target_achievement(session: Session, start: datetime, end: datetime) -> Figure:
    """K-08: percent of the characteristics of designs released in the period that were verified within target."""
    designs = _released(session, start, end)
    traits = [trait for design in designs for trait in design.traits]
    return Figure(rules.achievement(traits), len(traits), _newest(designs))


@carries("measure", "3.2.2-c")
def first_pass_rate(session: Session, start: datetime, end: datetime) -> Figure:
    """Percent of the designs released in the period that were released in their first review."""
    designs = _released(session, start, end)
    return Figure(rules.first_pass([len(design.reviews) for design in designs]), len(designs), _newest(designs))


def _released(session: Session, start: datetime, end: datetime) -> list[Design]:
    return list(session.scalars(select(Design).where(Design.released_at >= start, Design.released_at < end)))


def _newest(designs: Iterable[Design]) -> datetime | None:
    return max((design.released_at for design in designs if design.released_at), default=None)


@carries("measure", "3.2.2-b")
def review_lead_time(session: Session, start: datetime, end: datetime) -> Figure:
    """Median working hours from called to ended, of reviews ended in the period."""
    rows = session.execute(
        select(DesignReview.called_at, DesignReview.ended_at).where(
            DesignReview.ended_at >= start, DesignReview.ended_at < end
        )
    ).all()
    ended = [(called, at) for called, at in rows if at is not None]
    calendar = house_calendar(session)
    hours = [calendar.between(called, at).total_seconds() / 3600 for called, at in ended]
    return _middle(hours, max((at for _, at in ended), default=None))


@carries("measure", "3.2.2-c")
def points_open(session: Session, _start: datetime, end: datetime) -> Figure:
    """Points of reviews that had no outcome at the end of the period, of those raised by then."""
    closed_later = (PlanItem.closed_at.is_(None)) | (PlanItem.closed_at >= end)
    count = session.scalar(
        select(func.count(PlanItem.id))
        .join(ActionPlan, ActionPlan.id == PlanItem.plan_id)
        .where(ActionPlan.kind == POINTS, ActionPlan.opened_at < end, closed_later)
    )
    return Figure(float(count or 0), int(count or 0))


def _of_the_book(code: str, formula: Callable[[Any, datetime, datetime], Figure]) -> Measure:
    """An indicator of the regulation, with the limits as shipped."""
    limits = SHIPPED.limits[code]
    return Measure(
        code=code, clause=limits.clause, unit=limits.unit, formula=formula, owner="RND",
        up_is_good=limits.up_is_good, target=limits.target, warning=limits.warning, alarm=limits.alarm,
    )  # fmt: skip


MEASURES: tuple[Measure, ...] = (
    _of_the_book("K-05", development_cycle),
    _of_the_book("K-08", target_achievement),
    Measure(
        code="RD-PLAN", clause="3.2.1-b", unit="percent", formula=plan_adherence, owner="RND",
        up_is_good=True, target=90, warning=90, alarm=75,
    ),
    Measure(
        code="RD-GIVE", clause="3.2.1-a", unit="hours", formula=assignment_delay, owner="RND",
        up_is_good=False, target=8, warning=8, alarm=16,
    ),
    Measure(
        code="RD-FIRST", clause="3.2.2-c", unit="percent", formula=first_pass_rate, owner="RND",
        up_is_good=True, target=70, warning=70, alarm=50,
    ),
    Measure(
        code="RD-LEAD", clause="3.2.2-b", unit="hours", formula=review_lead_time, owner="RND",
        up_is_good=False, target=24, warning=24, alarm=40,
    ),
    Measure(
        code="RD-OPEN", clause="3.2.2-c", unit="points", formula=points_open, owner="RND",
        up_is_good=False, target=0, warning=5, alarm=15,
    ),
)  # fmt: skip


def in_force(session: Session, at: datetime) -> tuple[Measure, ...]:
    """The figures of the room with the limits that the rulebook sets at a moment."""
    limits = book(session, at).limits
    return tuple(
        replace(m, target=limits[m.code].target, warning=limits[m.code].warning, alarm=limits[m.code].alarm)
        if m.code in limits
        else m
        for m in MEASURES
    )
