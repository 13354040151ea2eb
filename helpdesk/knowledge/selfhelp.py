"""Which self-help step there is for an appliance and symptom: those that have a wording."""

from functools import lru_cache

from helpdesk.channels import wording

PREFIX = "selfhelp."


@lru_cache(maxsize=1)
def steps() -> frozenset[str]:
    """Every step that has a wording, as ``appliance.symptom`` or ``generic``."""
    return frozenset(name.removeprefix(PREFIX) for name in wording.purposes() if name.startswith(PREFIX))


def step_for(appliance: str | None, symptom: str | None) -> str | None:
    """The step for a fault: the special one, else the general one; None where nothing is known of the fault."""
    if not appliance or appliance == "none" or not symptom:
        return None
    special = f"{appliance}.{symptom}"
    if special in steps():
        return special
    return "generic" if "generic" in steps() else None
