"""The settings: one typed place, read from the environment, refused at start-up when one is wrong.

Each setting ``X`` may be given as ``X_FILE``, the path of a file that holds it (secrets of containers and
service managers). An empty value counts as unset. docs/settings.md describes every one of them; a test
compares.
"""

import os
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from helpdesk import embedded
from helpdesk import setting_types as a
from helpdesk.secretfile import kept_secret

SECRETS = re.compile(r"SECRET|TOKEN|ASSIST_API_KEY|DATABASE_URL|REDIS_URL")
"""Names of settings whose value is never repeated in an error message."""
WEB = "http:// or https:// and a host, without a query"


class ConfigError(Exception):
    """A setting is missing or wrong. The message is one line: the name, what is wrong, what is allowed."""

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(f"{setting}: {problem}")
        self.setting = setting


def _setting(name: str, default: Any, allowed: str) -> Any:
    return Field(default, alias=name, description=allowed, repr=not SECRETS.search(name), validate_default=True)


class Settings(BaseModel):
    """What the environment says, checked. ``description`` of a field is what an error says is allowed.

    Fields that end in ``_setting`` are what was given; the property without the ending is what to use.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))

    data_dir: a.Folder = _setting("HELPDESK_DATA_DIR", Path("instance"), "a folder")
    database_setting: a.DatabaseUrl | None = _setting(
        "DATABASE_URL", None, "postgresql+psycopg://USER:PASSWORD@HOST/NAME"
    )
    redis_setting: a.RedisUrl | None = _setting("REDIS_URL", None, "redis://HOST:PORT/0, rediss://… or unix://PATH")
    host: a.Host = _setting("HOST", "127.0.0.1", "an address or a host name")
    port: a.Port = _setting("PORT", 8000, "a whole number from 1 to 65535")
    public_setting: a.WebAddress | None = _setting("PUBLIC_URL", None, WEB)
    secret_setting: str | None = _setting("SECRET_KEY", None, "any text; 32 random characters are right")
    twilio_account_sid: a.Sid | None = _setting("TWILIO_ACCOUNT_SID", None, "AC and letters or digits")
    twilio_token_setting: a.Tokens | None = _setting(
        "TWILIO_AUTH_TOKEN", None, "a token, or two separated by a comma during rotation"
    )
    twilio_api_key: a.Sid | None = _setting("TWILIO_API_KEY", None, "SK and letters or digits")
    twilio_api_secret: str | None = _setting("TWILIO_API_SECRET", None, "the secret of TWILIO_API_KEY")
    twilio_twiml_app_sid: a.Sid | None = _setting("TWILIO_TWIML_APP_SID", None, "AP and letters or digits")
    twilio_phone_number: a.PhoneNumber | None = _setting("TWILIO_PHONE_NUMBER", None, "a number like +85230000000")
    twilio_messaging_service_sid: a.Sid | None = _setting(
        "TWILIO_MESSAGING_SERVICE_SID", None, "MG and letters or digits"
    )
    twilio_api_base_url: a.WebAddress | None = _setting("TWILIO_API_BASE_URL", None, WEB)
    message_webhook_url: a.WebAddress | None = _setting("HELPDESK_MESSAGES_URL", None, WEB)
    message_webhook_secret: str | None = _setting(
        "HELPDESK_MESSAGES_SECRET", None, "a secret, or two separated by a comma during rotation"
    )
    message_webhook_sender: a.PhoneNumber | None = _setting(
        "HELPDESK_MESSAGES_SENDER", None, "a number like +85230000000"
    )
    default_timezone: a.Zone = _setting("DEFAULT_TIMEZONE", "Asia/Taipei", "a time zone like Asia/Taipei")
    default_locale: a.Locale = _setting("DEFAULT_LOCALE", "zh_Hant", " or ".join(a.LOCALES))
    default_region: a.Region = _setting("DEFAULT_REGION", "TW", "two capital letters of a country, like TW")
    assist_url: a.WebAddress | None = _setting("HELPDESK_ASSIST_URL", None, WEB)
    assist_api_key: str | None = _setting("HELPDESK_ASSIST_API_KEY", None, "the key of HELPDESK_ASSIST_URL")
    assist_model: str = _setting("HELPDESK_ASSIST_MODEL", "default", "the name of a model at HELPDESK_ASSIST_URL")
    assist_seconds: a.Seconds = _setting("HELPDESK_ASSIST_SECONDS", 2, "a number of seconds from 0.1 to 10")
    assist_rephrase: a.Switch | None = _setting("HELPDESK_ASSIST_REPHRASE", None, "1 or 0")
    demo_setting: a.Switch | None = _setting("DEMO", None, "1 or 0")
    redis_server_bin: a.Program | None = _setting(
        "HELPDESK_REDIS_SERVER_BIN", None, "the path of a valkey-server or redis-server"
    )

    @property
    def is_embedded_database(self) -> bool:
        """Whether the data is in SQLite in the data directory."""
        return self.database_setting is None

    @property
    def database_url(self) -> str:
        """SQLAlchemy's URL of the database."""
        return self.database_setting or f"sqlite:///{self.data_dir / 'ordercare.sqlite3'}"

    @property
    def is_embedded_redis(self) -> bool:
        """Whether ``helpdesk up`` has to start the bundled server."""
        return self.redis_setting is None

    @cached_property
    def redis_url(self) -> str:
        """redis-py's URL, of the bundled server when none was given (whether it runs or not)."""
        return self.redis_setting or self._writing(lambda: embedded.url(self.data_dir))

    @property
    def public_url(self) -> str:
        """The address the outside sees, without a slash at its end."""
        return self.public_setting or f"http://{_address(self.host)}:{self.port}"

    @property
    def demo(self) -> bool:
        """Whether ``/simulator``, the demo logins and the movable clock exist.

        Unless told, only where nobody else can reach it: embedded database, listening on loopback, and not
        announced under a public address (a proxy on the same machine).
        """
        if self.demo_setting is not None:
            return self.demo_setting
        seen_as = urlsplit(self.public_url).hostname or ""
        return self.is_embedded_database and a.is_loopback(self.host) and a.is_loopback(seen_as)

    @cached_property
    def secret_key(self) -> str:
        """What sessions and forms are signed with; made and kept in the data directory when not given."""
        return self.secret_setting or self._kept("secret-key")

    @cached_property
    def webhook_auth_tokens(self) -> tuple[str, ...]:
        """Tokens that a webhook's signature may be made with, the one to sign with first.

        Empty when Twilio is not configured and this is no demo: then every webhook is refused.
        """
        if self.twilio_token_setting:
            return tuple(self.twilio_token_setting.split(","))
        return (self._kept("demo-webhook-token"),) if self.demo else ()

    @property
    def webhook_auth_token(self) -> str | None:
        """The first of ``webhook_auth_tokens``: with it the simulator and the story sign."""
        return self.webhook_auth_tokens[0] if self.webhook_auth_tokens else None

    @property
    def message_webhook_secrets(self) -> tuple[str, ...]:
        """Secrets that a webhook gateway may sign with, the one that we sign with first; empty without a gateway."""
        return tuple((self.message_webhook_secret or "").split(",")) if self.message_webhook_url else ()

    @property
    def has_twilio(self) -> bool:
        """Whether messages and calls go to Twilio; else the console gateway takes them."""
        return bool(self.twilio_account_sid and self.twilio_token_setting)

    @property
    def has_softphone(self) -> bool:
        """Whether agents may speak in the browser: an API key to sign their tokens, and the TwiML App they call."""
        return bool(self.has_twilio and self.twilio_api_key and self.twilio_api_secret and self.twilio_twiml_app_sid)

    @property
    def assist_rewords(self) -> bool:
        """Whether an assistant may word harmless sentences anew."""
        return self.assist_url is not None and bool(self.assist_rephrase)

    def _kept(self, name: str) -> str:
        return self._writing(lambda: kept_secret(self.data_dir / name))

    def _writing(self, make: Callable[[], str]) -> str:
        try:
            return make()
        except (OSError, embedded.EmbeddedServerError) as error:
            raise ConfigError("HELPDESK_DATA_DIR", f"{error}; allowed: a folder to write in") from error


