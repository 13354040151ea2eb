"""What messages are about. The lists are in ``messages.toml``."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.triage.lexicon import to_regex
from helpdesk.triage.rules import OwnedProduct, classify
from helpdesk.triage.safety import hazard
from helpdesk.triage.values import APPLIANCES, INTENTS, LANGUAGES, URGENCIES

MESSAGES = tomllib.loads((Path(__file__).parent / "messages.toml").read_text(encoding="utf-8"))
SAID = [(text, intent) for intent, texts in MESSAGES["intents"].items() for text in texts]
FRIDGE = OwnedProduct("R1", "refrigerator", model="RF420")
WASHER = OwnedProduct("W1", "washing_machine", model="WM9")


@pytest.mark.parametrize("text", MESSAGES["danger"])
def test_danger_is_seen(text: str) -> None:
    triage = classify(text)
    assert triage.safety
    assert (triage.urgency, triage.team) == ("emergency", "safety")


@pytest.mark.parametrize("text", MESSAGES["harmless"])
def test_harmless_words_are_no_alarm(text: str) -> None:
    assert hazard(text) is None


@pytest.mark.parametrize(("text", "intent"), SAID)
def test_what_is_wanted(text: str, intent: str) -> None:
    assert classify(text).intent == intent


def test_no_intent_is_without_an_example() -> None:
    assert set(MESSAGES["intents"]) == set(INTENTS)


@pytest.mark.parametrize(
    ("text", "appliance", "symptom"),
    [
        ("冰箱不冷，一直滴水", "refrigerator", "not_cooling"),
        ("一直滴水，冰箱也不冷", "refrigerator", "leaking"),
        ("微波爐不加熱", "other", "not_heating"),
        ("dishwasher shows E24", "dishwasher", "error_code"),
        ("my washer dryer won't drain", "washing_machine", "not_draining"),
        ("電視沒聲音", "tv", "no_picture"),
        ("空调滴水", "air_conditioner", "leaking"),
        ("no hot water", "none", "not_heating"),
        ("烤箱壞了", "stove_oven", "other"),
        ("Where is my order?", "none", None),
    ],
)
def test_which_appliance_and_what_it_does(text: str, appliance: str, symptom: str | None) -> None:
    triage = classify(text)
    assert (triage.appliance, triage.symptom) == (appliance, symptom)


def test_the_only_unit_is_the_one_that_is_meant() -> None:
    assert classify("不冷了", owned=[FRIDGE]).appliance == "refrigerator"
    assert classify("不冷了", owned=[FRIDGE, WASHER]).appliance == "none"
    assert classify("RF420 不冷了", owned=[FRIDGE, WASHER]).appliance == "refrigerator"
    assert classify("where is my order?", owned=[FRIDGE]).appliance == "none"


@pytest.mark.parametrize(
    ("text", "urgency"),
    [
        ("冰箱不冷", "high"),
        ("洗衣機有異音", "normal"),
        ("洗衣機一直漏水，漏很多", "high"),
        ("怎麼清濾網", "low"),
        ("the baby's milk: the fridge is warm", "high"),
        ("aircon broken, elderly mother at home, urgent", "high"),
        ("第三次壞了", "high"),
        ("I smell gas", "emergency"),
    ],
)
def test_urgency_is_rules(text: str, urgency: str) -> None:
    assert classify(text).urgency == urgency


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("dishwasher shows E24", "E24"),
        ("顯示 F-07", "F07"),
        ("error code 4C", "4C"),
        ("面板顯示 OE", "OE"),
        ("my tv is on", None),
        ("2", None),
    ],
)
def test_error_codes(text: str, code: str | None) -> None:
    assert classify(text).error_code == code


def test_two_wishes_in_one_message() -> None:
    triage = classify("師傅態度很差，而且冰箱還是不冷")
    assert {triage.intent, triage.secondary_intent} == {"complaint", "report_fault"}


@given(st.text(max_size=300), st.sampled_from([None, *LANGUAGES]))
def test_any_text_gets_values_of_the_lists(text: str, stored: str | None) -> None:
    triage = classify(text, stored_language=stored)
    assert triage.lang in LANGUAGES
    assert triage.intent in INTENTS
    assert triage.appliance in APPLIANCES
    assert triage.urgency in URGENCIES
    assert 0 <= triage.confidence <= 1
    assert triage.safety == (triage.hazard is not None)


def test_the_notation() -> None:
    import re

    assert re.search(to_regex("leak*"), "it is leaking")
    assert not re.search(to_regex("leak"), "it is leaking")
    assert re.search(to_regex("smell...gas"), "smell of gas")
    assert not re.search(to_regex("smell...gas"), "smell. gas")
    assert re.search(to_regex("(the )*end"), "the the end")
    assert re.search(to_regex("電視"), "我的电视坏了")
