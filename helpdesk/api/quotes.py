"""Enquiries and quotes in the API: lists and records; beginning one and the deeds are the desks' (``api.desks``)."""

from typing import Any

from flask import Response, jsonify
from flask_openapi import APIBlueprint
from pydantic import Field
from sqlalchemy import select

from helpdesk.api import quote_shapes as shapes
from helpdesk.api.desks import Numbered
from helpdesk.api.paging import ListQuery, page
from helpdesk.auth.door import current_actor, door
from helpdesk.extensions import db
from helpdesk.pipeline import enquiries, quotes
from order_core.acquisition.enquiry.models import Enquiry
from order_core.acquisition.quote.models import Quote
from order_core.parties.models import Customer
from order_core.rulebook.roles import GRANTS


class CaseList(ListQuery):
    """Filters of enquiries and quotes; `q` finds number, customer, words, model, in either Chinese script."""

    state: str | None = None
    customer: str | None = Field(None, description="a customer's number")


def attach(api: APIBlueprint) -> None:
    """Add the lists and the records."""

    @api.get("/enquiries")
    @door("order.read")
    def enquiry_list(query: CaseList) -> Response:
        """Enquiries with their requirements, the newest first."""
        wanted = _narrowed(select(Enquiry), Enquiry, query)
        if query.q:
            wanted = wanted.where(enquiries.about(db.session(), query.q))
        return jsonify(page(db.session(), wanted, Enquiry.id, query, shapes.enquiry))

    @api.get("/enquiries/<string:number>")
    @door("order.read")
    def one_enquiry(path: Numbered) -> Response:
        """One enquiry."""
        return jsonify(shapes.enquiry(enquiries.DESK.find(db.session(), path.number)))

    @api.get("/quotes")
    @door("order.read")
    def quote_list(query: CaseList) -> Response:
        """Quotes, the newest first; prices for those who may read quotes."""
        wanted = _narrowed(select(Quote), Quote, query)
        if query.q:
            wanted = wanted.where(quotes.about(db.session(), query.q))
        priced = _priced()
        return jsonify(page(db.session(), wanted, Quote.id, query, lambda row: shapes.quote(row, priced=priced)))

    @api.get("/quotes/<string:number>")
    @door("order.read")
    def one_quote(path: Numbered) -> Response:
        """One quote with its terms, rounds and revisions."""
        session = db.session()
        quote = quotes.DESK.find(session, path.number)
        return jsonify(shapes.whole_quote(session, quote, priced=_priced()))


def _priced() -> bool:
    return GRANTS.may(current_actor(), "quote.read")


def _narrowed(wanted: Any, model: Any, query: CaseList) -> Any:
    if query.state:
        wanted = wanted.where(model.state == query.state)
    if query.customer:
        wanted = wanted.where(model.customer_id.in_(select(Customer.id).where(Customer.number == query.customer)))
    return wanted
