"""Sending the survey's question and taking its answer, whichever way it comes."""

import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.auth.service import token_hash
from helpdesk.channels import service as channels
from helpdesk.chatbot import talk
from order_core.aftersales import surveys
from order_core.aftersales.models import Survey
from order_core.errors import NotFound
from order_core.issues.models import Issue
from order_core.parties.models import ContactPerson


def send(session: Session, survey_id: int, *, at: datetime) -> bool:
    """Ask the customer, once; a number that refuses surveys is not asked."""
    survey = session.get_one(Survey, survey_id)
    if survey.state != "queued":
        return False
    contact = session.get(ContactPerson, survey.contact_id) if survey.contact_id else None
    phone = contact.phone if contact else survey.phone
    if phone is None or channels.refused(session, phone, ("survey",)):
        surveys.suppress(session, survey, "refused" if phone else "no_number", at=at)
        return False
    if not surveys.mark_sent(session, survey, token_hash=token_hash(secrets.token_urlsafe(16)), at=at):
        return False
    issue = session.get_one(Issue, survey.issue_id)
    talk.ask(session, phone, "survey", survey.id, at=at)
    channels.send(
        session,
        contact=contact,
        to=phone,
        purpose="survey.ask",
        params={"number": issue.number},
        language=contact.language if contact else issue.language,
        at=at,
        issue_id=issue.id,
    )
    return True


def by_token(session: Session, token: str) -> Survey:
    """The survey of a link; a wrong token is ``NotFound``, whatever is wrong with it."""
    survey = session.scalar(select(Survey).where(Survey.token_hash == token_hash(token)))
    if survey is None:
        raise NotFound("survey.unknown")
    return survey
