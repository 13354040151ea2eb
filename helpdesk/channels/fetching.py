"""A file by HTTPS from a provider's own hosts: no foreign redirect, no more bytes than allowed, no long wait."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urljoin

import requests

from helpdesk.channels.gateway import TransportError
from helpdesk.channels.media_rules import MOST_BYTES, may_ask

REDIRECTS = 3
TIMEOUT = (5.0, 10.0)
"""Seconds to connect, and between two pieces."""
GONE = frozenset({400, 401, 403, 404, 410})


def fetch(
    url: str, hosts: Collection[str], *, auth: tuple[str, str] | None = None, trusted: str | None = None
) -> bytes:
    """The file behind an address.

    Args:
        hosts: where we may ask; a redirect elsewhere is refused.
        auth: name and password for the first address, never handed on to where it redirects.
        trusted: an address whose beginning is allowed as it is (a stand-in in tests).

    Raises:
        TransportError: permanent for a refused or vanished file, else to be tried again.
    """
    for hop in range(REDIRECTS + 1):
        if not may_ask(url, hosts) and not (trusted and url.startswith(f"{trusted}/")):
            raise TransportError("foreign host", permanent=True)
        try:
            with requests.get(
                url, auth=auth if hop == 0 else None, timeout=TIMEOUT, stream=True, allow_redirects=False
            ) as answer:
                if answer.is_redirect:
                    url = urljoin(url, answer.headers["Location"])
                    continue
                return _body(answer)
        except requests.RequestException as error:
            raise TransportError(type(error).__name__, unprocessed=True) from error
    raise TransportError("too many redirects", permanent=True)


def _body(answer: requests.Response) -> bytes:
    if not answer.ok:
        gone = answer.status_code in GONE
        raise TransportError(f"HTTP {answer.status_code}", permanent=gone, unprocessed=not gone)
    data = bytearray()
    for piece in answer.iter_content(64 * 1024):
        data += piece
        if len(data) > MOST_BYTES:
            raise TransportError("too large", permanent=True)
    return bytes(data)
