"""The provider's side of our webhooks: signed form posts through the HTTP client."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpdesk.channels import addresses
from helpdesk.channels.models import InboundEvent, Message
from helpdesk.channels.signature import sign
from order_core.kernel.outbox import OutboxRow

FORM = "application/x-www-form-urlencoded"
LIN, CHEN, SMITH, WANG = "+85261230001", "+85261230002", "+14155550003", "+886912000004"

_numbers = itertools.count(1)


def new_sid(prefix: str = "SM") -> str:
    """A sid of Twilio's form that no other test has used."""
    return f"{prefix}{next(_numbers):032x}"


@dataclass
class Outside:
    """Twilio as our webhooks see it."""

    client: Any

    @property
    def settings(self) -> Any:
        return self.client.application.settings

    def form(self, **fields: str) -> dict[str, str]:
        """The fields that every webhook has, and these."""
        ours = {"AccountSid": addresses.account(self.settings), "To": addresses.our_number(self.settings)}
        return {**ours, "From": LIN, **fields}

    def sign(self, path: str, pairs: list[tuple[str, str]]) -> str:
        """The right signature."""
        return sign(self.settings.webhook_auth_tokens[0], self.settings.public_url + path, pairs)

    def post(self, path: str, fields: dict[str, str] | list[tuple[str, str]], signature: str | None = None) -> Any:
        """Post a form, signed rightly unless another signature is given."""
        pairs = list(fields.items()) if isinstance(fields, dict) else fields
        signature = self.sign(path, pairs) if signature is None else signature
        with self.client.application.app_context():  # each request has its own, as outside tests
            return self.client.post(
                path, data=urlencode(pairs), content_type=FORM, headers={"X-Twilio-Signature": signature}
            )

    def text(self, body: str = "冰箱不冷", *, sid: str | None = None, **fields: str) -> Any:
        """A customer's SMS."""
        given = {"MessageSid": sid or new_sid(), "Body": body, "NumMedia": "0", **fields}
        return self.post("/twilio/sms", self.form(**given))


@pytest.fixture
def outside(client: Any) -> Outside:
    """Twilio, posting to the app."""
    return Outside(client)


@dataclass(frozen=True)
class Stored:
    """How many rows there are of what a webhook may write."""

    events: int
    messages: int
    outbox: int


def stored(session: Session) -> Stored:
    """What the database holds now."""
    session.expire_all()
    counts = [session.scalar(select(func.count(cls.id))) or 0 for cls in (InboundEvent, Message, OutboxRow)]
    return Stored(*counts)
