"""What an analysis found, as tiles, bars or a line, in the reader's language."""

from collections.abc import Sequence

from flask_babel import gettext

from helpdesk.pipeline.research_present import Row, month
from order_core.acquisition.research.models import Analysis
from order_core.acquisition.research.rules import month_of

MOST_BARS = 24
CODES = {"tickets_by_symptom": "symptom", "quotes_lost_by_reason": "lost_reason"}
"""Queries whose keys are codes → where their names stand in the catalogues."""
SUMMARY = ("count", "total", "mean", "median", "deviation", "least", "most")


def result(analysis: Analysis) -> Row:
    """``says``: in a sentence; ``tiles``, ``bars`` or ``chart`` (macros/chart.html), by method."""
    shapes = {"summary": _summary, "pareto": _pareto, "trend": _trend, "seasonality": _seasonality}
    return shapes[analysis.method](analysis)


def _summary(analysis: Analysis) -> Row:
    found = analysis.result
    tiles = [{"label": gettext(f"research.summary.{name}"), "value": found[name]} for name in SUMMARY]
    says = gettext("research.summary.says", n=found["count"])
    return {"says": says, "tiles": tiles}


def _pareto(analysis: Analysis) -> Row:
    found = analysis.result
    items = found["items"][:MOST_BARS]
    bars = [
        {
            "label": _key(analysis, item["key"]),
            "value": item["value"],
            "share": item["share"],
            "running": item["running"],
            "width": round(item["share"]),
            "vital": position < found["vital"],
        }
        for position, item in enumerate(items)
    ]
    says = gettext("research.pareto.says", vital=found["vital"], n=len(found["items"]), share=f"{_share(found):.0f}")
    return {"says": says, "bars": bars, "more": len(found["items"]) - len(items)}


def _share(found: Row) -> float:
    return float(found["items"][found["vital"] - 1]["running"]) if found["vital"] else 0.0


def _trend(analysis: Analysis) -> Row:
    found = analysis.result
    rows = [
        {"label": month(key), "values": [value, fitted]}
        for (key, value), fitted in zip(analysis.data, found["line"], strict=True)
    ]
    columns = [
        {"label": gettext("research.trend.value"), "kind": "line"},
        {"label": gettext("research.trend.line"), "kind": "dash"},
    ]
    says = gettext(f"research.trend.{found['direction']}", slope=f"{found['slope']:+.3g}")
    return {"says": says, "chart": _chart(analysis, says, columns, rows)}


def _seasonality(analysis: Analysis) -> Row:
    found = analysis.result
    skeleton = "MMM" if len(found["indices"]) == 12 else "yMMM"
    rows = [{"label": month(item["key"], skeleton), "values": [item["value"]]} for item in found["indices"]]
    columns = [{"label": gettext("research.seasonality.index"), "kind": "line"}]
    says = gettext("research.seasonality.says", share=f"{100 * found['strength']:.0f}")
    return {"says": says, "chart": _chart(analysis, says, columns, rows)}


def _chart(analysis: Analysis, says: str, columns: Sequence[Row], rows: Sequence[Row]) -> Row:
    return {
        "id": analysis.number, "title": analysis.title, "says": says, "columns": columns, "rows": rows, "small": False,
    }  # fmt: skip


def source(analysis: Analysis) -> str:
    """Where the data come from."""
    if analysis.query is None:
        return str(gettext("research.data.typed"))
    name = gettext(f"research.query.{analysis.query}")
    asked = [str(value) for value in (analysis.parameters.get(key) for key in ("since", "until", "model")) if value]
    return f"{name} ({' · '.join(asked)})"


def data(analysis: Analysis) -> list[tuple[str, float]]:
    """The rows, their keys in words."""
    return [(_key(analysis, key), value) for key, value in analysis.data]


def _key(analysis: Analysis, key: str) -> str:
    """A month in words, a code by its name, anything else as it is."""
    if month_of(key) is not None:
        return month(key)
    words = CODES.get(analysis.query or "")
    name = f"{words}.{key}"
    found = str(gettext(name)) if words else name
    return key if found == name else found
