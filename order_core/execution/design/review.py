"""The review of a design across departments (3.2.2-b, 3.2.2-c): called, held, opinions within their clock, an end."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from order_core.clauses import carries
from order_core.errors import Conflict, Forbidden, Invalid
from order_core.execution.design import points, rules
from order_core.execution.design.lifecycle import DESIGN, OWNER, REVIEW, content, not_submitter, of_department
from order_core.execution.design.models import Design, DesignReview
from order_core.execution.design.service import open_tasks
from order_core.execution.rules import AMENDABLE
from order_core.kernel import clock, sign
from order_core.kernel.actor import Actor
from order_core.kernel.case import note
from order_core.kernel.notice import tell
from order_core.kernel.plan import PlanItem
from order_core.kernel.sign import SignOff
from order_core.parties.models import Person
from order_core.rulebook.calendar import house_calendar
from order_core.rulebook.departments import DEPARTMENTS
from order_core.rulebook.handover import hand_over
from order_core.rulebook.inforce import book

OPINION_CLOCK = "OPINION"


@carries("clock", "3.2.2-b")
def submit(
    session: Session,
    design: Design,
    *,
    meets_on: date,
    place: str,
    also: Collection[str] = (),
    by: Actor,
    at: datetime,
) -> DesignReview:
    """Put it to review: the four departments and whoever else are invited, each opinion has its clock.

    The clocks run from the day of the meeting: who comes gives an opinion there, who does not answers in writing.

    Raises:
        Invalid: what the content lacks, a meeting in the past or nowhere, a department that is none.
    """
    calendar, opinion = house_calendar(session), book(session, at).policy(OPINION_CLOCK)
    invited = invited_to(session, also, at)
    if meets_on < at.astimezone(ZoneInfo(calendar.zone)).date():
        raise Invalid("design.meets_on", field="meets_on", clause="3.2.2-b")
    if not place.strip():
        raise Invalid("design.place", field="place", clause="3.2.2-b")
    DESIGN.advance(session, design, "submit", by=by, at=at, data={"invited": invited, "on": meets_on.isoformat()})
    review = DesignReview(
        round=len(design.reviews) + 1, called_at=at, meets_on=meets_on, place=place.strip(), invited=invited
    )
    design.reviews.append(review)
    session.flush()
    begins = max(at, calendar.opens_after(datetime.combine(meets_on, time(0), ZoneInfo(calendar.zone))))
    due = calendar.add(begins, opinion.budget)
    said = content(session, design)
    review.digest = sign.ask(session, design, REVIEW, said, required=invited, due=due, by=by, at=at).digest
    for department in invited:
        clock.start(session, design, opinion, at=begins, calendar=calendar, party=department)
        params = {"number": design.number, "on": meets_on.isoformat()}
        tell(session, key="design.review", at=at, about=design, department=department, params=params)
    return review


def invited_to(session: Session, also: Collection[str], at: datetime) -> list[str]:
    """The four, whom the rulebook adds, and whom R&D wishes to hear. Raises ``Invalid`` for what is no department."""
    strange = next((code for code in also if code not in DEPARTMENTS), None)
    if strange is not None:
        raise Invalid("design.invited", field="also", clause="3.2.2-b", department=strange)
    return sorted({*rules.REVIEWERS, *book(session, at).signoff("design_review").parties(), *also})


def hold(
    session: Session, design: Design, present: Sequence[int], minutes: str, *, by: Actor, at: datetime
) -> list[str]:
    """Record the meeting; departments of which nobody came are asked to answer in writing.

    Returns:
        Those departments.

    Raises:
        Conflict: no review goes on, or its meeting is recorded; Invalid: nobody was present, or somebody unknown.
    """
    review = _going_on(design)
    of_department(by, step="hold", clause="3.2.2-b")
    if review.held_at is not None:
        raise Conflict("design.held", clause="3.2.2-b", number=design.number)
    people = [session.get(Person, person) for person in present]
    came = [person for person in people if person is not None]
    if not came or len(came) != len(people):
        raise Invalid("design.present", field="present", clause="3.2.2-b")
    review.held_at, review.minutes = at, minutes.strip() or None
    review.present = sorted({person.id for person in came})
    absent = sorted(set(review.invited) - {person.department_code for person in came})
    data = {"present": review.present, "absent": absent}
    note(session, design, "design_held", by=by, at=at, data=data, clauses=("3.2.2-b",))
    waiting = sign.open_parties(asked(session, design))
    for department in (code for code in absent if code in waiting):
        params = {"number": design.number}
        tell(session, key="design.in_writing", at=at, about=design, department=department, params=params)
    return absent


def _going_on(design: Design) -> DesignReview:
    if design.state != "in_review":
        raise Conflict("design.no_review", clause="3.2.2-b", number=design.number)
    return design.reviews[-1]


def asked(session: Session, design: Design) -> SignOff:
    """The request for opinions on a design. Raises ``Conflict`` when none was made."""
    sign_off = sign.for_purpose(session, design, REVIEW)
    if sign_off is None:
        raise Conflict("design.no_review", clause="3.2.2-b", number=design.number)
    return sign_off


@carries("sign", "3.2.2-b")
def opine(session: Session, design: Design, verdict: str, opinion: str, *, by: Actor, at: datetime) -> None:
    """Give one's department's opinion on what the design says now; agreement may be without words.

    Raises:
        Conflict: no review goes on; Invalid: a doubt or a no without words; and whatever ``sign.give`` refuses.
    """
    _going_on(design)
    sign_off = asked(session, design)
    if verdict != "approve" and not opinion.strip():
        raise Invalid("design.opinion", field="opinion", clause="3.2.2-b")
    digest = sign.digest_of(content(session, design))
    given = sign.give(session, sign_off, verdict, digest=digest, by=by, at=at, opinion=opinion.strip() or None)
    clock.stop(session, design, OPINION_CLOCK, at=at, calendar=house_calendar(session), party=given.party)


def suggest(
    session: Session,
    design: Design,
    *,
    goal: str,
    measure: str,
    owner: int | None,
    due: date | None,
    mandatory: bool,
    by: Actor,
    at: datetime,
) -> PlanItem:
    """Somebody of an invited department raises a point while the review goes on."""
    _going_on(design)
    if not DESIGN.plays(design, "reviewer", by):
        raise Forbidden("sign.not_required", clause="3.2.2-c", department=by.department or sign.CUSTOMER)
    return points.suggest(
        session, design, goal=goal, measure=measure, owner=owner, due=due, mandatory=mandatory, by=by, at=at
    )


def send_back(session: Session, design: Design, *, by: Actor, at: datetime) -> None:
    """A reviewer sends it back with the points that are open.

    Raises:
        Forbidden: its own submitter; Invalid: no point is open.
    """
    not_submitter(session, design, REVIEW, by)
    still = [item.position for item in points.open_points(session, design)]
    DESIGN.advance(session, design, "send_back", by=by, at=at, data={"points": still})
    _end(session, design, "sent_back", at=at)
    params = {"number": design.number, "points": len(still)}
    hand_over(session, design, to=OWNER, key="design.sent_back", at=at, params=params)


@carries("sign", "3.2.2-b", "3.2.2-c")
def release(session: Session, design: Design, *, by: Actor, at: datetime) -> None:
    """Release it: every opinion is on this very content, mandatory points are closed; all who were asked are told."""
    DESIGN.advance(session, design, "release", by=by, at=at, data={"digest": asked(session, design).digest})
    design.released_at = at
    review = _end(session, design, "released", at=at)
    for department in sorted({*review.invited, "PRO", "SAL"}):
        hand_over(session, design, to=department, key="design.released", at=at)


def withdraw(session: Session, design: Design, reason: str, *, by: Actor, at: datetime) -> None:
    """Give a design up, with the reason; the task of an order that is to be made is open again without it."""
    reviewed = design.state == "in_review"
    DESIGN.advance(session, design, "withdraw", by=by, at=at, data={"reason": reason})
    if reviewed:
        _end(session, design, "withdrawn", at=at)
    order = design.task.line.order if design.task is not None else None
    if order is not None and order.state in AMENDABLE:
        open_tasks(session, order, by=by, at=at)


def _end(session: Session, design: Design, outcome: str, *, at: datetime) -> DesignReview:
    review = design.reviews[-1]
    review.outcome, review.ended_at = outcome, at
    for department in review.invited:
        clock.stop(session, design, OPINION_CLOCK, at=at, calendar=house_calendar(session), party=department)
    session.flush()
    return review
