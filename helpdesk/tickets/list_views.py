"""The ticket list: views, filters, bulk actions, and what keeps it live."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    get_template_attribute,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer

from helpdesk.auth.door import current_actor, door
from helpdesk.auth.sessions import reader_language
from helpdesk.extensions import db
from helpdesk.now import now
from helpdesk.tickets import bulk, present, queries, rules, saved
from helpdesk.tickets.rules import Filter
from order_core.errors import Invalid
from order_core.issues import rules as issue_rules
from order_core.issues.models import Issue
from order_core.kernel.actor import Actor
from order_core.parties.models import Person
from order_core.rulebook.roles import GRANTS

bp = Blueprint("ticket_lists", __name__, url_prefix="/tickets")

OVERLAP = timedelta(seconds=5)
"""How far behind the newest touch the next look begins: commits may overtake one another."""
FRESH = 0.5
"""Seconds for which a process takes the newest touch as known, however many consoles ask."""
COUNTED = 5.0
"""Seconds for which counts of a reader's views are good enough."""
MOST_READERS = 1_000


@dataclass
class Known:
    """What a process knows for a moment: the newest touch, and counts by reader and filters, with when it asked."""

    newest: tuple[float, datetime | None] | None = None
    counts: dict[Any, tuple[float, list[int]]] = field(default_factory=dict)


def known() -> Known:
    """Of this app."""
    found: Known = current_app.extensions.setdefault("ticket_lists", Known())
    return found


def _actor() -> Actor:
    actor = current_actor()
    assert actor is not None  # the door has seen to it
    return actor


@bp.get("")
@door("ticket.read")
def index() -> str:
    """The list: views on the left, filters above, the last touched first."""
    session, actor = db.session(), _actor()
    at = now(session)
    wanted = rules.read(request.args)
    page = queries.tickets(session, wanted, reader=actor, at=at, after=request.args.get("after", ""))
    columns, density = saved.table(session, actor)
    people = _people(session)
    return render_template(
        "tickets/list.html",
        **_pane(session, wanted, actor, at),
        tickets=[present.summary(row, at, columns) for row in page.rows],
        filter=wanted,
        filtered={k: v for k, v in wanted.narrowed().items() if k not in ("view", "q")},
        fields=_fields(wanted, people),
        headings=present.headings(columns),
        columns=columns,
        icons=url_for("static", filename="vendor/lucide.svg"),
        every_column=present.every_column(columns),
        density=density,
        densities=[{"value": d, "label": gettext(f"tickets.density.{d}")} for d in rules.DENSITIES],
        next_href=_next_href(page.next),
        looked=page.looked,
        seen=(_newest_touch(session) or at).isoformat(),
        may_step=GRANTS.may(actor, "ticket.step"),
        bulk=_bulk(session, actor, at),
        people=people,
        urgencies=[(u, present.label("urgency", u)) for u in issue_rules.URGENCIES],
    )


def _next_href(after: str | None) -> str | None:
    if not after:
        return None
    asked: dict[str, Any] = {**request.args, "after": after}
    return url_for("ticket_lists.index", **asked)


def _pane(session: Session, wanted: Filter, actor: Actor, at: datetime) -> dict[str, Any]:
    """The left pane: the house's views, then the reader's and his team's, each with its count."""
    kept = saved.views(session, actor)
    filters = [Filter(view=view) for view in rules.VIEWS] + [rules.read(view.filter) for view in kept]
    found: list[int | None] = [*_counted(session, filters, actor, at)]
    chosen = request.args.get("saved", "")
    plain = wanted == Filter(view=wanted.view) and not chosen
    house = [
        present.view_link(gettext(f"tickets.view.{view}"), view, Filter(view=view), None if view == "closed" else count,
                          active=plain and view == wanted.view)
        for view, count in zip(rules.VIEWS, found, strict=False)
    ]  # fmt: skip
    own = [
        {**present.view_link(view.name, f"saved-{view.id}", narrowed, count, active=chosen == str(view.id),
                             extra=str(view.id)),
         "shared": view.team is not None, "mine": view.owner_id == actor.id}
        for view, narrowed, count in zip(kept, filters[len(rules.VIEWS):], found[len(rules.VIEWS):], strict=True)
    ]  # fmt: skip
    return {"views": house, "saved_views": own}


def _counted(session: Session, filters: list[Filter], actor: Actor, at: datetime) -> list[int]:
    """Counts, asked at most every few seconds a reader: closed work and words are not counted at all."""
    counts, key = known().counts, (actor.id, tuple(filters))
    kept = counts.get(key)
    if kept and time.monotonic() - kept[0] < COUNTED:
        return kept[1]
    found = queries.counts(session, filters, reader=actor, at=at)
    if len(counts) >= MOST_READERS:
        counts.clear()
    counts[key] = (time.monotonic(), found)
    return found


