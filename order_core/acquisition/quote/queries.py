"""Reads of quotes: what was sent, where the terms stand, what a price earns, the board and the figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.acquisition.days import house_day
from order_core.acquisition.enquiry.models import Enquiry
from order_core.acquisition.quote import rules, terms
from order_core.acquisition.quote.figures import Facts
from order_core.acquisition.quote.models import NegotiationRound, Quote, QuoteLine, QuoteRevision
from order_core.acquisition.quote.rules import Priced
from order_core.acquisition.quote.terms import Key, Standing, Value

WRITTEN = ("draft", "approved")
"""States in which the lines, not the last revision that was sent, say what is offered."""
RUNNING = ("approved", "sent", "negotiating")
"""States that end by themselves when the validity is over."""
COUNTED = 500
"""How many of the newest quotes the figures look at."""


def revisions(session: Session, quote: Quote) -> Sequence[QuoteRevision]:
    """What went out, the first revision first."""
    return session.scalars(
        select(QuoteRevision).where(QuoteRevision.quote_id == quote.id).order_by(QuoteRevision.revision)
    ).all()


def rounds(session: Session, quote: Quote) -> Sequence[NegotiationRound]:
    """The rounds held, the first first."""
    return session.scalars(
        select(NegotiationRound).where(NegotiationRound.quote_id == quote.id).order_by(NegotiationRound.number)
    ).all()


def terms_of(content: Mapping[str, Any]) -> dict[Key, Value]:
    """The terms that a frozen revision offers."""
    found: dict[Key, Value] = {
        (terms.PAYMENT, 0): content["payment_terms"],
        (terms.SERVICE, 0): content["service_terms"],
    }
    for line in content["lines"]:
        at = line["position"]
        found |= {
            (terms.PRICE, at): line["unit_price"],
            (terms.DELIVERY, at): line["due_on"],
            (terms.SPECIFICATION, at): line["specification"],
            (terms.VOLUME, at): line["quantity"],
        }
    return found


@dataclass(frozen=True)
class Talks:
    """What was said of a quote: the first revision that went out (None: nothing yet), and the rounds since."""

    first: QuoteRevision | None
    rounds: Sequence[NegotiationRound]

    @property
    def standing(self) -> dict[Key, Standing]:
        """Where each term stands: what the first revision opened with, and what the rounds made of it. Empty unsent."""
        if self.first is None:
            return {}
        return terms.fold(terms_of(self.first.content), (terms.load(row.changes) for row in self.rounds))


def talks(session: Session, quotes: Sequence[Quote]) -> dict[int, Talks]:
    """The talks about each of these quotes (by id), in two queries."""
    ids = [quote.id for quote in quotes]
    first: dict[int, QuoteRevision] = {}
    for revision in session.scalars(
        select(QuoteRevision).where(QuoteRevision.quote_id.in_(ids)).order_by(QuoteRevision.revision.desc())
    ):
        first[revision.quote_id] = revision
    held: dict[int, list[NegotiationRound]] = {}
    for row in session.scalars(
        select(NegotiationRound).where(NegotiationRound.quote_id.in_(ids)).order_by(NegotiationRound.number)
    ):
        held.setdefault(row.quote_id, []).append(row)
    return {key: Talks(first.get(key), held.get(key, [])) for key in ids}


def standing(session: Session, quote: Quote) -> dict[Key, Standing]:
    """Where each term of a quote stands; empty before anything was sent."""
    return talks(session, [quote])[quote.id].standing


def priced(session: Session, quote: Quote) -> list[Priced]:
    """The lines at the prices and volumes that are on the table now."""
    return on_the_table(quote, {} if quote.state in WRITTEN else standing(session, quote))


def on_the_table(quote: Quote, now: Mapping[Key, Standing]) -> list[Priced]:
    """The lines at the terms as they stand, or as they are written where nothing else is said."""
    return [line.priced() if quote.state in WRITTEN else _at(line, now) for line in quote.lines]


def _at(line: QuoteLine, now: Mapping[Key, Standing]) -> Priced:
    price, volume = now.get((terms.PRICE, line.position)), now.get((terms.VOLUME, line.position))
    return line.priced(int(price.current) if price else None, int(volume.current) if volume else None)


def board(session: Session, *, limit: int = 200) -> Sequence[Quote]:
    """Quotes, the latest change first."""
    return session.scalars(select(Quote).order_by(Quote.changed_at.desc(), Quote.id.desc()).limit(limit)).all()


def of_enquiry(session: Session, enquiry: Enquiry) -> Sequence[Quote]:
    """The quotes made for an enquiry, the newest first."""
    return session.scalars(select(Quote).where(Quote.enquiry_id == enquiry.id).order_by(Quote.id.desc())).all()


def overdue(session: Session, *, at: datetime, limit: int = 200) -> Sequence[Quote]:
    """Quotes whose last day is over and that have not expired yet; whoever else is at one of them is left to it."""
    return session.scalars(
        select(Quote)
        .where(Quote.state.in_(RUNNING), Quote.valid_until < house_day(at))
        .order_by(Quote.valid_until, Quote.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()


def facts(session: Session) -> list[Facts]:
    """The newest quotes as the figures see them."""
    rows = session.execute(
        select(Quote, Enquiry.opened_at)
        .join(Enquiry, Enquiry.id == Quote.enquiry_id)
        .order_by(Quote.id.desc())
        .limit(COUNTED)
    ).all()
    said = talks(session, [quote for quote, _ in rows])
    return [_facts(quote, asked, said[quote.id]) for quote, asked in rows]


def _facts(quote: Quote, asked: datetime, said: Talks) -> Facts:
    dated = [line for line in quote.lines if line.computed_on is not None]
    return Facts(
        state=quote.state,
        asked_at=asked,
        sent_at=quote.sent_at,
        position=_position(said.first) if said.first else None,
        given_way_bp=terms.given_way_bp(said.standing) if quote.state == "won" else None,
        computed=sum(line.typed_on is None for line in dated),
        lines=len(dated),
        told_after=tuple((house_day(row.at) - row.on).days for row in said.rounds if row.kind == "talk"),
    )


def _position(first: QuoteRevision) -> str:
    """The whole of the first offer against the market's prices for it."""
    market = {line["position"]: line["market"] for line in first.build_up["lines"]}
    lines = first.content["lines"]
    price = sum(line["quantity"] * line["unit_price"] for line in lines)
    return rules.position(price, sum(line["quantity"] * market[line["position"]] for line in lines))
