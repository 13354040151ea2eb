"""Working on a ticket together: presence, drafts, sending where a colleague was quicker, pauses, macros."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer

from helpdesk.auth.door import current_actor, door
from helpdesk.channels.models import Message
from helpdesk.extensions import db
from helpdesk.now import now, wall
from helpdesk.tickets import macros, present, queries, service, writing
from order_core.errors import Invalid
from order_core.issues.level import queries as level_queries
from order_core.issues.level import rules as level_rules
from order_core.issues.level import service as level
from order_core.issues.models import Issue
from order_core.issues.rules import URGENCIES
from order_core.kernel.actor import Actor
from order_core.kernel.case import note
from order_core.parties.models import ContactPerson, Person

bp = Blueprint("ticket_work", __name__, url_prefix="/tickets")
REPORTED = timedelta(days=30)


def _actor() -> Actor:
    actor = current_actor()
    assert actor is not None  # the door has seen to it
    return actor


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 18 else 0


@bp.post("/<number>/reply")
@door("ticket.reply")
def reply(number: str) -> Answer:
    """Send the customer an SMS, unless a colleague was quicker: then his words are shown and the draft is kept."""
    session, actor = db.session(), _actor()
    at, issue = now(session), queries.by_number(session, number)
    session.refresh(issue, with_for_update=True)  # of two who send at once, the second sees the first
    text, seen = request.form.get("text", ""), request.form.get("seen", "")
    quicker = writing.sent_meanwhile(session, issue, _number(seen), by=actor) if seen else None
    if quicker is not None and "anyway" not in request.form:
        writing.save_draft(session, issue, text, by=actor, at=at)
        return make_response(_collision(session, issue, quicker, text), 409)
    sent = service.reply(session, issue, text, by=actor, at=at)
    if quicker is not None:
        note(session, issue, "sent_anyway", by=actor, at=at, data={"message": sent.id, "despite": quicker.id})
    macro = request.form.get("urgency", "")
    if macro in URGENCIES:
        level.change_urgency(session, issue, macro, by=actor, at=at)
    writing.save_draft(session, issue, "", by=actor, at=at)
    return redirect(url_for("tickets.detail", number=number))


def _collision(session: Session, issue: Issue, quicker: Message, text: str) -> str:
    author = session.get(Person, quicker.author_id) if quicker.author_id else None
    return render_template(
        "tickets/collision.html", number=issue.number, text=text, seen=quicker.id,
        theirs={"name": author.name if author else "", "text": quicker.body, "at": quicker.created_at},
    )  # fmt: skip


@bp.post("/<number>/presence")
@door("ticket.read")
def presence(number: str) -> Response:
    """A console's heartbeat: who else is here, whether anybody has sent something, and the draft so far."""
    session, actor = db.session(), _actor()
    issue = queries.by_number(session, number)
    if "left" in request.form:
        writing.leave(session, issue, by=actor)
        return jsonify({})
    if "text" in request.form:
        writing.save_draft(session, issue, request.form["text"], by=actor, at=now(session))
    here = writing.be_present(session, issue, by=actor, writing=request.form.get("writing") == "1", wall=wall())
    quicker = writing.sent_meanwhile(session, issue, _number(request.form.get("seen", "")), by=actor)
    told = [gettext("presence.writes" if writes else "presence.reads", name=name) for name, writes in here]
    if quicker is not None:
        told.append(gettext("presence.sent"))
    return jsonify({"told": told, "saved": gettext("draft.saved")})


@bp.post("/<number>/pause")
@door("ticket.step")
def pause(number: str) -> Answer:
    """Stop the solution clock while we wait."""
    session = db.session()
    issue = queries.by_number(session, number)
    level.pause(session, issue, request.form.get("reason", ""), by=_actor(), at=now(session), until=_day("until"))
    return redirect(url_for("tickets.detail", number=number))


def _day(name: str) -> datetime | None:
    written = request.form.get(name, "").strip()
    try:
        return datetime.fromisoformat(written).replace(tzinfo=UTC) if written else None
    except ValueError as error:
        raise Invalid("list.day", field=name, value=written) from error


@bp.post("/<number>/resume")
@door("ticket.step")
def resume(number: str) -> Answer:
    """Let the clock run on."""
    session = db.session()
    level.resume(session, queries.by_number(session, number), by=_actor(), at=now(session))
    return redirect(url_for("tickets.detail", number=number))


