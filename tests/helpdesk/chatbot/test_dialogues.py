"""The conversations in ``dialogues/`` go as they are written down."""

from itertools import zip_longest
from pathlib import Path

import pytest

from tests.helpdesk.chatbot.office import agrees, play
from tests.helpdesk.chatbot.recording import INDEX, index

pytestmark = pytest.mark.once
FILES = sorted((Path(__file__).parent / "dialogues").glob("*.md"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_conversation_goes_as_told(path: Path) -> None:
    told, happened = play(path)
    for expected, line in zip_longest(told, happened, fillvalue=""):
        assert agrees(expected, line), "\n".join(["told:", *told, "", "happened:", *happened])


def test_every_language_is_spoken() -> None:
    """At least forty conversations a language, a hundred and twenty in all."""
    for language in ("en", "zh-Hant", "zh-Hans"):
        assert sum(f"Given {language}\n" in path.read_text(encoding="utf-8") for path in FILES) >= 40
    assert len(FILES) >= 120


def test_every_conversation_says_what_is_true_afterwards() -> None:
    assert [path.name for path in FILES if "\nThen " not in path.read_text(encoding="utf-8")] == []


def test_the_page_lists_every_conversation() -> None:
    assert INDEX.read_text(encoding="utf-8") == index()
