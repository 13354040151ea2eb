"""Is the hotline staffed, does its number answer, which recordings are past their time?"""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from helpdesk.channels import addresses
from helpdesk.hotline import probes, recordings, roster
from workers import runtime


def run(session: Session, _payload: dict[str, Any], at: datetime) -> None:
    """Every quarter of an hour."""
    settings = runtime.app().settings
    roster.watch(session, at=at)
    recordings.forget_old(session, at=at)
    probes.keep_asking(session, addresses.our_number(settings), at=at)
