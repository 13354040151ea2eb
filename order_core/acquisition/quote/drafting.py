"""Writing a quote: lines with their three inputs, the day each can be promised for, terms; and what is frozen of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from order_core.acquisition.days import house_day
from order_core.acquisition.enquiry import queries as enquiries
from order_core.acquisition.enquiry.models import Enquiry
from order_core.acquisition.quote import dates, queries, rules, terms
from order_core.acquisition.quote.models import LineAnswer, NegotiationRound, PriceInput, Quote, QuoteLine
from order_core.errors import Conflict, Forbidden, Invalid
from order_core.kernel.actor import Actor
from order_core.kernel.case import note
from order_core.parties.models import ContactPerson, ProductModel


@dataclass(frozen=True)
class LineSpec:
    """A line as sales writes it. ``answers``: ids of the requirements it answers; amounts in the smallest unit."""

    model_code: str
    specification: str
    quantity: int
    unit_price: int
    inputs: tuple[rules.Input, ...] = ()
    answers: tuple[int, ...] = ()


def sales(by: Actor, clause: str) -> None:
    """Quotes are the sales department's."""
    if by.kind != "person" or by.department != "SAL":
        raise Forbidden("quote.sales_only", clause=clause)


def set_line(
    session: Session, quote: Quote, position: int | None, spec: LineSpec, *, by: Actor, at: datetime
) -> QuoteLine:
    """Write a line (None: a new one) of a draft; the day it can be promised for is computed at once.

    Raises:
        Invalid: quantity, price, model, day of an input or a requirement of another enquiry, with its field; another
            model in a line that has been offered.
    """
    _writable(quote, by, "2.3.1-a")
    _check(session, quote, spec, at)
    line = quote.line(position) if position is not None else None
    if position is not None and line is None:
        raise Invalid("quote.no_line", field="line", clause="2.3.1-a", line=position)
    if line is not None and line.model_code != spec.model_code:
        _not_offered(session, quote, line)
    if line is None:
        quote.last_position += 1
        line = QuoteLine(position=quote.last_position, model_code="", specification="", quantity=0, unit_price=0)
        quote.lines.append(line)
    line.model_code, line.specification = spec.model_code, spec.specification.strip()
    line.quantity, line.unit_price = spec.quantity, spec.unit_price
    _inputs(line, spec.inputs)
    wanted = set(spec.answers)
    kept = [answer for answer in line.answers if answer.requirement_id in wanted]
    new = sorted(wanted - {answer.requirement_id for answer in kept})
    line.answers = [*kept, *(LineAnswer(requirement_id=row) for row in new)]
    dates.compute(session, line, at=at)
    _noted(session, quote, "line_written", by=by, at=at, clause="2.3.1-a", line=line.position)
    return line


def _not_offered(session: Session, quote: Quote, line: QuoteLine) -> None:
    """Terms of what the customer has been offered were not negotiated for another model (2.3.2-b)."""
    if (terms.PRICE, line.position) in queries.standing(session, quote):
        code, at = line.model_code, line.position
        raise Invalid("quote.other_model", field="model_code", clause="2.3.2-b", line=at, model=code)


def _inputs(line: QuoteLine, given: Sequence[rules.Input]) -> None:
    """The inputs as given, rows that are there already written anew."""
    had = {row.kind: row for row in line.inputs}
    line.inputs = [
        had.get(one.kind) or PriceInput(kind=one.kind, amount=None, words="", as_of=one.as_of, source="")
        for one in given
    ]
    for row, one in zip(line.inputs, given, strict=True):
        row.amount, row.words, row.as_of, row.source = one.amount, one.words.strip(), one.as_of, one.source.strip()


