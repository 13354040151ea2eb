"""CPU time of a server process and its children, from /proc (Linux)."""

import os
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int, *, children: bool = True) -> float:
    """User + system seconds of a process and its threads; with those of its live and reaped ``children``."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    if not children:
        return sum(int(fields[i]) for i in (11, 12)) / TICK
    own = sum(int(fields[i]) for i in (11, 12, 13, 14)) / TICK
    live = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return own + sum(cpu_seconds(int(child)) for child in live)
