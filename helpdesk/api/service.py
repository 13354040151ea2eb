"""Idempotent answers."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from helpdesk.api.models import IdempotentAnswer
from order_core.errors import Conflict


def once(
    session: Session,
    key: str | None,
    request: bytes,
    work: Callable[[], tuple[dict[str, Any], int]],
    *,
    at: datetime,
) -> tuple[dict[str, Any], int]:
    """Do ``work`` once for a key; a repetition gets the first answer.

    Raises:
        Conflict: the key was used for a different request.
    """
    if not key:
        return work()
    digest = hashlib.sha256(request).hexdigest()
    known = session.get(IdempotentAnswer, key[:160])
    if known is not None:
        if known.request_digest != digest:
            raise Conflict("api.key_reused", field="Idempotency-Key")
        return known.body, known.status
    body, status = work()
    session.add(IdempotentAnswer(key=key[:160], request_digest=digest, status=status, body=body, at=at))
    session.flush()
    return body, status
