"""What the documentation says is so: links lead somewhere, commands and settings it names exist."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

from helpdesk.cli import COMMANDS
from helpdesk.config import setting_names

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))

FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)|\b(?:src|href)=\"([^\"]+)\"")
ASSIGNED = re.compile(r"(?<![\w-])([A-Z][A-Z0-9_]+)=")
SETTING_LIKE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
OUR_FILE = re.compile(r"(?:order_core|helpdesk|workers|tests|docs|tools|templates)/[\w./-]+")

NOT_SETTINGS = {"ARGS", "M", "PYTHON", "TEST_DATABASE", "UPGRADE", "X_FILE"}
"""Variables of the Makefile and of the tests; the pattern that stands for any setting."""


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


each_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


def prose(page: Path) -> str:
    """The page without its code blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def spans(page: Path) -> list[str]:
    return SPAN.findall(prose(page))


def shell_lines(page: Path) -> Iterator[str]:
    """Code of the page that is meant to be typed: shell blocks line by line, and spans."""
    for language, block in FENCE.findall(page.read_text(encoding="utf-8")):
        if language in ("", "sh"):
            yield from block.splitlines()
    yield from spans(page)


def command_lines(page: Path, program: str) -> Iterator[list[str]]:
    """Arguments of every call of a program in the page's code."""
    for line in shell_lines(page):
        for part in re.split(r"&&|;|\|", line):
            words = part.split(" #")[0].split()
            while words and re.fullmatch(r"\w+=\S*|sudo|exec", words[0]):
                words.pop(0)
            if len(words) > 1 and words[0].rsplit("/", 1)[-1] == program:
                yield words[1:]


def anchors(page: Path) -> set[str]:
    """Headings as their links are written."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken(page: Path, target: str) -> bool:
    file, _, anchor = unquote(target).partition("#")
    found = (page.parent / file).resolve() if file else page
    if not found.exists():
        return True
    return bool(anchor) and found.suffix == ".md" and anchor not in anchors(found)


@each_page
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    targets = [a or b for a, b in LINK.findall(prose(page))]
    ours = [target for target in targets if not re.match(r"[a-z]+:", target)]
    assert [target for target in ours if broken(page, target)] == []


@each_page
def test_files_spoken_of_exist(page: Path) -> None:
    named = [span for span in spans(page) if OUR_FILE.fullmatch(span)]
    assert [path for path in named if not (ROOT / path).exists()] == []


@each_page
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = [word for words in command_lines(page, "make") for word in words if "=" not in word]
    plain = [word for word in named if re.fullmatch(r"[a-z-]+", word)]
    assert [word for word in plain if word not in targets] == []


@each_page
def test_commands_and_their_options_exist(page: Path) -> None:
    assert [" ".join(words) for words in command_lines(page, "helpdesk") if not known(words)] == []


def known(words: list[str]) -> bool:
    """Whether ``helpdesk WORDS`` names a command, its subcommand and its options rightly."""
    if words[0] in {"--help", "--version"}:
        return True
    if words[0] not in COMMANDS:
        return False
    module, name = COMMANDS[words[0]][0].split(":")
    command: click.Command = getattr(import_module(module), name)
    rest = words[1:]
    if isinstance(command, click.Group) and rest:
        sub = command.get_command(click.Context(command), rest[0])
        if sub is None:
            return False
        command, rest = sub, rest[1:]
    options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    return all(word.split("=")[0] in options for word in rest if word.startswith("--"))


@each_page
def test_settings_exist(page: Path) -> None:
    settings = {name for setting in setting_names() for name in (setting, f"{setting}_FILE")} | NOT_SETTINGS
    assigned = {name for line in shell_lines(page) for name in ASSIGNED.findall(line)}
    named = {span for span in spans(page) if SETTING_LIKE.fullmatch(span)}
    assert sorted((assigned | named) - settings) == []


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "adr"
    listed = (folder / "README.md").read_text(encoding="utf-8")
    decisions = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert [name for name in decisions if f"({name})" not in listed] == []
    assert [name[:4] for name in decisions] == [f"{n:04d}" for n in range(1, len(decisions) + 1)]


def test_every_language_links_the_others() -> None:
    pages = {"README.md", "docs/README.zh-Hant.md", "docs/README.zh-Hans.md"}
    for name in pages:
        page = ROOT / name
        linked = {(page.parent / target).resolve() for target, _ in LINK.findall(prose(page)) if ":" not in target}
        assert {ROOT / other for other in pages - {name}} <= linked
