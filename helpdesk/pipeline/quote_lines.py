"""A quote's lines as its page shows them: how each price is built and how its day came about, leg by leg."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.pipeline import forecast_present
from helpdesk.pipeline import quote_charts as charts
from helpdesk.pipeline.quote_words import money, percent
from order_core.acquisition.days import house_day
from order_core.acquisition.enquiry import queries as enquiries
from order_core.acquisition.enquiry.models import Enquiry
from order_core.acquisition.quote import rules
from order_core.acquisition.quote.models import Quote, QuoteLine
from order_core.acquisition.research.queries import forecast_of
from order_core.parties.models import ProductModel

Row = dict[str, Any]
LEGS = {
    "stock": "package-check",
    "supply": "receipt",
    "material": "package",
    "capacity": "factory",
    "transport": "truck",
}


def lines(session: Session, quote: Quote, *, floor: int | None, language: str) -> list[Row]:
    """The lines: what is offered, how the price is built, how the day came about, what it answers.

    ``floor``: under margins, in basis points; None: prices are not for this reader.
    """
    names = {
        model.code: model.names.get(language, model.code)
        for model in session.scalars(
            select(ProductModel).where(ProductModel.code.in_({line.model_code for line in quote.lines}))
        )
    }
    labels = _labels(session, quote)
    return [
        {
            "position": line.position,
            "model": line.model_code,
            "name": names.get(line.model_code, line.model_code),
            "specification": line.specification,
            "quantity": line.quantity,
            "answers": [labels[a.requirement_id] for a in line.answers if a.requirement_id in labels],
            "price": None if floor is None else _price(line, quote.currency, floor),
            "promise": _promise(line),
            "forecast": _forecast(session, line),
            "line": line,
        }
        for line in quote.lines
    ]


def _labels(session: Session, quote: Quote) -> dict[int, str]:
    found = enquiries.needs(session, session.get_one(Enquiry, quote.enquiry_id))
    return {row.id: row.label for need in found for row in need.members}


def _price(line: QuoteLine, currency: str, floor: int) -> Row:
    given = {row.kind: row for row in line.inputs}
    amounts = {kind: given[kind].amount if kind in given else None for kind in rules.INPUTS}
    cost, market = amounts["cost"], amounts["market"]
    band = rules.band([line.priced()], floor) if cost is not None else ""
    return {
        "unit": money(line.unit_price, currency),
        "total": money(line.unit_price * line.quantity, currency),
        "inputs": [_input(kind, given.get(kind), currency) for kind in rules.INPUTS],
        "bar": charts.build_up(line.unit_price, cost, market, amounts["need"]) if cost is not None else None,
        "margin": percent(rules.margin_bp(line.unit_price, cost)) if cost is not None else "",
        "band": band,
        "band_label": gettext(f"quote.band.{band}") if band else "",
        "place": gettext(f"quote.place.{rules.position(line.unit_price, market)}") if market else "",
    }


def _input(kind: str, given: Any, currency: str) -> Row:
    return {
        "kind": kind,
        "label": gettext(f"quote.input.{kind}"),
        "amount": money(given.amount, currency) if given else "",
        "words": given.words if given else "",
        "as_of": given.as_of if given else None,
        "source": given.source if given else "",
    }


def _why(line: QuoteLine) -> list[str]:
    """Why another day than the computed one is offered: the round it was negotiated in, and the reason."""
    held = gettext("quote.promise.round", n=line.typed_round) if line.typed_round else ""
    return [text for text in (held, line.typed_reason) if text]


def _promise(line: QuoteLine) -> Row | None:
    """The way to the promised day, leg by leg, on one scale of days."""
    if line.computed_on is None or line.computed_at is None:
        return None
    first = house_day(line.computed_at)
    last = max(line.computed_on, line.typed_on or line.computed_on)
    return {
        "computed_on": line.computed_on,
        "computed_at": line.computed_at,
        "typed_on": line.typed_on,
        "reason": " · ".join(_why(line)),
        "sooner": bool(line.typed_on and line.typed_on < line.computed_on),
        "legs": [_leg(leg, first, last) for leg in line.trace],
        "offered": charts.bar(first, line.promised_on or first, first, last),
        "offered_on": line.promised_on,
        "assumed": any(leg["assumed"] for leg in line.trace),
    }


def _leg(leg: Mapping[str, Any], first: date, last: date) -> Row:
    starts, ends = date.fromisoformat(leg["from"]), date.fromisoformat(leg["to"])
    return {
        "kind": leg["kind"],
        "icon": LEGS[leg["kind"]],
        "label": gettext(f"quote.leg.{leg['kind']}"),
        "units": leg["units"],
        "ends_on": ends,
        "bar": charts.bar(starts, ends, first, last),
        "assumed": leg["assumed"],
    }


def _forecast(session: Session, line: QuoteLine) -> Row | None:
    """What market research expects of the model, with its label, if it has a forecast (2.1.2-b)."""
    found = forecast_of(session, line.model_code)
    return forecast_present.brief(found, key=str(line.position)) if found else None
