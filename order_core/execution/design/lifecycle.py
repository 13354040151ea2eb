"""The life of a design on the Revision machine: what must hold before each step, and what reviewers sign."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.clauses import carries
from order_core.errors import Conflict, Forbidden, Invalid
from order_core.execution.change import acknowledge
from order_core.execution.change.models import ChangeRequest
from order_core.execution.design import enquired as _its_source_is_registered  # noqa: F401
from order_core.execution.design import needs as sources
from order_core.execution.design import points, rules
from order_core.execution.design.models import Design
from order_core.execution.design.rules import Need
from order_core.kernel import plan as plans
from order_core.kernel import sign
from order_core.kernel.actor import Actor
from order_core.kernel.case import Procedure, Step
from order_core.kernel.plan import ActionPlan
from order_core.kernel.sign import SignOff
from order_core.rulebook.machines import machine

OWNER = "RND"
REVIEW = "review"
PLAN_KIND = "design"


def needs_of(session: Session, design: Design) -> tuple[Need, ...]:
    """The requirements that a design has to answer: the enquiry's, else those recorded on its task."""
    if design.task is None:
        return ()
    found = sources.requirements_of(session, design.task.line)
    return design.task.needs if found is None else found


def waiver_content(design: Design, need: Need) -> dict[str, Any]:
    """What SAL and the customer sign when a key need shall not be answered."""
    return {
        "design": design.number,
        "need": [need.code, need.text],
        "reason": design.waivers.get(need.code),
    }


def waiver(session: Session, design: Design, code: str) -> SignOff | None:
    """The request to waive a need, if one was made."""
    return sign.for_purpose(session, design, f"waiver:{code}")


def waived(session: Session, design: Design, needs: tuple[Need, ...]) -> list[str]:
    """Codes of the needs that SAL and the customer have waived as they are worded now."""
    found = []
    for need in needs:
        sign_off = waiver(session, design, need.code) if need.code in design.waivers else None
        if sign_off is None or sign_off.digest != sign.digest_of(waiver_content(design, need)):
            continue
        if sign.complete(sign_off):
            found.append(need.code)
    return found


def content(session: Session, design: Design) -> dict[str, Any]:
    """What the reviewers give their opinion on: the whole design, for this review of it.

    Every change of it, a need worded anew or another review included, voids every opinion (docs/adr/0027).
    """
    needs = needs_of(session, design)
    return {
        "number": design.number,
        "revision": design.revision,
        "model": design.model_code,
        "title": design.title,
        "review": len(design.reviews),
        "needs": [[need.code, need.text, need.key] for need in needs],
        "waived": waived(session, design, needs),
        "characteristics": [
            [t.code, t.name, t.kind, t.target, t.lower, t.upper, t.unit, t.method, t.result, list(t.needs)]
            for t in design.traits
        ],
        "documents": [[doc.name, doc.sha256, doc.size] for doc in design.documents],
    }


@carries("check", "3.2.2-a")
def traced(session: Session, design: Design) -> None:
    """Every key need is answered by a characteristic with target and verification, or waived.

    Raises:
        Invalid: the first that is not, by its code and words.
    """
    needs = needs_of(session, design)
    missing = rules.untraced(needs, design.traits, waived(session, design, needs))
    if missing:
        raise Invalid(
            "design.untraced", field="characteristics", clause="3.2.2-a", need=missing[0].code, words=missing[0].text
        )


def change_behind(session: Session, design: Design) -> ChangeRequest | None:
    """The change under which a design was made, if it replaces another."""
    return session.scalars(select(ChangeRequest).where(ChangeRequest.successor_id == design.id)).first()


def successor_of(session: Session, design: Design) -> Design | None:
    """The design that is to replace this one, or has."""
    return session.scalars(
        select(Design)
        .where(Design.predecessor_id == design.id, Design.state != "withdrawn")
        .order_by(Design.id.desc())
        .limit(1)
    ).first()


def _content_complete(step: Step) -> None:
    design: Design = step.case
    _planned(step.session, design)
    if not design.documents:
        raise Invalid("design.documents", field="documents", clause="3.2.2-a")
    if not design.characteristics:
        raise Invalid("design.characteristics", field="characteristics", clause="3.2.2-a")
    traced(step.session, design)


