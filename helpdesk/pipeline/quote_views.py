"""``/orders/quotes``: offers by state, one offer with its price, its day and its talks, and the customer's copy."""

from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import force_locale, format_date, gettext
from markupsafe import Markup
from sqlalchemy import select

from helpdesk import i18n
from helpdesk.auth.door import current_actor, door
from helpdesk.auth.sessions import reader_language
from helpdesk.extensions import db
from helpdesk.now import now
from helpdesk.pipeline import present, quote_forms, quote_lines, quote_talks
from helpdesk.pipeline import quote_present as show
from helpdesk.pipeline import quote_work as _its_providers_are_registered  # noqa: F401
from helpdesk.pipeline.desk_views import Refused, attach, part, shown
from helpdesk.pipeline.quote_words import money
from helpdesk.pipeline.quotes import DESK, PATH, about
from order_core.acquisition.days import house_day
from order_core.acquisition.enquiry.models import Enquiry
from order_core.acquisition.quote import queries, steps, terms
from order_core.acquisition.quote.models import Quote, QuoteRevision
from order_core.errors import NotFound
from order_core.execution.models import Order
from order_core.parties.models import ContactPerson, Customer, ProductModel
from order_core.rulebook.roles import GRANTS

bp = Blueprint("quotes", __name__, url_prefix=PATH)

OF_A_LINE = ("line", "date", "remove_line")
"""Deeds whose forms stand beside each line."""
SHOWN = 200
READ = "quote.read"


@bp.get("")
@door("order.read")
def index() -> str:
    """The board, or what has the words that are looked for; and what quotes come to."""
    return listing(None)


def listing(_refused: Refused | None) -> str:
    """The board. A quote is begun on its enquiry's page."""
    session, actor = db.session(), current_actor()
    words = request.args.get("q", "").strip()[:100]
    wanted = select(Quote).order_by(Quote.changed_at.desc(), Quote.id.desc()).limit(SHOWN)
    found = session.scalars(wanted.where(about(session, words)) if words else wanted).all()
    priced = GRANTS.may(actor, READ)
    return render_template(
        "pipeline/quotes/list.html",
        q=words,
        board=show.board(session, found, at=now(session), priced=priced),
        figures=show.figures_of(session, priced=priced),
        any=bool(found),
    )


@bp.get("/<number>")
@door("order.read")
def detail(number: str) -> str:
    """One quote."""
    return page(DESK.find(db.session(), number), None)


def page(quote: Quote, refused: Refused | None) -> str:
    """A quote's page; prices and what they rest on only for those who may read quotes."""
    session, actor = db.session(), current_actor()
    assert actor is not None
    at, priced = now(session), GRANTS.may(actor, READ)
    floor = steps.floor_bp(session, at) if priced else None
    rows = shown(DESK, quote, by=actor, at=at, refused=refused)
    enquiry = session.get_one(Enquiry, quote.enquiry_id)
    contact = session.get(ContactPerson, quote.contact_id) if quote.contact_id else None
    customer = session.get_one(Customer, quote.customer_id)
    return render_template(
        "pipeline/quotes/detail.html",
        quote=show.card(quote, customer, queries.talks(session, [quote])[quote.id], at=at, floor=floor)
        | {"payment": quote.payment_terms, "service": quote.service_terms, "contact": contact.name if contact else ""}
        | {"lost": gettext(f"lost_reason.{quote.lost_reason}") if quote.lost_reason else "", "note": quote.lost_note},
        enquiry={"number": enquiry.number, "href": f"/orders/enquiries/{enquiry.number}"},
        priced=priced,
        lines=_lines(quote, rows, refused, floor=floor),
        begin=_new_line(quote, rows, refused),
        talks=quote_talks.negotiation(session, quote, priced=priced),
        needs=show.needs(session, quote),
        told=show.told(session, quote),
        revisions=queries.revisions(session, quote) if priced else [],
        orders=session.scalars(select(Order.number).where(Order.agreement == quote.number)).all(),
        may_order=quote.state == "won" and actor.department == "SAL",
        signatures=present.signatures(session, steps.low_sign_off(session, quote)) if priced else [],
        clocks=present.clocks(session, quote, at),
        deeds=[row for row in rows if _in_the_list(row, refused)],
        timeline=present.timeline(session, quote, DESK.machine, hides=None if priced else show.of_the_margin),
    )


