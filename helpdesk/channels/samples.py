"""Typical parameters of every purpose: for the preview of a wording, and for counting its parts.

The keys are the contract: a wording may ask for these parameters of its purpose and for no others.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from helpdesk.channels import dialogue_samples
from helpdesk.channels.wording import Channel

NUMBER = "T2026-01234"
ORDER = "SO2026-0042"
_NUMBER: dict[str, Any] = {"number": NUMBER}
_VISIT: dict[str, Any] = {
    **_NUMBER,
    "starts_at": datetime(2026, 11, 24, 5, 0, tzinfo=UTC),
    "ends_at": datetime(2026, 11, 24, 7, 0, tzinfo=UTC),
    "zone": "Asia/Taipei",
}
_ON_THE_WAY: dict[str, Any] = {**_VISIT, "technician": "王小明", "eta": datetime(2026, 11, 24, 6, 20, tzinfo=UTC)}
_WINDOWS: dict[str, Any] = {
    **_NUMBER,
    "zone": "Asia/Taipei",
    "windows": [
        {
            "starts_at": datetime(2026, 12, day, hour, 0, tzinfo=UTC),
            "ends_at": datetime(2026, 12, day, hour + 2, 0, tzinfo=UTC),
        }
        for day, hour in ((24, 2), (24, 5), (25, 7))
    ],
}
_ORDER: dict[str, Any] = {"order": ORDER, "on": date(2026, 12, 24), "zone": "Asia/Taipei"}

SMS: dict[str, dict[str, Any]] = {
    "ask.product": {
        **_NUMBER,
        "products": [
            {"name": "Fresh 420", "room": "廚房"},
            {"name": "Aqua 9", "room": "陽台"},
            {"name": "Breeze 3", "room": "主臥室"},
        ],
    },
    "ask.ticket": {**_NUMBER, "tickets": ["冰箱不冷，一直滴水", "洗衣機脫水很大聲", "冷氣漏水"]},
    "code.call": {"code": "482913", "minutes": 10},
    "code.once": {"code": "482913", "minutes": 10},
    "offer.slots": _WINDOWS,
    "slot.taken": _WINDOWS,
    "optout.done": {**_NUMBER, "scope": "all"},
    "order.confirmed": _ORDER,
    "order.delivered": _ORDER,
    "order.cancelled": _ORDER,
    "order.late": _ORDER,
    "order.moved": _ORDER,
    "order.refused": _ORDER,
    "order.shipped": _ORDER,
    "quality.fixed": {**_NUMBER, "remedy": "加長排水管"},
    "quote.sent": {"number": "QT26-00042", "on": date(2026, 12, 24), "until": date(2026, 12, 31)},
    "status.order": {**_NUMBER, **_ORDER, "state": "生產中"},
    "status.ticket": {**_NUMBER, "state": "待到府", "visit": {k: _VISIT[k] for k in ("starts_at", "ends_at", "zone")}},
    "survey.sorry": {**_NUMBER, "score": 2},
    "survey.thanks": {**_NUMBER, "score": 5},
    "web.code": {
        **_NUMBER,
        "code": "48291375",
        "until": datetime(2026, 11, 27, 5, 0, tzinfo=UTC),
        "zone": "Asia/Taipei",
    },
    "visit.booked": {**_VISIT, "address": "九龍長沙灣道 12 號 3 樓"},
    "visit.reminder": _VISIT,
    "visit.moved": _VISIT,
    "visit.missed": _VISIT,
    "visit.assigned": {**_VISIT, "technician": "王小明"},
    "visit.on_my_way": _ON_THE_WAY,
    "visit.late": _ON_THE_WAY,
    "visit.called_off": _VISIT,
    "visit.done": {**_VISIT, "technician": "王小明", "summary": "換新啟動電容，測試正常"},
}
"""Purposes that are not here get the ticket's number alone."""
SMS |= dialogue_samples.SMS

VOICE: dict[str, dict[str, Any]] = {
    "added": _NUMBER,
    "greeting": {"name": "林"},
    "language": {"key": "1"},
    "language.yue": {"key": "2"},
    "order_status": {"number": ORDER, "state": "-", "date": "24 December"},
    "queue.wait": {"position": 3, "minutes": 5},
    "reported": _NUMBER,
    "ticket_status": {**_NUMBER, "state": "-"},
    "visit_on_the_way": {"when": "24 November"},
    "visit_status": {"when": "24 November"},
    "voicemail.kept": _NUMBER,
    "who": {"people": [{"key": 1, "name": "林太太"}, {"key": 2, "name": "林小弟"}]},
}


def sample(purpose: str, channel: Channel = "sms") -> dict[str, Any]:
    """Parameters as the purpose gets them."""
    return SMS.get(purpose, _NUMBER) if channel == "sms" else VOICE.get(purpose, {})
