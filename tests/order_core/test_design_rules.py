"""The arithmetic of design work: working days, traces, stages, and its figures, for any values."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from order_core.execution.design import rules
from order_core.execution.design.rules import Need, Trait
from order_core.rulebook.calendar import house_calendar

CALENDAR = house_calendar()
days = st.dates(date(2026, 1, 1), date(2027, 12, 31))
some = st.integers(0, 60)
codes = st.sampled_from(("N1", "N2", "N3"))
needs = st.lists(st.builds(Need, code=codes, text=st.just("words"), key=st.booleans()), unique_by=lambda n: n.code)
figures = st.none() | st.sampled_from((0.0, 1.0, 36.0, 38.0))
traits = st.lists(
    st.builds(
        Trait,
        code=st.sampled_from(("C1", "C2")),
        name=st.just("noise"),
        kind=st.sampled_from(("limit", "yes_no")),
        target=figures,
        lower=figures,
        upper=figures,
        method=st.sampled_from(("", " ", "drawing check")),
        result=figures,
        needs=st.lists(codes, unique=True).map(tuple),
    ),
    max_size=4,
)


@given(end=days, count=some)
def test_going_back_leaves_just_so_many_working_days(end: date, count: int) -> None:
    start = rules.working_days_before(end, count, CALENDAR)
    assert CALENDAR.hours(start), "what is needed on a day is there on a working day"
    assert rules.working_days_between(start, end, CALENDAR) == count
    later = start + timedelta(days=1)
    while later < end and not CALENDAR.hours(later):
        later += timedelta(days=1)
    assert count == 0 or rules.working_days_between(later, end, CALENDAR) < count


@given(start=days, count=st.integers(1, 60))
def test_going_on_takes_just_so_many_working_days(start: date, count: int) -> None:
    end = rules.working_days_after(start, count, CALENDAR)
    assert rules.working_days_between(start, end, CALENDAR) == count
    assert rules.working_days_between(start, end - timedelta(days=1), CALENDAR) == count - 1


@given(a=days, b=days, c=days)
def test_working_days_add_up(a: date, b: date, c: date) -> None:
    between = rules.working_days_between
    assert between(a, b, CALENDAR) == -between(b, a, CALENDAR)
    assert between(a, b, CALENDAR) + between(b, c, CALENDAR) == between(a, c, CALENDAR)


@pytest.mark.clause("3.2.2-a")
@given(wanted=needs, written=traits, waived=st.sets(codes))
def test_traceability_is_complete_exactly_when_each_key_need_is_answered_or_waived(
    wanted: list[Need], written: list[Trait], waived: set[str]
) -> None:
    """Answered: a characteristic with target and verification names it; secondary needs may stay open."""

    def answered(need: Need) -> bool:
        for trait in written:
            limited = trait.lower is not None or trait.upper is not None
            aimed = trait.kind == "yes_no" or (trait.target is not None and limited)
            if need.code in trait.needs and aimed and trait.method.strip():
                return True
        return False

    missing = rules.untraced(wanted, written, waived)
    assert missing == [n for n in wanted if n.key and n.code not in waived and not answered(n)]
    assert (missing == []) == all(not n.key or n.code in waived or answered(n) for n in wanted)


@pytest.mark.clause("3.2.2-a")
@given(lower=figures, target=figures, upper=figures)
def test_limits_that_do_not_hold_their_target_are_refused(
    lower: float | None, target: float | None, upper: float | None
) -> None:
    trait = Trait(code="C1", name="noise", lower=lower, target=target, upper=upper)
    given_ = [bound for bound in (lower, target, upper) if bound is not None]
    assert (rules.fault(trait) == ("target", "design.trait.limits")) == (given_ != sorted(given_))


@pytest.mark.parametrize(
    ("values", "broken"),
    [
        ({"code": " "}, ("code", "design.trait.code")),
        ({"name": ""}, ("name", "design.trait.name")),
        ({"kind": "smell"}, ("kind", "design.trait.kind")),
        ({}, None),
    ],
)
def test_what_every_characteristic_has(values: dict[str, str], broken: tuple[str, str] | None) -> None:
    facts: dict[str, str] = {"code": "C1", "name": "noise"}
    assert rules.fault(Trait(**facts | values)) == broken  # type: ignore[arg-type]


@pytest.mark.clause("3.2.2-a")
@given(written=traits)
def test_target_achievement_counts_what_was_verified_within_its_limits(written: list[Trait]) -> None:
    assume(written)
    good = [
        t
        for t in written
        if t.result is not None
        and (
            t.result == 1
            if t.kind == "yes_no"
            else (t.lower is None or t.result >= t.lower) and (t.upper is None or t.result <= t.upper)
        )
    ]
    assert rules.achievement(written) == pytest.approx(100 * len(good) / len(written))
    assert rules.achievement([]) is None


@pytest.mark.clause("3.2.1-b")
def test_plan_adherence_counts_due_stages_done_by_their_date() -> None:
    today = date(2026, 11, 23)
    early, late, day = today - timedelta(days=9), today + timedelta(days=9), timedelta(days=1)
    stages = [(early, early), (early, early + day), (early, None), (late, None), (late, today)]
    assert rules.adherence(stages, today) == (50.0, 4)
    assert rules.adherence([(late, None)], today) == (None, 0)


@pytest.mark.clause("3.2.1-b")
def test_the_development_cycle_is_the_median_in_working_days() -> None:
    monday = date(2026, 11, 23)
    spans = [(monday, monday + timedelta(days=n)) for n in (1, 7, 28)]
    assert rules.cycle(spans, CALENDAR) == 5
    assert rules.cycle([], CALENDAR) is None


@pytest.mark.clause("3.2.2-c")
@given(rounds=st.lists(st.integers(1, 4)))
def test_first_pass_is_the_share_released_in_one_review(rounds: list[int]) -> None:
    share = rules.first_pass(rounds)
    assert share is None if not rounds else share == pytest.approx(100 * rounds.count(1) / len(rounds))


def test_a_task_is_somewhere_whatever_its_parts_say() -> None:
    plans = (None, "drafted", "approved", "running", "achieved", "ended")
    designs = ("draft", "in_review", "released", "superseded", "withdrawn")
    known = {*rules.STAGES, "withdrawn"}
    for owned, plan, design, changed in product((True, False), plans, designs, (True, False)):
        assert rules.stage(owned=owned, plan_state=plan, design_state=design, changed=changed) in known
    assert rules.stage(owned=True, plan_state="drafted", design_state="draft") == "assigned"
    assert rules.stage(owned=True, plan_state="approved", design_state="draft") == "planned"
    assert rules.stage(owned=False, plan_state=None, design_state="draft", changed=True) == "designing"
