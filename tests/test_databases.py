"""The databases of the tests themselves: a server is shared, and gone when the last one leaves."""

from pathlib import Path

import psycopg
import pytest

from tests import databases

pytestmark = pytest.mark.once


def test_users_share_one_server_and_the_last_one_stops_it(tmp_path: Path) -> None:
    with databases.postgresql_server(tmp_path) as first:
        with databases.postgresql_server(tmp_path) as second:
            assert first == second
        with psycopg.connect(first) as connection:
            assert connection.execute("SHOW fsync").fetchone() == ("off",)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(first)


def test_each_process_gets_a_database_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    with (
        databases.postgresql_database(tmp_path_factory, "master") as one,
        databases.postgresql_database(tmp_path_factory, "master") as other,
    ):
        assert one != other
        with psycopg.connect(one.replace("+psycopg", "")) as connection:
            connection.execute("CREATE EXTENSION pg_trgm")


def test_what_is_lacking_is_skipped_but_fails_on_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception):
        databases.lacking("a moon")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="a moon"):
        databases.lacking("a moon")
