"""Webhooks without the provider's signature are refused before anything is stored."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from sqlalchemy.orm import Session
from twilio.request_validator import RequestValidator

from helpdesk.channels.signature import sign, variants, verify
from helpdesk.config import load_settings
from tests.helpdesk.channels.conftest import FORM, Outside, Stored, new_sid, stored

NOTHING = Stored(0, 0, 0)
TWILIO_EXAMPLE = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
"""The worked example of Twilio's security guide, made with the token 12345."""
EXAMPLE_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
EXAMPLE_SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
DOORS = (
    "/twilio/sms", "/twilio/sms/status", "/twilio/voice", "/twilio/voice/menu", "/twilio/voice/report",
    "/twilio/voice/wait", "/twilio/voice/queued", "/twilio/voice/callback", "/twilio/voice/status",
)  # fmt: skip


def refused(reason: str) -> float:
    """How many webhooks have been refused for a reason."""
    return REGISTRY.get_sample_value("ordercare_webhooks_refused_total", {"reason": reason}) or 0.0


def test_the_published_example_has_the_published_signature() -> None:
    pairs = list(TWILIO_EXAMPLE.items())
    assert sign("12345", EXAMPLE_URL, pairs) == EXAMPLE_SIGNATURE
    assert verify(["12345"], EXAMPLE_URL, pairs[::-1], EXAMPLE_SIGNATURE), "the order of the fields does not matter"
    assert not verify(["12346"], EXAMPLE_URL, pairs, EXAMPLE_SIGNATURE)
    assert not verify([], EXAMPLE_URL, pairs, EXAMPLE_SIGNATURE)
    assert not verify(["12345"], EXAMPLE_URL, [*pairs, ("Extra", "")], EXAMPLE_SIGNATURE)


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=20), max_size=6))
def test_any_form_is_signed_as_the_official_client_signs_it(form: dict[str, str]) -> None:
    official = RequestValidator("12345").compute_signature(EXAMPLE_URL, form)
    assert sign("12345", EXAMPLE_URL, form.items()) == official


@given(st.text(max_size=40))
def test_a_garbled_signature_is_refused_and_raises_nothing(signature: str) -> None:
    assert not verify(["12345"], EXAMPLE_URL, list(TWILIO_EXAMPLE.items()), signature)


@pytest.mark.parametrize(
    ("configured", "signed"),
    [
        ("https://care.example/twilio/sms", "https://care.example:443/twilio/sms"),
        ("https://care.example:443/twilio/sms", "https://care.example/twilio/sms"),
        ("http://care.example/twilio/sms", "http://care.example:80/twilio/sms"),
        ("https://[2001:db8::1]/twilio/sms", "https://[2001:db8::1]:443/twilio/sms"),
        ("https://[2001:db8::1]:443/twilio/sms", "https://[2001:db8::1]/twilio/sms"),
    ],
)
def test_the_standard_port_may_be_named_or_not(configured: str, signed: str) -> None:
    pairs = list(TWILIO_EXAMPLE.items())
    assert set(variants(configured)) == {configured, signed}
    assert verify(["t"], configured, pairs, sign("t", configured, pairs))
    assert verify(["t"], configured, pairs, sign("t", signed, pairs))


