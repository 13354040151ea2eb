"""The door of every desk's deeds: a form in, the page again or the refusal beside the field that it names."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, request
from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from helpdesk.auth.door import current_actor, door
from helpdesk.errors.views import sentence
from helpdesk.extensions import db
from helpdesk.now import now
from helpdesk.pipeline import deeds
from helpdesk.pipeline.deeds import Deed, Desk, Field, Offer, Opening
from order_core.errors import Refusal
from order_core.kernel.actor import Actor

SPARE_ROWS = 2
"""Empty rows below those of a table to fill in; a script adds more."""
ROW = re.compile(r"([a-z_]+)-(\d+)-([a-z_]+)")


@dataclass(frozen=True)
class Refused:
    """A deed that was refused: what was typed stays in its form."""

    deed: str
    refusal: Refusal
    raw: Mapping[str, Any]


Page = Callable[[Any, Refused | None], str]
"""(case, what was refused just now) → the case's page."""
Index = Callable[[Refused | None], str]
"""(what was refused just now) → the page of all cases, on which one is begun."""
OPEN = "open"
"""What the beginning of a case is called where a deed has its name."""


def raw_of(form: MultiDict[str, str]) -> dict[str, Any]:
    """A form's fields as typed; ``items-2-goal`` is the goal in the second row of ``items``."""
    plain: dict[str, Any] = {}
    tables: dict[str, dict[int, dict[str, str]]] = {}
    for name, values in form.lists():
        cell = ROW.fullmatch(name)
        if cell is None:
            plain[name] = values if len(values) > 1 else values[0]
        else:
            tables.setdefault(cell[1], {}).setdefault(int(cell[2]), {})[cell[3]] = values[0]
    return plain | {name: [rows[n] for n in sorted(rows)] for name, rows in tables.items()}


def attach(bp: Blueprint, desk: Desk, page: Page, index: Index | None = None) -> None:
    """Give a desk's blueprint the door through which its deeds come, and its new cases."""
    if desk.opening is not None and index is not None:
        _attach_opening(bp, desk, desk.opening, index)

    @bp.post("/<number>/do/<name>", endpoint=f"do_{desk.plural.replace('-', '_')}")
    @door(desk.permission)
    def do(number: str, name: str) -> Response | tuple[str, int]:
        session, actor = db.session(), current_actor()
        assert actor is not None
        case, deed = desk.find(session, number), desk.deed(name)
        version = request.form.get("version", "")
        raw = raw_of(request.form)
        try:
            done = deeds.attempt(
                session, deed, case, raw, by=actor, at=now(session),
                version=int(version) if version.isdecimal() else None,
            )  # fmt: skip
        except Refusal as refusal:
            return page(case, Refused(name, refusal, raw)), refusal.status
        return redirect(deed.then(done) if deed.then else f"{desk.path}/{case.number}")


def _attach_opening(bp: Blueprint, desk: Desk, opening: Opening, index: Index) -> None:
    @bp.post("", endpoint=f"open_{desk.plural.replace('-', '_')}")
    @door(opening.permission)
    def begin() -> Response | tuple[str, int]:
        session, actor, raw = db.session(), current_actor(), raw_of(request.form)
        assert actor is not None
        try:
            case = deeds.begin(session, opening, raw, by=actor, at=now(session))
        except Refusal as refusal:
            return index(Refused(OPEN, refusal, raw)), refusal.status
        return redirect(f"{desk.path}/{case.number}")


def shown(desk: Desk, case: Any, *, by: Actor, at: datetime, refused: Refused | None = None) -> list[dict[str, Any]]:
    """The deeds of a case as the template draws them: those one may do first."""
    rows = [_offer(desk, case, offer, refused) for offer in deeds.offers(db.session(), desk, case, by=by, at=at)]
    return sorted(rows, key=lambda row: not row["enabled"])


