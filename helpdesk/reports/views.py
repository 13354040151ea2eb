"""``/performance``: the indicators, recomputed as the page is read."""

from typing import Any

from flask import Blueprint, render_template
from flask_babel import gettext

from helpdesk.auth.door import door
from helpdesk.extensions import db
from helpdesk.now import now
from order_core.performance import handovers, service
from order_core.performance.handovers import Delay
from order_core.performance.service import Indicator

bp = Blueprint("reports", __name__, url_prefix="/performance")


MOST = 5
"""Records shown of a pair of departments."""


@bp.get("")
@door("indicator.read")
def index() -> str:
    """Each indicator against its target, with the records and the newest datum behind it."""
    session = db.session()
    at = now(session)
    rows = service.indicators(session, at=at)
    pairs = handovers.by_pair(handovers.acknowledged(session, at - service.PERIOD, at))
    shown = [_shown(row) for row in rows]
    return render_template("reports/performance.html", indicators=shown, pairs=[_pair(one) for one in pairs], at=at)


def _pair(delay: Delay) -> dict[str, Any]:
    return {
        "giver": gettext(f"department.{delay.giver}"),
        "taker": gettext(f"department.{delay.taker}"),
        "hours": f"{delay.hours:.1f}",
        "count": len(delay.records),
        "slowest": [{"number": one.number, "hours": f"{one.hours:.1f}"} for one in delay.records[:MOST]],
    }


def _shown(row: Indicator) -> dict[str, Any]:
    full = {"score": 5.0, "percent": 100.0}.get(row.unit, max(10.0, row.value or 0.0))
    good = None if row.value is None else (row.value >= row.target) == row.up_is_good or row.value == row.target
    return {
        "code": row.code,
        "name": gettext(f"indicator.{row.code}"),
        "meaning": gettext(f"indicator.{row.code}.meaning"),
        "value": row.value,
        "text": "" if row.value is None else f"{row.value:.{0 if row.unit == 'cases' else 1}f}",
        "unit": row.unit,
        "unit_label": gettext(f"unit.{row.unit}"),
        "target": row.target,
        "full": full,
        "share": 0 if row.value is None else round(100 * row.value / full),
        "target_share": round(100 * row.target / full),
        "good": good,
        "count": row.count,
        "newest": row.newest,
        "since": row.since,
        "until": row.until,
    }


def register(app: Any) -> None:
    """Attach the page."""
    app.register_blueprint(bp)
