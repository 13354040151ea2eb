"""Times along a route: the labels that make the test of one more stop O(1), and the price of being late.

Two labels run forwards: the earliest departure from each stop with lunch still ahead (*hungry*) and with lunch behind
(*fed*). Over a way of ``t`` seconds they become arrivals

    hungry' = hungry + t
    fed'    = min(fed + t, max(hungry + t, earliest lunch) + duration  if hungry <= latest lunch)

for lunch may be taken anywhere between two stops, on the road too. Two run backwards: the latest arrival at each stop
that still lets the rest of the route be driven, hungry or fed. A stop may be inserted exactly when an arrival at the
stop behind it, hungry or fed, is no later than its label. A second backward pair, *free*, asks in addition that nobody
be late and no overtime arise: then an insertion costs its detour and nothing else.

The loops are written out, without calls: everything the search does ends here.
"""

from __future__ import annotations

from dataclasses import dataclass

from helpdesk.dispatch.planning.problem import NEVER, Problem, Spans

Stops = tuple[int, ...]
INFINITE = float("inf")


@dataclass(slots=True)
class Labels:
    """By stop. A technician without lunch is never hungry.

    ``calm`` are departures with nobody late so far; where they are the others, they are the same list.
    """

    hungry: list[int]
    fed: list[int]
    calm_hungry: list[int]
    calm_fed: list[int]
    by_hungry: list[int]
    by_fed: list[int]
    free_hungry: list[int]
    free_fed: list[int]


def label(p: Problem, tech: int, stops: Stops, old: Labels | None = None, head: int = 1, tail: int = 1) -> Labels:
    """Labels of a route whose first ``head`` and last ``tail`` stops are those of ``old``; theirs are taken over."""
    if old is None:
        eats, end = p.lunch[tech][1] >= 0, p.closes[stops[-1]]
        leaves = p.leaves[tech]
        ahead = [leaves if eats else NEVER], [NEVER if eats else leaves]
        behind = [-NEVER], [end], [-NEVER], [min(end, p.shift_end[tech])]
        tail = 1
    else:
        ahead = old.hungry[:head], old.fed[:head]
        cut = -tail - 1
        behind = old.by_hungry[:cut:-1], old.by_fed[:cut:-1], old.free_hungry[:cut:-1], old.free_fed[:cut:-1]
    _forward(p, tech, stops, *ahead)
    _backward(p, tech, stops, len(stops) - tail - 1, behind)
    for column in behind:
        column.reverse()
    return Labels(*ahead, *_calm(p, tech, stops, *ahead), *behind)


def _calm(p: Problem, tech: int, stops: Stops, hungry: list[int], fed: list[int]) -> tuple[list[int], list[int]]:
    """Departures of the schedules in which nobody is late."""
    due, service = p.due, p.service
    dues = list(map(due.__getitem__, stops))
    if min(dues) >= NEVER:
        return hungry, fed
    for i, latest in enumerate(dues):
        if latest < NEVER:
            leave = latest + service[stops[i]]
            if leave < hungry[i] < NEVER or leave < fed[i] < NEVER:
                break
    else:
        return hungry, fed
    calm = hungry[:i], fed[:i]
    a, b = hungry[i - 1], fed[i - 1]
    for j in range(i, len(stops)):
        a, b = calm_step(p, tech, stops[j - 1], stops[j], a, b)
        calm[0].append(a)
        calm[1].append(b)
    return calm


def calm_step(p: Problem, tech: int, here: int, there: int, a: int, b: int) -> tuple[int, int]:
    """Departures, hungry and fed, become departures from the next stop: ``NEVER`` where it would be late."""
    x, y = arrivals(p, tech, here, there, a, b)
    x, y = begin(p, there, x), begin(p, there, y)
    due, service = p.due[there], p.service[there]
    return x + service if x <= due else NEVER, y + service if y <= due else NEVER


def arrivals(p: Problem, tech: int, here: int, there: int, a: int, b: int) -> tuple[int, int]:
    """Departures, hungry and fed, become arrivals at the next stop."""
    early, latest, pause = p.lunch[tech]
    t = p.seconds[here][there]
    x, y = a + t, b + t
    if a <= latest:
        y = min(y, max(x, early) + pause)
    return x, y


def _forward(p: Problem, tech: int, stops: Stops, hungry: list[int], fed: list[int]) -> None:
    early, latest, pause = p.lunch[tech]
    seconds, service, opens, closes, gaps = p.seconds, p.service, p.opens, p.closes, p.gaps
    a, b = hungry[-1], fed[-1]
    here = stops[len(hungry) - 1]
    for node in stops[len(hungry) :]:
        t = seconds[here][node]
        x, y = a + t, b + t
        if a <= latest:
            z = (max(early, x)) + pause
            if z < y:
                y = z
        lo, hi, windows, s = opens[node], closes[node], gaps[node], service[node]
        if windows is None:
            x = NEVER if x > hi else max(lo, x)
            y = NEVER if y > hi else max(lo, y)
        else:
            x, y = opening(windows, x), opening(windows, y)
        a, b, here = x + s, y + s, node
        hungry.append(a)
        fed.append(b)


