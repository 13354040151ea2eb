"""Whole products for the end-to-end tests, on the kind of database that is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import databases
from tests.e2e.browser import chromium as chromium
from tests.e2e.product import Product

Start = Callable[..., Product]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Start]:
    """Start a product that lives as long as the module; ``env`` are further settings."""
    with ExitStack() as stack:

        def start(env: Mapping[str, str] | None = None) -> Product:
            url = None
            if os.environ.get("TEST_DATABASE", "sqlite") == "postgresql":
                url = stack.enter_context(databases.postgresql_database(tmp_path_factory, worker_id))
            return stack.enter_context(Product(tmp_path_factory.mktemp("product"), database_url=url, env=env))

        yield start


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A product has eight processes: one product at a time, whoever runs the tests in parallel."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("product"))
            item.add_marker(pytest.mark.timeout(600))
