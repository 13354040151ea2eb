"""Who comes in: people with their password; the demo company's only where this is a demo."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import g

from helpdesk import now
from helpdesk.now import forward, wall

MEI = {"email": "mei@demo.test", "password": "demo"}
BEARER = {"Authorization": "Bearer demo-token"}


@dataclass
class Doors:
    """The product at its doors, once as a demo and once in earnest, on the same database."""

    client: Any
    app: Any
    monkeypatch: pytest.MonkeyPatch

    def in_earnest(self) -> None:
        self.app.settings = self.app.settings.model_copy(update={"demo_setting": False})
        g.pop("_login_user", None)  # the tests' app context outlives a request
        self.monkeypatch.setattr(now, "_follows_demo_clock", False)


@pytest.fixture
def doors(app: Any, client: Any, company: Any, monkeypatch: pytest.MonkeyPatch) -> Doors:
    return Doors(client, app, monkeypatch)


def test_mei_signs_in_and_out(doors: Doors) -> None:
    assert doors.client.post("/login", data={**MEI, "next": "/tickets"}).location == "/tickets"
    assert doors.client.get("/tickets").status_code == 200
    doors.client.post("/logout")
    assert doors.client.get("/tickets").status_code in (302, 401)


@pytest.mark.parametrize("wrong", [{"password": "Demo"}, {"password": ""}, {"email": "eve@demo.test"}, {"email": ""}])
def test_eve_is_told_nothing_but_that_it_is_wrong(doors: Doors, wrong: dict[str, str]) -> None:
    answer = doors.client.post("/login", data={**MEI, **wrong})
    assert answer.status_code == 403
    assert doors.client.get("/tickets").status_code in (302, 401)


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "\\\\evil.example", "javascript:1"])
def test_signing_in_never_leads_out_of_the_house(doors: Doors, elsewhere: str) -> None:
    location = doors.client.post("/login", data={**MEI, "next": elsewhere}).location
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))


def test_published_passwords_and_tokens_open_nothing_in_earnest(doors: Doors) -> None:
    """A database that was once a demo's keeps the made-up people; they stay outside."""
    doors.client.post("/login", data=MEI)
    assert doors.client.get("/api/v1/tickets", headers=BEARER).status_code == 200
    doors.in_earnest()
    assert doors.client.get("/tickets").status_code in (302, 401), "signed in before, and still inside"
    assert doors.client.post("/login", data=MEI).status_code == 403
    assert doors.app.test_client().get("/api/v1/tickets", headers=BEARER).status_code == 401


def test_a_clock_that_a_demo_moved_is_not_followed_in_earnest(doors: Doors, session: Any) -> None:
    forward(session, timedelta(days=30))
    assert now.now(session) > wall() + timedelta(days=29)
    doors.in_earnest()
    assert now.now(session) < wall() + timedelta(days=1)


@pytest.mark.once
def test_a_real_company_begins_with_its_departments_and_a_first_person(tmp_path: Path) -> None:
    env = {"HELPDESK_DATA_DIR": str(tmp_path), "DEMO": "0", "SECRET_KEY": "only-for-tests-0123456789"}

    def helpdesk(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "helpdesk.cli", *arguments]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    assert helpdesk("db", "upgrade").returncode == 0
    person = (
        "first@company.example",
        "--name",
        "First",
        "--department",
        "AFS",
        "--role",
        "agent",
        "--password",
        "long one",
    )
    assert helpdesk("user", "add", *person).returncode == 0
    refused = helpdesk("user", "add", *[word.replace("AFS", "XYZ") for word in person])
    assert refused.returncode == 2
    assert "XYZ" in refused.stderr


@pytest.mark.parametrize(
    ("path", "form"),
    [("/tickets?q=a%00b", None), ("/login", {"email": "a\0b", "password": "x"}), ("/tickets/T26%00", None)],
)
def test_what_no_database_keeps_is_refused_by_name(doors: Doors, path: str, form: dict[str, str] | None) -> None:
    doors.client.post("/login", data=MEI)
    answer = doors.client.post(path, data=form) if form else doors.client.get(path)
    assert answer.status_code == 400
    assert "NUL" in answer.text
