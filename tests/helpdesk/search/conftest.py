"""The library's small house is enough to search in."""

from tests.order_core.conftest import house

__all__ = ["house"]
