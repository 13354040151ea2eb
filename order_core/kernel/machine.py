"""Machine: the states of a case kind and the steps between them, as plain values without clock or session."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from order_core.clauses import carries
from order_core.errors import IllegalStep


@dataclass(frozen=True)
class Transition:
    """One declared step.

    Attributes:
        step: snake_case name; unique among the steps from one state.
        sources: states it may be taken from.
        target: state it leads to.
        actors: who may take it: department codes, CUS, relations (assignee, desk …) or the product's voices.
        condition: name of the condition that must hold, or "" for none.
        clauses: the regulation's clauses behind it; every transition has at least one (1.3-b).
        customer_visible: whether the customer is told (1.3-a).
    """

    step: str
    sources: tuple[str, ...]
    target: str
    actors: tuple[str, ...]
    condition: str
    clauses: tuple[str, ...]
    customer_visible: bool = False


@dataclass(frozen=True)
class Machine:
    """The declared life of a case kind; ``may_end`` are the states where a case may rest for good."""

    name: str
    initial: str
    may_end: frozenset[str]
    transitions: tuple[Transition, ...]

    @cached_property
    def states(self) -> frozenset[str]:
        """Every state named anywhere in the machine."""
        named = {self.initial} | self.may_end
        for transition in self.transitions:
            named |= {transition.target, *transition.sources}
        return frozenset(named)

    @cached_property
    def _by_state(self) -> dict[str, dict[str, Transition]]:
        table: dict[str, dict[str, Transition]] = {state: {} for state in self.states}
        for transition in self.transitions:
            for source in transition.sources:
                table[source][transition.step] = transition
        return table

    def steps_from(self, state: str) -> list[Transition]:
        """The transitions declared from a state, in the order of declaration."""
        return list(self._by_state.get(state, {}).values())

    def sources(self, step: str) -> tuple[str, ...]:
        """The states from which a step is declared."""
        return tuple(source for t in self.transitions if t.step == step for source in t.sources)

    @carries("case", "1.3-b")
    def transition(self, state: str, step: str) -> Transition:
        """The transition of a step from a state.

        Raises:
            IllegalStep: the machine declares no such step from there.
        """
        found = self._by_state.get(state, {}).get(step)
        if found is None:
            raise IllegalStep("case.illegal_step", clause="1.3-b", machine=self.name, state=state, step=step)
        return found

    def fold(self, steps: Iterable[str]) -> str:
        """The state that these steps lead to from the initial one."""
        state = self.initial
        for step in steps:
            state = self.transition(state, step).target
        return state

    def faults(self) -> list[str]:
        """What is wrong with the declaration: unreachable states, dead ends, states that cannot come to rest."""
        forward: dict[str, set[str]] = {state: set() for state in self.states}
        backward: dict[str, set[str]] = {state: set() for state in self.states}
        for transition in self.transitions:
            for source in transition.sources:
                forward[source].add(transition.target)
                backward[transition.target].add(source)
        reachable = _closure({self.initial}, forward)
        can_end = _closure(set(self.may_end), backward)
        found = [f"{self.name}: {state} cannot be reached" for state in sorted(self.states - reachable)]
        found += [f"{self.name}: {state} cannot come to rest" for state in sorted(self.states - can_end)]
        found += [
            f"{self.name}: {state} is a dead end" for state in sorted(self.states - self.may_end) if not forward[state]
        ]
        found += self._ambiguous()
        return found

    def _ambiguous(self) -> list[str]:
        seen: set[tuple[str, str]] = set()
        found = []
        for transition in self.transitions:
            for source in transition.sources:
                if (source, transition.step) in seen:
                    found.append(f"{self.name}: {transition.step} from {source} is declared twice")
                seen.add((source, transition.step))
        return found


def _closure(start: set[str], edges: dict[str, set[str]]) -> set[str]:
    seen, todo = set(start), list(start)
    while todo:
        for state in edges[todo.pop()] - seen:
            seen.add(state)
            todo.append(state)
    return seen
