"""What a message costs: parts times the price of a part in that country (``data/prices.toml``)."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from functools import lru_cache
from typing import Any

from helpdesk.channels.capabilities import DATA, capability, channel_of
from helpdesk.channels.sms import measure
from order_core.values import country_of


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return tomllib.loads((DATA / "prices.toml").read_text(encoding="utf-8"))


def currency() -> str:
    """ISO 4217 code of all prices here."""
    return str(_table()["currency"])


def part_price(address: str) -> Decimal:
    """What one part to this address costs; WhatsApp's answers within a day cost nothing a part."""
    if channel_of(address) == "whatsapp":
        return Decimal(0)
    return Decimal(_table()["country"].get(country_of(address) or "", _table()["default"]))


def cost(text: str, address: str) -> Decimal:
    """What this text costs there."""
    return measure(text).parts * part_price(address)


def composing(address: str) -> dict[str, Any]:
    """What the page beside a message that is being written has to know (macro ``sms.compose``)."""
    able = capability(address)
    return {
        "address": address,
        "price": str(part_price(address)),
        "currency": currency(),
        "most": able.parts,
        "two_way": able.two_way,
        "links": able.links == "yes",
    }
