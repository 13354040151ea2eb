"""A first plan: again and again, that job is put in which would lose most by waiting (regret)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from helpdesk.dispatch.planning.draft import Draft
from helpdesk.dispatch.planning.insertion import Found, study

Score = tuple[float, float]


def construct(draft: Draft, nodes: Iterable[int], enough: Callable[[], bool] = lambda: False) -> bool:
    """Insert absent jobs while they are worth it. A job's regret is what its second-best technician costs more.

    False when ``enough`` said so first.
    """
    wanted = _Wanted(draft)
    for node in sorted(nodes):
        if enough():
            return False
        wanted.add(node)
    while wanted.scores:
        if enough():
            return False
        node = max(wanted.scores, key=wanted.scores.__getitem__)
        tech = wanted.best[node]
        if draft.insert(node, tech, wanted.found[node][tech]):
            del wanted.scores[node]
            wanted.changed(tech)
        else:
            del wanted.found[node][tech]
            wanted.rate(node)
    return True


class _Wanted:
    """Jobs to be put in: what each costs with each technician, and how urgent that makes it."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.found: dict[int, dict[int, Found]] = {}
        self.scores: dict[int, Score] = {}
        self.best: dict[int, int] = {}

    def add(self, node: int) -> None:
        """One more job, looked at with everybody who can do it."""
        self.found[node] = {}
        for tech in self.draft.p.able[node]:
            self._look(node, tech)
        self.rate(node)

    def changed(self, tech: int) -> None:
        """A technician's route is another: look again at what might go into it."""
        for node in list(self.scores):
            if tech in self.draft.p.extra[node]:
                self._look(node, tech)
                self.rate(node)

    def _look(self, node: int, tech: int) -> None:
        found = study(self.draft.p, self.draft.routes[tech], node, self.draft.p.prize[node])
        if found[1] >= 0:
            self.found[node][tech] = found
        else:
            self.found[node].pop(tech, None)

    def rate(self, node: int) -> None:
        """Score a job anew; without a technician it is out."""
        costs = sorted((found[0], tech) for tech, found in self.found[node].items())
        if not costs:
            self.scores.pop(node, None)
            return
        second = costs[1][0] if len(costs) > 1 else self.draft.p.prize[node]
        self.scores[node] = (second - costs[0][0], -costs[0][0])
        self.best[node] = costs[0][1]
