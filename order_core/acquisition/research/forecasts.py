"""Forecasts of what will be asked for of each model, with their error, interval and label (2.1.2-b)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.acquisition.days import house_day
from order_core.acquisition.research import datasets, rules
from order_core.acquisition.research.datasets import QUERIES
from order_core.acquisition.research.models import DemandPoint, Forecast
from order_core.acquisition.research.queries import forecast_of
from order_core.acquisition.research.rules import PointFacts
from order_core.acquisition.research.service import known_models, refuse, researcher
from order_core.clauses import carries, probe
from order_core.errors import Invalid
from order_core.kernel import outbox
from order_core.kernel.actor import Actor
from order_core.kernel.notice import tell
from order_core.kernel.numbers import next_number
from order_core.kernel.sign import digest_of
from order_core.planner import forecast as planner
from order_core.rulebook.inforce import book

CLAUSE = "2.1.2-b"
TOPIC = "forecast.compute"
TOLD = ("SAL", "PRO", "PUR")
SEASON = 12
"""Months."""
LEVEL = 0.8
"""Share of the months that should fall into the interval: four of five."""
SHORTEST = planner.SHORTEST
"""Months that a history must have."""
HISTORY = "orders_per_month"

Point = tuple[str, int | None, bool]
"""(month, quantity or None where nobody knows it, whether it was typed in)."""


def set_history(session: Session, points: Sequence[PointFacts], source: str, *, by: Actor, at: datetime) -> int:
    """Keep months that were typed in or imported, in place of those there were; forecasts are asked for anew.

    Args:
        source: where the figures come from.

    Raises:
        Forbidden: neither sales nor market research; Invalid: no source, or a month breaks its rule.
    """
    person = researcher(by, CLAUSE)
    if not source.strip() or len(source) > rules.LONGEST["source"]:
        raise Invalid("research.source", field="source", clause=CLAUSE)
    known = known_models(session)
    for number, point in enumerate(points, 1):
        refuse(rules.point_fault(point, house_day(at), known), CLAUSE, path=f"rows.{number}.")
    typed = select(DemandPoint).where(DemandPoint.model_code.in_({point.model for point in points}))
    there = {(row.model_code, row.month): row for row in session.scalars(typed)}
    for point in points:
        assert point.month is not None
        assert point.quantity is not None
        row = there.get((point.model, point.month))
        if row is None:
            row = DemandPoint(
                model_code=point.model, month=point.month, quantity=0, source="", typed_by=person, typed_at=at
            )
            session.add(row)
            there[point.model, point.month] = row
        row.quantity, row.source, row.typed_by, row.typed_at = point.quantity, source.strip(), person, at
    session.flush()
    outbox.publish(session, TOPIC, {}, at=at, by=by)
    return len(points)


def series_of(session: Session, model_code: str, *, at: datetime) -> list[Point]:
    """What was asked for of a model, by month, up to the last that is over.

    Months that were typed in are taken as typed, the others from confirmed orders; what neither says is not known.
    """
    this_month = house_day(at).replace(day=1)
    query = QUERIES.get(HISTORY)
    ordered = datasets.draw(session, query, datasets.parameters(None, this_month, model_code)) if query else []
    found: dict[date | None, tuple[int | None, bool]]
    found = {rules.month_of(key): (int(quantity), False) for key, quantity in ordered}
    typed = select(DemandPoint).where(DemandPoint.model_code == model_code, DemandPoint.month < this_month)
    found |= {point.month: (point.quantity, True) for point in session.scalars(typed)}
    known = [month for month in found if month is not None]
    months = rules.month_span(min(known), max(known)) if known else []
    return [(f"{month:%Y-%m}", *found.get(month, (None, False))) for month in months]


@carries("measure", "2.1.2-b")
def recompute(session: Session, *, at: datetime) -> list[Forecast]:
    """Forecast every model whose series has changed since; sales, production and purchasing are told of new ones.

    Done twice, the second time finds nothing to do. Models with too short a history have no forecast.
    """
    made, horizon = [], int(book(session, at).threshold("forecast_horizon_months"))
    for code in sorted(known_models(session)):
        series = series_of(session, code, at=at)
        digest = digest_of({"series": series, "horizon": horizon, "season": SEASON, "level": LEVEL})
        former = forecast_of(session, code)
        if not _long_enough(series) or (former is not None and former.series_digest == digest):
            continue
        made.append(_published(session, code, series, horizon, digest, at=at))
    if made:
        for department in TOLD:
            tell(session, key="forecast.published", at=at, department=department, everyone=True,
                 params={"n": len(made)})  # fmt: skip
    return made


def _long_enough(series: Sequence[Point]) -> bool:
    return sum(quantity is not None for _, quantity, _ in series) >= SHORTEST


def _published(
    session: Session, model_code: str, series: list[Point], horizon: int, digest: str, *, at: datetime
) -> Forecast:
    found = planner.forecast([quantity for _, quantity, _ in series], horizon=horizon, season=SEASON, level=LEVEL)
    forecast = Forecast(
        number=next_number(session, "FC", at),
        model_code=model_code,
        series=[list(point) for point in series],
        series_digest=digest,
        method=found.method,
        parameters=dict(found.parameters),
        horizon=horizon,
        level=found.level,
        points=_points(series[-1][0], found),
        mase=found.mase,
        naive_mase=found.mase_seasonal_naive,
        bias=found.bias,
        origins=found.origins,
        beats_naive=found.beats_seasonal_naive,
        at=at,
    )
    session.add(forecast)
    session.flush()
    return forecast


def _points(last: str, found: planner.Forecast) -> list[list[Any]]:
    """[month, mean, low, high] after the last month known, in units to one decimal."""
    month = rules.month_of(last)
    assert month is not None
    points = []
    for mean, low, high in zip(found.values, found.lower, found.upper, strict=True):
        month = rules.next_month(month)
        points.append([f"{month:%Y-%m}", round(mean, 1), round(low, 1), round(high, 1)])
    return points


@probe("2.1.2-b")
def _forecasts_without_error(session: Session, _at: datetime) -> int:
    """Newest forecasts that lack an interval, an error where the series has a scale, or carry a wrong label."""
    faults = 0
    for code in known_models(session):
        forecast = forecast_of(session, code)
        if forecast is None:
            continue
        better = forecast.mase is not None and forecast.naive_mase is not None and forecast.mase < forecast.naive_mase
        in_order = all(low <= mean <= high for _, mean, low, high in forecast.points)
        judged = forecast.mase is not None or not _has_scale([quantity for _, quantity, _ in forecast.series])
        faults += not (forecast.points and in_order and judged and better == forecast.beats_naive)
    return faults


def _has_scale(values: Sequence[int | None]) -> bool:
    """Whether last year's value was ever wrong before the last month: without that there is nothing to scale by."""
    known = values[:-1]
    lag = SEASON if len(known) > SEASON else 1
    return any(a != b for a, b in zip(known, known[lag:], strict=False) if a is not None and b is not None)
