"""Error handlers: one place turns a ``Refusal`` into an answer that names field and rule."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Response, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from helpdesk.auth.door import NotSignedIn
from helpdesk.extensions import db
from order_core.errors import Conflict, Refusal

log = logging.getLogger(__name__)

CHOICES = {
    "issue.category": "category",
    "issue.urgency": "urgency",
    "issue.mode": "mode",
    "report.cause_code": "cause",
    "report.remedy": "remedy",
    "research.kind": "research.kind",
    "research.kind_missing": "research.kind",
    "research.language": "language",
    "research.method": "research.method",
    "research.query": "research.query",
}
"""Refusals that list what may be chosen → what the choices are called in the catalogues."""


def wants_json() -> bool:
    """Programs get problem documents: the API, the device's sync, scripts of our own pages."""
    return request.path.startswith("/api/") or request.accept_mimetypes.best in {
        "application/json",
        "application/problem+json",
    }


def sentence(refusal: Refusal) -> str:
    """The refusal in the reader's language."""
    return said(refusal.code, refusal.params)


def said(code: str, params: Mapping[str, Any]) -> str:
    """A refusal's sentence in the reader's language, with the names of states and steps instead of their codes."""
    words = dict(params)
    for name in ("state", "step"):
        if name in params and "machine" in params:
            words[name] = _name(f"{name}.{params['machine']}.{params[name]}", str(params[name]))
    for name in ("department", "departments", "actors"):
        if name in params:
            words[name] = " · ".join(_party(one) for one in str(params[name]).split(", ") if one)
    kind = CHOICES.get(code)
    if kind and "allowed" in params:
        words["allowed"] = " · ".join(_name(f"{kind}.{one}", one) for one in str(params["allowed"]).split(", "))
    return str(gettext(f"error.{code}", **words))


def _party(code: str) -> str:
    """A department, its head or the customer by name."""
    if code == "CUS":
        return str(gettext("actor.customer"))
    department, _, head = code.partition(":")
    named = _name(f"department.{department}", department)
    return str(gettext("party.head", department=named)) if head else named


def _name(key: str, code: str) -> str:
    found = str(gettext(key))
    return code if found == key else found


def problem(status: int, code: str, detail: str, **extra: Any) -> Response:
    """RFC 9457 problem document."""
    body = {"type": f"urn:ordercare:{code}", "title": HTTPStatus(status).phrase, "status": status, **extra}
    response = jsonify({**body, "detail": detail})
    response.status_code = status
    response.mimetype = "application/problem+json"
    return response


def _answer(status: int, code: str, detail: str, **extra: Any) -> Any:
    if wants_json():
        return problem(status, code, detail, **extra)
    return render_template("errors/error.html", status=status, detail=detail, **extra), status


def register(app: Any) -> None:
    """Attach the handlers to the app."""

    @app.errorhandler(NotSignedIn)
    def _sign_in(_error: NotSignedIn) -> Any:
        if wants_json():
            return problem(401, "guard.sign_in", gettext("error.guard.sign_in"))
        return redirect(url_for("auth.login", next=request.full_path if request.method == "GET" else None))

    @app.errorhandler(Refusal)
    def _refusal(error: Refusal) -> Any:
        db.session.rollback()
        return _answer(error.status, error.code, sentence(error), field=error.field, clause=error.clause)

    @app.errorhandler(StaleDataError)
    @app.errorhandler(IntegrityError)
    def _lost_race(error: Exception) -> Any:
        log.warning("transaction given up: %s", error)
        return _refusal(Conflict("case.stale", number=""))

    @app.errorhandler(OperationalError)
    def _database(error: OperationalError) -> Any:
        log.error("database: %s", error)
        return _answer(503, "unavailable", gettext("error.unavailable"))

    @app.errorhandler(CSRFError)
    def _csrf(error: CSRFError) -> Any:
        return _answer(400, "csrf", gettext("error.csrf"))

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Any:
        status = error.code or 500
        if status < 400:
            return error
        return _answer(status, f"http.{status}", gettext(f"error.http.{min(500, status)}"))

    @app.errorhandler(Exception)
    def _unexpected(error: Exception) -> Any:
        log.exception("unexpected: %s", error)
        db.session.rollback()
        return _answer(500, "unexpected", gettext("error.http.500"))