@pytest.mark.parametrize("other", ["https://care.example:8443/a", "http://care.example:443/a", "https://care.test/a"])
def test_another_address_is_another_signature(other: str) -> None:
    pairs = list(TWILIO_EXAMPLE.items())
    assert not verify(["t"], "https://care.example/a", pairs, sign("t", other, pairs))
    assert variants("https://care.example:8443/a") == ["https://care.example:8443/a"]


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize("signature", ["", "AAAA", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", "%%%", "é", "=" * 4000])
def test_a_door_without_the_right_signature_is_shut(
    outside: Outside, session: Session, path: str, signature: str
) -> None:
    before = refused("signature")
    form = outside.form(MessageSid=new_sid(), CallSid=new_sid("CA"), MessageStatus="sent", CallStatus="completed")
    answer = outside.post(path, form, signature)
    assert (answer.status_code, answer.data) == (403, b"")
    assert stored(session) == NOTHING
    assert refused("signature") == before + 1


def test_a_missing_signature_is_refused_and_metrics_count_it(outside: Outside, session: Session) -> None:
    def shown() -> float:
        text = outside.client.get("/metrics").get_data(as_text=True)
        found = re.search(r'^ordercare_webhooks_refused_total\{reason="signature"\} (\S+)$', text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    before = shown()
    answer = outside.client.post("/twilio/sms", data=outside.form(MessageSid=new_sid(), Body="hi"))
    assert answer.status_code == 403
    assert shown() == before + 1
    assert stored(session) == NOTHING


@pytest.mark.parametrize(
    "change",
    [
        lambda form: {**form, "Body": "other words"},
        lambda form: {**form, "Extra": "1"},
        lambda form: {name: value for name, value in form.items() if name != "Body"},
        lambda form: {**form, "From": "+85261230002"},
    ],
    ids=["changed", "added", "removed", "other sender"],
)
def test_a_signature_covers_every_field(
    outside: Outside, session: Session, change: Callable[[dict[str, str]], dict[str, str]]
) -> None:
    form = outside.form(MessageSid=new_sid(), Body="冰箱不冷")
    signature = outside.sign("/twilio/sms", list(form.items()))
    assert outside.post("/twilio/sms", change(form), signature).status_code == 403
    assert stored(session) == NOTHING
    assert outside.post("/twilio/sms", form, signature).status_code == 200, "what was signed is let in"
    assert stored(session).messages == 1


def test_a_signature_covers_the_query_as_it_was_written(outside: Outside, session: Session) -> None:
    form = outside.form(MessageSid=new_sid(), MessageStatus="sent")
    path = "/twilio/sms/status?message=7&note=%E5%86%B0%20a+b"
    right = outside.sign(path, list(form.items()))
    for other in ("/twilio/sms/status?message=8", "/twilio/sms/status", "/twilio/sms/status?message=7&note=冰 a b"):
        assert outside.post(path, form, outside.sign(other, list(form.items()))).status_code == 403
    assert stored(session) == NOTHING
    assert outside.post(path, form, right).status_code == 204


def test_a_signature_is_good_for_one_door_only(outside: Outside, session: Session) -> None:
    form = outside.form(MessageSid=new_sid(), Body="hi", MessageStatus="sent")
    signature = outside.sign("/twilio/sms", list(form.items()))
    assert outside.post("/twilio/sms/status", form, signature).status_code == 403
    assert stored(session) == NOTHING


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=x", "text/plain", None])
def test_only_forms_are_let_in(outside: Outside, session: Session, content_type: str | None) -> None:
    before = refused("content_type")
    empty = outside.sign("/twilio/sms", [])
    answer = outside.client.post(
        "/twilio/sms", data=b'{"Body": "hi"}', content_type=content_type, headers={"X-Twilio-Signature": empty}
    )
    assert answer.status_code == 403
    assert refused("content_type") == before + 1
    assert stored(session) == NOTHING


def test_a_form_may_name_its_character_set(outside: Outside, session: Session) -> None:
    form = outside.form(MessageSid=new_sid(), Body="冰箱不冷")
    answer = outside.client.post(
        "/twilio/sms",
        data=form,
        content_type=f"{FORM}; charset=UTF-8",
        headers={"X-Twilio-Signature": outside.sign("/twilio/sms", list(form.items()))},
    )
    assert answer.status_code == 200
    assert stored(session).messages == 1


@pytest.mark.parametrize("accounts", [["AC" + "9" * 32], [], ["ours", "ours"], ["ours", "AC" + "9" * 32]])
def test_another_account_is_refused_although_the_signature_is_right(
    outside: Outside, session: Session, accounts: list[str]
) -> None:
    before = refused("account")
    form = outside.form(MessageSid=new_sid(), Body="hi")
    ours = form.pop("AccountSid")
    pairs = [*form.items(), *(("AccountSid", ours if sid == "ours" else sid) for sid in accounts)]
    assert outside.post("/twilio/sms", pairs).status_code == 403
    assert refused("account") == before + 1
    assert stored(session) == NOTHING


def test_both_tokens_are_good_during_a_rotation(outside: Outside, settings: Any, session: Session) -> None:
    outside.client.application.settings = load_settings(
        {
            "HELPDESK_DATA_DIR": str(settings.data_dir),
            "DATABASE_URL": settings.database_url,
            "SECRET_KEY": "only-for-tests-0123456789",
            "PUBLIC_URL": "https://care.example",
            "TWILIO_ACCOUNT_SID": "AC" + "2" * 32,
            "TWILIO_AUTH_TOKEN": "new,old",
        }
    )
    for token, status in (("new", 200), ("old", 200), ("older", 403)):
        form = outside.form(MessageSid=new_sid(), Body="hi")
        signature = sign(token, "https://care.example:443/twilio/sms", list(form.items()))
        assert outside.post("/twilio/sms", form, signature).status_code == status
    assert stored(session).messages == 2


def test_webhooks_need_a_post(outside: Outside) -> None:
    assert [outside.client.get(path).status_code for path in DOORS] == [405] * len(DOORS)
