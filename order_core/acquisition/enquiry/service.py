"""Enquiries: captured by channel, understood in four aspects, classified and ranked, answered or dropped (2.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from order_core.acquisition.days import house_day
from order_core.acquisition.enquiry import queries, rules
from order_core.acquisition.enquiry.models import Enquiry, Requirement
from order_core.errors import Conflict, Forbidden, Invalid
from order_core.issues.models import Issue
from order_core.kernel.actor import Actor
from order_core.kernel.case import Procedure, Step, note
from order_core.kernel.notice import tell
from order_core.parties.models import ContactPerson, Customer
from order_core.rulebook.handover import hand_over
from order_core.rulebook.machines import machine

SALES = "SAL"


@dataclass(frozen=True)
class Told:
    """A need as it came in. ``on``: the day on which it was said; ``ticket``: where it came from the helpdesk."""

    channel: str
    on: date
    words: str
    contact_id: int | None = None
    ticket: Issue | None = None


def _aspects_filled(step: Step) -> None:
    for need in queries.needs(step.session, step.case):
        _understood(need.requirement)


def _understood(requirement: Requirement) -> None:
    """The four aspects are filled or not stated before anything is classified (2.2.1-b)."""
    missing = rules.unfilled(requirement.aspects)
    if missing:
        label = requirement.label
        raise Invalid(f"enquiry.aspect.{missing[0]}", field=missing[0], clause="2.2.1-b", requirement=label)


def _requirements_ranked(step: Step) -> None:
    _aspects_filled(step)
    for need in queries.needs(step.session, step.case):
        label = need.requirement.label
        if need.requirement.class_code is None:
            raise Invalid("enquiry.class", field="class_code", clause="2.2.2-a", requirement=label)
        if need.rank is None:
            raise Invalid("enquiry.rank", field="rank", clause="2.2.2-b", requirement=label)


def _key_needs_answered(step: Step) -> None:
    left = queries.unanswered(step.session, queries.needs(step.session, step.case))
    if left:
        raise Conflict(
            "enquiry.unanswered", field="requirement", clause="2.2.2-b", requirement=left[0].requirement.label
        )


def _reason_given(step: Step) -> None:
    if not str(step.data.get("reason") or "").strip():
        raise Invalid("enquiry.reason", field="reason", clause="2.2.2-a")
    own = {row.id for row in step.case.requirements}
    held = {row.enquiry.number for own_row in step.case.requirements
            for row in queries.members(step.session, own_row) if row.id not in own}  # fmt: skip
    if held:
        raise Conflict("enquiry.kept_for", field="reason", clause="2.2.2-a", number=min(held))
    offered = queries.running_quotes(step.session, step.case)
    if offered:
        raise Conflict("enquiry.quoted", field="reason", clause="2.2.2-a", number=offered[0])


ENQUIRY = Procedure(
    machine("Enquiry"),
    conditions={
        "aspects_filled": _aspects_filled,
        "requirements_ranked": _requirements_ranked,
        "key_needs_answered": _key_needs_answered,
        "reason_given": _reason_given,
    },
)


def capture(session: Session, *, customer_id: int, told: Told, by: Actor, at: datetime) -> Enquiry:
    """A new enquiry with its first requirement. Other departments may only bring what came as a ticket (2.2.1-a)."""
    enquiry = Enquiry(customer_id=customer_id)
    requirement = _requirement(session, enquiry, told, by=by, at=at)
    enquiry.owner_id = by.id if by.department == SALES else None
    data = {"channel": told.channel, "ticket": told.ticket.number if told.ticket else None}
    ENQUIRY.open(session, enquiry, series="EN", by=by, at=at, clauses=("2.2.1-a",), data=data)
    _link(session, requirement, told, by=by, at=at)
    if by.department != SALES:
        params = {"number": enquiry.number}
        tell(session, key="enquiry.captured", at=at, about=enquiry, department=SALES, everyone=True, params=params)
    return enquiry


def add(session: Session, enquiry: Enquiry, told: Told, *, by: Actor, at: datetime) -> Requirement:
    """One more requirement, as long as the enquiry is being captured."""
    _in_state(enquiry, "captured", clause="2.2.1-a")
    requirement = _requirement(session, enquiry, told, by=by, at=at)
    session.flush()
    _link(session, requirement, told, by=by, at=at)
    _noted(session, requirement, "requirement_added", by=by, at=at, clause="2.2.1-a", channel=told.channel)
    return requirement


def _requirement(session: Session, enquiry: Enquiry, told: Told, *, by: Actor, at: datetime) -> Requirement:
    """What was told, as a row of the enquiry, once channel, customer, day and words are there."""
    if told.channel not in rules.CHANNELS:
        raise Invalid("enquiry.channel", field="channel", clause="2.2.1-a", allowed=", ".join(rules.CHANNELS))
    if by.department != SALES and told.ticket is None:
        raise Forbidden("enquiry.ticket_only", field="ticket", clause="2.2.1-a")
    if (told.channel == rules.FROM_TICKET) != (told.ticket is not None):
        raise Invalid("enquiry.ticket_channel", field="ticket", clause="2.2.1-a")
    if not told.words.strip():
        raise Invalid("enquiry.words", field="words", clause="2.2.1-a")
    if told.on > house_day(at):
        raise Invalid("enquiry.told_on", field="told_on", clause="2.2.1-a")
    _check_people(session, enquiry.customer_id, told)
    requirement = Requirement(
        position=len(enquiry.requirements) + 1,
        channel=told.channel,
        told_on=told.on,
        words=told.words.strip(),
        contact_id=told.contact_id,
        ticket_id=told.ticket.id if told.ticket else None,
    )
    enquiry.requirements.append(requirement)
    return requirement


def _check_people(session: Session, customer_id: int, told: Told) -> None:
    """The customer is known, the contact person is his, the ticket is his and has not been used before."""
    if session.get(Customer, customer_id) is None:
        raise Invalid("enquiry.customer", field="customer", clause="2.2.1-a")
    contact = session.get(ContactPerson, told.contact_id) if told.contact_id else None
    if told.contact_id and (contact is None or contact.customer_id != customer_id):
        raise Invalid("enquiry.contact", field="contact", clause="2.2.1-a")
    if told.ticket is None:
        return
    if told.ticket.customer_id not in (None, customer_id):
        raise Invalid("enquiry.ticket_customer", field="customer", clause="2.2.1-a", number=told.ticket.number)
    used = queries.of_ticket(session, told.ticket.id)
    if used is not None:
        raise Conflict(
            "enquiry.ticket_used", field="ticket", clause="2.2.1-a", number=told.ticket.number, requirement=used.label
        )


def _link(session: Session, requirement: Requirement, told: Told, *, by: Actor, at: datetime) -> None:
    """The ticket's journal says what it was turned into; the requirement keeps the ticket."""
    if told.ticket is not None:
        data = {"requirement": requirement.label}
        note(session, told.ticket, "became_requirement", by=by, at=at, data=data, clauses=("2.2.1-a",))