def part(
    desk: Desk, case: Any, row: Mapping[str, Any], fixed: Mapping[str, str], values: Mapping[str, Any],
    refused: Refused | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A deed's row of ``shown`` as the form of one part of the case: a line, a requirement.

    Args:
        fixed: the fields that name the part, which the form keeps hidden.
        values: what the other fields show at first, each as it would be typed.
    """
    mine = (
        refused if refused and all(str(refused.raw.get(name, "")) == value for name, value in fixed.items()) else None
    )
    mine = mine if mine and mine.deed == row["name"] else None
    raw = mine.raw if mine else {**values, **fixed}
    fields = [
        _field(desk, case, field, raw) | {"hidden": field.name in fixed} for field in desk.deed(row["name"]).fields
    ]
    key = "-".join([row["name"], *fixed.values()])
    return {**row, "key": key, "fields": fields, **_wrong(mine)}


def opening(desk: Desk, values: Mapping[str, Any] | None = None, refused: Refused | None = None) -> dict[str, Any]:
    """The form that begins a case; ``values``: what its fields show at first."""
    assert desk.opening is not None
    mine = refused if refused and refused.deed == OPEN else None
    raw = mine.raw if mine else values
    return {
        "name": OPEN,
        "key": OPEN,
        "label": str(gettext(f"deed.{desk.called}.{OPEN}")),
        "href": desk.path,
        "version": None,
        "fields": [_field(desk, None, field, raw) for field in desk.opening.fields],
        **_wrong(mine),
    }


def _offer(desk: Desk, case: Any, offer: Offer, refused: Refused | None) -> dict[str, Any]:
    deed, now_refused = offer.deed, refused if refused and refused.deed == offer.deed.name else None
    href = f"{desk.path}/{case.number}/do/{deed.name}"
    return {
        **form(case, deed.name, deed.fields, label=label(desk, deed), href=href, refused=now_refused, desk=desk),
        "version": case.version,
        "enabled": offer.refusal is None or now_refused is not None,
        "why_not": sentence(offer.refusal) if offer.refusal else "",
        "clause": offer.refusal.clause if offer.refusal else None,
    }


def form(
    case: Any,
    name: str,
    fields: Sequence[Field],
    *,
    label: str,
    href: str,
    refused: Refused | None,
    desk: Desk | None = None,
) -> dict[str, Any]:
    """A form as ``macros/deeds.html`` draws it, with what was typed into it and refused; of a case or of none."""
    raw = refused.raw if refused else None
    return {
        "name": name,
        "key": name,
        "label": label,
        "href": href,
        "version": None,
        "enabled": True,
        "fields": [_field(desk, case, field, raw) for field in fields],
        **_wrong(refused),
    }


def _wrong(refused: Refused | None) -> dict[str, Any]:
    """Why a form comes back, beside which field."""
    return {
        "open": refused is not None,
        "error": sentence(refused.refusal) if refused else "",
        "error_field": refused.refusal.field if refused else None,
        "error_clause": refused.refusal.clause if refused else None,
    }


def label(desk: Desk, deed: Deed) -> str:
    """What a deed is called."""
    return str(gettext(f"step.{desk.called}.{deed.step}" if deed.step else f"deed.{desk.called}.{deed.name}"))


def _named(desk: Desk | None, field: Field) -> str:
    """A field's label: the desk's own word where it has one."""
    if desk is None:
        return str(gettext(f"field.{field.name}"))
    own = f"field.{desk.called}.{field.name}"
    found = str(gettext(own))
    return str(gettext(f"field.{field.name}")) if found == own else found


def _field(desk: Desk | None, case: Any, field: Field, raw: Mapping[str, Any] | None) -> dict[str, Any]:
    session = db.session()
    typed = raw.get(field.name) if raw is not None else field.initial(session, case) if field.initial else None
    shape = {
        "name": field.name,
        "kind": field.kind,
        "label": _named(desk, field),
        "required": field.required,
    }
    if field.kind == "rows":
        columns = [_field(desk, case, column, {}) for column in field.columns]
        rows = [*_filled(typed or []), *({} for _ in range(SPARE_ROWS))]
        return {**shape, "columns": columns, "rows": [{k: _text(v) for k, v in row.items()} for row in rows]}
    choices = deeds.options(session, case, field) if field.kind in ("choice", "many") else []
    named = bool(field.labels)
    return {
        **shape,
        "value": typed if isinstance(typed, list) else _text(typed),
        "options": [{"value": v, "label": str(gettext(text)) if named else text} for v, text in choices],
    }


def _filled(rows: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Rows up to the last in which there is something: a refusal names a row by its place."""
    last = max((place for place, row in enumerate(rows, 1) if any(row.values())), default=0)
    return rows[:last]


def _text(value: Any) -> str:
    return "" if value is None else str(value)
