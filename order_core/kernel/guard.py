"""Guard: who may see and do what. Deny by default; every door asks (clauses 1.2, 7.3.1).

The kernel knows no role by name: ``Grants`` is a value of the rulebook, handed to the doors.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from order_core.clauses import carries
from order_core.errors import Forbidden
from order_core.kernel.actor import Actor

PUBLIC = "public"
"""Permission of doors that everybody may pass (sign-in, health, signed webhooks, token links)."""
SIGNED_IN = "signed_in"
"""Permission of doors that every person of ours may pass (own notices, own language)."""


@dataclass(frozen=True)
class Grants:
    """Role and department → permissions (``kind.action``). ``*`` as an action covers the kind.

    The departments named here are those that there are: whoever belongs to none of them holds nothing (1.2).
    """

    by_role: Mapping[str, frozenset[str]]
    by_department: Mapping[str, frozenset[str]]

    def permissions(self, actor: Actor) -> frozenset[str]:
        """Everything granted to this person of a listed department; nothing to anybody else."""
        ours = self.by_department.get(actor.department or "")
        if actor.kind != "person" or ours is None:
            return frozenset()
        granted = set(ours)
        for role in actor.roles:
            granted |= self.by_role.get(role, frozenset())
        return frozenset(granted)

    def may(self, actor: Actor | None, permission: str) -> bool:
        """Whether the actor holds the permission; ``None`` is somebody not signed in."""
        if permission == PUBLIC:
            return True
        if actor is None:
            return False
        if permission == SIGNED_IN:
            return actor.kind == "person" and actor.department in self.by_department
        granted = self.permissions(actor)
        kind = permission.split(".", 1)[0]
        return permission in granted or f"{kind}.*" in granted

    @carries("guard", "1.2")
    def require(self, actor: Actor | None, permission: str) -> None:
        """Raise ``Forbidden`` where ``may`` is false."""
        if not self.may(actor, permission):
            raise Forbidden("guard.denied", clause="1.2", permission=permission)