def state_aspects(
    session: Session, enquiry: Enquiry, position: int, aspects: Mapping[str, str | None], *, by: Actor, at: datetime
) -> None:
    """What the customer said of some aspects; None: "not stated by customer". The others stay as they are."""
    requirement = _own(enquiry, position, by, "2.2.1-b", "captured", "understood")
    unknown = set(aspects) - set(rules.ASPECTS)
    if unknown:
        raise Invalid("enquiry.aspect", field="aspect", clause="2.2.1-b", allowed=", ".join(rules.ASPECTS))
    cleaned = {name: text.strip() if text is not None else None for name, text in aspects.items()}
    requirement.aspects = {**requirement.aspects, **cleaned}
    enquiry.owner_id = enquiry.owner_id or by.id
    _noted(session, requirement, "aspects_stated", by=by, at=at, clause="2.2.1-b", aspects=sorted(aspects))


def classify(
    session: Session, enquiry: Enquiry, position: int, *, class_code: str, rank: str, by: Actor, at: datetime
) -> None:
    """A class from the agreed list, and whether the need is key or secondary, once it is understood (2.2.1-b)."""
    requirement = _own(enquiry, position, by, "2.2.2-a", *rules.OPEN_STATES)
    if class_code not in rules.CLASSES:
        raise Invalid("enquiry.class_unknown", field="class_code", clause="2.2.2-a", allowed=", ".join(rules.CLASSES))
    if rank not in rules.RANKS:
        raise Invalid("enquiry.rank_unknown", field="rank", clause="2.2.2-b", allowed=", ".join(rules.RANKS))
    _understood(queries.root(session, requirement))
    requirement.class_code, requirement.rank = class_code, rank
    _noted(session, requirement, "need_classified", by=by, at=at, clause="2.2.2-a", class_code=class_code, rank=rank)


