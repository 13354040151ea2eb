"""Findings and history from CSV: each fault with its row, field and rule, and nothing half taken."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from order_core.acquisition.research import imports
from order_core.acquisition.research.rules import FindingFacts, PointFacts
from order_core.errors import Invalid

pytestmark = pytest.mark.once

TODAY = date(2026, 11, 23)
MODELS = {"RF-520", "WM-900"}
HEADING = "kind,source,date,text,link,models\n"


@pytest.mark.clause("2.1.1-a")
def test_findings_are_read_with_their_models() -> None:
    quoted = 'demand,Fair,2026-11-02,"quiet, please",https://example.test,RF-520; WM-900'
    text = f"{HEADING}{quoted}\n\nindustry,Law,2026-10-01,新能源標籤,,\n"
    checked = imports.findings(text, TODAY, MODELS)
    assert checked.faults == []
    assert checked.rows == [
        FindingFacts(
            "demand", "Fair", date(2026, 11, 2), "quiet, please", "https://example.test", ("RF-520", "WM-900")
        ),
        FindingFacts("industry", "Law", date(2026, 10, 1), "新能源標籤"),
    ]


@pytest.mark.clause("2.1.1-a")
def test_every_wrong_row_is_named_with_field_and_rule() -> None:
    text = (
        HEADING
        + "demand,,2026-11-02,x,,\ngossip,Fair,2026-11-02,x,,\ndemand,Fair,tomorrow,x,,\ndemand,Fair,2026-11-02,x,,\n"
    )
    checked = imports.findings(text, TODAY, MODELS)
    assert [(f.row, f.fault.field, f.fault.code) for f in checked.faults] == [
        (2, "source", "research.source"),
        (3, "kind", "research.kind"),
        (4, "dated_on", "research.dated_on"),
    ]
    assert len(checked.rows) == 1


@pytest.mark.parametrize("comma", [",", ";", "\t"])
def test_history_is_read_whatever_parts_the_columns(comma: str) -> None:
    text = "\ufeffMonth,Model,Quantity\r\n2026-10,RF-520,12\r\n2026-09,RF-520,7\r\n".replace(",", comma)
    checked = imports.history(text, TODAY, MODELS)
    assert checked.rows == [PointFacts("RF-520", date(2026, 10, 1), 12), PointFacts("RF-520", date(2026, 9, 1), 7)]


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        ("XX-1,2026-10,1", "model", "research.model"),
        ("RF-520,2026-13,1", "month", "research.month"),
        ("RF-520,2026-10-01,1", "month", "research.month"),
        ("RF-520,2026-11,1", "month", "research.month_not_over"),
        ("RF-520,2026-10,-1", "quantity", "research.quantity"),
        ("RF-520,2026-10,1.5", "quantity", "research.quantity"),
        ("RF-520,2026-10,٣", "quantity", "research.quantity"),
        ("RF-520,2026-10", "quantity", "research.quantity"),
        ("RF-520,2026-09,2", "month", "research.month_twice"),
    ],
)
def test_a_wrong_month_is_named(row: str, field: str, code: str) -> None:
    checked = imports.history(f"model,month,quantity\nRF-520,2026-09,1\n{row}\n", TODAY, MODELS)
    assert [(f.row, f.fault.field, f.fault.code) for f in checked.faults] == [(3, field, code)]


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        ("", "import.heading", "model"),
        ("model,month\nRF-520,2026-10\n", "import.heading", "quantity"),
        ("model,month,quantity\n ,,\n", "import.empty", "file"),
        ("model,month,quantity\n" + "RF-520,2026-10,1\n" * 2001, "import.many", "file"),
        ('model,month,quantity\n"' + "x" * 140_000 + '"\n', "import.unreadable", "file"),
    ],
)
def test_what_is_no_such_table_is_refused(text: str, code: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        imports.history(text, TODAY, MODELS)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_only_utf8_is_read() -> None:
    assert imports.decoded("\ufeffkind".encode()) == "kind"
    with pytest.raises(Invalid, match=r"import\.encoding"):
        imports.decoded("種類".encode("big5"))


@examples(deadline=None)
@given(text=st.text(max_size=200) | st.text(max_size=120).map(lambda cells: f"model,month,quantity\n{cells}\n"))
def test_whatever_the_file_there_is_an_answer(text: str) -> None:
    with suppress(Invalid):
        checked = imports.history(text, TODAY, MODELS)
        assert checked.rows or checked.faults
