"""Forecasts as charts with their label, in the reader's language."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from flask_babel import get_locale, gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.pipeline.research import PATH
from helpdesk.pipeline.research_present import Row, month
from order_core.acquisition.research import forecasts, queries
from order_core.acquisition.research.models import Forecast
from order_core.parties.models import ProductModel

WEIGHT = "weight_"


def panels(session: Session, at: datetime, *, large: str | None = None) -> list[Row]:
    """A panel for each model: its newest forecast as a chart with its label, or why there is none."""
    newest = {forecast.model_code: forecast for forecast in queries.newest_forecasts(session)}
    models = session.scalars(select(ProductModel).order_by(ProductModel.code))
    return [_panel(session, model, newest.get(model.code), at, large=model.code == large) for model in models]


def _panel(session: Session, model: ProductModel, forecast: Forecast | None, at: datetime, *, large: bool) -> Row:
    locale = str(get_locale()).replace("_", "-")
    name = model.names.get(locale) or model.code
    shown = {"model": model.code, "name": name, "label": label(forecast) if forecast else None}
    if forecast is None:
        series = forecasts.series_of(session, model.code, at=at)
        known = sum(quantity is not None for _, quantity, _ in series)
        return {**shown, "chart": None, "why": gettext("forecast.too_short", n=known, least=forecasts.SHORTEST)}
    more = {"facts": facts(forecast), "weights": weights(forecast)} if large else {}
    return {**shown, "chart": chart(forecast, name, small=not large), **more}


def brief(forecast: Forecast, *, key: str) -> Row:
    """A forecast beside something else: label, small chart, and the page where it is large. ``key``: its own."""
    drawn = chart(forecast, forecast.model_code, small=True)
    href = f"{PATH}/forecasts?model={quote(forecast.model_code)}"
    return {"label": label(forecast), "chart": {**drawn, "id": f"{drawn['id']}-{key}"}, "href": href}


def label(forecast: Forecast) -> Row:
    """Whether it is better than last year's figures: a tone, an icon, and words."""
    if forecast.mase is None:
        return {"tone": "", "icon": "minus", "text": gettext("forecast.no_scale")}
    if forecast.beats_naive:
        return {"tone": "good", "icon": "trending-up", "text": gettext("forecast.beats")}
    return {"tone": "warn", "icon": "triangle-alert", "text": gettext("forecast.does_not_beat")}


def chart(forecast: Forecast, name: str, *, small: bool) -> Row:
    """History, forecast and interval (macros/chart.html)."""
    band = gettext("forecast.interval", level=f"{100 * forecast.level:.0f}")
    columns = [
        {"label": gettext("forecast.history"), "kind": "line"},
        {"label": gettext("forecast.expected"), "kind": "dash"},
        {"label": gettext("forecast.low"), "kind": "low", "legend": band},
        {"label": gettext("forecast.high"), "kind": "high"},
    ]
    past = [{"label": month(key), "values": [quantity, None, None, None]} for key, quantity, _ in forecast.series]
    ahead = [{"label": month(key), "values": [None, *_shown(bounds)]} for key, *bounds in forecast.points]
    first, *_, last = forecast.points
    says = gettext(
        "forecast.says", first=month(first[0]), last=month(last[0]), units=f"{sum(p[1] for p in forecast.points):.0f}"
    )
    return {
        "id": f"chart-{forecast.model_code}", "title": name, "says": says, "columns": columns, "rows": past + ahead,
        "small": small,
    }  # fmt: skip


def _shown(bounds: Sequence[float]) -> list[float]:
    return [round(bound, 1) for bound in bounds]


def facts(forecast: Forecast) -> list[tuple[str, str]]:
    """Method, errors and origin, name by name."""
    typed = sum(1 for *_, was_typed in forecast.series if was_typed)
    return [
        (gettext("forecast.number"), forecast.number),
        (gettext("forecast.method"), gettext(f"forecast.method.{forecast.method}")),
        (gettext("forecast.mase"), _number(forecast.mase)),
        (gettext("forecast.naive_mase"), _number(forecast.naive_mase)),
        (gettext("forecast.bias"), _bias(forecast.bias)),
        (gettext("forecast.origins"), str(forecast.origins)),
        (gettext("forecast.horizon"), gettext("forecast.months", n=forecast.horizon)),
        (gettext("forecast.from"), gettext("forecast.from.months", n=len(forecast.series), typed=typed)),
    ]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _bias(bias: float | None) -> str:
    if bias is None:
        return "–"
    side = "low" if bias > 0 else "high"
    return str(gettext(f"forecast.bias.{side}", size=f"{abs(bias):.2f}"))


def weights(forecast: Forecast) -> list[Row]:
    """What a combination is put together from, in per cent, the weightiest first."""
    shares = {name: value for name, value in forecast.parameters.items() if name.startswith(WEIGHT)}
    return [
        {"label": gettext(f"forecast.method.{name.removeprefix(WEIGHT)}"), "share": round(100 * share)}
        for name, share in sorted(shares.items(), key=lambda item: -item[1])
    ]
