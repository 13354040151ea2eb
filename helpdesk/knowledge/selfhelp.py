"""Which self-help there is for an appliance and symptom: the steps that have a wording, at most three."""

from functools import lru_cache

from helpdesk.channels import wording

PREFIX = "selfhelp."
MOST = 3
"""Steps after which somebody comes (one a message)."""


@lru_cache(maxsize=1)
def steps() -> frozenset[str]:
    """Every step that has a wording, as ``appliance.symptom``, ``appliance.symptom.2`` or ``generic``."""
    return frozenset(name.removeprefix(PREFIX) for name in wording.purposes() if name.startswith(PREFIX))


@lru_cache(maxsize=256)
def steps_for(appliance: str | None, symptom: str | None) -> tuple[str, ...]:
    """The steps for a fault in their order: its own, else the general one; none where nothing is known of the fault."""
    if not appliance or appliance == "none" or not symptom:
        return ()
    first = f"{appliance}.{symptom}"
    own = tuple(step for step in (first, *(f"{first}.{n}" for n in range(2, MOST + 1))) if step in steps())
    return own or tuple({"generic"} & steps())
