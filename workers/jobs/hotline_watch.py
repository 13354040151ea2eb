"""Is the hotline staffed, does its number answer, which recordings are past their time, whose call have we missed?"""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from helpdesk.channels import addresses
from helpdesk.hotline import catching_up, probes, recordings, roster
from order_core.kernel import outbox
from workers import runtime


def run(session: Session, _payload: dict[str, Any], at: datetime) -> None:
    """Every quarter of an hour."""
    settings = runtime.app().settings
    roster.watch(session, at=at)
    recordings.forget_old(session, at=at)
    number = addresses.our_number(settings)
    probes.keep_asking(session, number, at=at)
    outbox.publish(session, catching_up.TOPIC, {"number": number, "region": settings.default_region}, at=at)
