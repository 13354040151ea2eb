"""Types of the settings: what a value of the environment must look like. ``ValueError`` when it does not."""

import ipaddress
import os
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import phonenumbers
from pydantic import AfterValidator, BeforeValidator, Field

LOCALES = ("en", "zh_Hant", "zh_Hans")


def _url(*schemes: str) -> AfterValidator:
    def check(value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in schemes or not (parts.netloc or parts.path):
            raise ValueError
        return value.rstrip("/") if parts.scheme.startswith("http") else value

    return AfterValidator(check)


def _host_and_path(value: str) -> str:
    if not urlsplit(value).hostname or urlsplit(value).query or urlsplit(value).fragment:
        raise ValueError
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, OSError) as error:
        raise ValueError from error
    return value


def _region(value: str) -> str:
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError
    return value


def _one_or_two_tokens(value: str) -> str:
    tokens = [token.strip() for token in value.split(",")]
    if len(tokens) > 2 or not all(tokens):
        raise ValueError
    return ",".join(tokens)


def _yes_or_no(value: str) -> bool:
    if value not in ("0", "1"):
        raise ValueError
    return value == "1"


def _not_a_file(value: Path) -> Path:
    if value.exists() and not value.is_dir():
        raise ValueError
    return value.absolute()


def _executable(value: Path) -> Path:
    if not os.access(value, os.X_OK) or value.is_dir():
        raise ValueError
    return value.absolute()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that address or name."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


Folder = Annotated[Path, AfterValidator(_not_a_file)]
Program = Annotated[Path, AfterValidator(_executable)]
DatabaseUrl = Annotated[str, _url("postgresql+psycopg", "sqlite")]
RedisUrl = Annotated[str, _url("redis", "rediss", "unix")]
WebAddress = Annotated[str, _url("http", "https"), AfterValidator(_host_and_path)]
Host = Annotated[str, Field(pattern=r"^[0-9A-Za-z.:-]+$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(ge=0.1, le=10)]
Sid = Annotated[str, Field(pattern=r"^[A-Z]{2}[0-9A-Za-z]+$", max_length=64)]
Tokens = Annotated[str, AfterValidator(_one_or_two_tokens)]
PhoneNumber = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")]
Zone = Annotated[str, AfterValidator(_zone)]
Locale = Annotated[str, Field(pattern=f"^({'|'.join(LOCALES)})$")]
Region = Annotated[str, AfterValidator(_region)]
Switch = Annotated[bool, BeforeValidator(_yes_or_no)]
