"""The fields in which somebody writes what an order is to say, and the values they make."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.pipeline import order_present
from helpdesk.pipeline.deeds import Field
from order_core.execution import papers
from order_core.execution.models import Order
from order_core.execution.papers import Edit
from order_core.execution.rules import Line
from order_core.parties.models import ContactPerson, ProductModel, Site

Choices = Sequence[tuple[str, str]]


def models(session: Session, _order: Any) -> Choices:
    """Every product model."""
    return [(code, code) for code in session.scalars(select(ProductModel.code).order_by(ProductModel.code))]


def places(session: Session, order: Order) -> Choices:
    """The customer's places."""
    sites = session.scalars(select(Site).where(Site.customer_id == order.customer_id).order_by(Site.id))
    return [(str(site.id), site.label) for site in sites]


def contacts(session: Session, order: Order) -> Choices:
    """The customer's people."""
    wanted = select(ContactPerson).where(ContactPerson.customer_id == order.customer_id).order_by(ContactPerson.id)
    return [(str(contact.id), contact.name) for contact in session.scalars(wanted)]


def open_differences(session: Session, order: Order) -> Choices:
    """What differs from the agreement, in words."""
    return [(d.field, order_present.said(d, order.currency)) for d in papers.differences(session, order)]


def _unexplained(session: Session, order: Order) -> list[dict[str, str]]:
    return [{"difference": d.field, "why": ""} for d in papers.unexplained(session, order)]


def _lines(_session: Session, order: Order) -> list[dict[str, Any]]:
    """The lines as their form shows them."""
    return [
        {
            **vars(line),
            "unit_price": "" if line.unit_price is None else f"{line.unit_price / 100:.2f}",
            "new_design": "1" if line.new_design else "",
        }
        for line in papers.content(order).lines
    ]


LINES = Field(
    "lines",
    "rows",
    required=False,
    initial=_lines,
    columns=(
        Field("model_code", "choice", options=models),
        Field("specification", required=False),
        Field("quantity", "number", required=False),
        Field("unit_price", "money", required=False),
        Field("due_on", "date", required=False),
        Field("site_id", "choice", required=False, options=places),
        Field("new_design", "flag", required=False),
    ),
)
CONTENT = (
    LINES,
    Field("payment_terms", "long", required=False, initial=lambda _session, order: order.payment_terms),
    Field("service_terms", "long", required=False, initial=lambda _session, order: order.service_terms),
    Field("why", "long", required=False),
)
"""What an order says, and why it now differs from the agreement."""
EXPLANATIONS = Field(
    "explanations",
    "rows",
    required=False,
    initial=_unexplained,
    columns=(Field("difference", "choice", options=open_differences), Field("why", required=False)),
)


def edited(values: Mapping[str, Any]) -> Edit:
    """What the form wants the order to say; without lines, they stay."""
    lines = [
        Line(
            model_code=row["model_code"],
            specification=row["specification"] or "",
            quantity=row["quantity"] or 0,
            unit_price=row["unit_price"],
            due_on=row["due_on"],
            site_id=int(row["site_id"]) if row["site_id"] else None,
            new_design=row["new_design"],
        )
        for row in values["lines"]
    ]
    return Edit(lines or None, None, values["payment_terms"], values["service_terms"])


def all_else(values: Mapping[str, Any]) -> dict[str, str]:
    """One explanation for whatever differs and has none of its own."""
    return {papers.ALL_ELSE: values["why"]} if values["why"] else {}
