"""The JSON that a webhook gateway posts: fields checked and made safe to keep."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from helpdesk.channels.rules import MAX_MEDIA, RANK, Inbound, clean
from order_core.errors import Invalid

ID = re.compile(r"[\w.:@-]{1,64}")
PLAIN = (str, int, float, bool, type(None))


def text_of(given: Mapping[str, Any], name: str, *, required: bool = True) -> str:
    """A text field; raises ``Invalid`` naming it when it is missing, blank or no text."""
    value = given.get(name, "")
    if not isinstance(value, str) or (required and not value.strip()):
        raise Invalid("webhook.field", field=name, name=name)
    return clean(value)


def id_of(given: Mapping[str, Any]) -> str:
    """The message's id; raises ``Invalid`` when it is none."""
    value = text_of(given, "id")
    if not ID.fullmatch(value):
        raise Invalid("webhook.sid", field="id", name="id")
    return value


def status_of(value: Any) -> str:
    """A status of ours; what we do not know says no more than that it was taken."""
    return value if isinstance(value, str) and value in RANK else "accepted"


def read_inbound(given: Mapping[str, Any], account: str) -> Inbound:
    """The message in a request.

    Raises:
        Invalid: a required field is missing or no text.
    """
    return Inbound(
        account=account,
        sid=id_of(given),
        sender=text_of(given, "from")[:64],
        to=text_of(given, "to")[:64],
        body=text_of(given, "body", required=False),
        media=_media(given.get("media")),
        raw={clean(str(name)): _kept(value) for name, value in given.items()},
    )


def _media(given: Any) -> list[dict[str, str]]:
    rows = given if isinstance(given, list) else []
    return [
        {"url": clean(row["url"]), "type": clean(str(row.get("type", "")))}
        for row in rows[:MAX_MEDIA]
        if isinstance(row, dict) and isinstance(row.get("url"), str) and row["url"]
    ]


def _kept(value: Any) -> Any:
    """A field as the raw event keeps it: plain values as they are, the rest as text."""
    return clean(value) if isinstance(value, str) else value if isinstance(value, PLAIN) else clean(repr(value))
