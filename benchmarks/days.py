"""Made-up working days of a territory in the exchange format: towns, skills, vans, windows and promises, by seed.

Like days of a manufacturer's own service: jobs thicken towards the centre, each technician knows some of twelve
skills up to a level, vans carry the common parts and lack the rare ones, most customers were promised half a day.

    python -m benchmarks.days 60 400 7 > day.json        technicians, jobs, seed
"""

from __future__ import annotations

import json
import sys
from random import Random
from typing import Any

CENTRE = (25.045, 121.52)
SKILLS = tuple(f"S{n:02d}" for n in range(1, 13))
PARTS = tuple(f"P{n:02d}" for n in range(1, 41))
SERVICE = ((1200, 2), (1800, 6), (2400, 5), (2700, 5), (3600, 6), (4500, 4), (5400, 3), (7200, 1))
"""(seconds, weight)."""
URGENCY = ((1, 1500, 6), (2, 500, 9), (3, 250, 57), (4, 120, 28))
"""(priority, prize, weight)."""
HALF_DAYS = ((28800, 43200), (28800, 64800), (46800, 63000))
TWO_HOURS = ((28800, 36000), (36000, 43200), (43200, 50400), (50400, 57600), (57600, 64800), (64800, 72000))
SHIFTS = (((28800, 61200), (41400, 48600), 7), ((32400, 64800), (41400, 48600), 2), ((43200, 75600), (59400, 66600), 1))
"""(shift, earliest and latest lunch, weight)."""
WEIGHTS = {
    "travel_per_min": 1.0,
    "km": 0.3,
    "overtime_per_min": 2.0,
    "sla_late_per_min": 3.0,
    "moved_technician": 10.0,
    "moved_start_per_min": 0.2,
    "moved_start_free_s": 900,
}

Row = dict[str, Any]


def day(technicians: int, jobs: int, seed: int, *, depots: int | None = None) -> Row:
    """An instance of so many technicians and jobs. The town grows with the number of jobs, its density stays."""
    chance = Random(f"{technicians}x{jobs}/{seed}")
    spread = 0.0029 * jobs**0.5
    team = [_technician(chance, n, spread) for n in range(1, technicians + 1)]
    return {
        "format": "dispatch-instance/1",
        "name": f"day-{technicians:02d}x{jobs:03d}-{seed}",
        "seed": seed,
        "travel": {
            "model": "haversine-bands",
            "detour": 1.35,
            "access_s": 120,
            "bands": [[2000, 4.5], [8000, 7.5], [None, 12.5]],
        },
        "weights": dict(WEIGHTS),
        "depots": [_depot(chance, n, spread) for n in range(1, (depots or 1 + jobs // 150) + 1)],
        "technicians": team,
        "jobs": [_job(chance, n, spread, team) for n in range(1, jobs + 1)],
    }


def _place(chance: Random, spread: float) -> Row:
    """Somewhere in town; the east-west axis is longer."""
    lat, lon = CENTRE
    return {"lat": round(chance.gauss(lat, spread), 5), "lon": round(chance.gauss(lon, 1.6 * spread), 5)}


def _pick(chance: Random, rows: tuple[tuple[Any, ...], ...]) -> tuple[Any, ...]:
    return chance.choices(rows, [row[-1] for row in rows])[0]


def _depot(chance: Random, number: int, spread: float) -> Row:
    place = _place(chance, spread / 3)
    return {"id": f"D{number}", **place, "open": 25200, "close": 64800, "pickup_s": 600}


def _technician(chance: Random, number: int, spread: float) -> Row:
    shift, (earliest, latest), _ = _pick(chance, SHIFTS)
    known = {_skill(chance) for _ in range(chance.randint(4, 8))}
    return {
        "id": f"T{number:02d}",
        **_place(chance, spread),
        "shift": list(shift),
        "max_overtime_s": 5400,
        "skills": {skill: chance.choices((1, 2, 3), (5, 7, 3))[0] for skill in sorted(known)},
        "van": {part: chance.randint(1, 3) for n, part in enumerate(PARTS) if chance.random() < _carried(n)},
        "lunch": {"earliest": earliest, "latest": latest, "duration": 2700},
    }


def _skill(chance: Random) -> str:
    return chance.choices(SKILLS, [1 / (3 + n) for n in range(len(SKILLS))])[0]


def _carried(rank: int) -> float:
    """How likely a van has the part: 5 in 6 of the dozen common ones, 1 in 6 of the rest."""
    return 0.85 if rank < 12 else 0.5 if rank < 24 else 0.17


def _job(chance: Random, number: int, spread: float, team: list[Row]) -> Row:
    priority, prize, _ = _pick(chance, URGENCY)
    windows = _windows(chance)
    deadline = chance.choice(windows)[1] + chance.choice((-3600, 0, 3600)) if priority <= 2 else None
    wanted = [PARTS[min(int(chance.expovariate(0.09)), 39)] for _ in range(chance.choices((0, 1, 2), (50, 36, 14))[0])]
    return {
        "id": f"J{number:03d}",
        **_place(chance, spread),
        "service_s": _pick(chance, SERVICE)[0],
        "windows": windows,
        "skills": _needed(chance, team),
        "parts": dict.fromkeys(sorted(set(wanted)), 1),
        "priority": priority,
        "prize": prize,
        "sla_deadline": deadline,
    }


def _windows(chance: Random) -> list[list[int]]:
    if chance.random() < 0.68:
        return [list(chance.choice(HALF_DAYS))]
    chosen = chance.sample(TWO_HOURS, 2 if chance.random() < 0.3 else 1)
    return [list(window) for window in sorted(chosen)]


def _needed(chance: Random, team: list[Row]) -> dict[str, int]:
    """One skill, now and then two, at a level that at least two of the team have; in a very small team perhaps not."""
    for _ in range(50):
        count = 2 if chance.random() < 0.1 else 1
        needed = {_skill(chance): chance.choices((1, 2, 3), (60, 32, 8))[0] for _ in range(count)}
        able = sum(all(one["skills"].get(skill, 0) >= level for skill, level in needed.items()) for one in team)
        if able >= 2:
            break
    return needed


if __name__ == "__main__":
    json.dump(day(*map(int, sys.argv[1:4])), sys.stdout)
