"""Finding orders by a word in any of the three languages, also when it is typed in the other Chinese script."""

from functools import lru_cache
from typing import Any

from opencc import OpenCC
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from helpdesk.triage.language import normalise
from order_core.execution.models import Order, OrderLine
from order_core.parties.models import Customer, ProductModel

_SCRIPTS = tuple(OpenCC(way) for way in ("t2s", "s2t", "s2tw", "s2hk"))
"""To Simplified, and to Traditional as it is written in general, in Taiwan and in Hong Kong."""


@lru_cache(maxsize=256)
def spellings(text: str) -> tuple[str, ...]:
    """A text and how the other Chinese script writes it; itself alone where there is no difference."""
    return tuple(dict.fromkeys((text, *(script.convert(text) for script in _SCRIPTS))))


def holds(column: Any, text: str) -> ColumnElement[bool]:
    """Whether a column contains the text in any of its spellings, in any case."""
    return or_(*(column.icontains(spelling, autoescape=True) for spelling in spellings(text)))


def models_called(session: Session, text: str) -> list[str]:
    """Codes of the models whose code or name, in any language, contains the text."""
    wanted = normalise(text)
    rows = session.execute(select(ProductModel.code, ProductModel.names))
    return [code for code, names in rows if any(wanted in normalise(said) for said in (code, *names.values()))]


def orders_about(session: Session, text: str) -> ColumnElement[bool]:
    """Orders whose number, agreement, customer, model or specification contains the text."""
    customers = select(Customer.id).where(or_(holds(Customer.name, text), Customer.number == text))
    lines = select(OrderLine.order_id).where(
        or_(holds(OrderLine.specification, text), OrderLine.model_code.in_(models_called(session, text)))
    )
    return or_(
        Order.number.icontains(text, autoescape=True),
        Order.agreement.icontains(text, autoescape=True),
        Order.customer_id.in_(customers),
        Order.id.in_(lines),
    )
