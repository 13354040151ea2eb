"""Enquiries and quotes driven as far as a test needs them, each step by the department whose it is."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import settings
from sqlalchemy.orm import Session

from order_core.acquisition.days import house_day
from order_core.acquisition.enquiry import service as enquiries
from order_core.acquisition.enquiry.models import Enquiry
from order_core.acquisition.enquiry.rules import ASPECTS
from order_core.acquisition.enquiry.service import Told
from order_core.acquisition.quote import drafting, negotiation, service
from order_core.acquisition.quote.drafting import LineSpec
from order_core.acquisition.quote.models import Quote
from order_core.acquisition.quote.negotiation import Meeting
from order_core.acquisition.quote.rules import Input
from tests.order_core.conftest import House

pure = settings(deadline=None)
"""For properties of plain functions: how long they take is not asked here."""
WORDS = "Thirty refrigerators for a dormitory, quiet ones, before the summer."


def told(at: datetime, words: str = WORDS, **values: Any) -> Told:
    facts: dict[str, Any] = {"channel": "visit", "on": house_day(at), "words": words}
    return Told(**facts | values)


def captured(session: Session, house: House, at: datetime, *words: str) -> Enquiry:
    """An enquiry of the customer's with one requirement for each of the words (one, if none are given)."""
    first, *more = words or (WORDS,)
    sal = house.actor("SAL")
    enquiry = enquiries.capture(session, customer_id=house.customer.id, told=told(at, first), by=sal, at=at)
    for other in more:
        enquiries.add(session, enquiry, told(at, other), by=sal, at=at)
    return enquiry


def classified(session: Session, house: House, at: datetime, *words: str, ranks: tuple[str, ...] = ("key",)) -> Enquiry:
    """An enquiry whose requirements are understood and have class and rank."""
    enquiry, sal = captured(session, house, at, *words), house.actor("SAL")
    for row, rank in zip(enquiry.requirements, ranks, strict=True):
        enquiries.state_aspects(session, enquiry, row.position, dict.fromkeys(ASPECTS), by=sal, at=at)
        enquiries.classify(session, enquiry, row.position, class_code="standard", rank=rank, by=sal, at=at)
    enquiries.complete(session, enquiry, by=sal, at=at)
    enquiries.rank(session, enquiry, by=sal, at=at)
    return enquiry


def inputs(on: date, *, cost: int = 70_000, market: int = 100_000) -> tuple[Input, ...]:
    """All three, with day and source."""
    return (
        Input("cost", cost, "", on, "bill of materials"),
        Input("market", market, "", on, "price survey"),
        Input("need", 95_000, "quiet, 30 of them", on, "visit"),
    )


def spec(enquiry: Enquiry, at: datetime, **values: Any) -> LineSpec:
    """A line that may be sent: it answers every requirement of the enquiry."""
    facts: dict[str, Any] = {
        "model_code": "RF-520",
        "specification": "RF-520, standard",
        "quantity": 30,
        "unit_price": 98_000,
        "inputs": inputs(house_day(at)),
        "answers": tuple(row.id for row in enquiry.requirements),
    }
    return LineSpec(**facts | values)


def drafted(session: Session, house: House, at: datetime, enquiry: Enquiry | None = None, **values: Any) -> Quote:
    """A complete draft of one line."""
    enquiry, sal = enquiry or classified(session, house, at), house.actor("SAL")
    quote = service.draft(session, enquiry, currency="HKD", by=sal, at=at)
    drafting.set_line(session, quote, None, spec(enquiry, at, **values), by=sal, at=at)
    drafting.set_terms(
        session, quote, payment="30 % in advance, rest in 30 days", service="two years on site",
        valid_until=house_day(at) + timedelta(days=30), contact_id=house.contact.id, by=sal, at=at,
    )  # fmt: skip
    return quote


def sent(session: Session, house: House, at: datetime, **values: Any) -> Quote:
    """A quote that the customer has."""
    quote, sal = drafted(session, house, at, **values), house.actor("SAL")
    service.approve(session, quote, by=sal, at=at)
    service.send(session, quote, by=sal, at=at)
    return quote


def meeting(house: House, on: date, **values: Any) -> Meeting:
    facts: dict[str, Any] = {
        "on": on,
        "ours": (house.people["SAL"].id,),
        "theirs": "Ms Lin",
        "next_step": "send the new price",
    }
    return Meeting(**facts | values)


def won(session: Session, house: House, at: datetime, **values: Any) -> Quote:
    """A quote that the customer accepted as it stood."""
    quote = sent(session, house, at, **values)
    negotiation.win(session, quote, meeting(house, house_day(at)), by=house.actor("SAL"), at=at)
    return quote
