"""The desk of an enquiry: what sales does to a customer's requirements, for page and API."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from helpdesk.pipeline import search
from helpdesk.pipeline.deeds import Deed, Desk, Field, Opening
from helpdesk.pipeline.likeness import likeness
from order_core.acquisition.enquiry import merging, rules, service
from order_core.acquisition.enquiry.models import Enquiry, Requirement
from order_core.acquisition.enquiry.service import Told
from order_core.acquisition.quote import service as quotes
from order_core.acquisition.quote.models import Quote
from order_core.acquisition.quote.rules import CURRENCIES
from order_core.errors import Invalid, NotFound
from order_core.issues.models import Issue
from order_core.kernel.actor import Actor
from order_core.parties.models import ContactPerson, Customer

PATH = "/orders/enquiries"
Values = Mapping[str, Any]
Choices = Sequence[tuple[str, str]]


def contacts(session: Session, case: Any) -> Choices:
    """The customer's people."""
    if case is None:
        return []
    rows = select(ContactPerson).where(ContactPerson.customer_id == case.customer_id).order_by(ContactPerson.id)
    return [(str(row.id), row.name) for row in session.scalars(rows)]


def _positions(_session: Session, enquiry: Enquiry) -> Choices:
    return [(str(row.position), f"{row.position} · {row.words[:60]}") for row in enquiry.requirements]


def _merged(_session: Session, enquiry: Enquiry) -> Choices:
    rows = [row for row in enquiry.requirements if row.merged_into_id is not None]
    return [(str(row.position), f"{row.position} · {row.words[:60]}") for row in rows]


def _others(session: Session, enquiry: Enquiry) -> Choices:
    """The customer's other requirements that may be the same."""
    rows = session.scalars(
        select(Requirement)
        .join(Enquiry, Enquiry.id == Requirement.enquiry_id)
        .where(Enquiry.customer_id == enquiry.customer_id, Enquiry.state.in_(rules.OPEN_STATES))
        .where(Requirement.merged_into_id.is_(None))
        .order_by(Requirement.id.desc())
        .limit(100)
    )
    return [(row.label, f"{row.label} · {row.words[:60]}") for row in rows]


def customer_called(session: Session, text: str) -> Customer:
    """The one customer with this number, or whose name contains the text in either script."""
    found = session.scalars(select(Customer).where(Customer.number == text)).first()
    if found is not None:
        return found
    rows = session.scalars(select(Customer).where(search.holds(Customer.name, text)).limit(2)).all()
    if len(rows) == 1:
        return rows[0]
    raise Invalid("enquiry.customer_many" if rows else "enquiry.customer", field="customer", clause="2.2.1-a")


def ticket_called(session: Session, number: str) -> Issue:
    """The helpdesk's ticket with this number."""
    found = session.scalars(select(Issue).where(Issue.number == number, Issue.kind == "ticket")).first()
    if found is None:
        raise Invalid("enquiry.ticket", field="ticket", clause="2.2.1-a")
    return found


def requirement_called(session: Session, label: str) -> Requirement:
    """The requirement with this label, e.g. ``EN26-00001/2``."""
    number, _, position = label.partition("/")
    enquiry = session.scalars(select(Enquiry).where(Enquiry.number == number)).first()
    found = enquiry.requirement(int(position)) if enquiry and position.isdecimal() and len(position) < 6 else None
    if found is None:
        raise NotFound("record.unknown", field="other", number=label)
    return found


def _open(session: Session, values: Values, by: Actor, at: datetime) -> Enquiry:
    ticket = ticket_called(session, values["ticket"]) if values["ticket"] else None
    customer = customer_called(session, values["customer"])
    told = _told(values, ticket, ticket.contact_id if ticket and ticket.customer_id == customer.id else None)
    return service.capture(session, customer_id=customer.id, told=told, by=by, at=at)


def _told(values: Values, ticket: Issue | None, contact_id: int | None) -> Told:
    return Told(values["channel"], values["told_on"], values["words"], contact_id, ticket)


def _add(session: Session, enquiry: Enquiry, values: Values, by: Actor, at: datetime) -> None:
    told = _told(values, None, int(values["contact"]) if values["contact"] else None)
    service.add(session, enquiry, told, by=by, at=at)


def _aspects(session: Session, enquiry: Enquiry, values: Values, by: Actor, at: datetime) -> None:
    said: dict[str, str | None] = {}
    for aspect in rules.ASPECTS:
        text, not_stated = values[aspect], values[f"{aspect}_not_stated"]
        if text and not_stated:
            raise Invalid("enquiry.stated_and_not", field=aspect, clause="2.2.1-b")
        if text or not_stated:
            said[aspect] = None if not_stated else text
    service.state_aspects(session, enquiry, int(values["requirement"]), said, by=by, at=at)


def _classify(session: Session, enquiry: Enquiry, values: Values, by: Actor, at: datetime) -> None:
    position, code, rank = int(values["requirement"]), values["class_code"], values["rank"]
    service.classify(session, enquiry, position, class_code=code, rank=rank, by=by, at=at)


def _refuse(session: Session, enquiry: Enquiry, values: Values, by: Actor, at: datetime) -> None:
    service.refuse(session, enquiry, int(values["requirement"]), values["refusal"], by=by, at=at)


