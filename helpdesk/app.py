"""The application factory: settings in, a wired app out. One transaction and one permission check a request."""

import secrets
from importlib import import_module
from itertools import chain
from typing import Any

from flask import Response, g, make_response, request
from flask_openapi import Info, OpenAPI
from sqlalchemy.orm import sessionmaker

from helpdesk import database, i18n, now, wakeup
from helpdesk.auth.door import NotSignedIn, current_actor
from helpdesk.auth.sessions import load_signed_in, load_token, select_locale, select_timezone
from helpdesk.config import Settings, load_settings
from helpdesk.extensions import babel, csrf, db, login_manager, migrate
from helpdesk.paths import package_dir, template_dir
from helpdesk.search import watch
from order_core.errors import Forbidden, Invalid
from order_core.kernel.guard import PUBLIC
from order_core.rulebook.roles import GRANTS

READING = frozenset({"GET", "HEAD", "OPTIONS"})

BLUEPRINTS = (
    "helpdesk.errors.views",
    "helpdesk.auth.views",
    "helpdesk.home.views",
    "helpdesk.channels.views",
    "helpdesk.hotline.views",
    "helpdesk.hotline.agent_hooks_views",
    "helpdesk.hotline.desk_views",
    "helpdesk.hotline.roster_views",
    "helpdesk.tickets.views",
    "helpdesk.tickets.list_views",
    "helpdesk.tickets.work_views",
    "helpdesk.search.views",
    "helpdesk.dispatch.views",
    "helpdesk.parts.views",
    "helpdesk.pipeline.views",
    "helpdesk.pipeline.contract_views",
    "helpdesk.pipeline.enquiry_views",
    "helpdesk.pipeline.quote_views",
    "helpdesk.pipeline.research_views",
    "helpdesk.pipeline.report_views",
    "helpdesk.pipeline.forecast_views",
    "helpdesk.pipeline.design_views",
    "helpdesk.pipeline.changes_views",
    "helpdesk.quality.views",
    "helpdesk.surveys.views",
    "helpdesk.reports.views",
    "helpdesk.triage.views",
    "helpdesk.chatbot.views",
    "helpdesk.technician.views",
    "helpdesk.admin.views",
    "helpdesk.api.views",
    "helpdesk.api.research",
    "helpdesk.health.views",
    "helpdesk.channels.code_views",
    "helpdesk.channels.gateway_views",
    "helpdesk.channels.media_views",
)
DEMO_BLUEPRINTS = ("helpdesk.simulator.views",)


class OrderCare(OpenAPI):
    """The Flask app. ``settings`` is the typed configuration."""

    settings: Settings

    def dispatch_request(self) -> Any:
        """Check the view's permission and run it in one transaction, committed before the answer leaves.

        Reading requests get a read-only transaction. A view marked ``own_transaction`` (live streams) opens
        its own. Flask's static files need neither.
        """
        view = self.view_functions.get(request.endpoint or "")
        if view is None or request.endpoint == "static":
            return super().dispatch_request()
        if getattr(view, "own_transaction", False):
            self._check_permission(view)
            return super().dispatch_request()

        if not getattr(view, "signature_checked", False):
            _refuse_nul()

        def work() -> Response:
            g.pop("actor", None)
            self._check_permission(view)
            return make_response(super(OrderCare, self).dispatch_request())

        return database.in_transaction(db.session(), work, write=request.method not in READING)

    def _check_permission(self, view: Any) -> None:
        permission = getattr(view, "permission", None)
        if permission is None:
            raise Forbidden("guard.denied", clause="1.2", permission=str(request.endpoint))
        if permission == PUBLIC:
            return
        actor = current_actor()
        if actor is None:
            raise NotSignedIn("guard.sign_in")
        GRANTS.require(actor, permission)


def _refuse_nul() -> None:
    """No database of ours keeps a NUL in a text, and no person types one."""
    pairs = chain(request.args.items(multi=True), request.form.items(multi=True), (request.view_args or {}).items())
    for name, value in pairs:
        if isinstance(value, str) and "\x00" in value:
            raise Invalid("text.nul", field=name, name=name)


def create_app(settings: Settings | None = None) -> OrderCare:
    """Build the app from settings (default: the environment).

    Raises:
        helpdesk.config.ConfigError: a setting has a bad value; the message names it and what is allowed.
    """
    settings = settings or load_settings()
    app = OrderCare(
        "helpdesk",
        info=Info(title="OrderCare", version="1"),
        template_folder=str(template_dir()),
        doc_ui=False,
    )
    app.settings = settings
    now.configure(demo=settings.demo)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https://"),
        MAX_CONTENT_LENGTH=16 * 1024 * 1024,
        WTF_CSRF_TIME_LIMIT=None,
    )
    _wire_extensions(app)
    for module in BLUEPRINTS + (DEMO_BLUEPRINTS if settings.demo else ()):
        import_module(module).register(app)
    _wire_responses(app)
    return app


def _wire_extensions(app: OrderCare) -> None:
    db.init_app(app)
    migrate.init_app(app, db, directory=str(package_dir() / "migrations"), render_as_batch=True)
    babel.init_app(
        app,
        default_timezone=app.settings.default_timezone,
        locale_selector=select_locale,
        timezone_selector=select_timezone,
    )
    csrf.init_app(app)
    login_manager.init_app(app)
    login_manager.user_loader(load_signed_in)
    login_manager.request_loader(load_token)
    with app.app_context():
        database.configure(db.engine)
    sessions: sessionmaker[Any] = db.session.session_factory
    wakeup.nudge_after_commit(sessions, app.settings.redis_url)
    watch.start(sessions)


def _wire_responses(app: OrderCare) -> None:
    def csp_nonce() -> str:
        if "csp_nonce" not in g:
            g.csp_nonce = secrets.token_urlsafe(16)
        return str(g.csp_nonce)

    app.jinja_env.globals["csp_nonce"] = csp_nonce
    app.jinja_env.filters["datetimeformat"] = i18n.datetimeformat
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    @app.after_request
    def _headers(response: Response) -> Response:
        if response.mimetype == "text/xml":  # TwiML: read by the provider, by no browser
            return response
        response.headers.setdefault(
            "Content-Security-Policy",
            f"default-src 'self'; script-src 'self' 'nonce-{csp_nonce()}'; img-src 'self' data: blob:; "
            "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
        )
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        if response.mimetype == "text/html":
            response.headers.setdefault("Cache-Control", "no-store")
        return response
