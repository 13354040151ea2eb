"""Visits: booked on a held window, given to a technician, worked, and what follows from each step.

Everything the customer is told and everything that happens later is published in the same transaction.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels import service as channels
from helpdesk.dispatch import rules, slots
from helpdesk.dispatch.machine import OPEN, UNDER_WAY, VISIT
from helpdesk.dispatch.models import Technician, Visit, WindowClaim
from helpdesk.dispatch.rules import Place, Window
from helpdesk.parts import service as parts
from order_core.errors import Conflict, Invalid, NotFound
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.kernel import outbox
from order_core.kernel.actor import PLANNER, Actor
from order_core.kernel.case import Procedure, Step, note
from order_core.kernel.notice import tell
from order_core.parties.models import ContactPerson, Person

SERIES = "V"


def _technician_free(step: Step) -> None:
    """The technician is named, feasible for place and skill, and the window is his (clause 5.1.2-b)."""
    visit: Visit = step.case
    technician = step.session.get(Technician, step.data.get("technician_id"))
    if technician is None:
        raise Invalid("visit.technician", field="technician", clause="5.1.2-b")
    window = Window(visit.starts_at, visit.ends_at)
    place = Place(visit.site.lat, visit.site.lon)
    if not rules.feasible(slots.as_candidate(technician), window, place, visit.issue.appliance):
        raise Conflict("visit.not_feasible", field="technician", clause="5.1.2-b", name=technician.person.name)


def _reason(step: Step) -> None:
    if not step.data.get("reason"):
        raise Invalid("visit.reason", field="reason", clause="5.2.1-c")


def _report_complete(step: Step) -> None:
    """The service report of this visit exists with its four fields (clause 5.2.2-b)."""
    if not step.data.get("report_id"):
        raise Invalid("visit.report", field="report", clause="5.2.2-b")


def _is_technician(visit: Visit, by: Actor) -> bool:
    return by.is_same_person(visit.technician_id)


def _is_dispatcher(_visit: Visit, by: Actor) -> bool:
    return by.kind == "person" and "dispatcher" in by.roles


PROCEDURE = Procedure(
    VISIT,
    conditions={"technician_free": _technician_free, "reason": _reason, "report_complete": _report_complete},
    relations={"technician": _is_technician, "dispatcher": _is_dispatcher},
)


def add_technician(
    session: Session,
    person: Person,
    *,
    skills: list[str],
    lat: float,
    lon: float,
    van: str,
    zone: str,
    shift: Mapping[str, Any] | None = None,
    radius_km: int = 60,
) -> Technician:
    """Make a person somebody who can be sent; ``van`` is his stock location. Updates an existing one."""
    hours = dict(shift or {"days": [0, 1, 2, 3, 4, 5], "from": "09:00", "to": "19:00"})
    technician = session.get(Technician, person.id)
    if technician is None:
        technician = Technician(skills=skills, lat=lat, lon=lon, van=van, shift=hours, zone=zone, person=person)
        session.add(technician)
    technician.skills, technician.lat, technician.lon = skills, lat, lon
    technician.van, technician.shift, technician.zone, technician.radius_km = van, hours, zone, radius_km
    session.flush()
    return technician


def open_visit(session: Session, issue: Issue) -> Visit | None:
    """The visit of a ticket that is still to come or under way."""
    return session.scalars(
        select(Visit).where(Visit.issue_id == issue.id, Visit.state.in_(OPEN + UNDER_WAY)).order_by(Visit.id.desc())
    ).first()


def take(session: Session, issue: Issue, position: int, *, by: Actor, at: datetime) -> Visit:
    """Book the offered window at ``position`` (1-based) for a ticket and ask the plan queue to assign it.

    Raises:
        Conflict: ``slot.taken`` when the window has gone meanwhile; the caller offers again.
    """
    claim = slots.claim_offered(session, issue, position, at=at)
    visit = Visit(starts_at=claim.starts_at, ends_at=claim.ends_at, issue=issue, site=slots.site_of(session, issue))
    PROCEDURE.open(session, visit, series=SERIES, by=by, at=at, clauses=("5.2.1-c",))
    claim.visit_id, claim.held_until = visit.id, None
    session.flush()
    slots.release_offers(session, issue)
    note(session, issue, "visit_booked", by=by, at=at, data={"visit": visit.number}, clauses=("5.2.1-c",))
    tell_customer(session, visit, "visit.booked", at=at)
    outbox.publish(session, "dispatch.assign", {"visit_id": visit.id}, at=at, key=f"assign:{visit.id}", cause=visit)
    outbox.publish(
        session,
        "visit.remind",
        {"visit_id": visit.id},
        at=at,
        due=rules.reminder_at(Window(visit.starts_at, visit.ends_at), at, visit.site.zone),
        key=f"remind:{visit.id}:{visit.starts_at.isoformat()}",
        cause=visit,
    )
    return visit


def assign(session: Session, visit_id: int, *, at: datetime) -> Visit:
    """The planning run: give the visit to the technician whose window it holds, with the likely part.

    Idempotent: a visit that is already assigned stays as it is.
    """
    visit = session.get_one(Visit, visit_id)
    if visit.state != "booked":
        return visit
    claim = session.scalars(select(WindowClaim).where(WindowClaim.visit_id == visit.id)).one()
    return give(session, visit, claim.technician_id, by=PLANNER, at=at)


def give(session: Session, visit: Visit, technician_id: int, *, by: Actor, at: datetime) -> Visit:
    """Assign (or reassign) a visit: window, part, ticket's owner and the technician's notice follow.

    Raises:
        Conflict: the technician is not feasible, or his window is taken.
    """
    step = "assign" if visit.state == "booked" else "reassign"
    _move_claim(session, visit, technician_id, at=at)
    PROCEDURE.advance(session, visit, step, by=by, at=at, data={"technician_id": technician_id})
    parts.release_for(session, visit)
    visit.technician_id = technician_id
    visit.technician = session.get_one(Technician, technician_id)
    reserved = parts.reserve_likely(session, visit.issue, visit, van=visit.technician.van, at=at)
    visit.part_code = reserved.item if reserved else None
    issues.hand_to(session, visit.issue, technician_id, by=by, at=at, mode="on_site")
    tell(
        session,
        key="visit.assigned",
        at=at,
        about=visit,
        person=technician_id,
        params={"visit": visit.number},
    )
    tell_customer(session, visit, "visit.assigned", at=at, technician=visit.technician.person.name)
    return visit


def accept(session: Session, visit: Visit, *, by: Actor, at: datetime) -> None:
    """The technician takes it on."""
    PROCEDURE.advance(session, visit, "accept", by=by, at=at)


def leave(session: Session, visit: Visit, *, by: Actor, at: datetime) -> None:
    """On the way: the customer is told once, with the time expected (clause 5.2.2-a, B20)."""
    PROCEDURE.advance(session, visit, "leave", by=by, at=at)
    if visit.told_on_my_way_at is None and visit.technician is not None:
        visit.told_on_my_way_at = at
        home = Place(visit.technician.lat, visit.technician.lon)
        eta = at + rules.travel(home, Place(visit.site.lat, visit.site.lon))
        tell_customer(session, visit, "visit.on_my_way", at=at, technician=visit.technician.person.name, eta=eta)


def arrive(session: Session, visit: Visit, *, by: Actor, at: datetime) -> None:
    """Check-in on site, compared with the promised window."""
    visit.arrived_at = at
    late = max(timedelta(0), at - visit.ends_at)
    PROCEDURE.advance(session, visit, "arrive", by=by, at=at, data={"late_minutes": int(late.total_seconds() // 60)})


def start(session: Session, visit: Visit, *, by: Actor, at: datetime) -> None:
    """Work begins."""
    PROCEDURE.advance(session, visit, "start", by=by, at=at)


def complete(session: Session, visit: Visit, *, report_id: int, by: Actor, at: datetime) -> None:
    """The visit is done; unused parts are given back."""
    PROCEDURE.advance(session, visit, "complete", by=by, at=at, data={"report_id": report_id})
    visit.completed_at = at
    parts.release_for(session, visit)


def leave_incomplete(session: Session, visit: Visit, step: str, reason: str, *, by: Actor, at: datetime) -> None:
    """``part_missing`` or ``no_access``: the ticket needs another visit, the dispatcher is told."""
    PROCEDURE.advance(session, visit, step, by=by, at=at, data={"reason": reason})
    parts.release_for(session, visit)
    tell(session, key=f"visit.{step}", at=at, about=visit, department="AFS", params={"visit": visit.number})


def cancel(session: Session, visit: Visit, reason: str, *, by: Actor, at: datetime) -> None:
    """The customer or the dispatcher calls it off: window, part and reminder are given back."""
    PROCEDURE.advance(session, visit, "cancel", by=by, at=at, data={"reason": reason})
    parts.release_for(session, visit)
    outbox.cancel(session, f"remind:{visit.id}:{visit.starts_at.isoformat()}", at=at)
    for claim in session.scalars(select(WindowClaim).where(WindowClaim.visit_id == visit.id)):
        session.delete(claim)


def by_number(session: Session, number: str) -> Visit:
    """The visit with that number, or ``NotFound``."""
    visit = session.scalar(select(Visit).where(Visit.number == number))
    if visit is None:
        raise NotFound("visit.unknown", field="visit", number=number)
    return visit


def _move_claim(session: Session, visit: Visit, technician_id: int, *, at: datetime) -> None:
    window = Window(visit.starts_at, visit.ends_at)
    current = session.scalars(select(WindowClaim).where(WindowClaim.visit_id == visit.id)).first()
    if current is not None and current.technician_id == technician_id:
        return
    if not slots.free_for(session, technician_id, window, at=at):
        raise Conflict("visit.window_taken", field="technician", clause="5.1.2-b")
    for claim in (current, session.get(WindowClaim, (technician_id, window.starts_at))):
        if claim is not None:
            session.delete(claim)
    session.flush()
    session.add(
        WindowClaim(
            technician_id=technician_id,
            starts_at=window.starts_at,
            ends_at=window.ends_at,
            issue_id=visit.issue_id,
            visit_id=visit.id,
        )
    )
    session.flush()


def tell_customer(session: Session, visit: Visit, purpose: str, *, at: datetime, **params: Any) -> None:
    """A message in the customer's language; times as instants, the wording formats them in the site's zone."""
    issue = visit.issue
    contact = session.get(ContactPerson, issue.contact_id) if issue.contact_id else None
    phone = contact.phone if contact else issue.phone
    if phone is None:
        return
    channels.send(
        session,
        contact=contact,
        to=phone,
        purpose=purpose,
        params={
            "number": issue.number,
            "starts_at": visit.starts_at,
            "ends_at": visit.ends_at,
            "zone": visit.site.zone,
            "address": visit.site.address,
            **params,
        },
        language=contact.language if contact else issue.language,
        at=at,
        issue_id=issue.id,
        visit_id=visit.id,
    )
