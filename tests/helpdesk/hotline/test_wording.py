"""What the telephone says, linted in each language: whole sentences that can be spoken, short, without traps."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from helpdesk.channels import samples, wording
from helpdesk.hotline import saying
from helpdesk.triage.values import HAZARDS

SPOKEN = [(purpose, language) for purpose in wording.purposes("voice") for language in wording.LANGUAGES]
LONGEST = {"en": 260, "zh-Hant": 110, "zh-Hans": 110}
"""About twenty seconds."""
ASKING = ("menu", "report", "number", "who", "check.postcode", "check.serial", "check.code")
OPTION = re.compile(r"press (?:\d|star)|按 ?\d|按星號鍵|按星号键")
OURS_NEVER = re.compile(r"\b(CANCEL|END|QUIT|STOP|UNSUBSCRIBE)\b")
TRADITIONAL_ONLY, SIMPLIFIED_ONLY = re.compile("[請擇開關錄號單與專]"), re.compile("[请择开关录号单与专]")
WRONG_LAND = {
    "zh-Hant": ("工单", "短信", "上门", "保修", "序列號", "人工"),
    "zh-Hans": ("案件", "簡訊", "到府", "保固", "序號", "专人", "瓦斯"),
}
"""Words of the other side of the strait: converted characters do not make a language."""


def said(purpose: str, language: str) -> str:
    return wording.spoken(purpose, language, samples.sample(purpose, "voice"))


@pytest.mark.parametrize(("purpose", "language"), SPOKEN)
def test_a_sentence_can_be_spoken(purpose: str, language: str) -> None:
    text = said(purpose, language)
    assert 0 < len(text) <= LONGEST[language], len(text)
    assert text[-1] in (".?!" if language == "en" else "。？！"), "a voice falls at the end of a sentence"
    assert not re.search(r"[<>&{}\[\]()（）/_*#\"“”|]|https?:", text), "signs that a voice reads out or stumbles over"
    assert not OURS_NEVER.search(text)
    assert "  " not in text


@pytest.mark.parametrize(("purpose", "language"), SPOKEN)
def test_each_language_has_its_own_words(purpose: str, language: str) -> None:
    text = wording.source(purpose, language, "voice")
    if language == "en":
        assert not re.search("[一-鿿]", text)
        return
    assert not (SIMPLIFIED_ONLY if language == "zh-Hant" else TRADITIONAL_ONLY).search(text)
    assert [word for word in WRONG_LAND[language] if word in text] == []


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_a_menu_is_short_and_a_person_is_always_offered(language: str) -> None:
    assert len(OPTION.findall(said("menu", language))) == 5
    for purpose in (*ASKING, "again"):
        text = said(purpose, language)
        assert "0" in text, purpose
        assert text.rindex("0") >= max(text.rfind(key) for key in "1234"), f"{purpose}: the person comes last"


@pytest.mark.parametrize("language", wording.LANGUAGES)
@pytest.mark.parametrize("hazard", HAZARDS)
def test_danger_is_answered_by_an_instruction_and_a_person(hazard: str, language: str) -> None:
    text = said(f"safety.{hazard}", language)
    assert re.search("We put you through to a person now|現在為您轉接專人|现在为您转接人工", text)
    assert len(re.findall("[.。；;，,]", text)) >= 2


@pytest.mark.parametrize(
    ("language", "spoken"),
    [
        ("en", "on Tuesday 24 November between 1 PM and 3:30 PM"),
        ("zh-Hant", "11月24日星期二下午1點到下午3點30分"),
        ("zh-Hans", "11月24日星期二下午1点到下午3点30分"),
    ],
)
def test_a_window_is_spoken(language: str, spoken: str) -> None:
    starts, ends = datetime(2026, 11, 24, 5, tzinfo=UTC), datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
    assert saying.window(starts, ends, "Asia/Taipei", language).replace("\u202f", " ") == spoken
