"""``/orders/enquiries``: what customers ask for, by state; likely duplicates side by side; one enquiry."""

from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy import select

from helpdesk.auth.door import current_actor, door
from helpdesk.extensions import db
from helpdesk.now import now
from helpdesk.pipeline import enquiry_present as show
from helpdesk.pipeline import present
from helpdesk.pipeline.desk_views import Refused, attach, opening, part, shown
from helpdesk.pipeline.enquiries import DESK, PATH, about, ticket_called
from helpdesk.pipeline.likeness import likeness
from order_core.acquisition.days import house_day
from order_core.acquisition.enquiry import queries
from order_core.acquisition.enquiry.models import Enquiry
from order_core.acquisition.enquiry.rules import OPEN_STATES
from order_core.errors import Refusal
from order_core.parties.models import Customer
from order_core.rulebook.roles import GRANTS

bp = Blueprint("enquiries", __name__, url_prefix=PATH)

OF_A_REQUIREMENT = ("aspects", "classify", "refuse_need", "part")
"""Deeds whose forms stand beside each requirement."""
SHOWN = 200


@bp.get("")
@door("order.read")
def index() -> str:
    """Enquiries by state, or those with the words that are looked for."""
    return listing(None)


def listing(refused: Refused | None) -> str:
    """The list, with what was refused at the beginning of a new enquiry."""
    session, actor = db.session(), current_actor()
    assert actor is not None
    words = request.args.get("q", "").strip()[:100]
    wanted = select(Enquiry).order_by(Enquiry.changed_at.desc(), Enquiry.id.desc()).limit(SHOWN)
    found = session.scalars(wanted.where(about(session, words)) if words else wanted).all()
    sales = actor.department == "SAL"
    return render_template(
        "pipeline/enquiries/list.html",
        q=words,
        groups=show.grouped(session, found),
        pairs=show.pairs(session, queries.proposals(session, likeness, at=now(session))[:20]),
        may_merge=sales and GRANTS.may(actor, DESK.permission),
        begin=_begin(refused, sales) if GRANTS.may(actor, "enquiry.capture") else None,
    )


def _begin(refused: Refused | None, sales: bool) -> dict[str, Any] | None:
    """The form of a new enquiry; other departments get it with a ticket only."""
    session = db.session()
    ticket = request.args.get("ticket", "").strip()[:24]
    values: dict[str, Any] = {"told_on": house_day(now(session)).isoformat()}
    if ticket:
        values |= _from_ticket(ticket)
    if not (sales or ticket or refused):
        return None
    form = opening(DESK, values, refused)
    return form | {"open": form["open"] or bool(ticket)}


def _from_ticket(number: str) -> dict[str, str]:
    """What a ticket already says of the requirement that it may become; nothing for one that we do not know."""
    session = db.session()
    try:
        ticket = ticket_called(session, number)
    except Refusal:
        return {}
    customer = session.get(Customer, ticket.customer_id) if ticket.customer_id else None
    return {
        "ticket": ticket.number,
        "channel": "ticket",
        "told_on": house_day(ticket.opened_at).isoformat(),
        "words": ticket.subject,
        "customer": customer.number if customer else "",
    }


@bp.get("/<number>")
@door("order.read")
def detail(number: str) -> str:
    """One enquiry."""
    return page(DESK.find(db.session(), number), None)


def page(enquiry: Enquiry, refused: Refused | None) -> str:
    """An enquiry's page: each requirement with its forms, what else may be done, quotes, timeline."""
    session, actor = db.session(), current_actor()
    assert actor is not None
    at = now(session)
    rows = shown(DESK, enquiry, by=actor, at=at, refused=refused)
    return render_template(
        "pipeline/enquiries/detail.html",
        enquiry=show.summary(enquiry, session.get_one(Customer, enquiry.customer_id)),
        requirements=_requirements(enquiry, rows, refused),
        deeds=[row for row in rows if _in_the_list(row, refused)],
        merges=show.merges(session, enquiry),
        quotes=show.quotes_of(session, enquiry),
        timeline=present.timeline(session, enquiry, DESK.machine),
        open=enquiry.state in OPEN_STATES,
    )


def _requirements(enquiry: Enquiry, rows: list[dict[str, Any]], refused: Refused | None) -> list[dict[str, Any]]:
    """Each requirement with the forms that are about it."""
    by_name = {row["name"]: row for row in rows if row["enabled"]}
    found = show.requirements(db.session(), enquiry)
    for wish in found:
        names = ("part",) if wish["kept"] else OF_A_REQUIREMENT[:3]
        fixed, values = {"requirement": str(wish["position"])}, _values(wish)
        wish["forms"] = [
            part(DESK, enquiry, by_name[name], fixed, values, refused) for name in names if name in by_name
        ]
    return found


def _values(wish: dict[str, Any]) -> dict[str, Any]:
    """What the forms of a requirement show at first."""
    values = {"class_code": wish["class_code"], "rank": wish["rank"], "refusal": wish["refusal"]}
    for mark in wish["aspects"]:
        values |= {mark["aspect"]: mark["text"], f"{mark['aspect']}_not_stated": mark["kind"] == "unstated"}
    return values


def _in_the_list(row: dict[str, Any], refused: Refused | None) -> bool:
    """Deeds of one requirement stand beside it; a refused one that named none of them is shown here."""
    if row["name"] in OF_A_REQUIREMENT:
        lost = refused is not None and refused.deed == row["name"] and refused.refusal.field == "requirement"
        return bool(lost)
    return row["enabled"] or bool(DESK.deed(row["name"]).step)


attach(bp, DESK, page, listing)


def register(app: Any) -> None:
    """Attach the pages."""
    app.register_blueprint(bp)
