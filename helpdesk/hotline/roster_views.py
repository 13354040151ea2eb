"""``/calls/roster``: who is on duty when, as a chart of days against opening hours, with the gaps that alarm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import format_date
from sqlalchemy import select
from werkzeug.wrappers import Response

from helpdesk.auth.door import current_actor, door
from helpdesk.extensions import db
from helpdesk.hotline import legs, probes, roster
from helpdesk.hotline.desk import ANSWERERS
from helpdesk.hotline.hours import calendar
from helpdesk.hotline.models import Probe
from helpdesk.hotline.rules import Span
from helpdesk.now import now
from order_core.errors import Invalid
from order_core.parties.models import Person
from order_core.rulebook.roles import GRANTS

bp = Blueprint("roster", __name__, url_prefix="/calls/roster")
DAYS = 7
LEFT, WIDTH, ROW = 84, 860, 34
"""Geometry of the chart, in its own units: the days' names, the whole day, a line of a day."""
PROBES = 24


@bp.get("")
@door("call.answer")
def index() -> str:
    """The coming week: opening hours, shifts, gaps; how reachable the number was."""
    session, actor = db.session(), current_actor()
    at = now(session)
    zone = ZoneInfo(calendar(session).zone)
    today = datetime.combine(at.astimezone(zone).date(), time(0), zone)
    found = roster.cover(session, at=at)
    on_duty = roster.shifts(session, today, today + timedelta(days=DAYS))
    last = session.scalars(select(Probe).order_by(Probe.id.desc()).limit(PROBES)).all()
    return render_template(
        "calls/roster.html",
        chart=_chart(today.date(), zone, roster.opening(session, today, today + timedelta(days=DAYS)), on_duty, found),
        share=round(100 * found.share),
        gaps=[(gap.starts_at, gap.ends_at) for gap in found.gaps],
        shifts=[(shift, person.name, shift.starts_at > at) for shift, person in on_duty],
        people=_people(),
        probes=list(reversed(last)),
        reachable=_percent(probes.reachability(session, since=at - timedelta(days=30))),
        may_plan=GRANTS.may(actor, "call.roster"),
        zone=zone.key,
        tomorrow=(today + timedelta(days=1)).date().isoformat(),
    )


@bp.post("/shifts")
@door("call.roster")
def add() -> Response:
    """Put somebody on duty: a day, from and to on the hotline's wall clock."""
    session, actor = db.session(), current_actor()
    assert actor is not None
    person = legs.person(session, request.form.get("person", ""))
    if person is None:
        raise Invalid("shift.person", field="person", name="")
    zone = ZoneInfo(calendar(session).zone)
    starts, ends = (_moment(request.form.get(name, ""), zone) for name in ("from", "to"))
    roster.add(session, person, starts, ends, by=actor, at=now(session))
    return redirect(url_for("roster.index"))


@bp.post("/shifts/<int:shift_id>/remove")
@door("call.roster")
def remove(shift_id: int) -> Response:
    """Take somebody off duty."""
    session = db.session()
    roster.remove(session, shift_id, at=now(session))
    return redirect(url_for("roster.index"))


def _moment(clock: str, zone: ZoneInfo) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(request.form.get("day", "")), time.fromisoformat(clock), zone)
    except ValueError as error:
        raise Invalid("shift.times", field="day", hours=16) from error


def _people() -> list[Person]:
    rows = db.session.scalars(
        select(Person).where(Person.active, Person.department_code == "AFS").order_by(Person.name)
    )
    return [person for person in rows if ANSWERERS & set(person.roles)]


def _percent(share: float | None) -> int | None:
    return None if share is None else round(100 * share)


@dataclass(frozen=True)
class Scale:
    """Hours of the day that the chart shows."""

    first: int
    last: int

    def x(self, hours: float) -> int:
        """An hour of the day in the chart's units; what lies outside is at its edge."""
        inside = min(max(hours, self.first), self.last)
        return LEFT + round(WIDTH * (inside - self.first) / (self.last - self.first))

    def box(self, span: Span, day: datetime) -> dict[str, int]:
        """A span's part of a day (given by its midnight)."""
        begin, end = ((moment - day) / timedelta(hours=1) for moment in (span.starts_at, span.ends_at))
        return {"x": self.x(begin), "width": max(2, self.x(end) - self.x(begin))}


def _scale(spans: list[Span], zone: ZoneInfo) -> Scale:
    """An hour more than all that happens, on either side; the whole day where something goes on through midnight."""
    if any(span.starts_at.astimezone(zone).date() != span.ends_at.astimezone(zone).date() for span in spans):
        return Scale(0, 24)
    begins = min((span.starts_at.astimezone(zone).hour for span in spans), default=9)
    ends = max((span.ends_at.astimezone(zone).hour for span in spans), default=18)
    return Scale(max(0, begins - 1), min(24, ends + 2))


def _chart(first: date, zone: ZoneInfo, opening: list[Span], on_duty: Any, found: roster.Cover) -> dict[str, Any]:
    """A row a day with a line a shift; boxes in the chart's own units."""
    scale = _scale([*opening, *(Span(s.starts_at, s.ends_at) for s, _ in on_duty)], zone)
    rows, top = [], 20
    for offset in range(DAYS):
        day = datetime.combine(first + timedelta(days=offset), time(0), zone)
        shifts = [(s, p) for s, p in on_duty if _touches(Span(s.starts_at, s.ends_at), day)]
        rows.append(
            {
                "top": top,
                "height": ROW * max(1, len(shifts)),
                "label": format_date(day.date(), "E d/M"),
                "open": [scale.box(span, day) for span in opening if _touches(span, day)],
                "shifts": [
                    {**scale.box(Span(s.starts_at, s.ends_at), day), "top": top + 4 + ROW * line, "name": p.name}
                    for line, (s, p) in enumerate(shifts)
                ],
                "gaps": [scale.box(gap, day) for gap in found.gaps if _touches(gap, day)],
            }
        )
        top += ROW * max(1, len(shifts)) + 8
    hours = [{"x": scale.x(hour), "label": f"{hour:02d}:00"} for hour in range(scale.first, scale.last + 1, 2)]
    return {"rows": rows, "height": top, "width": LEFT + WIDTH + 20, "hours": hours, "line": ROW - 8}


def _touches(span: Span, starts: datetime) -> bool:
    return span.starts_at < starts + timedelta(days=1) and span.ends_at > starts


def register(app: Any) -> None:
    """Attach the page."""
    app.register_blueprint(bp)
