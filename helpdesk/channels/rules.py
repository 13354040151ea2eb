"""Statuses that only rise, fields a webhook must bring, text made safe to keep and show."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from order_core.errors import Invalid
from order_core.values import storable

RANK = {
    "queued": 0, "accepted": 1, "scheduled": 1, "sending": 2, "sent": 3,
    "delivered": 5, "read": 6, "undelivered": 4, "failed": 4, "suppressed": 9, "diverted": 9,
}  # fmt: skip
"""A late ``sent`` after ``delivered`` changes nothing; a delivery proof beats a failure report."""
MAX_BODY = 4000
MAX_MEDIA = 10
SID = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")
CALL_SID = re.compile(r"CA[0-9a-fA-F]{32}")


@dataclass(frozen=True)
class Inbound:
    """An inbound message as any provider's webhook brings it."""

    account: str
    sid: str
    sender: str
    to: str
    body: str
    media: list[dict[str, str]]
    raw: dict[str, Any]


def rises(current: str, new: str) -> bool:
    """Whether a status report moves a message forward."""
    return RANK.get(new, -1) > RANK.get(current, 0)


def clean(text: str) -> str:
    """A storable text of at most ``MAX_BODY`` characters."""
    return storable(text)[:MAX_BODY]


def clean_fields(fields: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """All form fields, known or not, with texts made safe."""
    return {clean(name): clean(values[0]) if len(values) == 1 else [clean(v) for v in values]
            for name, values in fields.items()}  # fmt: skip


def required(fields: Mapping[str, Sequence[str]], *names: str) -> None:
    """Raise ``Invalid`` naming the first field that is missing, empty or given twice."""
    for name in names:
        values = fields.get(name, ())
        if len(values) != 1 or not values[0].strip():
            raise Invalid("webhook.field", field=name, name=name)


def sid_of(fields: Mapping[str, Sequence[str]], name: str, form: re.Pattern[str]) -> str:
    """The sid in a field; raises ``Invalid`` naming it when it is missing or not of the provider's form."""
    required(fields, name)
    if not form.fullmatch(fields[name][0]):
        raise Invalid("webhook.sid", field=name, name=name)
    return fields[name][0]


def read_message(fields: Mapping[str, Sequence[str]]) -> Inbound:
    """The message in a webhook's form.

    Raises:
        Invalid: a required field is missing or given twice, or the sid is not of the provider's form.
    """
    required(fields, "MessageSid", "AccountSid", "From", "To")
    first = {name: values[0] for name, values in fields.items()}
    return Inbound(
        account=first["AccountSid"],
        sid=sid_of(fields, "MessageSid", SID),
        sender=clean(first["From"])[:64],
        to=clean(first["To"])[:64],
        body=clean(first.get("Body", "")),
        media=_media(first),
        raw=clean_fields(fields),
    )


def _media(first: Mapping[str, str]) -> list[dict[str, str]]:
    count = first.get("NumMedia", "0")
    wanted = min(int(count), MAX_MEDIA) if count.isdecimal() and count.isascii() and len(count) < 4 else 0
    return [
        {"url": clean(first[f"MediaUrl{i}"]), "type": clean(first.get(f"MediaContentType{i}", ""))}
        for i in range(wanted)
        if first.get(f"MediaUrl{i}")
    ]


def may_send(history: Sequence[tuple[str, bool]], scope: str) -> bool:
    """Whether a number may be sent messages of a scope, by its ``(scope, allowed)`` entries, the oldest first.

    Everything is allowed until it is refused, but marketing is refused until it is allowed by its own word: to
    take a refusal of everything back allows no marketing.
    """
    allowed = scope != "marketing"
    for said, answer in history:
        if said == scope or (said == "all" and not (answer and scope == "marketing")):
            allowed = answer
    return allowed