def _check(session: Session, quote: Quote, spec: LineSpec, at: datetime) -> None:
    if session.get(ProductModel, spec.model_code) is None:
        raise Invalid("quote.model", field="model_code", clause="2.3.1-a")
    if not spec.specification.strip() or len(spec.specification) > 200:
        raise Invalid("quote.specification", field="specification", clause="2.3.1-a", most=200)
    if not 1 <= spec.quantity <= rules.MOST_UNITS:
        raise Invalid("quote.quantity", field="quantity", clause="2.3.1-a", most=rules.MOST_UNITS)
    if not 0 < spec.unit_price <= rules.MOST_MONEY:
        raise Invalid("quote.unit_price", field="unit_price", clause="2.3.1-a")
    for given in spec.inputs:
        if given.amount is not None and not 0 < given.amount <= rules.MOST_MONEY:
            raise Invalid("quote.input_amount", field=given.kind, clause="2.3.1-a")
        if given.as_of > house_day(at):
            raise Invalid("quote.input_day", field=f"{given.kind}_on", clause="2.3.1-a")
    enquiry = session.get_one(Enquiry, quote.enquiry_id)
    own = {row for need in enquiries.needs(session, enquiry) for row in need.ids}
    if not set(spec.answers) <= own:
        raise Invalid("quote.answers", field="answers", clause="2.2.2-b")


def remove_line(session: Session, quote: Quote, position: int, *, by: Actor, at: datetime) -> None:
    """Take a line off a draft; the numbers of the others stay, and its own is not given again."""
    _writable(quote, by, "2.3.1-a")
    line = quote.line(position)
    if line is None:
        raise Invalid("quote.no_line", field="line", clause="2.3.1-a", line=position)
    quote.lines.remove(line)
    _noted(session, quote, "line_removed", by=by, at=at, clause="2.3.1-a", line=position)


def set_terms(
    session: Session, quote: Quote, *, payment: str, service: str, valid_until: date, contact_id: int | None,
    by: Actor, at: datetime,
) -> None:  # fmt: skip
    """Payment and after-sales service in words, how long the offer is good for, to whom it goes."""
    _writable(quote, by, "2.3.1-b")
    if valid_until < house_day(at):
        raise Invalid("quote.valid_until", field="valid_until", clause="2.3.1-b")
    for field, text in (("payment_terms", payment), ("service_terms", service)):
        if len(text) > 400:
            raise Invalid("form.too_long", field=field, clause="2.3.2-a", most=400, name=field)
    contact = session.get(ContactPerson, contact_id) if contact_id else None
    if contact_id and (contact is None or contact.customer_id != quote.customer_id):
        raise Invalid("quote.contact", field="contact", clause="2.3.1-b")
    quote.payment_terms, quote.service_terms = payment.strip(), service.strip()
    quote.valid_until, quote.contact_id = valid_until, contact_id
    _noted(session, quote, "terms_written", by=by, at=at, clause="2.3.2-a")


def recompute(session: Session, quote: Quote, *, by: Actor, at: datetime) -> None:
    """Every line anew: stock, supply or terms have changed."""
    _writable(quote, by, "2.3.1-b")
    for line in quote.lines:
        dates.compute(session, line, at=at)
    _noted(session, quote, "promise_computed", by=by, at=at, clause="2.3.1-b")


def type_date(
    session: Session, quote: Quote, position: int, on: date | None, reason: str, *, by: Actor, at: datetime
) -> None:
    """Offer another day than the computed one, which stays beside it, for a reason; None: the computed one again."""
    _writable(quote, by, "2.3.1-b")
    line = quote.line(position)
    if line is None:
        raise Invalid("quote.no_line", field="line", clause="2.3.1-b", line=position)
    if on is not None and on < house_day(at):
        raise Invalid("quote.typed_on", field="typed_on", clause="2.3.1-b")
    if on is not None and not reason.strip():
        raise Invalid("quote.typed_reason", field="reason", clause="2.3.1-b")
    line.typed_on, line.typed_reason, line.typed_round = on, reason.strip() if on else None, None
    data = {"computed": line.computed_on.isoformat() if line.computed_on else None, "typed": on and on.isoformat()}
    _noted(session, quote, "date_typed", by=by, at=at, clause="2.3.1-b", line=position, **data)


