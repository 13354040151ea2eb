"""The engine is loaded before the first test: what it takes once is not any one message's time."""

from __future__ import annotations

import pytest

from helpdesk.triage import engine


@pytest.fixture(scope="session", autouse=True)
def loaded() -> None:
    """Read a message that even the encoder is asked about."""
    engine.current().read("something went strange here since yesterday")
