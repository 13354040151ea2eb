"""Deeds of a desk as API actions: the same fields, service, refusals and journal as the page's form."""

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
from order_core.rulebook.roles import GRANTS

TYPES: dict[str, Any] = {"number": int, "flag": bool, "many": list[str]}
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
    """Add ``POST /<plural>/<number>/<deed>`` for each deed of a desk."""
    for deed in desk.deeds:
        _attach(api, desk, deed)


def _attach(api: APIBlueprint, desk: Desk, deed: Deed) -> None:
    wanted = _body(desk, deed)

    @door("api.write")
    def act(path: Numbered, body: BaseModel) -> Response:
        session, actor = db.session(), current_actor()
        assert actor is not None
        GRANTS.require(actor, desk.permission)
        at, asked = now(session), body.model_dump(mode="json")
        case = desk.find(session, path.number)

        def work() -> tuple[dict[str, Any], int]:
            deeds.attempt(session, deed, case, asked, by=actor, at=at, version=asked.pop("version", None))
            return {"number": case.number, "state": case.state, "version": case.version}, 200

        try:
            key, sent = request.headers.get("Idempotency-Key"), f"{request.path}\n".encode() + request.get_data()
            content, status = service.once(session, key, sent, work, by=actor, at=at)
        except Refusal as refusal:
            said = {"field": refusal.field, "clause": refusal.clause}
            return problem(refusal.status, refusal.code, sentence(refusal), **said)
        return _json(content, status)

    act.__name__ = f"{desk.plural}_{deed.name}".replace("-", "_")
    act.__doc__ = f"{desk.machine}: {deed.step or deed.name}."
    act.__annotations__ = {"path": Numbered, "body": wanted, "return": Response}
    api.post(f"/{desk.plural}/<string:number>/{deed.name}", responses={200: Answer})(act)


def _json(content: dict[str, Any], status: int) -> Response:
    answer: Response = jsonify(content)
    answer.status_code = status
    return answer


def _body(desk: Desk, deed: Deed) -> type[Asked]:
    """The request body: every field may be left out here, so that the refusal is the deed's own."""
    fields: dict[str, Any] = {field.name: (_type(field), None) for field in deed.fields}
    fields["version"] = (int | None, Field(None, description="refused when the case has moved on since"))
    name = "".join(part.title() for part in f"{desk.plural}_{deed.name}".replace("-", "_").split("_"))
    return create_model(name, __base__=Asked, **fields)


def _type(field: deeds.Field) -> Any:
    if field.kind == "rows":
        cells: dict[str, Any] = {column.name: (_type(column), None) for column in field.columns}
        row = create_model(f"Row{field.name.title()}", __base__=Asked, **cells)
        return list[row] | None  # type: ignore[valid-type]
    return TYPES.get(field.kind, str) | None
