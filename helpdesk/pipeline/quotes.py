"""The desk of a quote: written by sales, dated, signed by management, talked about; for page and API."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from helpdesk.pipeline import quote_forms as forms
from helpdesk.pipeline import quote_message as _customers_are_told  # noqa: F401
from helpdesk.pipeline import search
from helpdesk.pipeline.deeds import Deed, Desk, Field, Opening, people
from helpdesk.pipeline.enquiries import contacts
from order_core.acquisition.enquiry.models import Enquiry
from order_core.acquisition.quote import drafting, negotiation, rules, service, steps, supply, terms
from order_core.acquisition.quote import probes as _what_breaks_a_clause_is_counted  # noqa: F401
from order_core.acquisition.quote.models import Quote, QuoteLine
from order_core.errors import Conflict, Invalid, NotFound
from order_core.execution import commitments as _orders_keep_their_units  # noqa: F401
from order_core.kernel import sign
from order_core.kernel.actor import Actor
from order_core.parties.models import Customer

PATH = "/orders/quotes"
Values = Mapping[str, Any]
May = Callable[[Session, Any, Actor, datetime], None]


def _open(session: Session, values: Values, by: Actor, at: datetime) -> Quote:
    enquiry = session.scalars(select(Enquiry).where(Enquiry.number == values["enquiry"])).first()
    if enquiry is None:
        raise NotFound("record.unknown", field="enquiry", number=values["enquiry"])
    return service.draft(session, enquiry, currency=values["currency"], by=by, at=at)


def _line(session: Session, quote: Quote, values: Values, by: Actor, at: datetime) -> None:
    position = int(values["line"]) if values["line"] else None
    drafting.set_line(session, quote, position, forms.spec_of(values), by=by, at=at)


def _remove_line(session: Session, quote: Quote, values: Values, by: Actor, at: datetime) -> None:
    drafting.remove_line(session, quote, int(values["line"]), by=by, at=at)


def _terms(session: Session, quote: Quote, values: Values, by: Actor, at: datetime) -> None:
    drafting.set_terms(
        session, quote, payment=values["payment_terms"], service=values["service_terms"],
        valid_until=values["valid_until"], contact_id=int(values["contact"]) if values["contact"] else None,
        by=by, at=at,
    )  # fmt: skip


def _date(session: Session, quote: Quote, values: Values, by: Actor, at: datetime) -> None:
    drafting.type_date(session, quote, int(values["line"]), values["typed_on"], values["reason"] or "", by=by, at=at)


def _recompute(session: Session, quote: Quote, _values: Values, by: Actor, at: datetime) -> None:
    drafting.recompute(session, quote, by=by, at=at)


def _lay_down(session: Session, quote: Quote, values: Values, by: Actor, at: datetime) -> None:
    supply.lay_down(
        session, values["model_code"], material_days=values["material_days"], per_day=values["per_day"],
        cycle_days=values["cycle_days"], transport_days=values["transport_days"], by=by, at=at,
    )  # fmt: skip
    supply.noted(session, quote, "supply_terms_laid_down", by=by, at=at)


def _expect(session: Session, quote: Quote, values: Values, by: Actor, at: datetime) -> None:
    supply.expect(
        session, values["model_code"], values["quantity"], values["due_on"], values["reference"], by=by, at=at
    )
    supply.noted(session, quote, "supply_expected", by=by, at=at)


def _ask_signature(session: Session, quote: Quote, _values: Values, by: Actor, at: datetime) -> None:
    service.ask_signature(session, quote, by=by, at=at)


def _sign(session: Session, quote: Quote, values: Values, by: Actor, at: datetime) -> None:
    service.sign_margin(session, quote, values["verdict"], by=by, at=at, opinion=values["opinion"])


def _may_ask(session: Session, quote: Quote, by: Actor, at: datetime) -> None:
    drafting.sales(by, "2.3.1-a")
    service.needs_signature(session, quote, at)


def _may_sign(session: Session, quote: Quote, by: Actor, _at: datetime) -> None:
    asked = steps.low_sign_off(session, quote)
    if asked is None:
        raise Conflict("quote.not_asked", clause="2.3.1-a", number=quote.number)
    sign.may_sign(asked, by)


def _approve(session: Session, quote: Quote, _values: Values, by: Actor, at: datetime) -> None:
    service.approve(session, quote, by=by, at=at)


def _send(session: Session, quote: Quote, _values: Values, by: Actor, at: datetime) -> None:
    service.send(session, quote, by=by, at=at)


def _round(session: Session, quote: Quote, values: Values, by: Actor, at: datetime) -> None:
    changes = forms.changes_of(session, quote, values)
    negotiation.hold_round(session, quote, forms.meeting_of(values), changes, by=by, at=at)


def _revise(session: Session, quote: Quote, values: Values, by: Actor, at: datetime) -> None:
    service.revise(session, quote, valid_until=values["valid_until"], by=by, at=at)


def _win(session: Session, quote: Quote, values: Values, by: Actor, at: datetime) -> None:
    accepted = _acceptance(values) if values["accepted"] else None
    negotiation.win(session, quote, accepted, by=by, at=at)


def _acceptance(values: Values) -> negotiation.Meeting:
    """The meeting at which the customer accepted everything; a mere tick is no record of it."""
    for field in WON[1:]:
        if not values[field.name]:
            raise Invalid("form.required", field=field.name, clause="2.3.2-b", name=field.name)
    return forms.meeting_of({**values, "next_on": None})


def _lose(session: Session, quote: Quote, values: Values, by: Actor, at: datetime) -> None:
    negotiation.lose(session, quote, values["reason"], values["note"] or "", by=by, at=at)


def _sales(clause: str) -> May:
    def may(_session: Session, _case: Any, by: Actor, _at: datetime) -> None:
        drafting.sales(by, clause)

    return may


def _keepers(_session: Session, _case: Any, by: Actor, _at: datetime) -> None:
    supply.may(by)


def _today_terms(field: str) -> Callable[[Session, Quote], Any]:
    """What a quote's own column says now, as its form shows it."""

    def value(_session: Session, quote: Quote) -> Any:
        found = getattr(quote, field)
        return found.isoformat() if field == "valid_until" else found or ""

    return value


