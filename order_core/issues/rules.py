"""Words and limits of issues."""

from __future__ import annotations

from datetime import timedelta

KINDS = ("ticket", "callback", "quality", "production", "transport", "objection", "alert")
CATEGORIES = ("fault", "question", "delivery", "complaint", "billing", "other")
URGENCIES = ("emergency", "high", "normal", "low")
MODES = ("phone", "remote", "on_site")
SERIES = {"ticket": "T", "callback": "C", "quality": "Q"}
OTHER_SERIES = "I"
REOPEN_WITHIN = timedelta(days=14)
OPEN_STATES = ("open", "classified", "assigned", "contacted", "acting", "verifying")


def series(kind: str) -> str:
    """The number series of an issue's kind."""
    return SERIES.get(kind, OTHER_SERIES)


def category_of(intent: str) -> str:
    """The class of a contact by what it wants (clause 5.1.2-a)."""
    return {
        "report_fault": "fault",
        "complaint": "complaint",
        "invoice_or_payment": "billing",
        "return_refund": "billing",
        "order_status": "delivery",
        "delivery_reschedule": "delivery",
        "how_to": "question",
        "warranty_inquiry": "question",
        "parts_inquiry": "question",
    }.get(intent, "other")
