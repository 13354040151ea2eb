"""Rounds and their findings: nothing without a source, no round done with a kind unanswered."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.acquisition.research import measures, rules, service
from order_core.acquisition.research.models import Finding, NothingFound
from order_core.acquisition.research.rules import KINDS
from order_core.clauses import PROBES
from order_core.errors import Conflict, Forbidden, Invalid, Refusal
from order_core.kernel import clock
from order_core.kernel.actor import Actor
from order_core.kernel.case import history
from order_core.kernel.notice import Notice
from order_core.rounds import service as rounds
from order_core.rounds.models import Round
from order_core.rulebook.clocks import house_calendar
from tests.order_core.acquisition.research.conftest import done, facts
from tests.order_core.conftest import House, on_database, undone

ANSWERS = st.lists(st.tuples(st.sampled_from(("find", "silence", "strike")), st.sampled_from(KINDS)), max_size=9)


@pytest.mark.once
@pytest.mark.clause("2.1.1-a")
@examples(deadline=None)
@given(found=st.sets(st.sampled_from(KINDS)), silent=st.sets(st.sampled_from(KINDS)))
def test_a_kind_is_answered_by_a_finding_or_by_somebodys_word(found: set[str], silent: set[str]) -> None:
    missing = rules.missing_kinds(found, silent)
    assert set(missing) == set(KINDS) - found - silent
    assert len(missing) == len(set(missing))


@on_database
@pytest.mark.clause("2.1.1-a")
@given(answers=ANSWERS)
def test_a_round_is_done_exactly_when_each_kind_is_answered(
    session: Session, turn: Round, kay: Actor, at: datetime, answers: list[tuple[str, str]]
) -> None:
    with undone(session):
        counting: list[tuple[str, Finding]] = []
        silent: set[str] = set()
        for what, kind in answers:
            mine = [pair for pair in counting if pair[0] == kind]
            if what == "find":
                counting.append((kind, service.record(session, turn, facts(kind), by=kay, at=at)))
            elif what == "strike" and mine:
                service.strike(session, mine[0][1], "wrong", by=kay, at=at)
                counting.remove(mine[0])
            elif what == "silence" and not mine:
                service.nothing_found(session, turn, kind, by=kay, at=at)
                silent.add(kind)
        open_kinds = set(KINDS) - {kind for kind, _ in counting} - silent
        if open_kinds:
            with pytest.raises(Conflict, match=r"research\.kind_missing.*2\.1\.1-a"):
                service.finish(session, turn, by=kay, at=at)
            assert turn.state == "open"
        else:
            service.finish(session, turn, by=kay, at=at)
            assert turn.outcome == {kind: sum(k == kind for k, _ in counting) for kind in KINDS}
            assert turn.state == "done"
        assert PROBES["2.1.1-a"][0](session, at) == 0


@pytest.mark.clause("2.1.1-a")
@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"kind": "gossip"}, "kind", "research.kind"),
        ({"source": "  "}, "source", "research.source"),
        ({"dated_on": None}, "dated_on", "research.dated_on"),
        ({"dated_on": date(2026, 11, 24)}, "dated_on", "research.dated_later"),
        ({"text": "\n"}, "text", "research.text"),
        ({"link": "javascript:alert(1)"}, "link", "research.link"),
        ({"link": "http://[bad"}, "link", "research.link"),
        ({"models": ("RF-520", "XX-1")}, "models", "research.model"),
        ({"source": "x" * 201}, "source", "research.too_long"),
        ({"text": "字" * 4001}, "text", "research.too_long"),
        ({"link": f"https://example.test/{'x' * 500}"}, "link", "research.too_long"),
    ],
)
def test_a_finding_that_lacks_something_is_refused_with_field_and_clause(
    session: Session, turn: Round, kay: Actor, at: datetime, wrong: dict[str, Any], field: str, code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        service.record_all(session, turn, [facts(), facts(**wrong)], by=kay, at=at)
    assert (refused.value.code, refused.value.field, refused.value.clause) == (code, field, "2.1.1-a")
    assert session.scalars(select(Finding)).all() == [], "all or none"


@pytest.mark.once
@examples(deadline=None)
@given(
    kind=st.text(max_size=12), source=st.text(max_size=210), text=st.text(max_size=40), link=st.text(max_size=40),
    dated_on=st.none() | st.dates(), models=st.lists(st.text(max_size=8), max_size=3),
)  # fmt: skip
def test_whatever_is_typed_is_judged(
    kind: str, source: str, text: str, link: str, dated_on: date | None, models: list[str]
) -> None:
    told = facts(kind, source=source, text=text, link=link, dated_on=dated_on, models=tuple(models))
    fault = rules.finding_fault(told, date(2026, 11, 23), {"RF-520"})
    if fault is None:
        assert told.kind in KINDS
        assert told.source.strip()
        assert told.text.strip()
        assert told.dated_on is not None
        assert told.dated_on <= date(2026, 11, 23)
        assert set(told.models) <= {"RF-520"}
    else:
        assert fault.field in {"kind", "source", "dated_on", "text", "link", "models"}


@pytest.mark.clause("2.1.1-a")
def test_the_team_is_told_of_the_opening_and_the_head_when_it_is_late(
    session: Session, turn: Round, kay: Actor, house: House, at: datetime
) -> None:
    opened = session.scalars(select(Notice).where(Notice.key == "round.opened")).one()
    assert opened.to_person_id == kay.id
    late = at + timedelta(days=29)
    clock.fire_due(session, at=late, calendar=house_calendar())
    told = session.scalars(select(Notice.to_department).where(Notice.key == "clock.breach")).all()
    assert told == ["SAL"]


@pytest.mark.clause("2.1.1-a")
def test_nobody_else_collects(session: Session, turn: Round, house: House, at: datetime) -> None:
    for department in ("RND", "MGT", "AFS"):
        with pytest.raises(Forbidden, match=r"research\.not_yours"):
            service.record(session, turn, facts(), by=house.actor(department), at=at)
        with pytest.raises(Forbidden, match=r"research\.not_yours"):
            service.nothing_found(session, turn, "demand", by=house.actor(department), at=at)
    assert session.scalars(select(Finding)).all() == []


def test_the_word_that_nothing_was_found_has_who_and_when_and_the_first_stands(
    session: Session, turn: Round, kay: Actor, house: House, at: datetime
) -> None:
    service.nothing_found(session, turn, "competitor", by=kay, at=at)
    again = service.nothing_found(session, turn, "competitor", by=house.actor("SAL"), at=at + timedelta(hours=1))
    assert (again.by_id, again.at) == (kay.id, at)
    assert len(session.scalars(select(NothingFound)).all()) == 1
    assert [entry.step for entry in history(session, turn)].count("note:nothing_found") == 1


def test_nothing_found_is_not_said_of_what_was_found(session: Session, turn: Round, kay: Actor, at: datetime) -> None:
    finding = service.record(session, turn, facts("demand"), by=kay, at=at)
    with pytest.raises(Conflict, match=r"research\.was_found"):
        service.nothing_found(session, turn, "demand", by=kay, at=at)
    with pytest.raises(Invalid, match=r"research\.reason"):
        service.strike(session, finding, " ", by=kay, at=at)
    service.strike(session, finding, "a rumour", by=kay, at=at)
    service.nothing_found(session, turn, "demand", by=kay, at=at)
    with pytest.raises(Conflict, match=r"research\.struck"):
        service.strike(session, finding, "again", by=kay, at=at)


def test_what_is_done_is_closed(session: Session, turn: Round, kay: Actor, at: datetime) -> None:
    found = done(session, turn, kay, at)
    attempts = (
        lambda: service.record(session, turn, facts(), by=kay, at=at),
        lambda: service.nothing_found(session, turn, "demand", by=kay, at=at),
        lambda: service.strike(session, found[0], "late", by=kay, at=at),
    )
    for attempt in attempts:
        with pytest.raises(Refusal, match=r"research\.not_collecting"):
            attempt()


def test_no_personal_data_and_no_text_is_in_the_journal(
    session: Session, turn: Round, kay: Actor, at: datetime
) -> None:
    service.record(session, turn, facts(text="Mr Lin of 1 Nathan Road wants ten"), by=kay, at=at)
    assert "Lin" not in str([entry.data for entry in history(session, turn)])


@pytest.mark.clause("2.1.1-a")
def test_the_deadline_ends_where_nothing_at_all_was_found(
    session: Session, turn: Round, kay: Actor, house: House, at: datetime
) -> None:
    for kind in KINDS:
        service.nothing_found(session, turn, kind, by=kay, at=at)
    service.finish(session, turn, by=kay, at=at)
    assert clock.running(session, turn, "T-01") is None
    rounds.sign(session, turn, by=house.actor("SAL"), at=at)
    assert turn.state == "applied"


@pytest.mark.clause("2.1.1-b")
def test_a_round_with_findings_is_signed_off_when_its_report_is_out(
    session: Session, turn: Round, kay: Actor, house: House, at: datetime
) -> None:
    done(session, turn, kay, at)
    assert clock.running(session, turn, "T-01") is not None
    with pytest.raises(Conflict, match=r"research\.no_report"):
        rounds.sign(session, turn, by=house.actor("SAL"), at=at)


@on_database
@pytest.mark.clause("2.1.1-a")
@given(held=st.lists(st.booleans(), min_size=1, max_size=8))
def test_rounds_held_on_time_is_what_the_journal_says(
    session: Session, house: House, kay: Actor, held: list[bool]
) -> None:
    zone = house_calendar().zone
    assert zone == service.DUTY.zone
    with undone(session):
        months = rules.month_span(date(2026, 1, 1), date(2026, len(held) + 1, 1))
        begun = [datetime.fromisoformat(f"{month}T12:00:00+08:00") for month in months]
        for moment, does in zip(begun, [*held, False], strict=True):
            rounds.keep_going(session, service.DUTY, at=moment)
            turn = session.scalars(select(Round).where(Round.period == f"{moment:%Y-%m}")).one()
            if does:
                for kind in KINDS:
                    service.nothing_found(session, turn, kind, by=kay, at=moment)
                service.finish(session, turn, by=kay, at=moment)
        figure = measures.held_on_time(session, begun[0], begun[-1])
        assert (figure.value, figure.count) == (100 * sum(held) / len(held), len(held))
        assert measures.held_on_time(session, begun[-1], begun[-1]).value is None
