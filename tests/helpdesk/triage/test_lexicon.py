"""Word lists: trying entries only where one can begin finds what trying them everywhere finds."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.triage.lexicon import begins, compile_words, table, to_regex

LISTS = {
    f"{name}.{code}.{field}": words
    for name in ("safety", "symptoms", "appliances", "urgency")
    for code, row in table(name).items()
    for field, words in row.items()
    if field in ("words", "high", "harmless", "before", "after", "before_not")
}
PIECES = ["gas", "smell", "water", "no ", "baby", "the ", "bb", "漏", "煤气", "水", "插座", "冒烟", "没", ".", "x"]


def _everywhere(words: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(sorted({to_regex(word) for word in words}, key=lambda entry: (-len(entry), entry))))


@pytest.mark.parametrize("name", LISTS)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.data())
def test_nothing_is_lost_by_looking_only_where_a_word_can_begin(name: str, text: str, data: st.DataObject) -> None:
    said = data.draw(st.sampled_from(LISTS[name])).replace("...", " ").replace("*", "")
    whole = f"{text} {said} {text}".lower()
    spans = [[match.span() for match in make(LISTS[name]).finditer(whole)] for make in (_everywhere, compile_words)]
    assert spans[0] == spans[1]


@pytest.mark.parametrize(
    ("word", "first"),
    [("leak*", "l"), ("(the )*gas", "tg"), ("(a|(b|c)d)e", "abc"), ("x|(y|z)", "xyz"), ("漏气", "漏")],
)
def test_an_entry_begins_with(word: str, first: str) -> None:
    assert begins(word) == set(first)
