"""Offers: the next windows that some technician can really keep, held while the customer decides."""

from collections.abc import Sequence
from datetime import datetime, time

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from helpdesk.dispatch import rules
from helpdesk.dispatch.models import Technician, WindowClaim
from helpdesk.dispatch.rules import Candidate, Place, Window
from order_core.errors import Conflict, Invalid
from order_core.issues.models import Issue
from order_core.parties.models import Site

OFFERS = 3


def candidates(session: Session) -> list[Candidate]:
    """Every active technician as plain values."""
    return [as_candidate(row) for row in session.scalars(select(Technician).where(Technician.active))]


def as_candidate(technician: Technician) -> Candidate:
    """A technician's row as the value that the rules know."""
    return Candidate(
        person_id=technician.person_id,
        skills=frozenset(technician.skills),
        home=Place(technician.lat, technician.lon),
        radius_km=technician.radius_km,
        days=frozenset(technician.shift["days"]),
        starts=time.fromisoformat(technician.shift["from"]),
        ends=time.fromisoformat(technician.shift["to"]),
        zone=technician.zone,
    )


def site_of(session: Session, issue: Issue) -> Site:
    """Where the visit would be. Raises ``Invalid`` for a ticket without a site."""
    if issue.site_id is None:
        raise Invalid("visit.no_site", field="site", clause="5.2.1-c", number=issue.number)
    return session.get_one(Site, issue.site_id)


def offer(session: Session, issue: Issue, *, at: datetime, count: int = OFFERS) -> list[Window]:
    """Hold the next ``count`` windows for this ticket and return them in order; fewer when there are no more.

    Earlier holds of the ticket are given back first, so asking again shows what is free now.
    """
    release_offers(session, issue)
    site = site_of(session, issue)
    place, team = Place(site.lat, site.lon), candidates(session)
    offered: list[Window] = []
    for window in rules.windows(at, site.zone):
        if len(offered) == count:
            break
        if not rules.spread(offered, window):
            continue
        fitting = rules.nearest_first(team, window, place, issue.appliance)
        if any(_hold(session, c.person_id, window, issue, len(offered) + 1, at) for c in fitting):
            offered.append(window)
    return offered


def offered(session: Session, issue: Issue) -> Sequence[WindowClaim]:
    """The windows held for a ticket, in the order of the offer."""
    return session.scalars(
        select(WindowClaim)
        .where(WindowClaim.issue_id == issue.id, WindowClaim.visit_id.is_(None))
        .order_by(WindowClaim.position)
    ).all()


def claim_offered(session: Session, issue: Issue, position: int, *, at: datetime) -> WindowClaim:
    """The held window at ``position`` (1-based), ours for good once a visit is put on it.

    A hold that has run out is still good while nobody else took the window.

    Raises:
        Conflict: the window has gone to somebody else meanwhile, has begun, or was never offered.
    """
    for claim in offered(session, issue):
        if claim.position == position and claim.starts_at > at:
            return claim
    raise Conflict("slot.taken", field="slot", clause="5.2.1-c", position=position)


def release_offers(session: Session, issue: Issue) -> None:
    """Give back what was held for a ticket and not taken."""
    for claim in offered(session, issue):
        session.delete(claim)
    session.flush()


def free_for(session: Session, technician_id: int, window: Window, *, at: datetime) -> bool:
    """Whether a technician's window is neither taken nor held by somebody now."""
    claim = session.get(WindowClaim, (technician_id, window.starts_at), populate_existing=True)
    return claim is None or (claim.visit_id is None and claim.held_until is not None and claim.held_until <= at)


def _hold(session: Session, technician_id: int, window: Window, issue: Issue, position: int, at: datetime) -> bool:
    until = at + rules.HOLD
    try:
        with session.begin_nested():
            session.add(
                WindowClaim(
                    technician_id=technician_id,
                    starts_at=window.starts_at,
                    ends_at=window.ends_at,
                    issue_id=issue.id,
                    position=position,
                    held_until=until,
                )
            )
        return True
    except IntegrityError:
        return _take_over(session, technician_id, window, issue, position, at)


def _take_over(session: Session, technician_id: int, window: Window, issue: Issue, position: int, at: datetime) -> bool:
    """A hold that has run out may be taken over: one guarded update, so one taker."""
    taken = session.scalar(
        update(WindowClaim)
        .where(WindowClaim.technician_id == technician_id, WindowClaim.starts_at == window.starts_at)
        .where(WindowClaim.visit_id.is_(None))
        .where(or_(WindowClaim.held_until <= at, WindowClaim.issue_id == issue.id))
        .values(issue_id=issue.id, position=position, held_until=at + rules.HOLD)
        .returning(WindowClaim.technician_id)
    )
    return taken is not None
