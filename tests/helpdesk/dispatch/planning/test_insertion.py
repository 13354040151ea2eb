"""The O(1) test of one more stop says what trying it says: whether it fits, and what it costs."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from helpdesk.dispatch.planning.insertion import covers, glance, study
from helpdesk.dispatch.planning.labels import INFINITE, label
from helpdesk.dispatch.planning.model import Instance, Technician
from helpdesk.dispatch.planning.problem import Problem, may_do
from helpdesk.dispatch.planning.routes import Route, empty, with_stop, without
from tests.helpdesk.dispatch.planning.days import UNHURRIED, Row, days, read
from tests.helpdesk.dispatch.planning.exact import Stay, cheapest

pytestmark = pytest.mark.once


def unlimited(row: Row) -> Row:
    """The same day with depots that never run out, everything worth any way."""
    for depot in row["depots"]:
        depot.pop("stock", None)
    for job in row["jobs"]:
        job["prize"] = 100000
    return row


def filled(p: Problem, tech: int, nodes: list[int]) -> Route:
    """A route with each job in turn where that is cheapest."""
    route = empty(p, tech)
    for node in nodes:
        if tech in p.able[node]:
            found = study(p, route, node, INFINITE)
            if found[1] >= 0:
                route = with_stop(p, route, node, found)
    return route


def stays(instance: Instance, p: Problem, stops: tuple[int, ...]) -> tuple[Stay, ...]:
    return tuple(instance.jobs[n] if n < p.jobs else instance.depots[n - p.jobs] for n in stops[1:-1])


def tried(instance: Instance, one: Technician, there: tuple[Stay, ...], more: Stay) -> float | None:
    """The least cost with one more job anywhere, as it is or with one pick-up more."""
    plain = [(*there[:i], more, *there[i:]) for i in range(len(there) + 1)]
    fetching = [
        (*route[:i], depot, *route[i:]) for route in plain for depot in instance.depots for i in range(len(route))
    ]
    found = [best[0] for route in [*plain, *fetching] if (best := cheapest(instance, one, route))]
    return min(found, default=None)


@settings(UNHURRIED, max_examples=80)
@given(row=days(team=1, work=6), chance=st.randoms(use_true_random=False))
def test_an_insertion_costs_what_trying_every_place_costs(row: Row, chance: Random) -> None:
    instance = read(unlimited(row))
    assume(instance.technicians and instance.jobs)
    p, one = Problem(instance), instance.technicians[0]
    nodes = list(range(p.jobs))
    chance.shuffle(nodes)
    *inside, node = nodes
    assume(may_do(instance, one, instance.jobs[node]))
    route = filled(p, 0, inside)
    bound = glance(p, route, node)[0]
    found = study(p, route, node, INFINITE)
    exact = tried(instance, one, stays(instance, p, route.stops), instance.jobs[node])
    plain = covers(p, route, node)
    if exact is None or (found[1] == -1 and not plain):
        assert found[1] == -1
        return
    assert found[1] >= 0
    assert bound <= found[0] + 1e-9
    longer = with_stop(p, route, node, found)
    again = cheapest(instance, one, stays(instance, p, longer.stops))
    assert again is not None
    assert longer.cost == pytest.approx(again[0], abs=1e-6), "its price is that of the timed route"
    if plain:
        assert longer.cost == pytest.approx(exact, abs=1e-6), "and no other place is cheaper"
    else:
        assert longer.cost >= exact - 1e-6


@settings(UNHURRIED, max_examples=50)
@given(row=days(team=1, work=6), chance=st.randoms(use_true_random=False))
def test_labels_taken_over_are_those_computed_anew(row: Row, chance: Random) -> None:
    instance = read(unlimited(row))
    assume(instance.technicians)
    p = Problem(instance)
    route = filled(p, 0, list(range(p.jobs)))
    inside = [n for n in route.stops if n < p.jobs]
    assume(inside)
    assert route.labels(p) == label(p, 0, route.stops)
    shorter = without(p, route, {chance.choice(inside)})
    assert shorter is not None
    assert shorter.labels(p) == label(p, 0, shorter.stops)
    assert shorter.cost <= route.cost + 1e-6
