"""A call under way is held, resumed, handed over, or its recording paused."""

from typing import Any

from helpdesk.hotline import changes
from helpdesk.hotline.changes import prepare, settle
from helpdesk.hotline.telephone import telephone
from workers import runtime

__all__ = ["perform", "prepare", "settle"]


def perform(_gateway: Any, asked: changes.Asked) -> bool:
    """Lines have a door of their own at the provider."""
    return changes.perform(telephone(runtime.app().settings), asked)
