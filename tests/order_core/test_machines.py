"""The twelve machines as data: sound by the product's checker and by a reckoning of the tests' own."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from order_core.errors import IllegalStep
from order_core.kernel.machine import Machine, Transition
from order_core.rulebook import machines as rulebook

pytestmark = pytest.mark.once

RAW: dict[str, Any] = json.loads(
    (resources.files("order_core.rulebook") / "data" / "machines.json").read_text(encoding="utf-8")
)
NAMES = sorted(RAW["machines"])
each_machine = pytest.mark.parametrize("name", NAMES)


def table(name: str) -> dict[tuple[str, str], str]:
    """(state, step) → next state, read from the file and not from the product's objects."""
    return {(source, row["step"]): row["to"] for row in RAW["machines"][name]["transitions"] for source in row["from"]}


def states(name: str) -> set[str]:
    return {RAW["machines"][name]["initial"]} | {source for source, _ in table(name)} | set(table(name).values())


def leads_to(name: str) -> set[tuple[str, str]]:
    """Every pair of states of which the second can follow the first, by squaring the relation until it rests."""
    pairs = {(state, state) for state in states(name)} | {(source, to) for (source, _), to in table(name).items()}
    while True:
        longer = pairs | {(a, d) for a, b in pairs for c, d in pairs if b == c}
        if longer == pairs:
            return pairs
        pairs = longer


def test_there_are_twelve_machines_with_eighty_one_transitions() -> None:
    assert len(rulebook.machines()) == 12
    assert sum(len(machine.transitions) for machine in rulebook.machines().values()) == 81


@each_machine
def test_the_checker_finds_no_fault(name: str) -> None:
    assert rulebook.machine(name).faults() == []


@each_machine
def test_every_state_can_be_reached(name: str) -> None:
    initial = RAW["machines"][name]["initial"]
    assert {state for state in states(name) if (initial, state) not in leads_to(name)} == set()


@each_machine
def test_from_every_state_the_case_can_come_to_rest(name: str) -> None:
    ends = set(RAW["machines"][name]["may_end"])
    assert ends <= states(name)
    assert {state for state in states(name) if not any((state, end) in leads_to(name) for end in ends)} == set()


@each_machine
def test_only_a_state_of_rest_has_no_step_out(name: str) -> None:
    silent = states(name) - {source for source, _ in table(name)}
    assert silent <= set(RAW["machines"][name]["may_end"])


@each_machine
def test_no_step_is_declared_twice_from_one_state(name: str) -> None:
    declared = [(source, row["step"]) for row in RAW["machines"][name]["transitions"] for source in row["from"]]
    assert len(declared) == len(set(declared))


@pytest.mark.clause("1.2", "1.3-b")
@each_machine
def test_every_transition_names_its_actors_and_its_clauses(name: str) -> None:
    """1.3-b: a state changes by a declared step of the regulation only."""
    for transition in rulebook.machine(name).transitions:
        assert transition.actors, transition.step
        assert transition.clauses, transition.step
        assert all(re.fullmatch(r"[1-9](\.\d+){1,2}(-[a-z])?", clause) for clause in transition.clauses)


def test_every_condition_is_explained_and_none_is_explained_in_vain() -> None:
    used = {t.condition for machine in rulebook.machines().values() for t in machine.transitions if t.condition}
    assert used == set(rulebook.conditions())


@each_machine
def test_the_loader_keeps_every_step_of_the_file(name: str) -> None:
    machine = rulebook.machine(name)
    loaded = {(source, t.step): t.target for t in machine.transitions for source in t.sources}
    assert loaded == table(name)
    assert machine.states == states(name)


# the checker itself can find faults


def without(machine: Machine, state: str) -> Machine:
    """The machine with every way into a state taken away."""
    return replace(machine, transitions=tuple(t for t in machine.transitions if t.target != state))


@each_machine
def test_the_checker_names_a_state_that_lost_every_way_in(name: str) -> None:
    machine = rulebook.machine(name)
    for state in machine.states - {machine.initial}:
        broken = without(machine, state)
        if state in broken.states:
            assert f"{name}: {state} cannot be reached" in broken.faults()


@each_machine
def test_the_checker_names_a_dead_end(name: str) -> None:
    machine = rulebook.machine(name)
    trap = Transition("fall", (machine.initial,), "trapped", ("SAL",), "", ("1.3-b",))
    faults = replace(machine, transitions=(*machine.transitions, trap)).faults()
    assert faults == [f"{name}: trapped cannot come to rest", f"{name}: trapped is a dead end"]


@each_machine
def test_the_checker_names_a_circle_without_a_way_out(name: str) -> None:
    machine = rulebook.machine(name)
    circle = (
        Transition("fall", (machine.initial,), "left", ("SAL",), "", ("1.3-b",)),
        Transition("turn", ("left",), "right", ("SAL",), "", ("1.3-b",)),
        Transition("turn", ("right",), "left", ("SAL",), "", ("1.3-b",)),
    )
    faults = replace(machine, transitions=machine.transitions + circle).faults()
    assert faults == [f"{name}: left cannot come to rest", f"{name}: right cannot come to rest"]


@each_machine
def test_the_checker_names_a_step_declared_twice(name: str) -> None:
    machine = rulebook.machine(name)
    again = machine.transitions[0]
    faults = replace(machine, transitions=(*machine.transitions, again)).faults()
    assert faults == [f"{name}: {again.step} from {source} is declared twice" for source in again.sources]


# walks


@pytest.mark.clause("1.3-b")
@examples(max_examples=300, deadline=None)
@given(name=st.sampled_from(NAMES), data=st.data())
def test_a_walk_takes_declared_steps_only_and_is_rebuilt_by_the_fold(name: str, data: st.DataObject) -> None:
    """Any word of the whole rulebook may be tried at any moment; the file alone says which of them move the case."""
    machine, declared = rulebook.machine(name), table(name)
    words = sorted({step for other in NAMES for _, step in table(other)} | {"", "no_such_step"})
    own = sorted({step for _, step in declared})
    state, taken = machine.initial, list[str]()
    for step in data.draw(st.lists(st.sampled_from(own) | st.sampled_from(words), max_size=25)):
        if (state, step) in declared:
            state = machine.transition(state, step).target
            taken.append(step)
        else:
            with pytest.raises(IllegalStep) as refused:
                machine.transition(state, step)
            assert (refused.value.code, refused.value.clause) == ("case.illegal_step", "1.3-b")
            assert refused.value.params == {"machine": name, "state": state, "step": step}
        assert state in machine.states
        assert {t.step for t in machine.steps_from(state)} == {word for source, word in declared if source == state}
    assert machine.fold(taken) == state


@each_machine
def test_the_fold_refuses_a_history_that_could_not_have_happened(name: str) -> None:
    machine = rulebook.machine(name)
    first = machine.steps_from(machine.initial)[0]
    with pytest.raises(IllegalStep):
        machine.fold([first.step, "no_such_step"])


@each_machine
def test_from_an_unknown_state_every_step_is_illegal(name: str) -> None:
    machine = rulebook.machine(name)
    assert machine.steps_from("nowhere") == []
    with pytest.raises(IllegalStep):
        machine.transition("nowhere", machine.transitions[0].step)
