"""Triage learns from what agents put right: planned, done outside the database, judged and written down."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from helpdesk.channels.gateway import Gateway
from helpdesk.triage import nightly
from helpdesk.triage.nightly import Morning, Night
from workers import runtime


def prepare(session: Session, payload: dict[str, Any], at: datetime, again: bool) -> Night | None:
    """What to learn; done twice it gives the same model twice, so that an interrupted night is simply repeated."""
    return nightly.plan_night(session, runtime.app().settings.data_dir, at=at)


def perform(gateway: Gateway, request: Night) -> Morning:
    """Build and judge; nobody outside is asked anything."""
    return nightly.work_night(request)


def settle(session: Session, payload: dict[str, Any], outcome: Any, at: datetime) -> None:
    """Promote it or say why not; a night that failed leaves everything as it was."""
    if isinstance(outcome, Morning):
        nightly.settle_night(session, outcome, at=at)
