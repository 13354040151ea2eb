"""Random walks of real cases: only declared steps move them, and the journal alone rebuilds where they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from order_core.errors import Forbidden, IllegalStep, Invalid
from order_core.issues.models import Issue
from order_core.kernel import journal
from order_core.kernel.actor import Actor
from order_core.kernel.case import CUSTOMER, SYSTEM_ACTORS, Procedure, Step, history, note, state_faults
from order_core.kernel.machine import Machine, Transition
from order_core.rulebook.machines import machine, machines
from tests.order_core.conftest import House, on_database, undone

NAMES = sorted(machines())
each_machine = pytest.mark.parametrize("name", NAMES)


def in_role(word: str) -> Actor:
    """Somebody who is what a machine calls ``word``: a voice, the customer, or a person of that department."""
    if word in SYSTEM_ACTORS:
        return Actor(kind=word)  # type: ignore[arg-type]
    if word == CUSTOMER:
        return Actor(kind="customer", id=1)
    return Actor(kind="person", id=1, department=word)


def is_called(word: str) -> Any:
    return lambda _case, by: by.kind == "person" and by.department == word


def lenient(bound: Machine) -> Procedure:
    """A procedure of the machine whose conditions all hold and whose relations are played by name."""
    words = {word for t in bound.transitions for word in t.actors} - SYSTEM_ACTORS - {CUSTOMER}
    return Procedure(
        bound,
        conditions={t.condition: lambda _step: None for t in bound.transitions if t.condition},
        relations={word: is_called(word) for word in words},
    )


def opened(session: Session, procedure: Procedure, at: datetime) -> Issue:
    """A case on any machine: the kernel does not care whose table keeps it."""
    case = Issue(kind="ticket", subject="walk")
    procedure.open(session, case, series="W", by=Actor(kind="worker"), at=at)
    return case


@on_database
@given(name=st.sampled_from(NAMES), data=st.data())
def test_a_walk_of_a_real_case_is_rebuilt_from_its_journal(
    session: Session, house: House, at: datetime, name: str, data: st.DataObject
) -> None:
    """1.3-b: only declared steps by their actors move it; notes and refusals leave it where it was."""
    walked = machine(name)
    procedure = lenient(walked)
    steps = sorted({t.step for t in walked.transitions})
    with undone(session):
        case = opened(session, procedure, at)
        taken: list[Transition] = []
        for minute, step in enumerate(data.draw(st.lists(st.sampled_from([*steps, "note", "bogus"]), max_size=12))):
            moment = at + timedelta(minutes=minute)
            found = next((t for t in walked.transitions if t.step == step and case.state in t.sources), None)
            if step == "note":
                note(session, case, "called", by=in_role("AFS"), at=moment)
            elif found is None:
                with pytest.raises(IllegalStep):
                    procedure.advance(session, case, step, by=in_role("clock"), at=moment)
            else:
                by = in_role(data.draw(st.sampled_from(found.actors)))
                procedure.advance(session, case, step, by=by, at=moment, data={"minute": minute})
                taken.append(found)
        session.expire_all()
        entries = history(session, case)
        own = [entry for entry in entries if not entry.step.startswith(journal.NOTE_PREFIX)]
        assert journal.fold(entries) == case.state == walked.fold(entry.step for entry in own[1:])
        assert [(e.step, e.to_state, tuple(e.clauses)) for e in own[1:]] == [
            (t.step, t.target, t.clauses) for t in taken
        ]
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        assert state_faults(session) == []


@each_machine
def test_nobody_but_the_actors_of_a_step_may_take_it(session: Session, house: House, at: datetime, name: str) -> None:
    """Every word of the rulebook tries every first step of the machine; exactly its actors may."""
    walked = machine(name)
    procedure = lenient(walked)
    everybody = sorted({word for m in machines().values() for t in m.transitions for word in t.actors})
    case = opened(session, procedure, at)
    for word in everybody:
        allowed = {
            c.transition.step for c in procedure.available(session, case, by=in_role(word), at=at) if not c.refusal
        }
        assert allowed == {t.step for t in walked.steps_from(walked.initial) if word in t.actors}, word


@each_machine
def test_a_condition_nobody_bound_refuses_its_step(session: Session, house: House, at: datetime, name: str) -> None:
    """Deny by default: a procedure that forgot a condition does not thereby allow everything."""
    walked = machine(name)
    forgetful = Procedure(walked, relations=lenient(walked).relations)
    first = walked.steps_from(walked.initial)[0]
    case = opened(session, forgetful, at)
    with pytest.raises(Forbidden) as refused:
        forgetful.advance(session, case, first.step, by=in_role(first.actors[0]), at=at)
    assert refused.value.code == "case.condition_unbound"
    assert refused.value.params == {"step": first.step, "condition": first.condition}
    assert case.state == walked.initial


@dataclass
class Seen:
    """A condition that remembers what it was shown and refuses when told to."""

    refuse: bool = False
    steps: list[Step] = field(default_factory=list)

    def __call__(self, step: Step) -> None:
        self.steps.append(step)
        if self.refuse:
            raise Invalid("order.lines", field="lines")


def quote_with(condition: Seen) -> Procedure:
    return Procedure(machine("Quote"), conditions={"price_built_up": condition})


def test_a_condition_sees_the_step_before_anything_is_written(session: Session, house: House, at: datetime) -> None:
    seen = Seen()
    case = opened(session, quote_with(seen), at)
    by = in_role("SAL")
    quote_with(seen).advance(session, case, "approve", by=by, at=at, data={"price": 10})
    (step,) = seen.steps
    assert (step.case, step.transition.step, step.data, step.by, step.at) == (case, "approve", {"price": 10}, by, at)


def test_a_stranger_is_refused_before_the_condition_is_asked(session: Session, house: House, at: datetime) -> None:
    seen = Seen()
    case = opened(session, quote_with(seen), at)
    with pytest.raises(Forbidden, match=r"case\.not_an_actor"):
        quote_with(seen).advance(session, case, "approve", by=in_role("PRO"), at=at)
    assert seen.steps == []


def test_what_is_available_says_why_not_and_changes_nothing(session: Session, house: House, at: datetime) -> None:
    procedure = quote_with(Seen(refuse=True))
    case = opened(session, procedure, at)
    (choice,) = procedure.available(session, case, by=in_role("SAL"), at=at)
    assert choice.transition.step == "approve"
    assert (choice.refusal and choice.refusal.code) == "order.lines"
    (choice,) = procedure.available(session, case, by=in_role("PRO"), at=at)
    assert (choice.refusal and choice.refusal.code) == "case.not_an_actor"
    assert (case.state, len(history(session, case))) == ("draft", 1)


def test_a_customer_or_voice_is_never_taken_for_a_person_of_a_department(
    session: Session, house: House, at: datetime
) -> None:
    procedure = quote_with(Seen())
    case = opened(session, procedure, at)
    for kind in ("customer", "worker", "clock", "signal", "planner"):
        assert not procedure.plays(case, "SAL", Actor(kind=kind, department="SAL"))
    assert not procedure.plays(case, CUSTOMER, in_role("SAL"))
