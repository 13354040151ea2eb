"""How a webhook gateway's requests are signed, both ways: HMAC-SHA256 over ``timestamp.body``, in hexadecimal.

The timestamp (seconds since 1970) is signed too, and old requests are refused; a repetition within the time
is harmless by its id.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

TIMESTAMP = "X-OrderCare-Timestamp"
SIGNATURE = "X-OrderCare-Signature"
PREFIX = "sha256="
TOLERANCE = 300
"""Seconds that a request may be old, or ahead of our clock."""


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The value of the signature's header."""
    return PREFIX + hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def headers(secret: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Both headers of a request."""
    return {TIMESTAMP: str(timestamp), SIGNATURE: sign(secret, timestamp, body)}


def verify(secrets: Sequence[str], timestamp: str, body: bytes, signature: str, *, now: float) -> bool:
    """Whether one of our secrets (two during rotation) signed this, just now; compared in constant time."""
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 12 and signature.isascii()):
        return False
    if abs(now - int(timestamp)) > TOLERANCE:
        return False
    return any(hmac.compare_digest(sign(secret, int(timestamp), body), signature) for secret in secrets)
