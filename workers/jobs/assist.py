"""An assistant is asked between two transactions; nothing waits for its answer."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from helpdesk.channels.gateway import Gateway
from helpdesk.chatbot.assist import service
from helpdesk.chatbot.assist.service import Question
from workers import runtime


def prepare(session: Session, payload: dict[str, Any], at: datetime, again: bool) -> Question | None:
    """What to ask; after a worker's death nothing is asked again, the message has gone out meanwhile."""
    return None if again else service.prepare(session, payload, at, runtime.app().settings)


def perform(gateway: Gateway, request: Question) -> tuple[str, str] | None:
    """Ask; never raises."""
    return service.perform(request)


def settle(session: Session, payload: dict[str, Any], outcome: Any, at: datetime) -> None:
    """Keep what may be used of it."""
    service.settle(session, payload, outcome, at)
