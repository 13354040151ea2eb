"""``helpdesk lab triage``: JSON lines in, JSON lines out, no database and no server."""

import json
import subprocess
import sys

import pytest

from helpdesk.triage.values import APPLIANCES, INTENTS, LANGUAGES, URGENCIES

pytestmark = pytest.mark.once


def lab(text: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "helpdesk.cli", "lab", "triage"]
    return subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8", check=False)


def test_each_line_is_answered_by_one_line() -> None:
    asked = ["冰箱不冷，一直滴水", "我闻到煤气味", "Where is my order?"]
    done = lab("".join(json.dumps({"text": text}) + "\n" for text in asked))
    assert done.returncode == 0, done.stderr
    fridge, gas, order = (json.loads(line) for line in done.stdout.splitlines())
    assert (fridge["lang"], fridge["intent"], fridge["appliance"]) == ("zh-Hant", "report_fault", "refrigerator")
    assert (gas["lang"], gas["safety"], gas["urgency"]) == ("zh-Hans", True, "emergency")
    assert (order["lang"], order["intent"], order["safety"]) == ("en", "order_status", False)
    assert all(set(row) == set(fridge) and 0 <= row["confidence"] <= 1 for row in (gas, order))


@pytest.mark.parametrize("line", ["not json", "[]", '{"words": "x"}', '{"text": 5}'])
def test_a_bad_line_is_named(line: str) -> None:
    done = lab('{"text": "hello"}\n' + line + "\n")
    assert done.returncode == 2
    assert "line 2" in done.stderr


ODD = (
    "", "   ", "\U0001f525\U0001f525", "\ud83d", "\x00", "a" * 10_000, "冰箱不冷" * 2_500,
    "fri\u200bdge n\u200bot cold", "冰箱 not cold 幫忙 pls", "ＦＲＩＤＧＥ",
    "\u202efix my fridge\u202c", "...", "\ufeff你好",
)  # fmt: skip
TWO = {
    "My fridge is leaking and where is my invoice for the last repair?": {"report_fault", "invoice_or_payment"},
    "空调不制冷了，还有上次那单快递到哪了": {"report_fault", "order_status"},
    "冷氣壞了，另外我要退掉上禮拜買的烤箱": {"report_fault", "return_refund"},
}


def test_whatever_is_sent_has_values_of_the_published_lists() -> None:
    done = lab("".join(json.dumps({"text": text}) + "\n" for text in (*ODD, *TWO)))
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == len(ODD) + len(TWO)
    for row in rows:
        assert row["lang"] in LANGUAGES
        assert row["intent"] in INTENTS
        assert row["secondary_intent"] in (None, *INTENTS)
        assert row["secondary_intent"] != row["intent"]
        assert row["appliance"] in APPLIANCES
        assert row["urgency"] in URGENCIES
        assert isinstance(row["safety"], bool)
        assert 0 <= row["confidence"] <= 1
    for row, both in zip(rows[len(ODD) :], TWO.values(), strict=True):
        assert {row["intent"], row["secondary_intent"]} == both
