"""Typical parameters of what the dialogue says: part of ``samples.SMS``, kept by those who keep the dialogue."""

from datetime import UTC, datetime
from typing import Any

_NUMBER: dict[str, Any] = {"number": "T2026-01234"}
_WINDOW: dict[str, Any] = {
    "starts_at": datetime(2026, 12, 24, 5, 0, tzinfo=UTC),
    "ends_at": datetime(2026, 12, 24, 7, 0, tzinfo=UTC),
    "zone": "Asia/Taipei",
}
_COVER: dict[str, Any] = {**_NUMBER, "name": "Fresh 420", "until": "2028-11-24", "rule": "W-REF-24"}

SMS: dict[str, dict[str, Any]] = {
    "ask.confirm": {
        **_NUMBER,
        **_WINDOW,
        "address": "九龍旺角彌敦道 700 號 12 樓 A 室",
    },
    "ask.unit": {
        **_NUMBER,
        "products": [{"name": "Fresh 420", "room": "廚房"}, {"name": "Aqua 9", "room": "陽台"}],
    },
    "ask.person": {**_NUMBER, "people": ["林＊＊", "陳＊", "M. S."]},
    "status.ticket": {
        **_NUMBER,
        "state": "待到府",
        "visit": _WINDOW,
        "contact_by": {"at": datetime(2026, 12, 24, 7, 0, tzinfo=UTC), "zone": "Asia/Taipei"},
    },
    "warranty.covered": _COVER,
    "warranty.partly": _COVER,
    "warranty.over": _COVER,
    "warranty.unsure": _COVER,
    "parts.price": {**_NUMBER, "parts": [{"name": "門封條", "price": "HKD 320.00"}]},
}
