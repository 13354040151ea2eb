"""Signing in and out."""

from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask import session as cookie
from flask_babel import gettext
from flask_login import current_user, login_user, logout_user
from sqlalchemy import select

from helpdesk.auth import service
from helpdesk.auth.door import PUBLIC, SIGNED_IN, current_actor, door
from helpdesk.auth.models import Account
from helpdesk.auth.sessions import SignedIn
from helpdesk.extensions import db
from helpdesk.now import now
from order_core.errors import Forbidden
from order_core.parties.models import Person

bp = Blueprint("auth", __name__)
DEMO_PASSWORD = "demo"  # noqa: S105 - published on purpose, demo company only


@bp.get("/login")
@door(PUBLIC)
def login() -> Any:
    """The sign-in form; in a demo with one chip a person to fill it in."""
    if current_actor() is not None:
        return redirect(url_for("home.index"))
    return _form()


@bp.post("/login")
@door(PUBLIC)
def sign_in() -> Any:
    """Check the password and start a new server-side session."""
    session = db.session()
    email, password = request.form.get("email", ""), request.form.get("password", "")
    demo: bool = current_app.settings.demo  # type: ignore[attr-defined]
    try:
        token, row = service.sign_in(session, email, password, demo=demo, at=now(session))
    except Forbidden as refusal:
        return _form(error=gettext(f"error.{refusal.code}")), 403
    language = cookie.get("language")
    cookie.clear()
    if language:
        cookie["language"] = language
    login_user(SignedIn(row, token))
    from helpdesk.home.views import safe_path

    return redirect(safe_path(request.form.get("next")))


@bp.post("/logout")
@door(SIGNED_IN)
def logout() -> Any:
    """End the session on the server and forget its cookie."""
    service.sign_out(db.session(), current_user.get_id())
    logout_user()
    return redirect(url_for("auth.login"))


def _form(error: str | None = None) -> str:
    return render_template(
        "auth/login.html",
        error=error,
        email=request.form.get("email", ""),
        next=request.values.get("next", ""),
        demo_logins=_demo_logins(),
        demo_password=DEMO_PASSWORD,
    )


def _demo_logins() -> list[dict[str, str]]:
    if not current_app.settings.demo:  # type: ignore[attr-defined]
        return []
    people = db.session.scalars(
        select(Person)
        .join(Account, Account.person_id == Person.id)
        .where(Person.email.like("%@demo.test"), Person.active)
        .order_by(Person.id)
    )
    return [
        {
            "email": person.email,
            "name": person.name,
            "role_label": gettext(f"role.{person.roles[0]}") if person.roles else person.department_code,
        }
        for person in people
    ]


def register(app: Any) -> None:
    """Attach the sign-in pages."""
    app.register_blueprint(bp)
