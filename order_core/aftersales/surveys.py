"""Surveys: one a verified visit; a low score opens a call-back of the after-sales head (5.3.1)."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.aftersales import rules
from order_core.aftersales.models import Survey
from order_core.clauses import carries
from order_core.errors import Conflict, Invalid
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.kernel import outbox
from order_core.kernel.actor import WORKER, Actor
from order_core.kernel.case import Procedure, Step
from order_core.kernel.notice import tell
from order_core.parties.models import Person
from order_core.rulebook.machines import machine


def _may_be_asked(step: Step) -> None:
    """Not asked within the last days, and not surveyed before about this (opt-out is the channel's to say)."""
    survey: Survey = step.case
    if survey.contact_id is None:
        return
    lately = step.session.scalar(
        select(Survey.id).where(
            Survey.contact_id == survey.contact_id,
            Survey.sent_at > step.at - rules.ASK_AGAIN_AFTER,
            Survey.id != survey.id,
        )
    )
    if lately is not None:
        raise Conflict("survey.asked_lately", clause="5.3.1-a")


def _within_validity(step: Step) -> None:
    survey: Survey = step.case
    if survey.sent_at is None or step.at > survey.sent_at + rules.SURVEY_VALID:
        raise Conflict("survey.over", clause="5.3.1-a")


def _validity_over(step: Step) -> None:
    survey: Survey = step.case
    if survey.sent_at is None or step.at <= survey.sent_at + rules.SURVEY_VALID:
        raise Conflict("survey.still_open", clause="5.3.1-a")


def _reason(step: Step) -> None:
    if not step.data.get("reason"):
        raise Invalid("issue.reason", field="reason", clause="5.3.1-a")


def _low_score_followed_up(step: Step) -> None:
    survey: Survey = step.case
    if (survey.score or 5) <= rules.LOW_SCORE and callback_of(step.session, survey) is None:
        raise Conflict("survey.no_callback", clause="5.3.1-b")


SURVEY = Procedure(
    machine("Survey"),
    conditions={
        "may_be_asked": _may_be_asked,
        "within_validity": _within_validity,
        "validity_over": _validity_over,
        "reason_given": _reason,
        "low_score_followed_up": _low_score_followed_up,
    },
)


def queue(session: Session, issue: Issue, *, visit_number: str = "", by: Actor, at: datetime) -> Survey:
    """Queue the one survey of a visit (or of a ticket closed without one) and ask for its sending."""
    known = session.scalars(
        select(Survey).where(Survey.issue_id == issue.id, Survey.visit_number == visit_number)
    ).first()
    if known is not None:
        return known
    survey = Survey(issue_id=issue.id, visit_number=visit_number, contact_id=issue.contact_id, phone=issue.phone)
    SURVEY.open(session, survey, series="S", by=by, at=at, clauses=("5.3.1-a",))
    outbox.publish(session, "survey.send", {"survey_id": survey.id}, at=at, key=f"survey:{survey.id}", cause=survey)
    return survey


def mark_sent(session: Session, survey: Survey, *, token_hash: str | None, at: datetime) -> bool:
    """Take the step to ``sent``; False (and suppressed, with the reason) when the customer may not be asked."""
    try:
        SURVEY.advance(session, survey, "send", by=WORKER, at=at)
    except Conflict as refusal:
        SURVEY.advance(session, survey, "skip", by=WORKER, at=at, data={"reason": refusal.code})
        return False
    survey.sent_at, survey.token_hash = at, token_hash
    session.flush()
    return True


def suppress(session: Session, survey: Survey, reason: str, *, at: datetime) -> None:
    """Do not ask, with the reason."""
    SURVEY.advance(session, survey, "skip", by=WORKER, at=at, data={"reason": reason})


@carries("guard", "5.2.2-d")
def answer(session: Session, survey: Survey, score: int, comment: str, *, by: Actor, at: datetime) -> Issue | None:
    """Record the customer's own score (1 … 5); a low one opens the head's call-back, which is returned.

    Raises:
        Invalid: a score outside 1 … 5; Conflict: answered before, or its validity is over;
        Forbidden: anybody but the customer (5.2.2-d: the technician cannot enter it for him).
    """
    if score not in rules.SCORES:
        raise Invalid("survey.score", field="score", clause="5.2.2-d", minimum=1, maximum=5)
    SURVEY.advance(session, survey, "answer", by=by, at=at, data={"score": score})
    survey.score, survey.comment, survey.answered_at = score, comment or None, at
    session.flush()
    issue = session.get_one(Issue, survey.issue_id)
    params: dict[str, Any] = {"number": issue.number, "score": score}
    tell(session, key="survey.answered", at=at, about=survey, department="AFS", params=params)
    if score > rules.LOW_SCORE:
        return None
    return issues.open_callback(
        session, issue, owner_id=head_of(session, "AFS").id, subject=comment or issue.subject, by=WORKER, at=at
    )


def review(session: Session, survey: Survey, *, by: Actor, at: datetime) -> None:
    """The after-sales department has looked at it."""
    SURVEY.advance(session, survey, "review", by=by, at=at)


def callback_of(session: Session, survey: Survey) -> Issue | None:
    """The call-back that followed a survey's ticket."""
    return session.scalars(
        select(Issue).where(Issue.parent_id == survey.issue_id, Issue.kind == "callback").order_by(Issue.id.desc())
    ).first()


def head_of(session: Session, department: str) -> Person:
    """The head of a department. Raises ``Invalid`` when nobody is."""
    head = session.scalars(
        select(Person).where(Person.department_code == department, Person.head, Person.active)
    ).first()
    if head is None:
        raise Invalid("department.no_head", field="department", clause="1.2", department=department)
    return head
