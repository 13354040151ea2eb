"""What an order states, where it differs from what was agreed, who confirms which part of it: plain values."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from order_core.acquisition.agreement import AgreedLine, Agreement
from order_core.execution import confirmers, rules
from order_core.execution.rules import Content, Difference, Line
from order_core.rulebook.clocks import house_calendar
from order_core.rulebook.inforce import SHIPPED

pytestmark = pytest.mark.once

TODAY = date(2026, 11, 23)
PARTS = {
    "PRO": {"model_code", "specification", "quantity", "due_on", "new_design"},
    "RND": {"model_code", "specification", "new_design"},
    "QUA": {"model_code", "specification"},
    "PUR": {"model_code", "quantity", "due_on"},
    "LOG": {"quantity", "due_on", "site_id"},
    "AFS": {"service_terms", "model_code", "site_id"},
}
"""Department → what it answers for."""
LINE = Line("RF-520", "RF-520, standard", 1, 520_000, TODAY + timedelta(days=30), 1)

lines = st.builds(
    Line,
    model_code=st.sampled_from(("RF-520", "WM-900", "AC-350")),
    specification=st.sampled_from(("standard", "white", "220 V")),
    quantity=st.integers(1, 40),
    unit_price=st.integers(0, 10**6),
    due_on=st.dates(TODAY, TODAY + timedelta(days=90)),
    site_id=st.integers(1, 3),
    new_design=st.booleans(),
)
contents = st.builds(
    Content,
    agreement=st.just("CT-1"),
    currency=st.sampled_from(("HKD", "USD")),
    payment_terms=st.sampled_from(("30 days", "60 days")),
    service_terms=st.sampled_from(("", "36 months")),
    lines=st.lists(lines, min_size=1, max_size=5).map(tuple),
)


def agreed_as(content: Content) -> Agreement:
    """An agreement that says just what the order says."""
    return Agreement(
        number=content.agreement,
        customer_id=1,
        currency=content.currency,
        payment_terms=content.payment_terms,
        service_terms=content.service_terms,
        lines=tuple(
            AgreedLine(line.model_code, line.specification, line.quantity, line.unit_price or 0, line.due_on)
            for line in content.lines
        ),
    )


@pytest.mark.clause("3.1.1-b")
@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({}, None),
        ({"due_on": TODAY}, None),
        ({"specification": " "}, ("specification", "order.line.specification")),
        ({"quantity": 0}, ("quantity", "order.line.quantity")),
        ({"unit_price": None}, ("unit_price", "order.line.unit_price")),
        ({"due_on": None}, ("due_on", "order.line.due_on")),
        ({"due_on": TODAY - timedelta(days=1)}, ("due_on", "order.line.due_on")),
        ({"site_id": None}, ("site_id", "order.line.place")),
    ],
)
def test_a_line_states_what_how_many_when_and_where(values: dict[str, Any], fault: tuple[str, str] | None) -> None:
    assert rules.line_fault(replace(LINE, **values), TODAY) == fault


@pytest.mark.clause("3.1.1-b")
@given(content=contents, n=st.integers(0, 4))
def test_the_line_that_lacks_something_is_named(content: Content, n: int) -> None:
    assert rules.fault(content, TODAY) is None
    n %= len(content.lines)
    wrong = [*content.lines[:n], replace(content.lines[n], quantity=0), *content.lines[n + 1 :]]
    assert rules.fault(replace(content, lines=tuple(wrong)), TODAY) == (
        f"lines.{n + 1}.quantity",
        "order.line.quantity",
    )


@pytest.mark.clause("3.1.1-a")
@given(content=contents, mixed=st.randoms(use_true_random=False))
def test_what_is_ordered_as_agreed_differs_in_nothing_in_whatever_order(content: Content, mixed: Any) -> None:
    shuffled = list(content.lines)
    mixed.shuffle(shuffled)
    assert rules.differences(agreed_as(content), replace(content, lines=tuple(shuffled))) == []


OTHER: dict[str, Callable[[Any], Any]] = {
    "specification": lambda said: said + ", other",
    "quantity": lambda number: number + 1,
    "unit_price": lambda price: price + 1,
    "due_on": lambda day: day + timedelta(days=1),
}


@pytest.mark.clause("3.1.1-a")
@given(content=contents, field=st.sampled_from(sorted(OTHER)))
def test_each_field_of_a_line_that_is_ordered_otherwise_is_shown_and_no_other(content: Content, field: str) -> None:
    line = content.lines[0]
    assume(sum(other.model_code == line.model_code for other in content.lines) == 1)
    ordered = replace(content, lines=(replace(line, **{field: OTHER[field](getattr(line, field))}), *content.lines[1:]))
    found = rules.differences(agreed_as(content), ordered)
    assert [d.field for d in found] == [f"lines.1.{field}"]
    assert found[0].agreed != found[0].ordered


@pytest.mark.clause("3.1.1-a")
@given(content=contents)
def test_other_terms_a_line_too_many_and_one_that_is_missing_are_shown(content: Content) -> None:
    agreed = agreed_as(content)
    assert [d.field for d in rules.differences(agreed, replace(content, payment_terms="never"))] == ["payment_terms"]
    extra = replace(content, lines=(*content.lines, replace(LINE, model_code="DW-600")))
    assert [d.field for d in rules.differences(agreed, extra)] == [f"lines.{len(extra.lines)}"]
    assert len(rules.differences(agreed, replace(content, lines=content.lines[1:]))) >= 1
    assert {d.field.split(".")[0] for d in rules.differences(agreed, replace(content, lines=()))} == {"agreed"}


def test_a_standing_contract_leaves_quantity_and_date_to_each_order() -> None:
    open_line = AgreedLine("RF-520", "RF-520, standard", None, 520_000, None)
    agreed = Agreement("CT-1", 1, "HKD", "30 days", "", (open_line,))
    twice = Content("CT-1", "HKD", "30 days", "", (LINE, replace(LINE, quantity=7)))
    assert rules.differences(agreed, twice) == []
    assert rules.differences(agreed, replace(twice, lines=())) == []
    dearer = replace(twice, lines=(replace(LINE, unit_price=1),))
    assert [(d.field, d.agreed, d.ordered) for d in rules.differences(agreed, dearer)] == [
        ("lines.1.unit_price", 520_000, 1)
    ]


@given(before=contents, after=contents)
def test_two_revisions_are_alike_exactly_where_nothing_is_shown(before: Content, after: Content) -> None:
    assert (rules.changes(before, after) == []) == (before == after)
    there, back = rules.changes(before, after), rules.changes(after, before)
    assert [(d.field, d.agreed, d.ordered) for d in there] == [(d.field, d.ordered, d.agreed) for d in back]


@given(content=contents)
def test_what_is_kept_is_read_again(content: Content) -> None:
    assert Content.from_json({**content.as_json(), "revision": 3}) == content


def required(content: Content, differences: Collection[Difference]) -> list[str]:
    """Who has to confirm by the rulebook as it is shipped."""
    rule = SHIPPED.signoff("order_confirmation")
    return rule.parties(confirmers.facts(content, differences, TODAY))


@pytest.mark.clause("3.1.2-a")
@pytest.mark.parametrize(
    ("values", "further"),
    [
        ({}, []),
        ({"new_design": True}, ["PUR", "RND"]),
        ({"quantity": 19}, []),
        ({"quantity": 20}, ["PUR"]),
        ({"due_on": TODAY + timedelta(days=14)}, ["PUR"]),
        ({"due_on": TODAY + timedelta(days=15)}, []),
    ],
)
def test_who_confirms_follows_from_the_content(values: dict[str, Any], further: list[str]) -> None:
    content = Content("CT-1", "HKD", "30 days", "36 months", (LINE, replace(LINE, **values)))
    assert required(content, []) == sorted(["AFS", "LOG", "PRO", "QUA", *further])


@pytest.mark.clause("3.1.2-a")
def test_research_confirms_what_is_to_be_other_than_agreed_and_service_what_it_is_promised() -> None:
    content = Content("CT-1", "HKD", "30 days", "", (replace(LINE, specification="RF-520, left-hand door"),))
    agreed = Agreement("CT-1", 1, "HKD", "30 days", "", (AgreedLine("RF-520", "standard", 1, 520_000, None),))
    assert required(content, []) == ["LOG", "PRO", "QUA"]
    assert required(content, rules.differences(agreed, content)) == ["LOG", "PRO", "QUA", "RND"]


@pytest.mark.clause("3.1.2-b")
@given(before=contents, after=contents)
def test_a_part_changes_exactly_when_a_field_changes_that_its_department_answers_for(
    before: Content, after: Content
) -> None:
    assume(len(before.lines) == len(after.lines))
    changed = {d.field.split(".")[-1] for d in rules.changes(before, after)}
    old, new = confirmers.parts(before, PARTS), confirmers.parts(after, PARTS)
    for department, part in PARTS.items():
        assert (old[department] != new[department]) == bool(changed & part)


def test_every_party_that_may_have_to_confirm_has_its_part() -> None:
    rule = SHIPPED.signoff("order_confirmation")
    assert {*rule.always, *(party for parties in rule.when.values() for party in parties)} == set(PARTS)


@given(day=st.dates(TODAY, date(2028, 1, 1)), days=st.integers(-30, 30))
def test_a_date_moves_by_working_days(day: date, days: int) -> None:
    calendar = house_calendar()
    there = rules.moved(day, days, calendar)
    span = [min(day, there) + timedelta(days=n) for n in range(abs((there - day).days) + 1)]
    worked = [one for one in span if calendar.hours(one) and one != day]
    assert len(worked) == abs(days)
    assert (there > day) == (days > 0)


@pytest.mark.parametrize(
    ("projected", "spare"), [(None, 10), (8, 2), (12, -2), (-5, 10)], ids=["unknown", "early", "late", "passed"]
)
def test_slack_is_what_is_left_of_the_promise_and_nothing_is_finished_before_today(
    projected: int | None, spare: int
) -> None:
    promised = TODAY + timedelta(days=10)
    expected = None if projected is None else TODAY + timedelta(days=projected)
    assert rules.slack(promised, expected, TODAY) == spare
    assert rules.slack(None, expected, TODAY) is None
