"""Every wording, in each language: complete, short, plain, and without words that the provider takes for its own."""

import re
from datetime import UTC, datetime

import jinja2
import pytest

from helpdesk.channels import lint, samples, wording
from helpdesk.triage.values import HAZARDS

OURS_NEVER = re.compile(r"\b(CANCEL|END|QUIT|STOP|STOPALL|UNSUBSCRIBE)\b")
LINK = re.compile(r"https?:|www\.|\.(com|tw|hk|cn)\b")
EVERY = [(purpose, language) for purpose in wording.purposes() for language in wording.LANGUAGES]
SPOKEN = [(purpose, language) for purpose in wording.purposes("voice") for language in wording.LANGUAGES]


@pytest.mark.parametrize(("purpose", "language"), EVERY)
def test_a_message_fits(purpose: str, language: str) -> None:
    assert lint.check(purpose, language) == []
    for params in lint.cases(purpose, language):
        for two_way in (True, False):
            text = wording.render(purpose, language, params, two_way=two_way)
            assert text
            assert not OURS_NEVER.search(text)
            assert not LINK.search(text)
            assert "  " not in text
            assert "\n\n" not in text


def test_the_lint_names_the_character_and_the_length() -> None:
    assert lint.check_source("visit.booked", "en", "13:00–15:00, {{ 'é–' }} ça va") == [
        "visit.booked en: '–' (U+2013 EN DASH) makes it UCS-2",
        "visit.booked en: 'ç' (U+00E7 LATIN SMALL LETTER C WITH CEDILLA) makes it UCS-2",
    ]
    assert lint.check_source("visit.booked", "zh-Hant", "預約好了–") == []


def test_the_lint_sees_a_wording_beyond_its_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wording, "_hotline", "+8523000" + "0" * 160)
    assert lint.check("visit.reminder", "en") == ["visit.reminder en: 2 parts (274 units), at most 1"]


@pytest.mark.parametrize(("purpose", "language"), EVERY)
def test_a_wording_asks_for_what_its_purpose_has(purpose: str, language: str) -> None:
    asked = wording.placeholders(wording.source(purpose, language))
    assert asked == wording.placeholders(wording.source(purpose, "en"))
    assert asked <= set(samples.sample(purpose))


@pytest.mark.parametrize(("purpose", "language"), SPOKEN)
def test_the_telephone_speaks_every_language(purpose: str, language: str) -> None:
    params = samples.sample(purpose, "voice")
    asked = wording.placeholders(wording.source(purpose, language, "voice"))
    assert asked == wording.placeholders(wording.source(purpose, "en", "voice")) <= set(params)
    said = wording.spoken(purpose, language, params)
    assert said
    assert "\n" not in said


def test_each_danger_has_its_advice() -> None:
    assert {f"safety.{kind}" for kind in HAZARDS} <= set(wording.purposes())


def test_the_samples_are_of_real_purposes() -> None:
    assert set(samples.SMS) <= set(wording.purposes())
    assert set(samples.VOICE) <= set(wording.purposes("voice"))


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", "Tue 24 Nov 13:00-15:00"),
        ("zh-Hant", "11月24日(二) 13:00-15:00"),
        ("zh-Hans", "11月24日(二) 13:00-15:00"),
    ],
)
def test_a_window_is_written_as_one_says_it(language: str, shown: str) -> None:
    starts, ends = datetime(2026, 11, 24, 5, tzinfo=UTC), datetime(2026, 11, 24, 7, tzinfo=UTC)
    assert wording.window(starts, ends, "Asia/Taipei", language) == shown
    assert wording.window(starts.isoformat(), ends.isoformat(), "Asia/Taipei", language) == shown


def test_a_missing_parameter_is_an_error_and_no_hole() -> None:
    with pytest.raises(jinja2.UndefinedError):
        wording.render("ticket.opened", "en", {})


def test_a_language_we_do_not_speak_gets_english() -> None:
    params = samples.sample("thanks")
    assert wording.render("thanks", "fr", params) == wording.render("thanks", "en", params)


def test_a_value_cannot_break_the_lines() -> None:
    text = wording.render("status.order", "en", {**samples.sample("status.order"), "state": "on\n1 its way"})
    assert "\n" not in text


def test_a_draft_reaches_nothing_but_its_parameters() -> None:
    with pytest.raises(jinja2.exceptions.SecurityError):
        wording.render_source("{{ number.__class__.__mro__ }}", "en", {"number": "T1"})
