"""Settings: defaults, files, refusals in one line, and the rules between them."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from helpdesk.config import ConfigError, Settings, load_settings, setting_names
from helpdesk.secretfile import kept_secret

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"
POSTGRES = {"DATABASE_URL": "postgresql+psycopg://u:hidden@db/care", "SECRET_KEY": "k" * 32}


@pytest.fixture
def here(tmp_path: Path) -> dict[str, str]:
    return {"HELPDESK_DATA_DIR": str(tmp_path / "data")}


def test_nothing_set_is_a_demo_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings({})
    assert settings.data_dir == tmp_path / "instance"
    assert settings.database_url == f"sqlite:///{tmp_path}/instance/ordercare.sqlite3"
    assert settings.public_url == "http://127.0.0.1:8000"
    assert (settings.is_embedded_database, settings.is_embedded_redis, settings.demo) == (True, True, True)
    assert not settings.has_twilio
    assert (settings.default_timezone, settings.default_locale, settings.default_region) == (
        "Asia/Taipei", "zh_Hant", "TW",
    )  # fmt: skip
    assert not (tmp_path / "instance").exists(), "looking at the settings writes nothing"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"), ("PORT", "0"), ("PORT", "65536"), ("HOST", "a b"), ("PUBLIC_URL", "care.example"),
        ("PUBLIC_URL", "ftp://care.example"), ("PUBLIC_URL", "https://care.example/?x=1"),
        ("DATABASE_URL", "mysql://u:hidden@db/care"), ("DATABASE_URL", "postgresql+psycopg:"),
        ("REDIS_URL", "http://u:hidden@redis"), ("DEFAULT_TIMEZONE", "Asia/Nowhere"),
        ("DEFAULT_TIMEZONE", "../etc/passwd"), ("DEFAULT_LOCALE", "fr"), ("DEFAULT_REGION", "tw"),
        ("DEFAULT_REGION", "XX"), ("DEMO", "yes"), ("TWILIO_AUTH_TOKEN", "hidden,b,c"),
        ("TWILIO_AUTH_TOKEN", "hidden,"), ("TWILIO_ACCOUNT_SID", "my account"),
        ("TWILIO_PHONE_NUMBER", "30000000"), ("TWILIO_API_BASE_URL", "localhost:9"),
        ("HELPDESK_DATA_DIR", __file__), ("HELPDESK_REDIS_SERVER_BIN", "/nowhere"),
    ],
)  # fmt: skip
def test_a_bad_value_is_one_line_with_its_name_and_what_is_allowed(name: str, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings({name: value})
    message = str(caught.value)
    assert message.startswith(f"{name}: ")
    assert "allowed: " in message
    assert "\n" not in message
    assert "hidden" not in message, "secrets are not repeated"


def test_a_setting_can_be_a_file(here: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "port").write_text("8123\n")
    assert load_settings(here | {"PORT_FILE": str(tmp_path / "port")}).port == 8123


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"PORT_FILE": "/nowhere"}, "PORT_FILE: /nowhere"),
        ({"PORT_FILE": "/nowhere", "PORT": "80"}, "PORT: given twice"),
        ({"DATABASE_URL": "postgresql+psycopg://db/care"}, "SECRET_KEY: missing"),
        ({"TWILIO_ACCOUNT_SID": "AC1"}, "TWILIO_AUTH_TOKEN: missing"),
        ({"TWILIO_API_KEY": "SK1"}, "TWILIO_API_SECRET: missing"),
    ],
)
def test_what_does_not_go_together_is_refused(env: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_settings(env)


def test_an_empty_value_counts_as_unset(here: dict[str, str]) -> None:
    assert load_settings(here | {"PORT": " ", "DATABASE_URL": "", "SECRET_KEY_FILE": ""}).port == 8000


def test_secrets_are_made_once_and_kept_private(here: dict[str, str]) -> None:
    first, again = load_settings(here), load_settings(here)
    assert first.secret_key == again.secret_key
    assert first.webhook_auth_token == again.webhook_auth_token
    assert first.redis_url == again.redis_url
    assert len({first.secret_key, first.webhook_auth_token, first.redis_url}) == 3
    for path in first.data_dir.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_processes_that_start_together_agree_on_the_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(kept_secret, [tmp_path / "key"] * 64))) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret-key").touch()
    with pytest.raises(ConfigError, match=r"HELPDESK_DATA_DIR: .*is empty"):
        _ = load_settings({"HELPDESK_DATA_DIR": str(tmp_path / "data")}).secret_key


@pytest.mark.parametrize(
    ("env", "demo"),
    [
        ({}, True),
        ({"DEMO": "0"}, False),
        ({"HOST": "::1"}, True),
        ({"HOST": "localhost"}, True),
        ({"HOST": "0.0.0.0"}, False),
        ({"HOST": "0.0.0.0", "DEMO": "1"}, True),
        ({"PUBLIC_URL": "http://localhost:8000"}, True),
        ({"PUBLIC_URL": "https://care.example"}, False),
        (POSTGRES, False),
        (POSTGRES | {"DEMO": "1"}, True),
    ],
)
def test_a_demo_is_on_by_itself_only_where_nobody_else_gets_in(env: dict[str, str], demo: bool) -> None:
    assert load_settings(env).demo is demo


def test_webhooks_are_signed_with_the_token_given_else_the_demos(here: dict[str, str]) -> None:
    assert load_settings(here | {"TWILIO_AUTH_TOKEN": "new, old"}).webhook_auth_tokens == ("new", "old")
    assert len(load_settings(here).webhook_auth_tokens) == 1
    assert load_settings(here | {"DEMO": "0"}).webhook_auth_token is None


@pytest.mark.parametrize(
    ("env", "address"),
    [
        ({"PUBLIC_URL": "https://care.example/desk/"}, "https://care.example/desk"),
        ({"HOST": "0.0.0.0", "PORT": "80"}, "http://127.0.0.1:80"),
        ({"HOST": "::1"}, "http://[::1]:8000"),
    ],
)
def test_public_url(env: dict[str, str], address: str) -> None:
    assert load_settings(env).public_url == address


def test_what_was_given_is_what_is_used() -> None:
    settings = load_settings(
        POSTGRES | {"REDIS_URL": "redis://cache:6379/1", "TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t"}
    )
    assert settings.database_url == POSTGRES["DATABASE_URL"]
    assert settings.redis_url == "redis://cache:6379/1"
    assert settings.secret_key == POSTGRES["SECRET_KEY"]
    assert settings.has_twilio
    assert "hidden" not in repr(settings)


def test_every_setting_is_documented_and_nothing_else() -> None:
    documented = [line.split("`")[1] for line in DOCS.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert documented == setting_names()


def test_own_names_start_with_our_own_word() -> None:
    fixed = {
        "DATABASE_URL", "REDIS_URL", "HOST", "PORT", "PUBLIC_URL", "SECRET_KEY", "DEMO",
        "DEFAULT_TIMEZONE", "DEFAULT_LOCALE", "DEFAULT_REGION",
    }  # fmt: skip
    ours = [name for name in setting_names() if name not in fixed and not name.startswith("TWILIO_")]
    assert all(name.startswith("HELPDESK_") for name in ours)


def test_every_field_says_what_is_allowed() -> None:
    assert all(field.description and field.alias for field in Settings.model_fields.values())
