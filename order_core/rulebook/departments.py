"""The departments that sign, plan and are measured, read from ``data/departments.toml``."""

from __future__ import annotations

import tomllib
from importlib import resources


def _load() -> dict[str, dict[str, str]]:
    text = (resources.files("order_core.rulebook") / "data" / "departments.toml").read_text(encoding="utf-8")
    return {
        code: {"en": en, "zh-Hant": hant, "zh-Hans": hans} for code, (en, hant, hans) in tomllib.loads(text).items()
    }


DEPARTMENTS = _load()
"""Code → name in three languages."""
