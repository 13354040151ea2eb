"""Units and parts, counted by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.channels.sms import SmsSize, measure, offenders


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("", SmsSize("GSM-7", 0, 1)),
        ("a" * 160, SmsSize("GSM-7", 160, 1)),
        ("a" * 161, SmsSize("GSM-7", 161, 2)),
        ("a" * 306, SmsSize("GSM-7", 306, 2)),
        ("a" * 307, SmsSize("GSM-7", 307, 3)),
        ("€" * 80, SmsSize("GSM-7", 160, 1)),
        ("[" * 81, SmsSize("GSM-7", 162, 2)),
        ("冰" * 70, SmsSize("UCS-2", 70, 1)),
        ("冰" * 71, SmsSize("UCS-2", 71, 2)),
        ("冰" * 134, SmsSize("UCS-2", 134, 2)),
        ("冰" * 135, SmsSize("UCS-2", 135, 3)),
        ("😀" * 35, SmsSize("UCS-2", 70, 1)),
        ("😀" * 36, SmsSize("UCS-2", 72, 2)),
        (
            "您好，技師王先生已出發，預計14:20抵達，工單A1234。回覆1確認、2改期、3取消到府。",
            SmsSize("UCS-2", 46, 1),
        ),
    ],
)
def test_a_text_is_counted(text: str, size: SmsSize) -> None:
    assert measure(text) == size


def test_one_dash_doubles_the_price() -> None:
    text = "Your technician comes tomorrow, 13:00-15:00. Reply 1 to keep it, 2 to move it."
    assert measure(text).parts == 1
    assert measure(text.replace("-", "–")).parts == 2
    assert offenders(text.replace("-", "–")) == ["–"]


@given(st.text(max_size=400))
def test_a_text_is_cheap_exactly_when_nothing_offends(text: str) -> None:
    assert (measure(text).encoding == "GSM-7") == (not offenders(text))


@given(st.text(max_size=200), st.text(max_size=200))
def test_more_text_never_takes_fewer_parts(text: str, more: str) -> None:
    assert measure(text + more).parts >= measure(text).parts
