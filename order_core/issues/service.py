"""Issues from first word to verified end, with their clocks and notices. A ticket is an issue."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from order_core.clauses import carries
from order_core.errors import Forbidden
from order_core.issues import rules
from order_core.issues.conditions import CONDITIONS, RELATIONS
from order_core.issues.level import service as level
from order_core.issues.models import Issue, IssueLink
from order_core.kernel import clock
from order_core.kernel.actor import WORKER, Actor
from order_core.kernel.case import Choice, Procedure, note
from order_core.kernel.notice import tell
from order_core.parties.models import ContactPerson
from order_core.rulebook.clocks import house_calendar
from order_core.rulebook.inforce import book
from order_core.rulebook.machines import machine

ISSUE = Procedure(machine("Issue"), CONDITIONS, RELATIONS)
LOOK_CLOCK = "T-23"
CALLBACK_CLOCK = "CALLBACK"
FIELDS = (
    "category",
    "urgency",
    "symptom",
    "appliance",
    "mode",
    "cause_code",
    "remedy",
    "result",
    "assignee_id",
)
"""Fields of an issue that a step may bring."""


def open_issue(session: Session, issue: Issue, *, by: Actor, at: datetime, clause: str) -> Issue:
    """Number an issue of any kind and write its first entry."""
    ISSUE.open(session, issue, series=rules.series(issue.kind), by=by, at=at, clauses=(clause,))
    return issue


@carries("case", "5.1.1-d")
def open_ticket(
    session: Session,
    *,
    subject: str,
    channel: str,
    phone: str | None,
    language: str,
    by: Actor,
    at: datetime,
    contact: ContactPerson | None = None,
    site_id: int | None = None,
    product_id: int | None = None,
    appliance: str | None = None,
    symptom: str | None = None,
    urgency: str = "normal",
    safety: bool = False,
    category: str | None = None,
) -> Issue:
    """Record a customer's problem (clause 5.1.1-d) and start its clocks: contact (5.1.2-c) and solution."""
    issue = Issue(
        kind="ticket",
        subject=subject,
        channel=channel,
        phone=phone,
        language=language,
        customer_id=contact.customer_id if contact else None,
        contact_id=contact.id if contact else None,
        site_id=site_id,
        product_id=product_id,
        appliance=appliance,
        symptom=symptom,
        urgency="emergency" if safety else urgency,
        safety=safety,
        category=category,
        team="service",
    )
    open_issue(session, issue, by=by, at=at, clause="5.1.1-d")
    level.reckon(session, issue, at=at)
    if safety:
        tell(
            session,
            key="ticket.safety",
            at=at,
            about=issue,
            department="AFS",
            params={"number": issue.number},
        )
    return issue


def step(session: Session, issue: Issue, name: str, data: dict[str, Any], *, by: Actor, at: datetime) -> None:
    """Take any declared step with the fields it brings; what follows from each is done here.

    Raises:
        Refusal: not declared from here, not this actor's, or its condition does not hold.
    """
    values = {key: value for key, value in data.items() if value is not None and str(value).strip()}
    kept = {key: value for key, value in values.items() if key not in ("result", "notes")}
    urgency = issue.urgency
    ISSUE.advance(session, issue, name, by=by, at=at, data=_journalled(issue, name, values, kept))
    for field in FIELDS:
        if field in values:
            setattr(issue, field, values[field])
    _follow_up(session, issue, name, by=by, at=at)
    session.flush()
    level.reckon(session, issue, at=at, why="urgency" if issue.urgency != urgency else None, by=by)


def _journalled(issue: Issue, name: str, values: dict[str, Any], kept: dict[str, Any]) -> dict[str, Any]:
    """What the condition sees; free text that may hold personal data is journalled as its length only."""
    return {
        **kept,
        **{key: f"{len(str(values[key]))} characters" for key in ("result", "notes") if key in values},
    }


def _follow_up(session: Session, issue: Issue, name: str, *, by: Actor, at: datetime) -> None:
    if name == "assign" and issue.assignee_id is not None:
        tell(session, key=f"{issue.kind}.assigned", at=at, about=issue, person=issue.assignee_id,
             params={"number": issue.number})  # fmt: skip
        _own_clocks(session, issue)
    elif name == "return":
        issue.assignee_id = None
        _own_clocks(session, issue)
    elif name == "contact":
        clock.stop(session, issue, LOOK_CLOCK, at=at, calendar=house_calendar(session))
        clock.stop(session, issue, CALLBACK_CLOCK, at=at, calendar=house_calendar(session))
    elif name in ("close", "void"):
        issue.closed_at = at
        for code in (LOOK_CLOCK, CALLBACK_CLOCK):
            clock.stop(session, issue, code, at=at, calendar=house_calendar(session))
    elif name == "reopen":
        issue.closed_at = None


def _own_clocks(session: Session, issue: Issue) -> None:
    for code in (*level.CODES.values(), LOOK_CLOCK, CALLBACK_CLOCK):
        running = clock.running(session, issue, code)
        if running is not None:
            running.owner_id = issue.assignee_id


