"""Amounts, shares and values of terms in the reader's language."""

from decimal import Decimal

from flask_babel import format_currency, format_date

from order_core.acquisition.quote import terms
from order_core.acquisition.quote.terms import Value


def money(cents: int | None, currency: str) -> str:
    """An amount in the reader's language."""
    return "" if cents is None else str(format_currency(Decimal(cents) / 100, currency))


def percent(points: int | None) -> str:
    """Basis points as a percentage with one decimal."""
    return "" if points is None else f"{points / 100:.1f} %"


def said(term: str, value: Value | None, currency: str) -> str:
    """A term's value in the reader's language."""
    if value is None:
        return ""
    if term == terms.PRICE:
        return money(int(value), currency)
    return str(format_date(terms.day(value), "medium")) if term == terms.DELIVERY else str(value)
