"""Proposals as agents see them."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.chatbot.assist.models import Suggestion
from order_core.issues.models import Issue


def suggestions(session: Session, issue: Issue) -> Iterator[Suggestion]:
    """What assistants proposed on a ticket, the oldest first."""
    yield from session.scalars(select(Suggestion).where(Suggestion.issue_id == issue.id).order_by(Suggestion.id))
