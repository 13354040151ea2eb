"""Reads of enquiries: which requirements stand, which are answered, which two may be one."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.acquisition.enquiry import rules
from order_core.acquisition.enquiry.models import Enquiry, PairVerdict, Requirement
from order_core.acquisition.enquiry.rules import Candidate, Likeness
from order_core.acquisition.quote.models import LineAnswer, Quote, QuoteLine
from order_core.rulebook.inforce import book

COMPARED = 400
"""How many of the newest open requirements are compared; each only with those of its customer."""


def root(session: Session, requirement: Requirement) -> Requirement:
    """The requirement that stands for this one: itself unless it was merged."""
    while requirement.merged_into_id is not None:
        requirement = session.get_one(Requirement, requirement.merged_into_id)
    return requirement


def members(session: Session, requirement: Requirement) -> list[Requirement]:
    """A requirement with all that were merged into it, itself first."""
    found, todo = [requirement], [requirement.id]
    while todo:
        merged = session.scalars(
            select(Requirement).where(Requirement.merged_into_id.in_(todo)).order_by(Requirement.id)
        ).all()
        found += merged
        todo = [row.id for row in merged]
    return found


@dataclass(frozen=True)
class Need:
    """What stands for one or more requirements; ``rank``: key as soon as one of them is."""

    requirement: Requirement
    members: tuple[Requirement, ...]
    rank: str | None

    @property
    def refused(self) -> bool:
        """Whether one of them has a written refusal."""
        return any(row.refusal for row in self.members)

    @property
    def ids(self) -> frozenset[int]:
        return frozenset(row.id for row in self.members)


def needs(session: Session, enquiry: Enquiry) -> list[Need]:
    """What an enquiry asks for, each need once, whatever was merged into what."""
    roots = {found.id: found for row in enquiry.requirements for found in (root(session, row),)}
    groups = [(standing, tuple(members(session, standing))) for standing in roots.values()]
    return [Need(standing, rows, rules.rank_of(row.rank for row in rows)) for standing, rows in groups]


def answered(session: Session, requirements: Collection[int]) -> set[int]:
    """Those of the requirements (ids) that a line of a quote answers which the customer has been sent."""
    return set(
        session.scalars(
            select(LineAnswer.requirement_id)
            .join(QuoteLine, QuoteLine.id == LineAnswer.line_id)
            .join(Quote, Quote.id == QuoteLine.quote_id)
            .where(LineAnswer.requirement_id.in_(requirements), Quote.sent_at.is_not(None))
        )
    )


def unanswered(session: Session, wanted: Iterable[Need]) -> list[Need]:
    """Key needs with neither a line of a sent quote nor a written refusal (2.2.2-b)."""
    key = [need for need in wanted if need.rank == rules.KEY and not need.refused]
    done = answered(session, {row for need in key for row in need.ids})
    return [need for need in key if not need.ids & done]


def decided(session: Session, requirements: Collection[int]) -> set[frozenset[int]]:
    """Pairs that people called different, the newest word of each pair."""
    rows = session.scalars(
        select(PairVerdict).where(PairVerdict.one_id.in_(requirements)).order_by(PairVerdict.id)
    ).all()
    last = {frozenset((row.one_id, row.other_id)): row for row in rows}
    return {pair for pair, row in last.items() if row.verdict == "different" and row.undone_at is None}


def proposals(
    session: Session, likeness: Likeness, *, at: datetime
) -> list[tuple[Requirement, Requirement, Candidate]]:
    """Likely duplicates of the same customer among what is open, the likeliest first; nothing is merged by it."""
    rows = session.scalars(
        select(Requirement)
        .join(Enquiry, Enquiry.id == Requirement.enquiry_id)
        .where(Enquiry.state.in_(rules.OPEN_STATES), Requirement.merged_into_id.is_(None))
        .order_by(Requirement.id.desc())
        .limit(COMPARED)
    ).all()
    by_id = {row.id: row for row in rows}
    judged, least = decided(session, by_id), book(session, at).threshold("duplicate_similarity")
    customers = {row.enquiry.customer_id for row in rows}
    found = [
        candidate
        for customer in customers
        for candidate in rules.candidates(
            {row.id: row.words for row in rows if row.enquiry.customer_id == customer}, likeness, least, judged
        )
    ]
    ordered = sorted(found, key=lambda c: (-c.score, c.first, c.second))
    return [(by_id[c.first], by_id[c.second], c) for c in ordered]


def merges(session: Session, enquiry: Enquiry) -> list[PairVerdict]:
    """Every merge that touched an enquiry's requirements, also those taken back, the newest first."""
    ids = [row.id for row in enquiry.requirements]
    return list(
        session.scalars(
            select(PairVerdict)
            .where(PairVerdict.verdict == "same", PairVerdict.one_id.in_(ids) | PairVerdict.other_id.in_(ids))
            .order_by(PairVerdict.id.desc())
        )
    )


def of_ticket(session: Session, ticket_id: int) -> Requirement | None:
    """The requirement that a ticket was turned into."""
    return session.scalars(select(Requirement).where(Requirement.ticket_id == ticket_id)).first()


def running_quotes(session: Session, enquiry: Enquiry) -> Sequence[str]:
    """Numbers of quotes of an enquiry that have not come to an end."""
    return session.scalars(
        select(Quote.number).where(Quote.enquiry_id == enquiry.id, Quote.state.not_in(("won", "lost", "expired")))
    ).all()


def by_state(session: Session, *, limit: int = 200) -> Sequence[Enquiry]:
    """Enquiries, the latest change first."""
    return session.scalars(select(Enquiry).order_by(Enquiry.changed_at.desc(), Enquiry.id.desc()).limit(limit)).all()
