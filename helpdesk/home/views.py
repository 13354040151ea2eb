"""The first page, the language switch, notices, and what every page's frame shows."""

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, current_app, redirect, request, url_for
from flask import session as cookie
from werkzeug.wrappers import Response

from helpdesk import i18n
from helpdesk.auth.door import PUBLIC, SIGNED_IN, current_actor, door
from helpdesk.auth.sessions import reader_language
from helpdesk.extensions import db
from helpdesk.now import now
from order_core.errors import Invalid, NotFound
from order_core.kernel.notice import Notice, acknowledge, open_notices
from order_core.rulebook.roles import GRANTS

bp = Blueprint("home", __name__)

NAV = (
    ("tickets", "inbox", "ticket.read"),
    ("calls", "phone", "call.answer"),
    ("dispatch", "map", "dispatch.read"),
    ("parts", "package", "parts.read"),
    ("orders", "clipboard-list", "order.read"),
    ("quality", "shield-alert", "quality.read"),
    ("surveys", "star", "survey.read"),
    ("performance", "chart-column", "indicator.read"),
    ("admin", "book-open", "rulebook.read"),
)
"""(key, icon, permission) of the console's rail; the address is the key."""


def navigation() -> list[dict[str, Any]]:
    """The entries that the person at the door may open."""
    actor = current_actor()
    return [
        {"key": key, "href": f"/{key}", "icon": icon, "active": request.path.split("/")[1] == key}
        for key, icon, permission in NAV
        if GRANTS.may(actor, permission)
    ]


@bp.get("/")
@door(PUBLIC)
def index() -> Response:
    """Everybody's own first page."""
    actor = current_actor()
    if actor is None:
        return redirect(url_for("auth.login"))
    if "technician" in actor.roles:
        return redirect("/m")
    first = next(iter(navigation()), None)
    return redirect(first["href"] if first else url_for("auth.login"))


@bp.post("/language")
@door(PUBLIC)
def language() -> Response:
    """Choose the language of the pages; back to where one was."""
    chosen = request.form.get("language", "")
    if chosen not in i18n.LOCALES:
        raise Invalid("language.unknown", field="language", allowed=", ".join(i18n.LOCALES))
    cookie["language"] = chosen
    return redirect(safe_path(request.form.get("next") or request.referrer))


@bp.post("/notices/<int:notice_id>/acknowledge")
@door(SIGNED_IN)
def acknowledge_notice(notice_id: int) -> Response:
    """Note that the person has seen a notice addressed to him or his department."""
    session, actor = db.session(), current_actor()
    notice = session.get(Notice, notice_id)
    if actor is None or actor.id is None or notice is None or not _addressed(notice, actor):
        raise NotFound("notice.unknown")
    acknowledge(notice, person=actor.id, at=now(session))
    return redirect(safe_path(request.form.get("next") or request.referrer))


def _addressed(notice: Notice, actor: Any) -> bool:
    ours = notice.to_department is not None and notice.to_department == actor.department
    return notice.to_person_id == actor.id or (ours and (actor.head or notice.everyone))


def safe_path(target: str | None) -> str:
    """A path of our own site to go back to, never another site's address."""
    parts = urlsplit((target or "").replace("\\", "/"))
    same_host = not parts.netloc or parts.netloc == request.host
    path = parts.path if same_host and parts.path.startswith("/") and not parts.path.startswith("//") else "/"
    return f"{path}?{parts.query}" if parts.query and path != "/" else path


def register(app: Any) -> None:
    """Attach the pages, and the frame's values for every template."""
    app.register_blueprint(bp)

    @app.context_processor
    def _frame() -> dict[str, Any]:
        session, actor = db.session(), current_actor()
        notices = (
            open_notices(session, person=actor.id, department=actor.department, head=actor.head, limit=9)
            if actor is not None and actor.id is not None
            else []
        )
        return {
            "nav": navigation() if actor else [],
            "notices": notices,
            "now": now(session),
            "language": reader_language(),
            "demo": current_app.settings.demo,  # type: ignore[attr-defined]
        }