def _lines(
    quote: Quote, rows: list[dict[str, Any]], refused: Refused | None, *, floor: int | None
) -> list[dict[str, Any]]:
    """Each line with the forms that are about it."""
    by_name = {row["name"]: row for row in rows if row["enabled"]}
    found = quote_lines.lines(db.session(), quote, floor=floor, language=reader_language())
    for row in found:
        line = row.pop("line")
        fixed = {"line": str(line.position)}
        typed = {"typed_on": line.typed_on.isoformat() if line.typed_on else "", "reason": line.typed_reason}
        values = {"line": quote_forms.line_values(line), "date": typed, "remove_line": {}}
        row["forms"] = [
            part(DESK, quote, by_name[name], fixed, values[name], refused) for name in OF_A_LINE if name in by_name
        ]
    return found


def _new_line(quote: Quote, rows: list[dict[str, Any]], refused: Refused | None) -> dict[str, Any] | None:
    """The form of one more line, filled with the need that waits for it."""
    session = db.session()
    row = next((row for row in rows if row["name"] == "line" and row["enabled"]), None)
    if row is None:
        return None
    source = gettext("quote.input.told")
    values = quote_forms.new_line_values(session, quote, house_day(now(session)), source)
    form = part(DESK, quote, row, {"line": ""}, values, refused)
    return form | {"label": gettext("quote.new_line")}


def _in_the_list(row: dict[str, Any], refused: Refused | None) -> bool:
    """Deeds of one line stand beside it; a refused one that named none of them is shown here."""
    if row["name"] in OF_A_LINE:
        return refused is not None and refused.deed == row["name"] and refused.refusal.field == "line"
    return row["enabled"] or bool(DESK.deed(row["name"]).step)


@bp.get("/<number>/document")
@door(READ)
def document(number: str) -> str:
    """The customer's copy of a revision (default: the newest), in his language, ready to be printed."""
    session = db.session()
    quote = DESK.find(session, number)
    wanted = request.args.get("revision", "")
    sent = [row for row in queries.revisions(session, quote) if wanted in ("", str(row.revision))]
    if not sent:
        raise NotFound("quote.not_sent", field="revision", number=number)
    contact = session.get(ContactPerson, sent[-1].content["contact_id"] or 0)
    language = contact.language if contact else reader_language()
    with force_locale(i18n.LOCALES.get(language, "en")):
        paper = Markup(_paper(sent[-1], language))  # noqa: S704 - our own template, its values escaped
    return render_template("pipeline/quotes/document.html", quote=quote, paper=paper, spoken=language)


def _paper(sent: QuoteRevision, language: str) -> str:
    """The copy itself, from what was frozen and nothing else."""
    session, content = db.session(), sent.content
    currency = content["currency"]
    names = {m.code: m.names.get(language, m.code) for m in session.scalars(select(ProductModel))}
    lines = [
        {
            **line,
            "name": names.get(line["model"], line["model"]),
            "unit": money(line["unit_price"], currency),
            "total": money(line["unit_price"] * line["quantity"], currency),
            "due": _day(line["due_on"]),
        }
        for line in content["lines"]
    ]
    whole = sum(line["unit_price"] * line["quantity"] for line in content["lines"])
    contact = session.get(ContactPerson, content["contact_id"] or 0)
    return render_template(
        "pipeline/quotes/paper.html",
        content=content,
        lines=lines,
        total=money(whole, currency),
        customer=session.get_one(Customer, content["customer_id"]).name,
        contact=contact.name if contact else "",
        sent=format_date(house_day(sent.frozen_at), "long"),
        until=_day(content["valid_until"]),
    )


def _day(text: str) -> str:
    return str(format_date(terms.day(text), "long"))


attach(bp, DESK, page, listing)


def register(app: Any) -> None:
    """Attach the pages."""
    app.register_blueprint(bp)
