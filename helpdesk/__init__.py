"""The service round the regulation: intake, dispatch, parts, surveys, the agents' console."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from helpdesk.app import OrderCare


def create_app(*args: Any, **kwargs: Any) -> "OrderCare":
    """The application factory, for ``flask --app helpdesk``; imported late so that rules stay light."""
    from helpdesk.app import create_app as create

    return create(*args, **kwargs)