OURS = people("SAL", "MGT", "RND", "PRO")
MEETING = tuple(
    Field(f.name, f.kind, required=f.required, options=OURS if f.name == "ours" else (), clause=f.clause)
    for f in forms.MEETING
)
LINE_CHOICE = Field("line", "choice", options=forms.positions)
MODEL = Field("model_code", "choice", options=forms.offered_models)
CURRENCY = Field("currency", "choice", options=lambda _s, _c: [(code, code) for code in rules.CURRENCIES])
VALID_UNTIL = Field("valid_until", "date", initial=_today_terms("valid_until"), clause="2.3.1-b")
TERMS = (
    Field("payment_terms", "long", initial=_today_terms("payment_terms"), clause="2.3.2-a"),
    Field("service_terms", "long", initial=_today_terms("service_terms"), clause="2.3.2-a"),
    VALID_UNTIL,
    Field("contact", "choice", required=False, options=contacts, initial=_today_terms("contact_id")),
)
WON = (Field("accepted", "flag"), *(Field(f.name, f.kind, required=False, options=f.options) for f in MEETING[:4]))
RUNNING = ("sent", "negotiating")
OPEN_TERMS = tuple(f"quote.term.{term}" for term in terms.TO_AGREE)

DESK = Desk(
    model=Quote,
    procedure=steps.QUOTE,
    path=PATH,
    plural="quotes",
    permission="order.act",
    opening=Opening(_open, (Field("enquiry"), CURRENCY), permission="order.act"),
    deeds=(
        Deed("line", _line, forms.LINE, states=("draft",), may=_sales("2.3.1-a")),
        Deed("terms", _terms, TERMS, states=("draft",), may=_sales("2.3.2-a")),
        Deed("recompute", _recompute, states=("draft",), may=_sales("2.3.1-b")),
        Deed("ask_signature", _ask_signature, states=("draft", *RUNNING), may=_may_ask),
        Deed(
            "sign_margin",
            _sign,
            (
                Field("verdict", "choice", options=sign.VERDICTS, labels="verdict"),
                Field("opinion", "long", required=False),
            ),
            states=("draft", *RUNNING),
            may=_may_sign,
        ),
        Deed("approve", _approve, step="approve", noted=True),
        Deed("send", _send, step="send", noted=True),
        Deed("open_round", _round, (*MEETING, forms.CHANGES), step="open_round"),
        Deed("add_round", _round, (*MEETING, forms.CHANGES), step="add_round"),
        Deed("win", _win, WON, step="win", settles=OPEN_TERMS, noted=True),
        Deed("revise", _revise, (VALID_UNTIL,), step="revise"),
        Deed(
            "lose",
            _lose,
            (
                Field("reason", "choice", options=rules.LOST_REASONS, labels="lost_reason", clause="2.3.2-a"),
                Field("note", "long", required=False),
            ),
            step="lose",
        ),
        Deed(
            "date",
            _date,
            (LINE_CHOICE, Field("typed_on", "date", required=False), Field("reason", "long", required=False)),
            states=("draft",),
            may=_sales("2.3.1-b"),
        ),
        Deed("remove_line", _remove_line, (LINE_CHOICE,), states=("draft",), may=_sales("2.3.1-a")),
        Deed(
            "supply_terms",
            _lay_down,
            (MODEL, *(Field(name, "number") for name in ("material_days", "per_day", "cycle_days", "transport_days"))),
            states=("draft",),
            may=_keepers,
        ),
        Deed(
            "expected_supply",
            _expect,
            (MODEL, Field("quantity", "number"), Field("due_on", "date"), Field("reference")),
            states=("draft",),
            may=_keepers,
        ),
    ),
)


def about(session: Session, text: str) -> Any:
    """Quotes whose number, customer, model or specification contains the text, in either Chinese script."""
    customers = select(Customer.id).where(or_(search.holds(Customer.name, text), Customer.number == text))
    lines = select(QuoteLine.quote_id).where(
        or_(
            search.holds(QuoteLine.specification, text),
            QuoteLine.model_code.in_(search.models_called(session, text)),
        )
    )
    return or_(Quote.number.icontains(text, autoescape=True), Quote.customer_id.in_(customers), Quote.id.in_(lines))
