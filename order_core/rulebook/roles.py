"""Roles and departments with their permissions, read from ``data/roles.toml``."""

from __future__ import annotations

import tomllib
from importlib import resources

from order_core.kernel.guard import Grants


def _load() -> Grants:
    text = (resources.files("order_core.rulebook") / "data" / "roles.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    return Grants(
        by_role={role: frozenset(names) for role, names in data["role"].items()},
        by_department={code: frozenset(names) for code, names in data["department"].items()},
    )


GRANTS = _load()
