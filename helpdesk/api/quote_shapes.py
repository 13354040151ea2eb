"""How enquiries and quotes look outside; what a price rests on only where ``priced``."""

from typing import Any

from sqlalchemy.orm import Session

from helpdesk.api.shapes import instant
from order_core.acquisition.enquiry.models import Enquiry, Requirement
from order_core.acquisition.quote import queries, terms
from order_core.acquisition.quote.models import NegotiationRound, Quote, QuoteLine

Row = dict[str, Any]


def enquiry(row: Enquiry) -> Row:
    return {
        "number": row.number,
        "state": row.state,
        "version": row.version,
        "customer_id": row.customer_id,
        "owner_id": row.owner_id,
        "opened_at": instant(row.opened_at),
        "changed_at": instant(row.changed_at),
        "requirements": [requirement(one) for one in row.requirements],
    }


def requirement(row: Requirement) -> Row:
    return {
        "id": row.id,
        "label": row.label,
        "position": row.position,
        "channel": row.channel,
        "told_on": row.told_on.isoformat(),
        "words": row.words,
        "contact_id": row.contact_id,
        "ticket_id": row.ticket_id,
        "aspects": row.aspects,
        "class_code": row.class_code,
        "rank": row.rank,
        "merged_into_id": row.merged_into_id,
        "refusal": row.refusal,
    }


def quote(row: Quote, *, priced: bool) -> Row:
    return {
        "number": row.number,
        "state": row.state,
        "version": row.version,
        "revision": row.revision,
        "enquiry_id": row.enquiry_id,
        "customer_id": row.customer_id,
        "currency": row.currency,
        "valid_until": row.valid_until.isoformat(),
        "payment_terms": row.payment_terms,
        "service_terms": row.service_terms,
        "sent_at": instant(row.sent_at),
        "lost_reason": row.lost_reason,
        "changed_at": instant(row.changed_at),
        "lines": [line(one, priced=priced) for one in row.lines],
    }


def line(row: QuoteLine, *, priced: bool) -> Row:
    shown: Row = {
        "position": row.position,
        "model": row.model_code,
        "specification": row.specification,
        "quantity": row.quantity,
        "computed_on": row.computed_on.isoformat() if row.computed_on else None,
        "typed_on": row.typed_on.isoformat() if row.typed_on else None,
        "promise": row.trace,
        "answers": [answer.requirement_id for answer in row.answers],
    }
    if priced:
        shown["unit_price"] = row.unit_price
        shown["inputs"] = [
            {
                "kind": given.kind,
                "amount": given.amount,
                "words": given.words,
                "as_of": given.as_of.isoformat(),
                "source": given.source,
            }
            for given in row.inputs
        ]
    return shown


def whole_quote(session: Session, row: Quote, *, priced: bool) -> Row:
    standing = queries.standing(session, row)
    shown = [key for key in sorted(standing) if priced or key[0] not in terms.CONFIDENTIAL]
    return {
        **quote(row, priced=priced),
        "terms": [
            {
                "term": term,
                "line": number or None,
                "opened": standing[term, number].opened,
                "current": standing[term, number].current,
                "agreed": standing[term, number].agreed,
            }
            for term, number in shown
        ],
        "rounds": [talk(held, priced=priced) for held in queries.rounds(session, row)],
        "revisions": [
            {"revision": sent.revision, "digest": sent.digest, "frozen_at": instant(sent.frozen_at)}
            | ({"content": sent.content} if priced else {})
            for sent in queries.revisions(session, row)
        ],
    }


def talk(row: NegotiationRound, *, priced: bool) -> Row:
    changes = [change for change in row.changes if priced or change["term"] not in terms.CONFIDENTIAL]
    return {
        "number": row.number,
        "kind": row.kind,
        "revision": row.revision,
        "held_on": row.on.isoformat(),
        "ours": row.ours,
        "theirs": row.theirs,
        "changes": changes,
        "next_step": row.next_step,
        "next_on": row.next_on.isoformat() if row.next_on else None,
    }
