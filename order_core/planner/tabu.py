"""Tabu search for the job shop: good plans of large shops within seconds.

A move takes an operation of a critical block to an end of the block, or an end into it (N6: Balas & Vazacopoulos
1998; Zhang, Li, Guan & Rao 2007), and is judged by Taillard's estimate (1994). Nothing is drawn by chance. That a
move leaves a plan that can be carried out is sure only where every operation takes some time and no job comes back
to a machine.

Operations are numbers, counted through the jobs; -1 is none. The head of an operation is when it can start, its tail
the time from its start to the end of all that follows from it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import NamedTuple

TENURE = (8, 5)
"""A pair that was turned round stays so for 8 to 12 moves, and one more for each job that a machine has."""
PATIENCE = 1000
"""Moves without a better plan, after which the search goes back to the best one and leaves it another way."""


class Move(NamedTuple):
    """A stretch of a machine's order, now and after the move, and how long the plan would be (an estimate)."""

    estimate: int
    before: list[int]
    after: list[int]

    @property
    def moved(self) -> int:
        """The operation that changes its place among the others."""
        return self.after[0] if self.after[0] == self.before[-1] else self.after[-1]

    def pairs(self) -> list[tuple[int, int]]:
        """Pairs in the order that the move gives them."""
        forward = self.moved == self.after[-1]
        return [(o, self.moved) if forward else (self.moved, o) for o in self.before if o != self.moved]