def _pair(session: Session, enquiry: Enquiry, values: Values) -> tuple[Requirement, Requirement, int]:
    """The requirement of this enquiry, the other one, and how alike they are: computed here, not brought along."""
    one = enquiry.requirement(int(values["requirement"]))
    assert one is not None  # the field offers those that are there
    other = requirement_called(session, values["other"])
    return one, other, likeness(one.words, other.words)


def _merge(session: Session, enquiry: Enquiry, values: Values, by: Actor, at: datetime) -> None:
    kept, other, score = _pair(session, enquiry, values)
    merging.merge(session, kept, other, score=score, by=by, at=at)


def _differ(session: Session, enquiry: Enquiry, values: Values, by: Actor, at: datetime) -> None:
    one, other, score = _pair(session, enquiry, values)
    merging.differ(session, one, other, score=score, by=by, at=at)


def _part(session: Session, enquiry: Enquiry, values: Values, by: Actor, at: datetime) -> None:
    merged = enquiry.requirement(int(values["requirement"]))
    assert merged is not None
    merging.unmerge(session, merged, by=by, at=at)


def _complete(session: Session, enquiry: Enquiry, _values: Values, by: Actor, at: datetime) -> None:
    service.complete(session, enquiry, by=by, at=at)


def _rank(session: Session, enquiry: Enquiry, _values: Values, by: Actor, at: datetime) -> None:
    service.rank(session, enquiry, by=by, at=at)


def _answer(session: Session, enquiry: Enquiry, _values: Values, by: Actor, at: datetime) -> None:
    service.answer(session, enquiry, by=by, at=at)


def _drop(session: Session, enquiry: Enquiry, values: Values, by: Actor, at: datetime) -> None:
    service.drop(session, enquiry, values["reason"], by=by, at=at)


def _quote(session: Session, enquiry: Enquiry, values: Values, by: Actor, at: datetime) -> Quote:
    return quotes.draft(session, enquiry, currency=values["currency"], by=by, at=at)


def _sales(clause: str) -> Any:
    def may(_session: Session, _case: Any, by: Actor, _at: datetime) -> None:
        service.may(by, clause)

    return may


REQUIREMENT = Field("requirement", "choice", options=_positions)
OTHER = Field("other", "choice", options=_others)
TOLD = (
    Field("channel", "choice", options=rules.CHANNELS, labels="channel.enquiry", clause="2.2.1-a"),
    Field("told_on", "date", clause="2.2.1-a"),
    Field("words", "long", clause="2.2.1-a"),
)
ASPECTS = tuple(
    field
    for aspect in rules.ASPECTS
    for field in (Field(aspect, "long", required=False), Field(f"{aspect}_not_stated", "flag"))
)
OPEN = rules.OPEN_STATES

DESK = Desk(
    model=Enquiry,
    procedure=service.ENQUIRY,
    path=PATH,
    plural="enquiries",
    permission="order.act",
    opening=Opening(
        _open,
        (Field("customer", clause="2.2.1-a"), *TOLD, Field("ticket", required=False)),
        permission="enquiry.capture",
    ),
    deeds=(
        Deed("aspects", _aspects, (REQUIREMENT, *ASPECTS), states=("captured", "understood"), may=_sales("2.2.1-b")),
        Deed("complete", _complete, step="complete"),
        Deed(
            "classify",
            _classify,
            (
                REQUIREMENT,
                Field("class_code", "choice", options=rules.CLASSES, labels="enquiry_class", clause="2.2.2-a"),
                Field("rank", "choice", options=rules.RANKS, labels="enquiry_rank", clause="2.2.2-b"),
            ),
            states=OPEN,
            may=_sales("2.2.2-a"),
        ),
        Deed("rank", _rank, step="rank"),
        Deed("answer", _answer, step="answer"),
        Deed(
            "quote",
            _quote,
            (Field("currency", "choice", options=lambda _s, _c: [(code, code) for code in CURRENCIES]),),
            states=(*OPEN, "answered"),
            may=_sales("2.3.1-a"),
            then=lambda quote: f"/orders/quotes/{quote.number}",
        ),
        Deed("refuse_need", _refuse, (REQUIREMENT, Field("refusal", "long")), states=OPEN, may=_sales("2.2.2-b")),
        Deed(
            "add",
            _add,
            (*TOLD, Field("contact", "choice", required=False, options=contacts)),
            states=("captured",),
            may=_sales("2.2.1-a"),
        ),
        Deed("merge", _merge, (REQUIREMENT, OTHER), states=OPEN, may=_sales("2.2.2-a")),
        Deed("differ", _differ, (REQUIREMENT, OTHER), states=OPEN, may=_sales("2.2.2-a")),
        Deed("part", _part, (Field("requirement", "choice", options=_merged),), states=OPEN, may=_sales("2.2.2-a")),
        Deed("drop", _drop, (Field("reason", "long", clause="2.2.2-a"),), step="drop"),
    ),
)


def about(session: Session, text: str) -> Any:
    """Enquiries whose number, customer or requirements contain the text, in either Chinese script."""
    customers = select(Customer.id).where(or_(search.holds(Customer.name, text), Customer.number == text))
    told = select(Requirement.enquiry_id).where(search.holds(Requirement.words, text))
    return or_(
        Enquiry.number.icontains(text, autoescape=True), Enquiry.customer_id.in_(customers), Enquiry.id.in_(told)
    )
