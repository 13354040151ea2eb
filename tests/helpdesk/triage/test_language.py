"""Language by script, and one spelling for matching."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.triage.language import detect_language, normalise
from helpdesk.triage.values import LANGUAGES


@pytest.mark.parametrize(
    ("text", "stored", "language"),
    [
        ("My fridge is warm", "zh-Hant", "en"),
        ("冰箱不冷", "zh-Hant", "zh-Hant"),
        ("冰箱不冷", "zh-Hans", "zh-Hans"),
        ("冰箱不冷", None, "zh-Hant"),
        ("冰箱不冷", "en", "zh-Hant"),
        ("洗衣機壞了", "zh-Hans", "zh-Hant"),
        ("洗衣机坏了", "zh-Hant", "zh-Hans"),
        ("謝謝", "zh-Hans", "zh-Hant"),
        ("谢谢", "zh-Hant", "zh-Hans"),
        ("唔凍", "zh-Hans", "zh-Hant"),
        ("ok", "zh-Hans", "zh-Hans"),
        ("ok", None, "en"),
        ("2", "en", "en"),
        ("2", None, "zh-Hant"),
        ("E24", "zh-Hans", "zh-Hans"),
        ("", "zh-Hans", "zh-Hans"),
        ("個 fridge 唔凍 please help", "en", "zh-Hant"),
        ("Hello, my name is 王小明 and my dishwasher is leaking", "zh-Hant", "en"),
        ("皇后公里台面干净", "zh-Hant", "zh-Hans"),
        ("皇后公里台面", "zh-Hant", "zh-Hant"),
        ("皇后公里台面", "zh-Hans", "zh-Hans"),
    ],
)
def test_the_language_of_a_message(text: str, stored: str | None, language: str) -> None:
    assert detect_language(text, stored) == language


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("冰箱著火", "冰箱着火"),
        ("喺度冇電，畀我睇", "在度没电,给我看"),
        ("沒有 反應", "没 反应"),
        ("ＳＴＯＰ　２", "stop 2"),
        ("It won’t START", "it wont start"),
        ("2️⃣ ②", "2 2"),
        ("👍🏽", "👍"),
    ],
)
def test_one_spelling(text: str, normal: str) -> None:
    assert normalise(text) == normal


@given(st.text(max_size=200), st.sampled_from([None, *LANGUAGES, "fr"]))
def test_every_text_has_a_language_of_ours(text: str, stored: str | None) -> None:
    assert detect_language(text, stored) in LANGUAGES


@given(st.text(max_size=200))
def test_what_is_normal_stays_so(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)
