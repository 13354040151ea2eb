"""Jobs that need a crew or wait for one another. They come and go as a group.

While a group is in the plan its members have *agreed* on times: all of a crew on one start, a job that others wait
for on a latest start. Each then is an ordinary stop with a narrower window, and everything known about routes holds.
"""

from __future__ import annotations

from collections.abc import Iterator

from helpdesk.dispatch.planning.draft import Draft, pin_impossible
from helpdesk.dispatch.planning.insertion import Found, study
from helpdesk.dispatch.planning.labels import INFINITE
from helpdesk.dispatch.planning.problem import NEVER, Group, Spans
from helpdesk.dispatch.planning.routes import build
from helpdesk.dispatch.planning.timing import schedule

STEP_S = 900
"""Distance of the starts that are tried for a crew."""
SLACK_S = 1800
"""How much later than planned a job may begin that others wait for."""


def remove_group(draft: Draft, group: Group) -> bool:
    """Take a group out, save for what is pinned; False when some route cannot be driven without: then ``undo``."""
    for nodes in reversed(group):
        for node in nodes:
            tech = draft.home[node]
            if tech >= 0 and draft.p.pinned[tech] != node and not draft.remove(tech, {node}):
                return False
            if draft.home[node] < 0:
                draft.agree(node, None)
    return True


def mend(draft: Draft, group: Group) -> None:
    """Take out what cannot stay: part of a crew, and what waits for a job that is not in the plan."""
    p = draft.p
    for nodes in group:
        there = [node for node in nodes if draft.home[node] >= 0]
        alone = any(draft.home[other] < 0 for other, _ in p.waits[nodes[0]])
        if there and (alone or len(there) < len(nodes)):
            for node in there:
                if p.pinned[draft.home[node]] != node:
                    draft.remove(draft.home[node], {node})
        for node in nodes:
            if draft.home[node] < 0:
                draft.agree(node, None)


def insert_group(draft: Draft, group: Group) -> None:
    """Put a group in, job by job in the order in which they may begin; what does not fit or pay stays out."""
    p = draft.p
    for nodes in group:
        earliest = _earliest(draft, nodes[0])
        if earliest is None or all(draft.home[node] >= 0 for node in nodes):
            continue
        windows = clipped(p.windows[nodes[0]], earliest, NEVER)
        if not windows:
            continue
        if len(nodes) > 1:
            _crew(draft, nodes, windows)
        elif _single(draft, nodes[0], windows) and len(group) > 1:
            hold(draft, nodes[0])


def clipped(windows: Spans, earliest: int, latest: int) -> Spans:
    """The parts of the windows between two times."""
    return tuple((max(a, earliest), min(b, latest)) for a, b in windows if b >= earliest and a <= latest)


def _earliest(draft: Draft, node: int) -> int | None:
    """When a job may begin at the earliest for those it waits for; None while one of them is not in the plan."""
    p = draft.p
    earliest = 0
    for other, gap in p.waits[node]:
        if draft.home[other] < 0:
            return None
        earliest = max(earliest, draft.agreed[other][-1][1] + p.service[other] + gap)
    return earliest


def _single(draft: Draft, node: int, windows: Spans) -> bool:
    """The cheapest place inside the windows."""
    p = draft.p
    draft.agree(node, windows)
    best, where = p.prize[node], -1
    for tech in p.able[node]:
        found = study(p, draft.routes[tech], node, best)
        if found[1] >= 0:
            best, where, chosen = found[0], tech, found
    if where >= 0 and draft.insert(node, where, chosen):
        return True
    draft.agree(node, None)
    return False


def _crew(draft: Draft, nodes: tuple[int, ...], windows: Spans) -> bool:
    """The cheapest start at which enough technicians can come together; some may be there already."""
    missing = [node for node in nodes if draft.home[node] < 0]
    if len(missing) < len(nodes):
        windows = draft.agreed[next(node for node in nodes if draft.home[node] >= 0)]
    best, plan = draft.p.prize[nodes[0]] if nodes[0] in missing else INFINITE, None
    for start in _starts(windows):
        cost, chosen = _at(draft, nodes, missing, start, best)
        if cost < best:
            best, plan = cost, (start, chosen)
    if plan is not None:
        start, found = plan
        for node in missing:
            draft.agree(node, ((start, start),))
        if all(draft.insert(node, tech, place) for node, (tech, place) in zip(missing, found, strict=True)):
            return True
    for node in missing:
        if draft.home[node] >= 0:
            draft.remove(draft.home[node], {node})
        draft.agree(node, None)
    return False


def _starts(windows: Spans) -> Iterator[int]:
    for begins, ends in windows:
        yield from range(begins, ends + 1, STEP_S)


def _at(
    draft: Draft, nodes: tuple[int, ...], missing: list[int], start: int, bound: float
) -> tuple[float, list[tuple[int, Found]]]:
    """The cheapest technicians for the missing members at a certain start; infinite: there are not enough."""
    total, chosen = 0.0, list[tuple[int, Found]]()
    busy = {draft.home[node] for node in nodes}
    for node in missing:
        draft.agree(node, ((start, start),))
        best, where = bound - total, -1
        for tech in draft.p.able[node]:
            if tech not in busy:
                found = study(draft.p, draft.routes[tech], node, best)
                if found[1] >= 0:
                    best, where, place = found[0], tech, found
        if where < 0:
            return INFINITE, []
        busy.add(where)
        total += best
        chosen.append((where, place))
    return total, chosen


def hold(draft: Draft, node: int) -> None:
    """Others wait for this job: it begins no later than it can now, or somewhat later where there is room."""
    p = draft.p
    tech = draft.home[node]
    route = draft.routes[tech]
    i, labels, service = route.stops.index(node), route.labels(p), p.service[node]
    ways = (labels.hungry[i] - service, labels.by_hungry[i]), (labels.fed[i] - service, labels.by_fed[i])
    start, latest = min((start, latest) for start, latest in ways if start <= latest)
    draft.agree(node, clipped(draft.agreed.get(node, p.windows[node]), 0, min(start + SLACK_S, latest)))
    held = build(p, tech, route.stops)
    assert held is not None, "it can begin at the earliest start"
    draft.replace(held)


def settle(draft: Draft) -> None:
    """Let those agree who are on their way to tied jobs when planning begins.

    Raises:
        Invalid: members of a crew are on their way and cannot begin together.
    """
    p = draft.p
    for group in p.groups:
        for nodes in group:
            pinned = [node for node in nodes if draft.home[node] >= 0]
            if len(nodes) > 1 and pinned:
                _together(draft, pinned)
            elif pinned:
                hold(draft, pinned[0])


def _together(draft: Draft, nodes: list[int]) -> None:
    """All begin when the last of them can."""
    p, start = draft.p, 0
    for node in nodes:
        route = draft.routes[draft.home[node]]
        found = schedule(p, route.tech, route.stops)
        assert found is not None, "it was driven when it was made"
        start = max(start, found.times[route.stops.index(node)][1])
    for node in nodes:
        tech = draft.home[node]
        draft.agree(node, clipped(p.windows[node], start, start))
        together = build(p, tech, draft.routes[tech].stops)
        if together is None:
            raise pin_impossible(p, tech)
        draft.replace(together)