@bp.post("/<number>/urgency")
@door("ticket.step")
def urgency(number: str) -> Answer:
    """Give another urgency; both clocks are reckoned from the start."""
    session = db.session()
    issue = queries.by_number(session, number)
    level.change_urgency(session, issue, request.form.get("urgency", ""), by=_actor(), at=now(session))
    return redirect(url_for("tickets.detail", number=number))


@bp.get("/pauses")
@door("ticket.pauses")
def pauses() -> str:
    """Pauses for a customer who had already answered, of the last thirty days, by person."""
    session = db.session()
    at = now(session)
    found = level_queries.abused(session, since=at - REPORTED, at=at)
    names = present.names_of(session, {row.person for row in found if row.person})
    people: dict[str, int] = {}
    for row in found:
        who = names.get(row.person or 0, "")
        people[who] = people.get(who, 0) + row.minutes
    return render_template(
        "tickets/pauses.html",
        rows=[{"number": r.number, "name": names.get(r.person or 0, ""), "begins": r.begins,
               "length": present.span(timedelta(minutes=r.minutes))} for r in found],
        people=[(name, present.span(timedelta(minutes=people[name])), people[name])
                for name in sorted(people, key=lambda name: -people[name])],
        most=max(people.values(), default=1),
    )  # fmt: skip


@bp.get("/macros")
@door("ticket.macro")
def all_macros() -> str:
    """The stored replies, each with how it would read."""
    session = db.session()
    sample = {"customer": gettext("macro.sample"), "number": "T26-00042", "agent": gettext("macro.agent"),
              "appliance": gettext("appliance.refrigerator")}  # fmt: skip
    rows = [
        {"id": m.id, "name": m.name, "urgency": present.label("urgency", m.urgency),
         "texts": [(present.label("language", tag), macros.filled(text, sample)) for tag, text in m.texts.items()]}
        for m in macros.active(session)
    ]  # fmt: skip
    return render_template(
        "tickets/macros.html", macros=rows, variables=macros.VARIABLES,
        languages=[(tag, present.label("language", tag)) for tag in macros.LANGUAGES],
        urgencies=[(u, present.label("urgency", u)) for u in URGENCIES],
    )  # fmt: skip


@bp.post("/macros")
@door("ticket.macro")
def save_macro() -> Answer:
    """Make a macro, or change the one of that name."""
    texts = {tag: request.form.get(f"text-{tag}", "") for tag in macros.LANGUAGES}
    macros.save(db.session(), request.form.get("name", ""), texts, request.form.get("urgency") or None)
    return redirect(url_for("ticket_work.all_macros"))


@bp.post("/macros/<int:macro_id>/retire")
@door("ticket.macro")
def retire_macro(macro_id: int) -> Answer:
    """Use it no more."""
    macros.retire(db.session(), macro_id)
    return redirect(url_for("ticket_work.all_macros"))


def of_page(session: Session, issue: Issue, actor: Actor, at: datetime) -> dict[str, Any]:
    """What the ticket page shows of all this."""
    promise = level.promised(session, issue)
    held = level_rules.held_by(level.events_of(session, issue), promise.terms, at)
    contact = session.get(ContactPerson, issue.contact_id) if issue.contact_id else None
    me = session.get(Person, actor.id or 0)
    values = {"customer": contact.name if contact else "", "number": issue.number, "agent": me.name if me else "",
              "appliance": present.label("appliance", issue.appliance)}  # fmt: skip
    language = contact.language if contact else issue.language
    return {
        "draft": writing.draft_of(session, issue, by=actor),
        "seen": writing.last_sent(session, issue),
        "macros": [
            {"name": m.name, "text": macros.filled(macros.wording(m, language), values), "urgency": m.urgency or ""}
            for m in macros.active(session)
        ],
        "held": {"reason": gettext(f"pause.{held.reason}"), "until": held.ends} if held else None,
        "pauses": [(r, gettext(f"pause.{r}")) for r in level_rules.PAUSES if r in promise.terms.pauses],
        "contract": promise.contract,
        "urgencies": [(u, present.label("urgency", u)) for u in URGENCIES],
    }


def register(app: Any) -> None:
    """Attach them."""
    app.register_blueprint(bp)