def refuse(session: Session, enquiry: Enquiry, position: int, refusal: str, *, by: Actor, at: datetime) -> None:
    """Say in writing why a need is not answered by a quote; the customer reads it (2.2.2-b)."""
    requirement = _own(enquiry, position, by, "2.2.2-b", *rules.OPEN_STATES)
    if not refusal.strip():
        raise Invalid("enquiry.refusal", field="refusal", clause="2.2.2-b")
    requirement.refusal = refusal.strip()
    _noted(session, requirement, "need_refused", by=by, at=at, clause="2.2.2-b")


def complete(session: Session, enquiry: Enquiry, *, by: Actor, at: datetime) -> None:
    """It is understood: four aspects of each requirement are filled or not stated."""
    ENQUIRY.advance(session, enquiry, "complete", by=by, at=at)
    enquiry.owner_id = enquiry.owner_id or by.id


def rank(session: Session, enquiry: Enquiry, *, by: Actor, at: datetime) -> None:
    """Every requirement has class and rank; R&D and production hear of key technical needs."""
    ENQUIRY.advance(session, enquiry, "rank", by=by, at=at)
    wanted = queries.needs(session, enquiry)
    if any(n.rank == rules.KEY and n.requirement.class_code in rules.TECHNICAL for n in wanted):
        for department in ("RND", "PRO"):
            hand_over(session, enquiry, to=department, key="enquiry.key_need", at=at)


def answer(session: Session, enquiry: Enquiry, *, by: Actor, at: datetime) -> None:
    """Each key need has a line of a sent quote or a written refusal."""
    ENQUIRY.advance(session, enquiry, "answer", by=by, at=at)


def drop(session: Session, enquiry: Enquiry, reason: str, *, by: Actor, at: datetime) -> None:
    """Nothing will come of it, for a reason."""
    ENQUIRY.advance(session, enquiry, "drop", by=by, at=at, data={"reason": reason})


def _own(enquiry: Enquiry, position: int, by: Actor, clause: str, *states: str) -> Requirement:
    """The requirement at a position, for sales, in one of these states."""
    requirement = enquiry.requirement(position)
    if requirement is None:
        raise Invalid("enquiry.requirement", field="requirement", clause=clause, position=position)
    may(by, clause)
    _in_state(enquiry, *states, clause=clause)
    return requirement


def may(by: Actor, clause: str) -> None:
    """What is done to requirements is the sales department's."""
    if by.kind != "person" or by.department != SALES:
        raise Forbidden("enquiry.sales_only", clause=clause)


def _in_state(enquiry: Enquiry, *states: str, clause: str) -> None:
    if enquiry.state not in states:
        raise Conflict("enquiry.too_late", clause=clause, number=enquiry.number)


def _noted(
    session: Session, requirement: Requirement, what: str, *, by: Actor, at: datetime, clause: str, **data: object
) -> None:
    requirement.enquiry.changed_at = at  # a form read before this is stale
    session.flush()
    data = {"requirement": requirement.position, **data}
    note(session, requirement.enquiry, what, by=by, at=at, data=data, clauses=(clause,))
