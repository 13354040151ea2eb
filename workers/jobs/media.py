"""A file that came with a message is fetched and kept."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from helpdesk.archive import FILES
from helpdesk.channels import media
from helpdesk.channels.media import perform, prepare
from workers import runtime

__all__ = ["perform", "prepare", "settle"]


def settle(session: Session, payload: dict[str, Any], outcome: Any, at: datetime) -> None:
    """``payload``: media_id."""
    media.settle(session, payload, outcome, at, attachments=runtime.app().settings.data_dir / FILES)
