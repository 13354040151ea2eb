"""``/dispatch``: the day's board, technicians against hours; a visit can be given to somebody else."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from helpdesk.auth.door import current_actor, door
from helpdesk.dispatch import queries, service
from helpdesk.dispatch.models import Technician, Visit
from helpdesk.extensions import db
from helpdesk.now import now
from helpdesk.tickets.present import label
from order_core.errors import Invalid

bp = Blueprint("dispatch", __name__, url_prefix="/dispatch")
ZONE = "Asia/Hong_Kong"
FIRST_HOUR, LAST_HOUR = 8, 20


@bp.get("")
@door("dispatch.read")
def index() -> str:
    """The board of a day (default: the next one with a visit)."""
    session = db.session()
    at = now(session)
    today = at.astimezone(ZoneInfo(ZONE)).date()
    day = _day(request.args.get("day")) or queries.next_day_with_visits(session, at, ZONE) or today
    visits = queries.visits_on(session, day, ZONE)
    team = queries.technicians(session)
    return render_template(
        "dispatch/board.html",
        day=day,
        before=(day - timedelta(days=1)).isoformat(),
        after=(day + timedelta(days=1)).isoformat(),
        hours=list(range(FIRST_HOUR, LAST_HOUR)),
        lanes=[_lane(technician, visits) for technician in team],
        waiting=[_block(visit) for visit in visits if visit.technician_id is None],
        team=[{"value": str(t.person_id), "label": t.person.name} for t in team],
    )


@bp.post("/<number>/give")
@door("dispatch.plan")
def give(number: str) -> Response:
    """Give a visit to another technician; a rule that forbids it is named."""
    session, actor = db.session(), current_actor()
    wanted = request.form.get("technician", "")
    if not wanted.isdecimal() or actor is None:
        raise Invalid("visit.technician", field="technician", clause="5.1.2-b")
    visit = service.by_number(session, number)
    service.give(session, visit, int(wanted), by=actor, at=now(session))
    day = visit.starts_at.astimezone(ZoneInfo(ZONE)).date()
    return redirect(url_for("dispatch.index", day=day.isoformat()))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _lane(technician: Technician, visits: list[Visit]) -> dict[str, Any]:
    return {
        "name": technician.person.name,
        "van": technician.van,
        "skills": [label("appliance", skill) for skill in technician.skills],
        "visits": [_block(visit) for visit in visits if visit.technician_id == technician.person_id],
    }


def _block(visit: Visit) -> dict[str, Any]:
    """A visit on the board; ``column`` and ``span`` in half hours from the first hour."""
    zone = ZoneInfo(ZONE)
    starts, ends = visit.starts_at.astimezone(zone), visit.ends_at.astimezone(zone)
    return {
        "number": visit.number,
        "ticket": visit.issue.number,
        "href": f"/tickets/{visit.issue.number}",
        "subject": visit.issue.subject,
        "address": visit.site.address,
        "starts_at": visit.starts_at,
        "ends_at": visit.ends_at,
        "column": max(0, (starts.hour - FIRST_HOUR) * 2 + starts.minute // 30) + 1,
        "span": max(1, int((ends - starts).total_seconds() // 1800)),
        "state": visit.state,
        "state_label": label("state.Visit", visit.state),
        "part": visit.part_code or "",
        "movable": visit.state in ("booked", "assigned", "accepted"),
    }


def register(app: Any) -> None:
    """Attach the board."""
    app.register_blueprint(bp)