def _backward(p: Problem, tech: int, stops: Stops, i: int, behind: tuple[list[int], ...]) -> None:
    """Append to the four reversed columns from stop ``i`` down to the start."""
    early, latest, pause = p.lunch[tech]
    done = early + pause
    seconds, service, opens, closes, gaps, due = p.seconds, p.service, p.opens, p.closes, p.gaps, p.due
    by_hungry, by_fed, free_hungry, free_fed = behind
    a, b, c, d = by_hungry[-1], by_fed[-1], free_hungry[-1], free_fed[-1]
    there = stops[i + 1]
    for node in stops[i::-1]:
        t, s, lo, hi, e = seconds[node][there], service[node], opens[node], closes[node], due[node]
        a -= t
        if done <= b:
            z = b - pause - t
            if z > latest:
                z = latest
            if z > a:
                a = z
        c -= t
        if done <= d:
            z = d - pause - t
            if z > latest:
                z = latest
            if z > c:
                c = z
        a -= s
        b -= t + s
        c -= s
        d -= t + s
        if e > hi:
            e = hi
        windows = gaps[node]
        if windows is None:
            a = -NEVER if a < lo else min(hi, a)
            b = -NEVER if b < lo else min(hi, b)
            c = -NEVER if c < lo or e < lo else min(e, c)
            d = -NEVER if d < lo or e < lo else min(e, d)
        else:
            a, b = closing(windows, a), closing(windows, b)
            c, d = closing(windows, min(c, e)), closing(windows, min(d, e))
        by_hungry.append(a)
        by_fed.append(b)
        free_hungry.append(c)
        free_fed.append(d)
        there = node


def opening(windows: Spans, x: int) -> int:
    """The earliest permitted moment from ``x`` on."""
    for lo, hi in windows:
        if x <= hi:
            return max(lo, x)
    return NEVER


def closing(windows: Spans, x: int) -> int:
    """The latest permitted moment up to ``x``."""
    for lo, hi in reversed(windows):
        if x >= lo:
            return min(hi, x)
    return -NEVER


def begin(p: Problem, node: int, arrival: int) -> int:
    """When service begins after an arrival."""
    windows = p.gaps[node]
    if windows is not None:
        return opening(windows, arrival)
    if arrival > p.closes[node]:
        return NEVER
    return max(p.opens[node], arrival)


def is_free(p: Problem, tech: int, labels: Labels) -> bool:
    """Whether the route can be driven without overtime and lateness."""
    return p.leaves[tech] <= (labels.free_hungry[0] if p.lunch[tech][1] >= 0 else labels.free_fed[0])


def end_of(p: Problem, tech: int, stops: Stops, i: int, x: int, y: int) -> int:
    """The earliest end of a route after arrivals, hungry and fed, at stop ``i``."""
    early, latest, pause = p.lunch[tech]
    seconds, service, opens, closes, gaps = p.seconds, p.service, p.opens, p.closes, p.gaps
    here = stops[i]
    for node in stops[i + 1 :]:
        lo, hi, windows, s, t = opens[here], closes[here], gaps[here], service[here], seconds[here][node]
        if windows is None:
            x = NEVER if x > hi else max(lo, x)
            y = NEVER if y > hi else max(lo, y)
        else:
            x, y = opening(windows, x), opening(windows, y)
        a = x + s
        x = a + t
        y += s + t
        if a <= latest:
            z = (max(early, x)) + pause
            if z < y:
                y = z
        here = node
    return y


def soft_cost(p: Problem, tech: int, stops: Stops) -> tuple[float, int]:
    """Overtime and lateness of the cheapest feasible schedule, and the arc on which its lunch lies (-1: none).

    Lunch is tried on every arc in turn; with its place fixed, the earliest times are the cheapest. Infinite: it cannot
    be driven.
    """
    early, latest, pause = p.lunch[tech]
    seconds, leave = p.seconds, p.leaves[tech]
    if latest < 0:
        return _follow(p, tech, stops, 1, leave + seconds[stops[0]][stops[1]], INFINITE), -1
    best, where, paid = INFINITE, -1, 0.0
    for i in range(len(stops) - 1):
        if leave > latest or paid >= best:
            break
        there = stops[i + 1]
        arrival = leave + seconds[stops[i]][there]
        cost = paid + _follow(p, tech, stops, i + 1, max(arrival, early) + pause, best - paid)
        if cost < best:
            best, where = cost, i
        start = begin(p, there, arrival)
        if start > p.due[there]:
            paid += p.lateness(there, start)
        leave = start + p.service[there]
    return best, where


def _follow(p: Problem, tech: int, stops: Stops, i: int, time: int, bound: float) -> float:
    """Soft cost from the arrival at stop ``i``, fed; infinite when it cannot be done or is not below ``bound``."""
    cost = 0.0
    seconds, due, service = p.seconds, p.due, p.service
    here = stops[i]
    for node in stops[i + 1 :]:
        start = begin(p, here, time)
        if start > due[here]:
            if start >= NEVER:
                return INFINITE
            cost += p.lateness(here, start)
            if cost >= bound:
                return INFINITE
        time = start + service[here] + seconds[here][node]
        here = node
    if time > p.closes[here]:
        return INFINITE
    over = time - p.shift_end[tech]
    return cost + over * p.overtime if over > 0 else cost
