"""``helpdesk lab triage``: JSON lines in, JSON lines out, no database and no server."""

import json
import subprocess
import sys

import pytest

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
