"""Twilio's webhook signature: HMAC-SHA1 over the URL and the sorted form, base64 (their security guide).

Our own few lines rather than the client's validator: that one raises on odd input and reads a decoded URL,
while the signature covers the raw one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

Pairs = Iterable[tuple[str, str]]


def sign(token: str, url: str, form: Pairs) -> str:
    """The signature that Twilio would send for a form post to ``url``."""
    text = url + "".join(f"{name}{value}" for name, value in sorted(set(form)))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def variants(url: str) -> list[str]:
    """The URL with and without its standard port: Twilio has signed both."""
    parts = urlsplit(url)
    port = {"https": 443, "http": 80}.get(parts.scheme)
    if parts.port is None and port:
        return [url, parts._replace(netloc=f"{parts.netloc}:{port}").geturl()]
    if parts.port == port:
        return [url, parts._replace(netloc=parts.netloc.removesuffix(f":{port}")).geturl()]
    return [url]


def verify(tokens: Sequence[str], url: str, form: Sequence[tuple[str, str]], signature: str) -> bool:
    """Whether one of our tokens (two during rotation) made this signature; compared in constant time."""
    if not signature or not signature.isascii():
        return False
    return any(
        hmac.compare_digest(sign(token, variant, form), signature) for token in tokens for variant in variants(url)
    )
