"""What may be said where and when: facts by country, what becomes of a purpose, quiet hours on the customer's clock."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.channels import wording
from helpdesk.channels.capabilities import Span, barred_links, capability, known, quiet_until, without_barred_links
from helpdesk.channels.purposes import Policy, policy, way
from tests.helpdesk.channels.conftest import LIN, SMITH, WANG

SHANGHAI = "+8613800138000"


@pytest.mark.parametrize(
    ("address", "country", "two_way", "links", "parts"),
    [
        (WANG, "TW", False, "listed", 6),
        (f"whatsapp:{WANG}", "TW", True, "yes", 26),
        (SHANGHAI, "CN", False, "no", 8),
        (LIN, "HK", True, "yes", 6),
        (SMITH, "US", True, "yes", 10),
        ("+6591234567", "SG", True, "no", 6),
        ("12", None, True, "no", 6),
    ],
)
def test_an_address_can_what_its_country_and_channel_can(
    address: str, country: str | None, two_way: bool, links: str, parts: int
) -> None:
    able = capability(address)
    assert (able.country, able.two_way, able.links, able.parts) == (country, two_way, links, parts)


def test_only_countries_that_somebody_has_looked_at_count_as_verified() -> None:
    assert {able.country for able in known() if able.channel == "sms" and able.verified} == {"TW", "HK", "CN", "US"}


@pytest.mark.clause("5.1.1-a")
@pytest.mark.parametrize(
    ("purpose", "taiwan", "hong_kong"),
    [
        ("offer.slots", "keypad", "message"),
        ("ask.since", "keypad", "message"),
        ("ask.identity", "callback", "message"),
        ("survey.ask", "code", "message"),
        ("selfhelp.refrigerator.icing", "callback", "message"),
        ("selfhelp.solved", "message", "message"),
        ("visit.booked", "message", "message"),
        ("safety.gas", "message", "message"),
        ("greeting", "drop", "message"),
    ],
)
def test_what_needs_a_reply_becomes_something_else_where_none_can_come(
    purpose: str, taiwan: str, hong_kong: str
) -> None:
    assert way(policy(purpose), capability(WANG)) == taiwan == way(policy(purpose), capability(SHANGHAI))
    assert way(policy(purpose), capability(LIN)) == hong_kong == way(policy(purpose), capability(f"whatsapp:{WANG}"))


def test_what_needs_a_link_becomes_something_else_where_none_may_go() -> None:
    rule = Policy("service", frozenset({"link"}), "code", "go", once=False, valid=None, parts=2, meanwhile=None)
    assert [way(rule, capability(to)) for to in (LIN, WANG, SHANGHAI, "+6591234567")] == [
        "message", "code", "code", "code",
    ]  # fmt: skip


@pytest.mark.parametrize("language", wording.LANGUAGES)
@pytest.mark.parametrize("purpose", wording.purposes())
def test_nothing_that_goes_there_asks_for_a_reply(purpose: str, language: str) -> None:
    from helpdesk.channels.samples import sample

    if way(policy(purpose), capability(WANG)) != "message" or policy(purpose).scope == "consent":
        return
    text = wording.render(purpose, language, sample(purpose), two_way=False)
    asks = ("Reply", "reply", "just write", "請回", "回訊", "回覆 ", "请回", "回短信", "回复 ", " 0 ", "START")
    assert [words for words in asks if words in text] == [], text
    assert barred_links(text, capability(WANG)) == []


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see https://care.example/v/abc, please", ["https://care.example/v/abc,"]),
        ("www.example.org 和 example.com.tw/a", ["www.example.org", "example.com.tw/a"]),
        ("13:00-15:00, 3.5 bar, T2026-01234. Thank you", []),
        ("換新啟動電容。測試正常", []),
    ],
)
def test_links_are_seen_and_taken_out_where_they_are_barred(text: str, links: list[str]) -> None:
    assert barred_links(text, capability(SHANGHAI)) == links
    assert barred_links(text, capability(LIN)) == []
    assert barred_links(without_barred_links(text, capability(SHANGHAI)), capability(SHANGHAI)) == []


@pytest.mark.parametrize(
    ("scope", "address", "zone", "local", "until"),
    [
        ("service", LIN, "Asia/Hong_Kong", "2026-11-24 23:30", "2026-11-25 07:00"),
        ("service", LIN, "Asia/Hong_Kong", "2026-11-24 03:00", "2026-11-24 07:00"),
        ("service", LIN, "Asia/Hong_Kong", "2026-11-24 12:45", None),
        ("required", LIN, "Asia/Hong_Kong", "2026-11-24 03:00", None),
        ("marketing", WANG, "Asia/Taipei", "2026-11-24 12:45", "2026-11-24 13:30"),
        ("marketing", WANG, "Asia/Taipei", "2026-11-24 21:00", "2026-11-25 09:00"),
        ("survey", SMITH, "America/Los_Angeles", "2026-11-24 22:00", "2026-11-25 07:00"),
        ("survey", SMITH, "America/New_York", "2026-03-08 01:30", "2026-03-08 07:00"),
    ],
)
def test_quiet_hours_are_those_of_the_customers_own_clock(
    scope: str, address: str, zone: str, local: str, until: str | None
) -> None:
    def moment(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)

    expected = moment(until) if until else None
    assert quiet_until(scope, capability(address), zone, moment(local), night=True) == expected


@given(
    at=st.integers(0, 365 * 24 * 60).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
    zone=st.sampled_from(["Asia/Taipei", "America/New_York", "Europe/London", "Asia/Kathmandu"]),
    scope=st.sampled_from(["service", "survey", "marketing"]),
    address=st.sampled_from([LIN, WANG, SMITH, SHANGHAI]),
)
def test_what_was_put_off_may_go_at_its_time_and_within_a_day(
    at: datetime, zone: str, scope: str, address: str
) -> None:
    until = quiet_until(scope, capability(address), zone, at, night=True)
    if until is not None:
        assert at < until <= at + timedelta(hours=25)
        assert quiet_until(scope, capability(address), zone, until, night=True) is None


@given(st.times(), st.times(), st.times())
def test_a_span_and_the_rest_of_the_day_share_no_moment(start: time, end: time, moment: time) -> None:
    if start != end:
        assert Span(start, end).covers(moment) != Span(end, start).covers(moment)
