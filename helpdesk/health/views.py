"""``/healthz`` (alive), ``/readyz`` (everything needed is there), ``/metrics`` (Prometheus)."""

import time
from contextlib import suppress
from typing import Any

from flask import Blueprint, Response, current_app, g, jsonify, request
from sqlalchemy.exc import SQLAlchemyError

from helpdesk.auth.door import PUBLIC, door
from helpdesk.database import begin
from helpdesk.extensions import db
from helpdesk.health import checks, metrics
from helpdesk.now import wall

blueprint = Blueprint("health", __name__)


def register(app: Any) -> None:
    """Attach the addresses, and measure every request."""
    app.register_blueprint(blueprint)

    @app.before_request
    def _begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def _end(response: Response) -> Response:
        took = time.perf_counter() - g.began if "began" in g else None
        metrics.count_request(request.endpoint or "none", request.method, response.status_code, took)
        return response


def own_transaction(view: Any) -> Any:
    """These doors must answer when the database does not."""
    view.own_transaction = True
    return view


@blueprint.get("/healthz")
@door(PUBLIC)
@own_transaction
def healthz() -> Response:
    """This process answers; nothing else is asked."""
    return Response("ok\n", mimetype="text/plain", headers={"Cache-Control": "no-store"})


@blueprint.get("/readyz")
@door(PUBLIC)
@own_transaction
def readyz() -> tuple[Response, int]:
    """200 when database, schema, scheduler, Redis and a worker for each queue are there, else 503."""
    found = _reading(lambda: checks.readiness(db.session(), _redis_url(), wall()))
    ready = all(said == checks.OK for said in found.values())
    return jsonify(ready=ready, checks=found), 200 if ready else 503


@blueprint.get("/metrics")
@door(PUBLIC)
@own_transaction
def measured() -> Response:
    """Counts and times, without anybody's data."""
    text = _reading(lambda: metrics.text(db.session(), _redis_url(), wall()))
    return Response(text, mimetype="text/plain; version=0.0.4")


def _reading(look: Any) -> Any:
    """Look in a read-only transaction where there is a database, and let go of it."""
    session = db.session()
    with suppress(SQLAlchemyError):  # the checks say what is wrong
        begin(session, write=False)
    try:
        return look()
    finally:
        db.session.remove()


def _redis_url() -> str:
    return str(current_app.settings.redis_url)  # type: ignore[attr-defined]
