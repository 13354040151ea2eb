"""Flask-Login's view of a signed-in person: by cookie session or by bearer token; and the reader's language."""

from typing import Any

from flask import Request, current_app, has_request_context, request
from flask import session as cookie
from flask_login import UserMixin, current_user

from helpdesk import i18n
from helpdesk.auth import service
from helpdesk.auth.models import ApiToken, LoginSession
from helpdesk.extensions import db
from helpdesk.now import now
from order_core.kernel.actor import Actor
from order_core.parties.models import Person


class SignedIn(UserMixin):  # type: ignore[misc]
    """Who is at the door. ``person`` is the row, ``actor()`` the value that rules know."""

    def __init__(self, row: LoginSession | ApiToken, token: str) -> None:
        self.person: Person = row.account.person if isinstance(row, LoginSession) else row.person
        self._token = token

    def get_id(self) -> str:
        """The session's token; Flask-Login keeps it in the signed cookie."""
        return self._token

    def actor(self) -> Actor:
        return self.person.actor()


def load_signed_in(token: str) -> SignedIn | None:
    """Flask-Login's user loader."""
    session = db.session()
    found = service.find_session(session, token, at=now(session))
    return _admitted(SignedIn(found, token)) if found else None


def load_token(incoming: Request) -> SignedIn | None:
    """Flask-Login's request loader: ``Authorization: Bearer …``, for the API only."""
    scheme, _, token = incoming.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token or not incoming.path.startswith("/api/"):
        return None
    found = service.find_token(db.session(), token.strip())
    return _admitted(SignedIn(found, token)) if found else None


def _admitted(person: SignedIn) -> SignedIn | None:
    """The demo company's people are strangers where this is no demo."""
    settings: Any = current_app.settings  # type: ignore[attr-defined]
    return None if service.is_made_up(person.person) and not settings.demo else person


def reader_language() -> str:
    """The language of whoever reads the page: chosen, else the person's own, else the browser's."""
    chosen: str | None = cookie.get("language")
    if chosen in i18n.LOCALES:
        return str(chosen)
    if current_user and current_user.is_authenticated:
        return str(current_user.person.language)
    settings: Any = current_app.settings  # type: ignore[attr-defined]
    default = i18n.LANGUAGES.get(settings.default_locale, "zh-Hant")
    return i18n.best_language([tag for tag, _ in request.accept_languages], default)


def select_locale() -> str:
    """Flask-Babel's locale selector."""
    return i18n.LOCALES[reader_language()] if has_request_context() else "en"


def select_timezone() -> str | None:
    """Flask-Babel's time zone selector: the reader's own zone where he is known."""
    if has_request_context() and current_user and current_user.is_authenticated:
        return str(current_user.person.zone)
    return None