def replied(session: Session, issue: Issue, *, by: Actor, at: datetime, data: dict[str, Any] | None = None) -> None:
    """A person has answered the customer: the contact clock stops; bots and timers do not count (B10)."""
    note(session, issue, "replied", by=by, at=at, data=data, clauses=("5.1.2-c",))
    level.reckon(session, issue, at=at)


def classify(session: Session, issue: Issue, *, category: str, urgency: str, by: Actor, at: datetime) -> None:
    """Give class and urgency; does nothing to an issue that is past it."""
    if issue.state == "open":
        step(session, issue, "classify", {"category": category, "urgency": urgency}, by=by, at=at)


def hand_to(session: Session, issue: Issue, person_id: int, *, by: Actor, at: datetime, mode: str) -> None:
    """Give an issue to a person who will act in this mode, from whatever open state it is in.

    The planner's and dispatcher's way: classify → assign → act, each step written; a change of hands on an
    acting issue is a note.
    """
    voice = by if by.kind != "person" else WORKER
    if issue.state == "open":
        classify(session, issue, category=issue.category or "fault", urgency=issue.urgency, by=voice, at=at)
    if issue.state == "classified":
        step(session, issue, "assign", {"assignee_id": person_id}, by=voice, at=at)
    if issue.state not in ("assigned", "contacted", "acting"):
        raise Forbidden("issue.not_open", clause="5.1.2-b", number=issue.number, state=issue.state)
    if issue.assignee_id != person_id:
        issue.assignee_id = person_id
        _own_clocks(session, issue)
        note(session, issue, "handed_over", by=by, at=at, data={"assignee_id": person_id}, clauses=("5.1.2-b",))
    if issue.state in ("assigned", "contacted"):
        assignee = Actor(kind="person", id=person_id, department=issue.department)
        step(session, issue, "act", {"mode": mode}, by=assignee, at=at)
    session.flush()


def give_to(session: Session, issue: Issue, person_id: int | None, *, by: Actor, at: datetime) -> bool:
    """Make a person the one owner of an open issue, from whatever state; None gives it back. False: he is already.

    Raises:
        Forbidden: an issue that is done.
    """
    if issue.state not in rules.OPEN_STATES:
        raise Forbidden("issue.not_open", clause="5.1.2-b", number=issue.number, state=issue.state)
    if issue.assignee_id == person_id:
        return False
    if person_id is None:
        owner = Actor(kind="person", id=issue.assignee_id, department=issue.department)
        step(session, issue, "return", {"reason": "given back"}, by=owner, at=at)
        return True
    if issue.state == "open":
        classify(session, issue, category=issue.category or "other", urgency=issue.urgency, by=by, at=at)
    if issue.state == "classified":
        step(session, issue, "assign", {"assignee_id": person_id}, by=by, at=at)
        return True
    issue.assignee_id = person_id
    _own_clocks(session, issue)
    note(session, issue, "handed_over", by=by, at=at, data={"assignee_id": person_id}, clauses=("5.1.2-b",))
    tell(session, key=f"{issue.kind}.assigned", at=at, about=issue, person=person_id, params={"number": issue.number})
    session.flush()
    return True


@carries("clock", "5.3.1-b")
def open_callback(
    session: Session,
    cause: Issue,
    *,
    owner_id: int,
    subject: str,
    by: Actor,
    at: datetime,
    clocks: bool = True,
) -> Issue:
    """A person has to call this customer: an issue for one owner, with its two clocks (5.3.1-b, B24)."""
    issue = Issue(
        kind="callback",
        subject=subject,
        channel="phone",
        language=cause.language,
        phone=cause.phone,
        customer_id=cause.customer_id,
        contact_id=cause.contact_id,
        site_id=cause.site_id,
        product_id=cause.product_id,
        category="complaint",
        urgency="high",
        team="head",
        parent_id=cause.id,
    )
    open_issue(session, issue, by=by, at=at, clause="5.3.1-b")
    link(session, issue, cause, "follow_up", at=at)
    step(session, issue, "classify", {"category": "complaint", "urgency": "high"}, by=WORKER, at=at)
    if clocks:
        for code in (LOOK_CLOCK, CALLBACK_CLOCK):
            clock.start(
                session, issue, book(session, at).policy(code), at=at, calendar=house_calendar(session), owner=owner_id
            )
    step(session, issue, "assign", {"assignee_id": owner_id}, by=WORKER, at=at)
    return issue


def checker(issue: Issue) -> Actor:
    """The house's own rule as the one who verifies: a failed test sends the work back by itself."""
    return Actor(kind="person", department=issue.department)


def link(session: Session, issue: Issue, other: Issue, relation: str, *, at: datetime) -> None:
    """Tie two issues together."""
    session.add(IssueLink(issue_id=issue.id, other_id=other.id, relation=relation, at=at))
    session.flush()


def available(session: Session, issue: Issue, *, by: Actor, at: datetime) -> list[Choice]:
    """The steps declared from here; conditions on fields still to be filled do not make a step unavailable."""
    return [
        Choice(
            t,
            None if any(ISSUE.plays(issue, word, by) for word in t.actors) else Forbidden("case.not_an_actor"),
        )
        for t in ISSUE.machine.steps_from(issue.state)
    ]
