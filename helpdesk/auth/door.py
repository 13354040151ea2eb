"""The door: every route names the permission it needs, and the app asks before the view runs."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import g
from flask_login import current_user

from order_core.errors import Forbidden
from order_core.kernel.actor import Actor
from order_core.kernel.guard import PUBLIC, SIGNED_IN

__all__ = ["PUBLIC", "SIGNED_IN", "NotSignedIn", "current_actor", "door"]


class NotSignedIn(Forbidden):
    """Nobody is signed in at a door that needs somebody."""

    status = 401


View = TypeVar("View", bound=Callable[..., Any])


def door(permission: str) -> Callable[[View], View]:
    """Name the permission of a view: ``kind.action``, ``PUBLIC`` or ``SIGNED_IN``.

    ``OrderCare.dispatch_request`` enforces it; a route without one is refused, and a test finds it.
    """

    def mark(view: View) -> View:
        view.permission = permission  # type: ignore[attr-defined]
        return view

    return mark


def current_actor() -> Actor | None:
    """The signed-in person (by session or API token) as an actor, or None."""
    if "actor" not in g:
        g.actor = current_user.actor() if current_user.is_authenticated else None
    return g.actor  # type: ignore[no-any-return]