class Plan:
    """The order of the operations on each machine, with heads and tails."""

    def __init__(self, jobs: Sequence[Sequence[tuple[int, int]]], starts: Sequence[int]) -> None:
        """``jobs``: (machine, duration) of each operation; ``starts``: of a plan that can be carried out."""
        steps = [step for job in jobs for step in job]
        self.duration = [duration for _, duration in steps]
        self.earlier, self.later = [-1] * len(steps), [-1] * len(steps)
        first = 0
        for job in jobs:
            self._chain(self.earlier, self.later, list(range(first, first + len(job))))
            first += len(job)
        self.before, self.after = [-1] * len(steps), [-1] * len(steps)
        order: dict[int, list[int]] = {}
        for operation in sorted(range(len(steps)), key=lambda o: (starts[o], starts[o] + self.duration[o], o)):
            order.setdefault(steps[operation][0], []).append(operation)
        for row in order.values():
            self._chain(self.before, self.after, row)
        self.head, self.tail = [0] * len(steps), [0] * len(steps)
        self.makespan = self._time()

    @staticmethod
    def _chain(before: list[int], after: list[int], row: list[int]) -> None:
        for one, other in pairwise(row):
            after[one], before[other] = other, one

    def orders(self) -> tuple[list[int], list[int]]:
        """What ``return_to`` needs to come back here."""
        return self.before[:], self.after[:]

    def return_to(self, orders: tuple[list[int], list[int]]) -> None:
        self.before, self.after = orders[0][:], orders[1][:]
        self.makespan = self._time()

    def _time(self) -> int:
        """Heads and tails anew, in topological order; the makespan."""
        before, after, earlier, later = self.before, self.after, self.earlier, self.later
        head, tail, duration = self.head, self.tail, self.duration
        waits = [(a >= 0) + (b >= 0) for a, b in zip(before, earlier, strict=True)]
        ready = [operation for operation, count in enumerate(waits) if not count]
        for one in ready:
            job, machine = earlier[one], before[one]
            start = head[job] + duration[job] if job >= 0 else 0
            if machine >= 0 and head[machine] + duration[machine] > start:
                start = head[machine] + duration[machine]
            head[one] = start
            for other in (later[one], after[one]):
                if other >= 0:
                    waits[other] -= 1
                    if not waits[other]:
                        ready.append(other)
        assert len(ready) == len(waits)
        for one in reversed(ready):
            job, machine = later[one], after[one]
            rest = tail[job] if job >= 0 else 0
            if machine >= 0 and tail[machine] > rest:
                rest = tail[machine]
            tail[one] = rest + duration[one]
        return max(tail)

    def blocks(self, turn: int) -> Iterator[list[int]]:
        """Stretches of two and more operations of one machine on a longest path; ``turn`` chooses among paths."""
        starts = [one for one, tail in enumerate(self.tail) if tail == self.makespan]
        block = [starts[turn % len(starts)]]
        while True:
            one = block[-1]
            end = self.head[one] + self.duration[one]
            options = [
                other
                for other in dict.fromkeys((self.after[one], self.later[one]))
                if other >= 0 and self.head[other] == end and end + self.tail[other] == self.makespan
            ]
            following = options[turn // 4 % len(options)] if options else -1
            if following >= 0 and following == self.after[one]:
                block.append(following)
                continue
            if len(block) > 1:
                yield block
            if following < 0:
                return
            block = [following]

    def moves(self, block: list[int]) -> Iterator[Move]:
        """Moves within a block that surely leave a plan that can be carried out."""
        head, tail, duration, last = self.head, self.tail, self.duration, len(block) - 1
        if last == 1:
            yield self._move(block, [block[1], block[0]])
            return

        def ends(one: int) -> int:
            return head[one] + duration[one] if one >= 0 else -1

        def follows(one: int) -> int:
            return tail[one] if one >= 0 else -1

        for place, one in enumerate(block):
            if place < last and tail[block[last]] >= follows(self.later[one]):
                yield self._move(block[place:], [*block[place + 1 :], one])
            if place > 0 and ends(block[0]) >= ends(self.earlier[one]):
                yield self._move(block[: place + 1], [one, *block[:place]])
            if 0 < place < last and tail[one] >= follows(self.later[block[0]]):
                yield self._move(block[: place + 1], [*block[1 : place + 1], block[0]])
            if 0 < place < last and ends(one) >= ends(self.earlier[block[last]]):
                yield self._move(block[place:], [block[last], *block[place:last]])

    def _move(self, before: list[int], after: list[int]) -> Move:
        head, tail, duration = self.head, self.tail, self.duration
        left, right = self.before[before[0]], self.after[before[-1]]
        time_ = head[left] + duration[left] if left >= 0 else 0
        heads = []
        for one in after:
            other = self.earlier[one]
            if other >= 0 and head[other] + duration[other] > time_:
                time_ = head[other] + duration[other]
            heads.append(time_)
            time_ += duration[one]
        rest, longest = tail[right] if right >= 0 else 0, 0
        for one, start in zip(reversed(after), reversed(heads), strict=True):
            other = self.later[one]
            if other >= 0 and tail[other] > rest:
                rest = tail[other]
            rest += duration[one]
            longest = max(longest, start + rest)
        return Move(longest, before, after)

    def make(self, move: Move) -> None:
        left, right = self.before[move.before[0]], self.after[move.before[-1]]
        row = [left, *move.after, right]
        for one, other in pairwise(row):
            if one >= 0:
                self.after[one] = other
            if other >= 0:
                self.before[other] = one
        self.makespan = self._time()


def improved(
    jobs: Sequence[Sequence[tuple[int, int]]], starts: Sequence[int], enough: int, seconds: float
) -> list[int]:
    """Starts of the best plan found from a plan, within a time or until one is short ``enough``."""
    plan = Plan(jobs, starts)
    best, found, orders = plan.makespan, plan.head[:], plan.orders()
    tenure = TENURE[0] + len(jobs) // max(len({machine for job in jobs for machine, _ in job}), 1)
    forbidden: dict[tuple[int, int], int] = {}
    end = time.monotonic() + seconds
    turn = since = returns = 0
    while best > enough and time.monotonic() < end:
        turn += 1
        if turn - since > PATIENCE:
            plan.return_to(orders)
            forbidden, since, returns = {}, turn, returns + 1
        moves = [move for block in plan.blocks(turn + returns) for move in plan.moves(block)]
        if not moves:
            break  # one job or one machine is the longest path: the plan is optimal
        moves.sort()
        allowed = (m for m in moves if m.estimate < best or all(forbidden.get(p, 0) <= turn for p in m.pairs()))
        skipped = returns % len(moves) if since == turn else 0
        move = next(islice(allowed, skipped, None), moves[turn % len(moves)])
        plan.make(move)
        for one, other in move.pairs():
            forbidden[other, one] = turn + tenure + turn * 7 % TENURE[1]
        if plan.makespan < best:
            best, found, orders, since = plan.makespan, plan.head[:], plan.orders(), turn
    return found
