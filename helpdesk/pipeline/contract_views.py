"""``/orders/contracts``: what orders may be called off from, and the form that puts a contract on file."""

from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from helpdesk.auth.door import current_actor, door
from helpdesk.extensions import db
from helpdesk.now import now
from helpdesk.pipeline import contracts
from helpdesk.pipeline.desk_views import Refused, form, raw_of
from order_core.acquisition.contract.service import KEEPER
from order_core.errors import Refusal
from order_core.execution import papers
from order_core.rulebook.roles import GRANTS

bp = Blueprint("contracts", __name__, url_prefix="/orders/contracts")


@bp.get("")
@door("order.read")
def index() -> str:
    """Contracts, the newest first."""
    return _page(None)


@bp.post("")
@door("order.act")
def keep() -> Response | tuple[str, int]:
    """Put a contract on file."""
    session, actor = db.session(), current_actor()
    assert actor is not None
    raw = raw_of(request.form)
    try:
        with session.begin_nested():
            contract = contracts.keep(session, raw, by=actor, at=now(session))
    except Refusal as refusal:
        return _page(Refused("contract", refusal, raw)), refusal.status
    return redirect(f"/orders/contracts#{contract.number}")


def _page(refused: Refused | None) -> str:
    session, actor = db.session(), current_actor()
    assert actor is not None
    may_keep = GRANTS.may(actor, "order.act") and actor.department == KEEPER
    text = str(gettext("contracts.keep"))
    deed = form(None, "contract", contracts.FIELDS, label=text, href="/orders/contracts", refused=refused)
    return render_template(
        "pipeline/contracts.html",
        contracts=contracts.rows(session, papers.house_day(now(session))),
        deeds=[deed] if may_keep else [],
        may_draft=may_keep,
    )


def register(app: Any) -> None:
    """Attach the pages."""
    app.register_blueprint(bp)