def _planned(session: Session, design: Design) -> None:
    """A design follows its plan; one made under a change follows the change."""
    if design.task is None or design.predecessor_id is not None:
        return
    plan = plan_of(session, design)
    if plan is None or plan.state not in ("running", "achieved"):
        raise Conflict("design.no_plan", clause="3.2.1-b", number=design.number)


def plan_of(session: Session, design: Design) -> ActionPlan | None:
    """The R&D plan of a design's task; one that was made for an earlier design of it counts no more."""
    plan = plans.about(session, design.task, PLAN_KIND) if design.task is not None else None
    return plan if plan is not None and plans_for(plan, design) else None


def plans_for(plan: ActionPlan, design: Design) -> bool:
    """Whether the plan was made for this design: a revision under a change keeps the plan of its task."""
    return design.predecessor_id is not None or plan.opened_at >= design.opened_at


def _points_given(step: Step) -> None:
    """At least one point is open; each has owner and date, because no item of a plan lacks one."""
    if not points.open_points(step.session, step.case):
        raise Invalid("design.points", field="goal", clause="3.2.2-c")


@carries("sign", "3.2.2-b")
def _all_signed(step: Step) -> None:
    """Meeting held, every required opinion on what the design says now, mandatory points closed."""
    session, design = step.session, step.case
    sign_off = sign.for_purpose(session, design, REVIEW)
    if sign_off is None or sign_off.digest != sign.digest_of(content(session, design)):
        raise Conflict("sign.other_revision", field="digest", clause="3.2.2-b")
    if design.reviews[-1].held_at is None:
        raise Conflict("design.not_held", field="present", clause="3.2.2-b")
    if not sign.complete(sign_off):
        waiting = ", ".join(sign.open_parties(sign_off))
        raise Conflict("design.opinions_missing", field="verdict", clause="3.2.2-b", departments=waiting)
    points.mandatory_closed(session, design)
    _change_approved(session, design)


def _change_approved(session: Session, design: Design) -> None:
    """A design that replaces a released one needs its change approved still (3.2.3-a)."""
    change = change_behind(session, design)
    if design.predecessor_id is not None and (change is None or change.state != "released"):
        raise Conflict("design.change_needed", clause="3.2.3-a", number=design.number)


def _successor_released(step: Step) -> None:
    """The successor is released, its effectivity stated, and holders of affected records know (3.2.3-a, 3.2.3-c)."""
    session, successor = step.session, successor_of(step.session, step.case)
    if successor is None or successor.state != "released":
        raise Conflict("design.no_successor", clause="3.2.3-a", number=step.case.number)
    change = change_behind(session, successor)
    if change is None or change.effectivity is None:
        raise Invalid("change.effective_from", field="effective_from", clause="3.2.3-a")
    acknowledge.settled(session, change)


def _reason_given(step: Step) -> None:
    if not str(step.data.get("reason") or "").strip():
        raise Invalid("design.reason", field="reason", clause="3.2.3-a")


def of_department(by: Actor, *departments: str, step: str, clause: str) -> None:
    """Raise ``Forbidden`` for anybody but the people of these departments (default: the design's owner)."""
    allowed = departments or (OWNER,)
    if by.kind != "person" or by.department not in allowed:
        raise Forbidden("case.not_an_actor", clause=clause, step=step, actors=", ".join(allowed))


def _owner(_design: Design, by: Actor) -> bool:
    return by.kind == "person" and by.department == OWNER


def _reviewer(design: Design, by: Actor) -> bool:
    """Somebody of an invited department."""
    invited = design.reviews[-1].invited if design.reviews else ()
    return by.kind == "person" and by.department in invited


def not_submitter(session: Session, case: Any, purpose: str, by: Actor) -> None:
    """Raise ``Forbidden`` for whoever brought it himself: he does not judge it."""
    sign_off = sign.for_purpose(session, case, purpose)
    if sign_off is not None and by.is_same_person(sign_off.submitter_id):
        raise Forbidden("sign.own_submission", clause="3.2.2-c")


DESIGN = Procedure(
    machine("Revision"),
    conditions={
        "content_complete": _content_complete,
        "points_given": _points_given,
        "all_signed": _all_signed,
        "successor_released": _successor_released,
        "reason_given": _reason_given,
    },
    relations={"owner": _owner, "reviewer": _reviewer},
)
