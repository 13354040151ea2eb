"""What a message costs, and what the page knows that shows it while one writes."""

from __future__ import annotations

import json
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.channels.prices import composing, cost, part_price
from helpdesk.channels.sms import measure, offenders
from tests.helpdesk.channels.conftest import LIN, SMITH, WANG

SCRIPT = Path(__file__).parents[3] / "helpdesk" / "static" / "js" / "sms.js"


def test_a_text_costs_its_parts_in_that_country() -> None:
    assert cost("hello", LIN) == part_price(LIN) == Decimal("0.0744")
    assert cost("冰" * 71, WANG) == 2 * part_price(WANG)
    assert cost("a" * 161, SMITH) == 2 * part_price(SMITH)
    assert cost("hello", f"whatsapp:{WANG}") == 0
    assert part_price("+6591234567") == part_price("") > 0, "the default where no price is known"


@given(st.text(max_size=200), st.sampled_from([LIN, WANG, SMITH]))
def test_nothing_costs_less_than_one_part(text: str, to: str) -> None:
    assert cost(text, to) >= part_price(to)


def test_the_page_knows_what_its_reader_must_not_do() -> None:
    assert composing(WANG) == {
        "address": WANG, "price": "0.0558", "currency": "USD", "most": 6, "two_way": False, "links": False,
    }  # fmt: skip
    assert composing(LIN)["two_way"]
    assert composing(LIN)["links"]


@pytest.mark.once
@pytest.mark.skipif(shutil.which("node") is None, reason="needs node: apt-get install nodejs")
def test_the_pages_script_counts_as_we_do(tmp_path: Path) -> None:
    texts = ["", "a" * 161, "€" * 81, "冰" * 71, "😀" * 36, "13:00–15:00", "[x]\n{y}", "Ünïcödé"]
    (tmp_path / "sms.mjs").write_text(SCRIPT.read_text(encoding="utf-8"), encoding="utf-8")
    program = (
        f"import {{measure}} from '{tmp_path}/sms.mjs'; console.log(JSON.stringify({json.dumps(texts)}.map(measure)))"
    )
    said = subprocess.run(["node", "--input-type=module", "-e", program], capture_output=True, text=True, check=True)
    for text, found in zip(texts, json.loads(said.stdout), strict=True):
        size = measure(text)
        assert (found["encoding"], found["units"], found["parts"]) == (size.encoding, size.units, size.parts)
        assert found["offenders"] == offenders(text)
