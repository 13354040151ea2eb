"""Idempotent answers."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from helpdesk.api.models import IdempotentAnswer
from order_core.errors import Conflict
from order_core.kernel.actor import Actor


def once(
    session: Session,
    key: str | None,
    request: bytes,
    work: Callable[[], tuple[dict[str, Any], int]],
    *,
    by: Actor,
    at: datetime,
) -> tuple[dict[str, Any], int]:
    """Do ``work`` once for a key of ``by``; a repetition gets the first answer.

    Args:
        request: what is asked, address and body: the key belongs to it.

    Raises:
        Conflict: the key was used for a different request.
    """
    if not key:
        return work()
    digest = hashlib.sha256(request).hexdigest()
    row_key = f"{by.kind}:{by.id}:{hashlib.sha256(key.encode()).hexdigest()}"
    known = session.get(IdempotentAnswer, row_key)
    if known is not None:
        if known.request_digest != digest:
            raise Conflict("api.key_reused", field="Idempotency-Key")
        return known.body, known.status
    body, status = work()
    session.add(IdempotentAnswer(key=row_key, request_digest=digest, status=status, body=body, at=at))
    session.flush()
    return body, status
