"""The rulebook's files as the product ships them: the regulation before anybody has revised it."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib import resources
from typing import Any

REVISABLE = ("clocks", "thresholds", "signoffs", "notices", "weights")
"""Files whose values a revision may change (9.1); machines and clauses change with the program."""


def text(file: str) -> str:
    """A data file's text."""
    return (resources.files("order_core.rulebook") / "data" / file).read_text(encoding="utf-8")


@lru_cache(maxsize=16)
def shipped(name: str) -> dict[str, Any]:
    """``data/<name>.toml``, read once; nobody changes what he gets."""
    return tomllib.loads(text(f"{name}.toml"))
