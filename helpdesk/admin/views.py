"""``/admin``: the rulebook clause by clause with what enforces it today, its revisions, the company's own days."""

from collections.abc import Sequence
from datetime import date, time, timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request
from sqlalchemy import select
from werkzeug.wrappers import Response

from helpdesk.admin import present
from helpdesk.admin.desk import DESK, PERMISSION, rows
from helpdesk.auth.door import current_actor, door
from helpdesk.auth.sessions import reader_language
from helpdesk.errors.views import sentence
from helpdesk.extensions import db
from helpdesk.now import now
from helpdesk.pipeline import present as cases
from helpdesk.pipeline.desk_views import Refused, attach, opening, shown
from helpdesk.tickets.present import names_of
from order_core.errors import Invalid, NotFound, Refusal
from order_core.kernel import sign
from order_core.rulebook import coverage, days, inforce
from order_core.rulebook import service as rulebook
from order_core.rulebook.calendar import own_days
from order_core.rulebook.clauses import chapters, clauses
from order_core.rulebook.coverage import STATES, Standing
from order_core.rulebook.models import RulebookChange
from order_core.rulebook.roles import GRANTS
from order_core.rulebook.rules import CLAUSE
from order_core.rulebook.settings import settings

bp = Blueprint("admin", __name__, url_prefix="/admin")
changes = Blueprint("rulebook_changes", __name__, url_prefix=DESK.path)


def _may_act() -> bool:
    return GRANTS.may(current_actor(), PERMISSION)


@bp.get("")
@door("rulebook.read")
def index() -> Response:
    """The room's first page."""
    return redirect("/admin/rulebook")


@bp.get("/rulebook")
@door("rulebook.read")
def rules() -> str:
    """Every clause with what enforces it and whether that holds now, chapter by chapter."""
    session, language = db.session(), reader_language()
    at = now(session)
    every = coverage.standings(session, inforce.book(session, at), at=at)
    chapter, state, words = (request.args.get(name, "") for name in ("chapter", "state", "q"))
    found = [one for one in every if _wanted(one, chapter, state, words.strip().lower())]
    return render_template(
        "admin/rulebook.html",
        bars=present.bars(every, language, chapter),
        legend=present.legend(every),
        good=sum(one.state in ("holds", "enforced") for one in every),
        total=len(every),
        sections=_sections(found, language),
        chapters={number: titles[language] for number, titles in chapters().items()},
        states=STATES,
        filter={"chapter": chapter, "state": state, "q": words},
        may_act=_may_act(),
        at=at,
    )


def _wanted(one: Standing, chapter: str, state: str, words: str) -> bool:
    clause = one.clause
    if (chapter and clause.chapter != chapter) or (state and one.state != state):
        return False
    return not words or any(words in text.lower() for text in (clause.id, clause.rule, *clause.titles.values()))


def _sections(found: Sequence[Standing], language: str) -> list[dict[str, Any]]:
    return [
        {"number": number, "title": titles[language],
         "clauses": [present.row(one, language) for one in found if one.clause.chapter == number]}
        for number, titles in chapters().items()
        if any(one.clause.chapter == number for one in found)
    ]  # fmt: skip


@bp.get("/rulebook/<clause>")
@door("rulebook.read")
def clause(clause: str) -> str:
    """One clause: its headings, our rule, the steps, deadlines, code and values behind it, and what is past due."""
    if clause not in clauses():
        raise NotFound("rulebook.unknown_clause", field="clause", number=clause)
    session, language = db.session(), reader_language()
    at = now(session)
    book = inforce.book(session, at)
    (standing,) = coverage.standings(session, book, at=at, only=[clause])
    past_due = coverage.past_due(session, [rule.code for rule in standing.clocks], at=at)
    return render_template(
        "admin/clause.html",
        clause=standing.clause,
        title=standing.clause.titles[language],
        chapter=chapters()[standing.clause.chapter][language],
        state=present.state(standing),
        broken=standing.broken,
        actors=[present.actor(word) for word in standing.clause.actors],
        steps=[present.step(step) for step in standing.steps],
        clocks=[present.clock(rule) for rule in standing.clocks],
        running=standing.running,
        late=[present.late(clock, at) for clock in past_due],
        carriers=standing.carriers,
        settings=[present.setting(one, book) for one in standing.settings],
        may_act=_may_act(),
    )


