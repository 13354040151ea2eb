"""The provider's side of the hotline."""

from tests.helpdesk.channels.conftest import outside

__all__ = ["outside"]
