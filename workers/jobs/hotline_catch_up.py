"""Calls that reached the number while we were away."""

from typing import Any

from helpdesk.hotline import catching_up
from helpdesk.hotline.catching_up import prepare, settle
from helpdesk.hotline.telephone import telephone
from workers import runtime

__all__ = ["perform", "prepare", "settle"]


def perform(_gateway: Any, window: catching_up.Window) -> Any:
    """Lines have a door of their own at the provider."""
    return catching_up.perform(telephone(runtime.app().settings), window)