@changes.get("")
@door("rulebook.read")
def history() -> str:
    """Every revision, the newest first, and the form that proposes one."""
    return _history(None)


def _history(refused: Refused | None) -> str:
    session = db.session()
    at = now(session)
    found = session.scalars(select(RulebookChange).order_by(RulebookChange.id.desc()).limit(200))
    book, path = inforce.book(session, at), request.args.get("setting", "")
    first = rows({path: book.value(path)}) if path in settings() else []
    suggested = {"changes": first, "starts_on": (at + timedelta(days=1)).date().isoformat()}
    return render_template(
        "admin/changes.html",
        changes=[present.change(session, one, at) for one in found],
        opening=opening(DESK, suggested, refused) if _may_act() else None,
        unfold=refused is not None or bool(first),
    )


@changes.get("/<number>")
@door("rulebook.read")
def change(number: str) -> str:
    """One revision: old and new values, who signs, what may be done now, its journal."""
    return page(DESK.find(db.session(), number), None)


def page(one: RulebookChange, refused: Refused | None) -> str:
    """A revision's page, with what was refused just now."""
    session, actor = db.session(), current_actor()
    assert actor is not None
    at = now(session)
    return render_template(
        "admin/change.html",
        change=present.change(session, one, at),
        signatures=cases.signatures(session, sign.for_purpose(session, one, rulebook.RELEASE)),
        deeds=shown(DESK, one, by=actor, at=at, refused=refused),
        timeline=cases.timeline(session, one, DESK.called),
    )


attach(changes, DESK, page, _history)


@bp.get("/rulebook/days")
@door("rulebook.read")
def own() -> str:
    """The company's own days, and the form that declares one."""
    return _days(None)


def _days(refusal: Refusal | None) -> str:
    session = db.session()
    declared = sorted(own_days(session).values(), key=lambda day: day.day, reverse=True)
    names = names_of(session, {day.declared_by for day in declared})
    return render_template(
        "admin/days.html",
        days=[
            {"day": day.day, "hours": ", ".join(f"{a}-{b}" for a, b in day.intervals), "reason": day.reason,
             "who": names.get(day.declared_by, ""), "at": day.declared_at}
            for day in declared
        ],
        error=sentence(refusal) if refusal else "",
        error_field=refusal.field if refusal else None,
        typed=request.form,
        may_act=_may_act(),
    )  # fmt: skip


@bp.post("/rulebook/days")
@door(PERMISSION)
def declare() -> Response | tuple[str, int]:
    """Declare how the house works on a day."""
    session, actor = db.session(), current_actor()
    assert actor is not None
    try:
        with session.begin_nested():
            days.declare(
                session,
                day=_date(request.form.get("day", "")),
                intervals=_intervals(request.form.get("intervals", "")),
                reason=request.form.get("reason", ""),
                by=actor,
                at=now(session),
            )
    except Invalid as refusal:
        return _days(refusal), refusal.status
    return redirect("/admin/rulebook/days")


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("rulebook.date", field="day", clause=CLAUSE) from error


def _intervals(text: str) -> list[tuple[time, time]]:
    """``09:00-12:00, 13:00-18:00``."""
    try:
        pairs = [part.split("-") for part in text.replace("，", ",").replace(" ", "").split(",") if part]
        return [(time.fromisoformat(start), time.fromisoformat(end)) for start, end in pairs]
    except ValueError as error:
        raise Invalid("rulebook.intervals", field="intervals", clause=CLAUSE) from error


def register(app: Any) -> None:
    """Attach the pages; the helpdesk's own kinds and probes come with them."""
    from helpdesk.pipeline import chain, told  # noqa: F401
    from order_core.rulebook import probes  # noqa: F401

    app.register_blueprint(changes)
    app.register_blueprint(bp)
