"""What may be fetched and kept of what customers send: hosts, sizes, kinds of files. Plain values."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

import filetype

MOST_BYTES = 8 * 1024 * 1024
SHOWN = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
"""What a browser may show in a page."""
KEPT = SHOWN | {
    "image/heic", "application/pdf", "video/mp4", "video/3gpp", "video/quicktime", "audio/amr", "audio/ogg",
    "audio/mpeg", "audio/aac", "audio/mp4", "audio/m4a",
}  # fmt: skip
FAMILY = {"video": "recording", "audio": "recording"}


def may_ask(url: str, hosts: Iterable[str]) -> bool:
    """Whether an address is one of the provider's own: https, no other port, no name and password, a known host.

    A host that begins with a dot stands for every host below it.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme != "https" or port not in (None, 443) or parts.username or parts.password:
        return False
    host = (parts.hostname or "").lower()
    return any(host == known or (known.startswith(".") and host.endswith(known)) for known in hosts)


def kind_of(data: bytes) -> str | None:
    """What a file's first bytes say it is; None when they say nothing."""
    found = filetype.guess_mime(data)
    return str(found) if found else None


def oddity(data: bytes, declared: str) -> str | None:
    """Why a file is put into quarantine: ``empty``, ``unknown``, ``kind``, ``other_than_declared``; None: it is kept.

    ``declared``: the media type that the sender named.
    """
    if not data:
        return "empty"
    kind = kind_of(data)
    if kind is None:
        return "unknown"
    if kind not in KEPT:
        return "kind"
    said, is_ = (FAMILY.get(text.split("/")[0], text.split("/")[0]) for text in (declared.strip().lower(), kind))
    return "other_than_declared" if declared and said != is_ and said != "application" else None