def take_over(
    session: Session,
    quote: Quote,
    now: Mapping[terms.Key, terms.Standing],
    talks: Sequence[NegotiationRound],
    *,
    revision: int,
    at: datetime,
) -> None:
    """Write the terms as they stand into the lines, for the next revision to begin from.

    Every day is computed anew for the quantity as it stands (2.3.1-b); one that was negotiated, or kept for a
    reason, in the talks about ``revision`` stays beside it.
    """
    quote.payment_terms = str(now[terms.PAYMENT, 0].current)
    quote.service_terms = str(now[terms.SERVICE, 0].current)
    for line in quote.lines:
        if (terms.PRICE, line.position) not in now:
            continue
        line.unit_price = int(now[terms.PRICE, line.position].current)
        line.quantity = int(now[terms.VOLUME, line.position].current)
        line.specification = str(now[terms.SPECIFICATION, line.position].current)
        due = terms.day(now[terms.DELIVERY, line.position].current)
        number, reason = dates.talked_of(talks, revision, line.position)
        negotiated = bool(number) and (due != line.promised_on or bool(reason))
        dates.compute(session, line, at=at)
        if negotiated and due == line.computed_on:
            line.typed_on, line.typed_reason, line.typed_round = None, None, None
        elif negotiated:
            line.typed_on, line.typed_reason, line.typed_round = due, reason or None, number


def content(session: Session, quote: Quote) -> dict[str, Any]:
    """What the customer gets, JSON: nothing in it of what the price rests on."""
    enquiry = session.get_one(Enquiry, quote.enquiry_id)
    refused = [
        {"requirement": row.label, "words": row.words, "refusal": row.refusal}
        for need in enquiries.needs(session, enquiry) for row in need.members if row.refusal
    ]  # fmt: skip
    return {
        "number": quote.number,
        "revision": quote.revision,
        "enquiry": enquiry.number,
        "customer_id": quote.customer_id,
        "contact_id": quote.contact_id,
        "currency": quote.currency,
        "valid_until": quote.valid_until.isoformat(),
        "payment_terms": quote.payment_terms,
        "service_terms": quote.service_terms,
        "lines": [_offered(line) for line in quote.lines],
        "refusals": refused,
    }


def _offered(line: QuoteLine) -> dict[str, Any]:
    return {
        "position": line.position,
        "model": line.model_code,
        "specification": line.specification,
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "due_on": line.promised_on.isoformat() if line.promised_on else None,
    }


def build_up(quote: Quote) -> dict[str, Any]:
    """What the prices and days of a revision rested on, JSON; it stays in the house."""
    return {"lines": [_rested_on(line) for line in quote.lines]}


def _rested_on(line: QuoteLine) -> dict[str, Any]:
    inputs = {
        row.kind: {"amount": row.amount, "words": row.words, "as_of": row.as_of.isoformat(), "source": row.source}
        for row in line.inputs
    }
    return {
        "position": line.position,
        "inputs": inputs,
        "market": inputs["market"]["amount"] if "market" in inputs else None,
        "computed_on": line.computed_on.isoformat() if line.computed_on else None,
        "typed_on": line.typed_on.isoformat() if line.typed_on else None,
        "typed_reason": line.typed_reason,
        "typed_round": line.typed_round,
        "trace": line.trace,
    }


def _writable(quote: Quote, by: Actor, clause: str) -> None:
    sales(by, clause)
    if quote.state != "draft":
        raise Conflict("quote.frozen", clause=clause, number=quote.number, revision=quote.revision)


def _noted(session: Session, quote: Quote, what: str, *, by: Actor, at: datetime, clause: str, **data: Any) -> None:
    quote.changed_at = at  # a form read before this is stale
    session.flush()
    note(session, quote, what, by=by, at=at, data=data, clauses=(clause,))
