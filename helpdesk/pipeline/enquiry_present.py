"""Enquiries as their pages show them: aspects as four marks, needs with what answers them, two texts side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.pipeline.likeness import differing
from helpdesk.tickets.present import label, names_of
from order_core.acquisition.enquiry import queries, rules
from order_core.acquisition.enquiry.models import Enquiry, Requirement
from order_core.acquisition.enquiry.queries import Need
from order_core.acquisition.enquiry.rules import Candidate
from order_core.acquisition.quote import queries as quotes
from order_core.issues.models import Issue
from order_core.parties.models import ContactPerson, Customer

Row = dict[str, Any]
STATES = ("captured", "understood", "classified", "answered", "dropped")
ICONS = {"function": "wrench", "quality": "badge-check", "price": "coins", "time": "calendar-clock"}


def customers(session: Session, rows: Sequence[Any]) -> dict[int, Customer]:
    """The customers of cases, by id: one query."""
    ids = {row.customer_id for row in rows}
    return {c.id: c for c in session.scalars(select(Customer).where(Customer.id.in_(ids)))}


def grouped(session: Session, found: Sequence[Enquiry]) -> list[Row]:
    """Enquiries by state, as the list shows them."""
    known = customers(session, found)
    rows = [summary(enquiry, known[enquiry.customer_id]) for enquiry in found]
    groups = [
        {"state": state, "label": label("state.Enquiry", state), "rows": [r for r in rows if r["state"] == state]}
        for state in STATES
    ]
    return [group for group in groups if group["rows"]]


def summary(enquiry: Enquiry, customer: Customer) -> Row:
    """A line of the list."""
    first = enquiry.requirements[0]
    return {
        "number": enquiry.number,
        "href": f"/orders/enquiries/{enquiry.number}",
        "customer": customer.name,
        "state": enquiry.state,
        "state_label": label("state.Enquiry", enquiry.state),
        "subject": first.words,
        "count": len(enquiry.requirements),
        "channel": gettext(f"channel.enquiry.{first.channel}"),
        "told_on": first.told_on,
        "aspects": marks([row.aspects for row in enquiry.requirements if row.merged_into_id is None]),
        "key": sum(row.rank == rules.KEY for row in enquiry.requirements),
        "changed_at": enquiry.changed_at,
    }


def marks(found: Sequence[Mapping[str, Any]]) -> list[Row]:
    """The four aspects: ``filled``, ``unstated`` or ``open``; of several requirements the least complete counts."""
    return [_mark(aspect, [_standing(aspects, aspect) for aspects in found]) for aspect in rules.ASPECTS]


def _standing(aspects: Mapping[str, Any], aspect: str) -> str:
    if aspect in rules.unfilled(aspects):
        return "open"
    return "unstated" if aspects[aspect] is None else "filled"


def _mark(aspect: str, standing: Sequence[str]) -> Row:
    kind = next((kind for kind in ("open", "unstated") if kind in standing), "filled")
    return {
        "aspect": aspect,
        "icon": ICONS[aspect],
        "label": gettext(f"aspect.{aspect}"),
        "kind": kind,
        "said": gettext(f"aspect.is.{kind}"),
    }


def requirements(session: Session, enquiry: Enquiry) -> list[Row]:
    """The requirements of an enquiry with their aspects, links and what answers them."""
    found = queries.needs(session, enquiry)
    answered = queries.answered(session, {row for need in found for row in need.ids})
    of = {row.id: need for need in found for row in need.members}
    return [_requirement(session, row, of[row.id], answered) for row in enquiry.requirements]


def _requirement(session: Session, row: Requirement, need: Need, answered: set[int]) -> Row:
    contact = session.get(ContactPerson, row.contact_id) if row.contact_id else None
    ticket = session.get(Issue, row.ticket_id) if row.ticket_id else None
    kept = need.requirement if need.requirement is not row else None
    return {
        "id": row.id,
        "position": row.position,
        "label": row.label,
        "words": row.words,
        "channel": gettext(f"channel.enquiry.{row.channel}"),
        "told_on": row.told_on,
        "contact": contact.name if contact else "",
        "ticket": ticket.number if ticket else "",
        "aspects": [{**mark, "text": row.aspects.get(mark["aspect"]) or ""} for mark in marks([row.aspects])],
        "class_label": label("enquiry_class", row.class_code),
        "class_code": row.class_code,
        "rank": row.rank,
        "rank_label": label("enquiry_rank", row.rank),
        "refusal": row.refusal,
        "answered": bool(need.ids & answered),
        "kept": _link(kept) if kept else None,
        "merged": [_link(other) | {"words": other.words} for other in need.members if other is not row and not kept],
    }


def _link(row: Requirement) -> Row:
    return {"label": row.label, "href": f"/orders/enquiries/{row.enquiry.number}"}


def pairs(session: Session, found: Sequence[tuple[Requirement, Requirement, Candidate]]) -> list[Row]:
    """Proposed duplicates side by side, the words that only one of them has marked."""
    known = customers(session, [one.enquiry for one, _, _ in found])
    return [
        {
            "customer": known[one.enquiry.customer_id].name,
            "score": candidate.score,
            "kept": _side(one, other),
            "other": _side(other, one),
            "enquiry": one.enquiry,
        }
        for one, other, candidate in found
    ]


def _side(row: Requirement, other: Requirement) -> Row:
    return {
        **_link(row),
        "position": row.position,
        "pieces": differing(row.words, other.words),
        "channel": gettext(f"channel.enquiry.{row.channel}"),
        "told_on": row.told_on,
    }


def merges(session: Session, enquiry: Enquiry) -> list[Row]:
    """Who merged what, and who took it back."""
    rows = queries.merges(session, enquiry)
    people = {row.by_id for row in rows} | {row.undone_by for row in rows}
    names = names_of(session, {one for one in people if one is not None})
    return [
        {
            "one": session.get_one(Requirement, row.one_id).label,
            "other": session.get_one(Requirement, row.other_id).label,
            "score": row.score,
            "who": names.get(row.by_id or 0, ""),
            "at": row.at,
            "undone_by": names.get(row.undone_by or 0, ""),
            "undone_at": row.undone_at,
        }
        for row in rows
    ]


def quotes_of(session: Session, enquiry: Enquiry) -> list[Row]:
    """The quotes made for an enquiry."""
    return [
        {
            "number": quote.number,
            "href": f"/orders/quotes/{quote.number}",
            "state": quote.state,
            "state_label": label("state.Quote", quote.state),
            "revision": quote.revision,
        }
        for quote in quotes.of_enquiry(session, enquiry)
    ]
