"""The rulebook's files agree with each other, with the machines, and with what the program does today."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from order_core.aftersales import rules as aftersales
from order_core.errors import Invalid
from order_core.issues import rules as issues
from order_core.performance import service as performance
from order_core.rulebook import inforce, rules
from order_core.rulebook.clauses import LANGUAGES, chapters, clauses
from order_core.rulebook.clocks import clock_rules, policies
from order_core.rulebook.departments import DEPARTMENTS
from order_core.rulebook.machines import machines
from order_core.rulebook.settings import base_data, settings
from order_core.rulebook.signoffs import sign_rules
from order_core.rulebook.thresholds import thresholds

pytestmark = pytest.mark.once
BOOK = inforce.SHIPPED
OWN = ("CALLBACK", "SOLVE", "HANDOVER", "DESIGN", "OPINION")
"""Deadlines that are ours and not the regulation's."""


def test_there_are_135_requirements_in_nine_chapters_in_their_order() -> None:
    assert len(clauses()) == 135
    assert list(chapters()) == [str(n) for n in range(1, 10)]
    numbers = [[int(n) for n in re.findall(r"\d+", key)] for key in clauses()]
    assert numbers == sorted(numbers)
    assert {clause.chapter for clause in clauses().values()} == set(chapters())


def test_each_requirement_has_its_heading_in_every_language_and_our_rule() -> None:
    for clause in clauses().values():
        assert all(clause.titles[language].strip() for language in LANGUAGES), clause.id
        assert clause.rule.endswith("."), clause.id
        assert clause.actors, clause.id


@pytest.mark.parametrize(("language", "encoding"), [("zh-Hant", "big5"), ("zh-Hans", "gb2312")])
def test_each_chinese_is_written_in_its_own_characters(language: str, encoding: str) -> None:
    texts = [*(c.titles[language] for c in clauses().values()), *(c[language] for c in chapters().values())]
    slips = {char for text in texts for char in text if "一" <= char <= "鿿" and not char.encode(encoding, "ignore")}
    assert slips == set()


def test_whatever_cites_a_clause_cites_one_that_there_is() -> None:
    cited = {clause for machine in machines().values() for t in machine.transitions for clause in t.clauses}
    cited |= {rule.clause for rule in clock_rules().values()}
    cited |= {rule.clause for rule in sign_rules().values()}
    cited |= {number.clause for number in thresholds().values()} | {row.clause for row in BOOK.limits.values()}
    cited |= {setting.clause for setting in settings().values()}
    assert sorted(cited - set(clauses())) == []


def test_all_31_deadlines_are_there_and_each_has_a_budget_a_recurrence_or_a_rule() -> None:
    codes = {code.rstrip("B").rstrip("C") for code in policies() if code not in OWN}
    assert codes == {f"T-{n:02d}" for n in range(1, 32)}
    for rule in clock_rules().values():
        for one in (rule, *rule.variants.values()):
            assert sum(given is not None for given in (one.budget, one.every, one.computed)) == 1, one.code
            assert len(one.code) <= 8, "the clock's table keeps eight characters"


def test_a_deadline_escalates_to_somebody() -> None:
    whom = {"owner", "party", *DEPARTMENTS}
    for rule in clock_rules().values():
        assert {rule.warn_to, rule.escalate_to, *(w for _, w in rule.ladder)} <= whom, rule.code
        assert all(times >= 1 for times, _ in rule.ladder), rule.code


def test_a_deadline_without_a_budget_cannot_be_started_as_one() -> None:
    with pytest.raises(ValueError, match="T-12 has no budget"):
        BOOK.policy("T-12")
    with pytest.raises(KeyError):
        BOOK.policy("T-99")


@pytest.mark.parametrize(
    ("code", "word", "minutes"),
    [
        ("T-19", "normal", 240),
        ("T-19", "high", 60),
        ("T-17", "major", 960),
        ("T-17", "minor", 4800),
        ("T-17", "", 2400),
    ],
)
def test_a_deadline_has_its_variants(code: str, word: str, minutes: int) -> None:
    assert BOOK.policy(code, word).budget == timedelta(minutes=minutes)


def test_the_shipped_rulebook_contradicts_nothing_and_fits_its_own_settings() -> None:
    assert rules.contradiction(base_data()) is None
    values = {path: BOOK.value(path) for path in settings()}
    assert rules.fitting(settings(), values) == values


def test_weights_add_up_and_name_the_department_s_own_indicators() -> None:
    for group, weights in BOOK.weights.items():
        assert sum(weights.values()) == 100, group
        assert group not in DEPARTMENTS or set(weights) <= set(BOOK.limits)


