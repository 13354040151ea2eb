"""Three languages everywhere a person reads: catalogues complete and alike, no sentence in templates or code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[1]
CATALOGUES = ROOT / "helpdesk" / "translations"
LOCALES = ("en", "zh_Hant", "zh_Hans")
DOMAINS = sorted(path.stem for path in (CATALOGUES / "en").glob("*.po"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
PLACES = re.compile(r"\{[a-z_]+\}|%\([a-z_]+\)[sd]|</?[a-z]+>")
ASKED_IN_TEMPLATES = re.compile(r"""\b_\(\s*(["'])([\w.\-]+)\1\s*[,)]""")
REFUSALS = {"Invalid", "Conflict", "Forbidden", "NotFound", "Refusal", "StaleVersion", "NotSignedIn"}
NAMES = {"OrderCare", "Care", "SMS", "API", "REST", "OpenAPI", "PIN", "OC", "EN", "Order"}
"""What is called the same in every language."""


@cache
def catalogue(locale: str, domain: str) -> Catalog:
    with (CATALOGUES / locale / f"{domain}.po").open("rb") as file:
        return read_po(file)


def texts(locale: str, domain: str) -> dict[str, str]:
    return {str(m.id): str(m.string) for m in catalogue(locale, domain) if m.id}


@cache
def keys() -> frozenset[str]:
    return frozenset(key for domain in DOMAINS for key in texts("en", domain))


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_three_catalogues_say_the_same_things(domain: str) -> None:
    english = texts("en", domain)
    for locale in LOCALES:
        found = texts(locale, domain)
        assert found.keys() == english.keys(), locale
        assert [key for key, text in found.items() if not text.strip()] == [], locale
        assert [m.id for m in catalogue(locale, domain) if m.fuzzy and m.id] == [], locale
        different = {k for k in english if sorted(PLACES.findall(found[k])) != sorted(PLACES.findall(english[k]))}
        assert different == set(), f"{locale}: other placeholders"


def test_no_key_is_in_two_catalogues() -> None:
    every = [key for domain in DOMAINS for key in texts("en", domain)]
    assert sorted({key for key in every if every.count(key) > 1}) == []


@pytest.mark.parametrize("domain", DOMAINS)
def test_each_chinese_is_written_in_its_own_characters(domain: str) -> None:
    """A character that only the other script uses is a slip of whoever copied."""
    for locale, encoding in (("zh_Hans", "gb2312"), ("zh_Hant", "big5")):
        slips = {
            (key, char)
            for key, text in texts(locale, domain).items()
            for char in text
            if "一" <= char <= "鿿" and not char.encode(encoding, errors="ignore")
        }
        assert slips == set(), locale


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_asks_only_for_what_is_there(path: Path) -> None:
    asked = {match[2] for match in ASKED_IN_TEMPLATES.finditer(path.read_text(encoding="utf-8"))}
    assert sorted(asked - keys()) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_has_no_words_of_its_own(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", text, flags=re.DOTALL)
    text = re.sub(
        r"<(kbd|code)>.*?</\1>|<button[^>]* lang=[^>]*>.*?</button>|\b\S+@demo\.test|\bopenapi\.json", " ", text
    )
    text = re.sub(r"<(script|style)\b.*?</\1>|<!--.*?-->|<[^>]*>|&\w+;", " ", text, flags=re.DOTALL)
    words = {word for word in re.findall(r"[A-Za-z]{2,}|[一-鿿]+", text) if word not in NAMES}
    assert words <= {"繁", "简"}, words


def literals(path: Path, names: set[str]) -> Iterator[str]:
    """First arguments of calls to these names, where they are written out."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        argument = node.args[0]
        if called in names and isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in (ROOT / folder).rglob("*.py")]


def test_every_refusal_has_its_sentence() -> None:
    codes = {code for path in sources("order_core", "helpdesk", "workers") for code in literals(path, REFUSALS)}
    assert len(codes) > 40
    assert sorted(code for code in codes if f"error.{code}" not in keys()) == []


def test_code_asks_only_for_what_is_there() -> None:
    asked = {key for path in sources("helpdesk", "workers") for key in literals(path, {"gettext", "_"})}
    assert sorted(asked - keys()) == []
