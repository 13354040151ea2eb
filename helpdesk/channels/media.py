"""Pictures that customers send: fetched from the provider alone, judged by their bytes, kept as attachments.

A file whose bytes are odd is kept apart with the reason (quarantined) and never shown. See ``media_rules``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.channels import media_rules
from helpdesk.channels.gateway import Gateway, TransportError
from helpdesk.channels.models import MessageMedia
from order_core.kernel import outbox

FOLDER = "media"
"""Under the attachments of the data directory."""


@dataclass(frozen=True)
class Wanted:
    """A file to fetch."""

    url: str


def expect(session: Session, message_id: int, media: list[dict[str, str]], *, at: datetime) -> None:
    """Note the files that a message announces and ask for each, in the caller's transaction."""
    for position, one in enumerate(media):
        row = MessageMedia(
            message_id=message_id, position=position, url=one["url"], declared_type=one.get("type", "")[:80]
        )
        session.add(row)
        session.flush()
        outbox.publish(session, "media.fetch", {"media_id": row.id}, at=at, key=f"media:{row.id}")


def prepare(session: Session, payload: dict[str, Any], _at: datetime, _again: bool) -> Wanted | None:
    """What to fetch; None when it is there or was given up. To fetch twice does no harm."""
    row = session.get_one(MessageMedia, payload["media_id"])
    return Wanted(row.url) if row.state == "pending" else None


def perform(gateway: Gateway, request: Wanted) -> bytes:
    """Fetch it."""
    return gateway.fetch_media(request.url)


def settle(session: Session, payload: dict[str, Any], outcome: Any, at: datetime, *, attachments: Path) -> None:
    """Keep it, put it apart, or note why it could not be had; a passing failure is tried again."""
    row = session.get_one(MessageMedia, payload["media_id"], with_for_update=True)
    if isinstance(outcome, TransportError):
        if outcome.permanent:
            row.state, row.reason, row.fetched_at = "failed", str(outcome)[:40], at
        return
    if isinstance(outcome, Exception):
        return
    odd = media_rules.oddity(outcome, row.declared_type)
    row.state, row.reason = ("quarantined", odd) if odd else ("stored", None)
    row.media_type, row.size, row.fetched_at = media_rules.kind_of(outcome), len(outcome), at
    row.name = _keep(attachments, outcome, apart=odd is not None)


def _keep(attachments: Path, data: bytes, *, apart: bool) -> str:
    """Write a file under its digest, once; returns its path under the attachments."""
    digest = hashlib.sha256(data).hexdigest()
    name = Path(FOLDER, "quarantine" if apart else digest[:2], digest)
    path = attachments / name
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        scratch = path.with_suffix(".part")
        scratch.write_bytes(data)
        scratch.chmod(0o600)
        scratch.replace(path)
    return name.as_posix()


def of_messages(session: Session, message_ids: list[int]) -> dict[int, list[MessageMedia]]:
    """Message → its files in order."""
    found: dict[int, list[MessageMedia]] = {}
    wanted = select(MessageMedia).where(MessageMedia.message_id.in_(message_ids)).order_by(MessageMedia.position)
    for row in session.scalars(wanted):
        found.setdefault(row.message_id, []).append(row)
    return found
