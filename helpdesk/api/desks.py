"""Deeds of a desk as API actions: the same fields, service, refusals and journal as the page's form."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from flask import Response, jsonify, request
from flask_openapi import APIBlueprint
from pydantic import BaseModel, Field, create_model

from helpdesk.api import service
from helpdesk.api.paging import Asked
from helpdesk.auth.door import current_actor, door
from helpdesk.errors.views import problem, sentence
from helpdesk.extensions import db
from helpdesk.now import now
from helpdesk.pipeline import deeds
from helpdesk.pipeline.deeds import Deed, Desk
from order_core.errors import Refusal
from order_core.kernel.actor import Actor
from order_core.rulebook.roles import GRANTS

TYPES: dict[str, Any] = {"number": int, "decimal": float, "flag": bool, "many": list[str]}
"""Kinds of fields that JSON has a type for; money is a decimal in text, dates are ISO 8601."""


class Numbered(Asked):
    """A record's number in the path."""

    number: str = Field(max_length=24)


class Answer(BaseModel):
    """The case after the deed."""

    number: str
    state: str
    version: int


def attach(api: APIBlueprint, desk: Desk) -> None:
    """Add ``POST /<plural>`` where a case may be begun, and ``POST /<plural>/<number>/<deed>`` for each deed."""
    if desk.opening is not None:
        _attach_opening(api, desk, desk.opening)
    for deed in desk.deeds:
        _attach(api, desk, deed)


def _attach_opening(api: APIBlueprint, desk: Desk, opening: deeds.Opening) -> None:
    wanted = create_model(f"New{_title(desk.plural)}", __base__=Asked, **_bodies(opening.fields))

    @door("api.write")
    def begin(body: BaseModel) -> Response:
        session, actor = db.session(), current_actor()
        assert actor is not None
        GRANTS.require(actor, opening.permission)
        at, asked = now(session), body.model_dump(mode="json")

        def work() -> tuple[dict[str, Any], int]:
            return _after(deeds.begin(session, opening, asked, by=actor, at=at)), 201

        return _once(work, by=actor, at=at)

    begin.__name__ = f"new_{desk.plural}".replace("-", "_")
    begin.__doc__ = f"{desk.machine}: begin one."
    begin.__annotations__ = {"body": wanted, "return": Response}
    api.post(f"/{desk.plural}", responses={201: Answer})(begin)


def _attach(api: APIBlueprint, desk: Desk, deed: Deed) -> None:
    wanted = _body(desk, deed)

    @door(desk.permission)
    def act(path: Numbered, body: BaseModel) -> Response:
        session, actor = db.session(), current_actor()
        assert actor is not None
        at, asked = now(session), body.model_dump(mode="json")
        case = desk.find(session, path.number)

        def work() -> tuple[dict[str, Any], int]:
            deeds.attempt(session, deed, case, asked, by=actor, at=at, version=asked.pop("version", None))
            return _after(case), 200

        return _once(work, by=actor, at=at)

    act.__name__ = f"{desk.plural}_{deed.name}".replace("-", "_")
    act.__doc__ = f"{desk.machine}: {deed.step or deed.name}."
    act.__annotations__ = {"path": Numbered, "body": wanted, "return": Response}
    api.post(f"/{desk.plural}/<string:number>/{deed.name}", responses={200: Answer})(act)


def _after(case: Any) -> dict[str, Any]:
    return {"number": case.number, "state": case.state, "version": case.version}


def _once(work: Callable[[], tuple[dict[str, Any], int]], *, by: Actor, at: datetime) -> Response:
    """The answer of work that is done once for a key, or the refusal with field and clause; both are committed."""
    key, sent = request.headers.get("Idempotency-Key"), f"{request.path}\n".encode() + request.get_data()
    try:
        content, status = service.once(db.session(), key, sent, work, by=by, at=at)
    except Refusal as refusal:
        return problem(refusal.status, refusal.code, sentence(refusal), field=refusal.field, clause=refusal.clause)
    answer: Response = jsonify(content)
    answer.status_code = status
    return answer


def _body(desk: Desk, deed: Deed) -> type[Asked]:
    """The request body: every field may be left out here, so that the refusal is the deed's own."""
    fields = _bodies(deed.fields)
    fields["version"] = (int | None, Field(None, description="refused when the case has moved on since"))
    return create_model(_title(f"{desk.plural}_{deed.name}"), __base__=Asked, **fields)


def _bodies(fields: Sequence[deeds.Field]) -> dict[str, Any]:
    return {field.name: (_type(field), None) for field in fields}


def _title(name: str) -> str:
    return "".join(part.title() for part in name.replace("-", "_").split("_"))


def _type(field: deeds.Field) -> Any:
    if field.kind == "rows":
        cells: dict[str, Any] = {column.name: (_type(column), None) for column in field.columns}
        row = create_model(f"Row{field.name.title()}", __base__=Asked, **cells)
        return list[row] | None  # type: ignore[valid-type]
    return TYPES.get(field.kind, str) | None