def load_settings(env: Mapping[str, str] = os.environ) -> Settings:
    """The settings in ``env``.

    Raises:
        ConfigError: the first setting that is wrong.
    """
    given = {name: value for name in setting_names() if (value := _value(env, name)) is not None}
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        raise ConfigError(name, _complaint(name, given[name])) from None
    _check_together(settings)
    return settings


def setting_names() -> list[str]:
    """The names of all settings, in the order of docs/settings.md."""
    return [str(field.alias) for field in Settings.model_fields.values()]


def _value(env: Mapping[str, str], name: str) -> str | None:
    file = env.get(f"{name}_FILE", "").strip()
    value = env.get(name, "").strip()
    if not file:
        return value or None
    if value:
        raise ConfigError(name, f"given twice, also as {name}_FILE; one of the two is allowed")
    try:
        return Path(file).read_text("utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        problem = getattr(error, "strerror", None) or "not text"
        raise ConfigError(f"{name}_FILE", f"{file}: {problem}; a readable text file is allowed") from None


def _complaint(name: str, value: str) -> str:
    allowed = next(field.description for field in Settings.model_fields.values() if field.alias == name)
    shown = "this value" if SECRETS.search(name) else repr(value)
    return f"{shown} is not allowed; allowed: {allowed}"


def _check_together(settings: Settings) -> None:
    if not settings.is_embedded_database and not settings.secret_setting:
        raise ConfigError("SECRET_KEY", "missing; with DATABASE_URL it must be the same on every machine")
    if settings.twilio_account_sid and not settings.twilio_token_setting:
        raise ConfigError("TWILIO_AUTH_TOKEN", "missing; it goes with TWILIO_ACCOUNT_SID")
    if settings.assist_api_key and not settings.assist_url:
        raise ConfigError("HELPDESK_ASSIST_URL", "missing; it goes with HELPDESK_ASSIST_API_KEY")
    if settings.twilio_api_key and not settings.twilio_api_secret:
        raise ConfigError("TWILIO_API_SECRET", "missing; it goes with TWILIO_API_KEY")
    if settings.message_webhook_url and not settings.message_webhook_secret:
        raise ConfigError("HELPDESK_MESSAGES_SECRET", "missing; it goes with HELPDESK_MESSAGES_URL")
    if settings.message_webhook_url and settings.twilio_account_sid:
        raise ConfigError("HELPDESK_MESSAGES_URL", "given beside TWILIO_ACCOUNT_SID; one provider is allowed")


def _address(host: str) -> str:
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared with, not listened on
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
