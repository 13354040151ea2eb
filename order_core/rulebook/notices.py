"""Which departments are told when a term changes (``notices.toml``; 2.3.2-c)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from order_core.rulebook.source import shipped


def read(data: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Term → departments, of ``notices.toml`` or of a revised copy."""
    return {term: tuple(departments) for term, departments in data["terms"].items()}


@lru_cache(maxsize=1)
def terms() -> dict[str, tuple[str, ...]]:
    """The table as the product ships it."""
    return read(shipped("notices"))