def test_the_program_and_its_rulebook_say_the_same_numbers() -> None:
    """Rooms that still carry a number of their own; a revision reaches them once they ask the book."""
    assert timedelta(days=BOOK.threshold("reopen_days")) == issues.REOPEN_WITHIN
    assert timedelta(days=BOOK.threshold("survey_interval_days")) == aftersales.ASK_AGAIN_AFTER
    assert timedelta(days=BOOK.threshold("survey_valid_days")) == aftersales.SURVEY_VALID
    assert BOOK.threshold("low_score") == aftersales.LOW_SCORE
    assert timedelta(days=BOOK.threshold("pattern_window_days")) == aftersales.PATTERN_WINDOW
    assert BOOK.threshold("pattern_units") == aftersales.PATTERN_LIMIT
    assert timedelta(days=BOOK.threshold("repeat_visit_days")) == performance.REPEAT_WITHIN


@pytest.mark.parametrize(
    ("term", "departments"),
    [
        ("delivery_date", {"PRO", "LOG"}),
        ("service", {"AFS"}),
        ("specification", {"RND", "QUA"}),
        ("volume", {"PUR"}),
        ("price", set()),
        ("colour", set()),
    ],
)
def test_who_hears_of_a_changed_term(term: str, departments: set[str]) -> None:
    """2.3.2-c."""
    assert set(BOOK.told(term)) == departments


@pytest.mark.clause("9.1")
@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("clocks.T-03.budget", 0, "budget"),
        ("clocks.T-03.budget", -60, "budget"),
        ("clocks.T-03.budget", 1.5, "not_a_number"),
        ("clocks.T-03.budget", True, "not_a_number"),
        ("clocks.T-03.budget", "960", "not_a_number"),
        ("clocks.T-03.warn_at", 1.2, "out_of_bounds"),
        ("clocks.T-03.escalate_to", "XYZ", "choice"),
        ("clocks.T-01B.every", "fortnight", "recurrence"),
        ("clocks.T-01B.every", 3, "recurrence"),
        ("clocks.T-12.budget", 60, "unknown_path"),
        ("clocks.calendar.zone", "UTC", "unknown_path"),
        ("thresholds.margin_floor", float("nan"), "not_a_number"),
        ("thresholds.margin_floor", 120, "out_of_bounds"),
        ("signoffs.order_confirmation.always", [], "nobody"),
        ("signoffs.order_confirmation.always", ["PRO", "EVE"], "choice"),
        ("signoffs.order_confirmation.always", "PRO", "not_a_list"),
        ("notices.volume", ["CUS"], "choice"),
        ("weights.SAL.K-01", -5, "out_of_bounds"),
        ("machines.Order", 1, "unknown_path"),
        ("", 1, "unknown_path"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_path_and_rule(path: str, value: object, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.fitting(settings(), {path: value})
    assert (refused.value.code, refused.value.field, refused.value.clause) == (f"rulebook.{code}", path, "9.1")


@pytest.mark.clause("9.1", "8.2.2-a")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"weights.SAL.K-01": 36}, "weights"),
        ({"weights.SAL.K-01": 40, "weights.SAL.K-02": 15}, None),
        ({"thresholds.K-09.warning": 99}, "levels"),
        ({"thresholds.K-15.alarm": 0.4}, "levels"),
        ({"thresholds.K-09.target": 99.5, "thresholds.K-09.warning": 99}, None),
        ({"signoffs.rulebook_change.always": ["MGT:head"]}, "hr_signs"),
        ({"signoffs.rulebook_change.always": ["HR", "MGT:head"]}, None),
        ({"thresholds.risk_accept_limit": 15}, "risk_zones"),
    ],
)
def test_values_that_are_right_alone_and_wrong_together(changes: dict[str, object], code: str | None) -> None:
    found = rules.contradiction(rules.amended(base_data(), settings(), [changes]))
    assert (found.code if found else None) == (f"rulebook.{code}" if code else None)


@examples(deadline=None, max_examples=50)
@given(
    revisions=st.lists(
        st.dictionaries(st.sampled_from(["clocks.T-03.budget", "clocks.T-19.urgent.budget", "thresholds.K-01.target"]),
                        st.integers(1, 10_000), max_size=3),
        max_size=5,
    )
)  # fmt: skip
def test_the_last_word_on_a_path_counts_and_nothing_else_moves(revisions: list[dict[str, int]]) -> None:
    data = rules.amended(base_data(), settings(), revisions)
    last = {path: value for revision in revisions for path, value in revision.items()}
    for path, setting in settings().items():
        assert rules.at_path(data, setting) == last.get(path, rules.at_path(base_data(), setting))


def test_a_path_that_the_program_no_longer_knows_is_passed_over() -> None:
    assert rules.amended(base_data(), settings(), [{"clocks.T-77.budget": 5}]) == base_data()