def _fields(wanted: Filter, people: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """The filter's selects."""
    found = []
    for name, text, options in _choices(reader_language()):
        every = [*options, *people] if name == "assignee" else options
        found.append({"name": name, "label": text, "value": getattr(wanted, name), "options": every})
    return found


@lru_cache(maxsize=4)
def _choices(_language: str) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """(field, its name, what may be chosen) in the reader's language: the same on every page."""
    states = (*issue_rules.OPEN_STATES, "closed", "void")
    choices: dict[str, list[tuple[str, str]]] = {
        "state": [(s, present.label("state.Issue", s)) for s in states],
        "urgency": [(u, present.label("urgency", u)) for u in issue_rules.URGENCIES],
        "clock": [(c, gettext(f"tickets.clock.{c}")) for c in rules.CLOCKS],
        "assignee": [(rules.MINE, gettext("tickets.me")), (rules.NOBODY, gettext("tickets.nobody"))],
        "team": [(t, present.label("team", t)) for t in rules.TEAMS],
        "channel": [(c, present.label("channel", c)) for c in rules.CHANNELS],
        "language": [(tag, present.label("language", tag)) for tag in ("zh-Hant", "zh-Hans", "en")],
        "appliance": [(a, present.label("appliance", a)) for a in rules.APPLIANCES],
    }
    return [(name, gettext(f"tickets.column.{name}"), options) for name, options in choices.items()]


def _people(session: Session) -> list[tuple[str, str]]:
    people = session.execute(
        select(Person.id, Person.name).where(Person.department_code == "AFS", Person.active).order_by(Person.name)
    )
    return [(str(person.id), person.name) for person in people]


def _newest_touch(session: Session) -> datetime | None:
    """When anything was touched last, asked once for all the consoles of this process."""
    kept = known().newest
    if kept and time.monotonic() - kept[0] < FRESH:
        return kept[1]
    found = queries.newest(session)
    known().newest = (time.monotonic(), found)
    return found


@bp.get("/live")
@door("ticket.read")
def live() -> Response:
    """What has changed since the list was drawn: 304 while nothing has, else the rows that are (still) of it."""
    session, actor = db.session(), _actor()
    newest = _newest_touch(session)
    tag = newest.isoformat() if newest else ""
    answer = jsonify()
    if newest is None or request.if_none_match.contains(tag):
        answer.status_code = 304
        answer.set_etag(tag)
        return answer
    since = _moment(request.args.get("seen", tag)) - OVERLAP
    at, wanted = now(session), rules.read(request.args)
    page = queries.tickets(session, wanted, reader=actor, at=at, touched_after=since)
    columns, _ = saved.table(session, actor)
    may_step, icons = GRANTS.may(actor, "ticket.step"), url_for("static", filename="vendor/lucide.svg")
    rows = {
        row.issue.number: get_template_attribute("tickets/row.html", "row")(
            present.summary(row, at, columns), may_step, icons, gettext("bulk.choose")
        )
        for row in page.rows
    }  # fmt: skip
    changed = [number for _, number in queries.changes(session, since)]
    answer = jsonify({"seen": tag, "changed": changed, "rows": rows})
    answer.set_etag(tag)
    return answer


def _moment(written: str) -> datetime:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as error:
        raise Invalid("list.cursor", field="seen") from error
    if moment.tzinfo is None:
        raise Invalid("list.cursor", field="seen")
    return moment


def _back(wanted: Filter, **more: Any) -> Answer:
    """To the list as it was."""
    asked: dict[str, Any] = {**wanted.narrowed(), **more}
    return redirect(url_for("ticket_lists.index", **asked))


@bp.post("/views")
@door("ticket.read")
def save_view() -> Answer:
    """Keep the present filter as a view, for oneself or for the team."""
    wanted = rules.read(request.form)
    view = saved.save(db.session(), request.form.get("name", ""), wanted, share="share" in request.form, by=_actor())
    return _back(wanted, saved=view.id)


@bp.post("/views/<int:view_id>/delete")
@door("ticket.read")
def delete_view(view_id: int) -> Answer:
    """Let a view of one's own go."""
    saved.delete(db.session(), view_id, by=_actor())
    return redirect(url_for("ticket_lists.index"))


@bp.post("/table")
@door("ticket.read")
def arrange() -> Answer:
    """Keep columns and density."""
    saved.arrange(db.session(), request.form.getlist("columns"), request.form.get("density", ""), by=_actor())
    return _back(rules.read(request.form))


@bp.post("/bulk")
@door("ticket.step")
def act_on_many() -> Answer:
    """Do one thing with the chosen tickets, or with all that the filter shows."""
    session, actor = db.session(), _actor()
    at, wanted = now(session), rules.read(request.form)
    if "all" in request.form:
        chosen = queries.ids(session, wanted, reader=actor, at=at, most=bulk.MOST)
    else:
        numbers = request.form.getlist("numbers")[: bulk.MOST]
        chosen = list(session.scalars(
            select(Issue.id).where(Issue.number.in_(numbers), Issue.kind.in_(queries.KINDS)).order_by(Issue.id)
        ))  # fmt: skip
    assignee = request.form.get("assignee_id", "")
    params = {
        "assignee_id": int(assignee) if assignee.isdecimal() else None,
        "urgency": request.form.get("urgency", ""),
        "reason": request.form.get("reason", ""),
    }
    bulk.start(session, chosen, request.form.get("action", ""), params, by=actor, at=at)
    return _back(wanted)


@bp.post("/bulk/<int:bulk_id>/undo")
@door("ticket.step")
def undo(bulk_id: int) -> Answer:
    """Take the last action back."""
    session = db.session()
    bulk.undo(session, bulk_id, by=_actor(), at=now(session))
    return _back(rules.read(request.form))


@bp.get("/bulk")
@door("ticket.step")
def bulk_progress() -> Response:
    """How far the person's last action has come."""
    session = db.session()
    return jsonify(_bulk(session, _actor(), now(session)) or {})


def _bulk(session: Session, actor: Actor, at: datetime) -> dict[str, Any] | None:
    last = bulk.latest(session, actor, at=at)
    if last is None:
        return None
    going = last.state in bulk.RUNNING
    undoable = last.state == "waiting" or (last.action != "close" and last.state in ("running", "done"))
    return {
        "id": last.id,
        "text": gettext(f"bulk.{last.state}", action=gettext(f"bulk.action.{last.action}"), done=last.cursor,
                        total=last.total, refused=last.refused),
        "done": last.cursor,
        "total": last.total,
        "going": going,
        "undoable": undoable,
    }  # fmt: skip


def register(app: Any) -> None:
    """Attach the list."""
    app.register_blueprint(bp)
