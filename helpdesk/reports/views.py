"""``/performance``: the indicators, recomputed as the page is read."""

from typing import Any

from flask import Blueprint, render_template
from flask_babel import gettext

from helpdesk.auth.door import door
from helpdesk.extensions import db
from helpdesk.now import now
from order_core.performance import service
from order_core.performance.service import Indicator

bp = Blueprint("reports", __name__, url_prefix="/performance")


@bp.get("")
@door("indicator.read")
def index() -> str:
    """Each indicator against its target, with the records and the newest datum behind it."""
    session = db.session()
    at = now(session)
    rows = service.indicators(session, at=at)
    return render_template("reports/performance.html", indicators=[_shown(row) for row in rows], at=at)


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
