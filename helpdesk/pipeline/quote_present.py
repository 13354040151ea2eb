"""Quotes as board and page show them; what a price rests on is shown to those who may read quotes alone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.pipeline.enquiry_present import customers
from helpdesk.pipeline.quote_words import money, percent
from helpdesk.tickets.present import label, names_of, span
from order_core.acquisition.days import house_day
from order_core.acquisition.enquiry import queries as enquiries
from order_core.acquisition.enquiry.models import Enquiry
from order_core.acquisition.quote import queries, rules, steps
from order_core.acquisition.quote.figures import POSITIONS, Share, figures
from order_core.acquisition.quote.models import Quote
from order_core.acquisition.quote.queries import Talks
from order_core.kernel.journal import NOTE_PREFIX, JournalEntry
from order_core.kernel.notice import Notice
from order_core.parties.models import Customer

Row = dict[str, Any]
BOARD = (
    ("draft", ("draft",)),
    ("approved", ("approved",)),
    ("sent", ("sent",)),
    ("negotiating", ("negotiating",)),
    ("won", ("won",)),
    ("over", ("lost", "expired")),
)
"""Columns of the board and the states in each."""
SOON_DAYS = 5
"""With so many days left an offer is about to be over."""


def board(session: Session, found: Sequence[Quote], *, at: datetime, priced: bool) -> list[Row]:
    """Quotes by state; prices and margin bands only where ``priced``."""
    known, said = customers(session, found), queries.talks(session, found) if priced else {}
    floor = steps.floor_bp(session, at) if priced else None
    cards = [card(quote, known[quote.customer_id], said.get(quote.id), at=at, floor=floor) for quote in found]
    return [
        {"key": key, "label": gettext(f"quotes.column.{key}"), "quotes": [c for c in cards if c["state"] in states]}
        for key, states in BOARD
    ]


def card(quote: Quote, customer: Customer, said: Talks | None, *, at: datetime, floor: int | None) -> Row:
    """What board and page show of a quote.

    ``said``: the talks about it; ``floor``: under margins, in basis points, None: prices are not for this reader.
    """
    shown = {
        "number": quote.number,
        "href": f"/orders/quotes/{quote.number}",
        "customer": customer.name,
        "state": quote.state,
        "state_label": label("state.Quote", quote.state),
        "revision": quote.revision,
        "lines": [{"model": line.model_code, "quantity": line.quantity} for line in quote.lines],
        "valid_until": quote.valid_until,
        "left": _left(quote, at),
        "band": "",
        "total": "",
    }
    earning = _earning(quote, said, floor) if said is not None and floor is not None and quote.lines else {}
    return shown | earning


def _left(quote: Quote, at: datetime) -> Row | None:
    """How long the offer is still good for, while that matters."""
    if quote.state not in ("draft", *queries.RUNNING):
        return None
    days = (quote.valid_until - house_day(at)).days
    kind = "over" if days < 0 else "soon" if days <= SOON_DAYS else "left"
    return {"kind": kind, "days": days, "label": gettext(f"quote.validity.{kind}", n=abs(days))}


def _earning(quote: Quote, said: Talks, floor: int) -> Row:
    """Total, margin and band, as things stand."""
    lines = queries.on_the_table(quote, said.standing)
    whole, band = rules.total(lines), rules.band(lines, floor)
    return {
        "total": money(whole.price, quote.currency),
        "margin": percent(rules.margin_bp(whole.price, whole.cost)),
        "band": band,
        "band_label": gettext(f"quote.band.{band}"),
    }


def of_the_margin(entry: JournalEntry) -> bool:
    """Whether an entry says how the margin is: that it was signed for, or kept a step from being taken."""
    data = entry.data or {}
    about = str(data.get("code", "")).startswith("quote.margin") or data.get("deed") in ("ask_signature", "sign_margin")
    return about or entry.step == f"{NOTE_PREFIX}margin_submitted"


def needs(session: Session, quote: Quote) -> list[Row]:
    """The needs of the enquiry and what this quote says to each."""
    covered = {answer.requirement_id: line.position for line in quote.lines for answer in line.answers}
    rows = []
    for need in enquiries.needs(session, session.get_one(Enquiry, quote.enquiry_id)):
        line = next((covered[row] for row in sorted(need.ids) if row in covered), None)
        standing = "line" if line else "refused" if need.refused else "open"
        rows.append({
            "label": need.requirement.label,
            "words": need.requirement.words,
            "rank": need.rank,
            "rank_label": label("enquiry_rank", need.rank) or gettext("enquiry.unranked"),
            "standing": standing,
            "said": gettext(f"quote.need.{standing}", line=line or ""),
        })  # fmt: skip
    return rows


def told(session: Session, quote: Quote) -> list[Row]:
    """Which departments were told of changed terms, and whether they have read it (2.3.2-c)."""
    rows = session.scalars(
        select(Notice)
        .where(Notice.about_kind == "Quote", Notice.about_id == quote.id, Notice.key.startswith("quote.changed."))
        .order_by(Notice.id.desc())
    ).all()
    names = names_of(session, {row.acknowledged_by for row in rows if row.acknowledged_by is not None})
    return [
        {
            "term": gettext(f"term.{row.key.removeprefix('quote.changed.')}"),
            "department": label("department", row.to_department),
            "at": row.created_at,
            "due_at": row.due_at,
            "read_at": row.acknowledged_at,
            "read_by": names.get(row.acknowledged_by or 0, ""),
            "escalated": row.escalated_at is not None and row.acknowledged_at is None,
        }
        for row in rows
    ]


def figures_of(session: Session, *, priced: bool) -> list[Row]:
    """What quotes come to: a bar for each share, a plain number for the rest; prices only where ``priced``."""
    found = figures(queries.facts(session))
    rows = [_share("won", found.won), _share("computed", found.computed)]
    if priced:
        rows += [_share(f"place.{place}", found.by_position[place]) for place in POSITIONS]
        rows.append(_number("given_way", percent(found.given_way_bp)))
    lead = span(timedelta(seconds=found.lead_seconds)) if found.lead_seconds is not None else ""
    rows.append(_number("lead", lead))
    rows.append(
        _number("told_after", gettext("quote.days", n=found.told_after) if found.told_after is not None else "")
    )
    return rows


def _share(key: str, share: Share) -> Row:
    return {
        "label": gettext(f"quotes.figure.{key}"),
        "bar": None if share.bp is None else share.bp / 100,
        "value": "" if share.bp is None else f"{share.bp / 100:.0f} %",
        "of": gettext("quotes.figure.of", part=share.part, whole=share.whole) if share.whole else "",
    }


def _number(key: str, value: str) -> Row:
    return {"label": gettext(f"quotes.figure.{key}"), "bar": None, "value": value, "of": ""}
