"""What the forms of a design ask for, what they show at first, and who may use them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from helpdesk.now import now
from helpdesk.pipeline.deeds import Field, people
from order_core.errors import Conflict, Forbidden
from order_core.execution.design import lifecycle, needs, planning, points, review, rules
from order_core.execution.design.models import Design
from order_core.kernel import sign
from order_core.kernel.actor import Actor
from order_core.kernel.plan import OUTCOMES, PlanItem
from order_core.kernel.sign import VERDICTS
from order_core.parties.models import Customer
from order_core.rulebook.departments import DEPARTMENTS
from order_core.rulebook.inforce import book

Values = Mapping[str, Any]
May = Callable[[Session, Any, Actor, datetime], None]
WRITTEN = ("draft",)
REVIEWED = ("in_review",)


def of(*departments: str, clause: str) -> May:
    """A deed that only people of these departments do."""

    def may(_session: Session, _case: Any, by: Actor, _at: datetime) -> None:
        if by.kind != "person" or by.department not in departments:
            raise Forbidden("case.not_an_actor", clause=clause, step="", actors=", ".join(departments))

    return may


def head_of(department: str, clause: str) -> May:
    """A deed of a department's head."""

    def may(_session: Session, _case: Any, by: Actor, _at: datetime) -> None:
        if by.kind != "person" or by.department != department or not by.head:
            raise Forbidden("case.not_an_actor", clause=clause, step="", actors=f"{department}{sign.AS_HEAD}")

    return may


def plan_is(*states: str | None) -> Callable[[Session, Any], bool]:
    """Where the plan of a design's task is in one of these states; None: there is none."""

    def when(session: Session, design: Design) -> bool:
        if design.task is None or design.predecessor_id is not None:
            return False
        plan = planning.plan_of(session, design)
        return (plan.state if plan else None) in states

    return when


def given(_session: Session, design: Design) -> bool:
    return design.task is not None and design.task.owner_id is not None


def _numbered(items: Sequence[PlanItem]) -> list[tuple[str, str]]:
    return [(str(i.position), f"{i.position} · {i.stage or i.goal}") for i in items if i.outcome is None]


def open_stages(session: Session, design: Design) -> list[tuple[str, str]]:
    return _numbered(planning.stages(session, design))


def open_points(session: Session, case: Any) -> list[tuple[str, str]]:
    """Options: the points of a design or change that have no outcome."""
    return _numbered(points.open_points(session, case))


def traits(_session: Session, design: Design) -> list[tuple[str, str]]:
    return [(trait.code, f"{trait.code} · {trait.name}") for trait in design.traits]


def key_needs(session: Session, design: Design) -> list[tuple[str, str]]:
    return [(n.code, f"{n.code} · {n.text}") for n in lifecycle.needs_of(session, design) if n.key]


def waivers(session: Session, design: Design) -> list[tuple[str, str]]:
    return [(code, text) for code, text in key_needs(session, design) if code in design.waivers]


def contacts(session: Session, design: Design) -> list[tuple[str, str]]:
    if design.task is None:
        return []
    customer = session.get_one(Customer, design.task.line.order.customer_id)
    return [(str(contact.id), contact.name) for contact in customer.contacts]


def others(_session: Session, _design: Any) -> list[tuple[str, str]]:
    return [(code, f"department.{code}") for code in DEPARTMENTS if code not in rules.REVIEWERS]


def usually_asked(session: Session, _design: Any) -> list[str]:
    rule = book(session, now(session)).signoff("design_review")
    return [party for party in rule.parties(tuple(rule.when)) if party not in rules.REVIEWERS]


def stage_rows(session: Session, design: Design) -> list[dict[str, Any]]:
    return [
        {"stage": i.stage, "goal": i.goal, "measure": i.measure, "owner": i.owner_id, "due": i.due_on.isoformat()}
        for i in planning.stages(session, design)
    ]


def need_rows(_session: Session, design: Design) -> list[dict[str, Any]]:
    return [{"code": n.code, "text": n.text, "key": n.key} for n in design.task.needs] if design.task else []


def trait_rows(_session: Session, design: Design) -> list[dict[str, Any]]:
    return [
        {
            "code": t.code, "name": t.name, "kind": t.kind, "target": _plain(t.target), "lower": _plain(t.lower),
            "upper": _plain(t.upper), "unit": t.unit, "method": t.method, "answers": ", ".join(t.needs),
        }
        for t in design.traits
    ]  # fmt: skip


def _plain(figure: float | None) -> str:
    return "" if figure is None else f"{figure:g}"


def document_rows(_session: Session, design: Design) -> list[dict[str, Any]]:
    return [{"name": d.name, "link": d.link, "sha256": d.sha256, "size": d.size} for d in design.documents]


def needs_kept_here(session: Session, design: Design) -> bool:
    return design.task is not None and needs.requirements_of(session, design.task.line) is None


def is_task(_session: Session, design: Design) -> bool:
    """Whether it is the design of an order's line, not of the catalogue."""
    return design.task is not None


def a_stage_is_open(session: Session, design: Design) -> bool:
    """Whether the plan runs and has something to close."""
    return plan_is("running")(session, design) and bool(open_stages(session, design))


def all_stages_closed(session: Session, design: Design) -> bool:
    return plan_is("running")(session, design) and not open_stages(session, design)


def some(options: Callable[[Session, Design], list[tuple[str, str]]]) -> Callable[[Session, Design], bool]:
    return lambda session, design: bool(options(session, design))


def not_held(_session: Session, design: Design) -> bool:
    return bool(design.reviews) and design.reviews[-1].held_at is None


def may_settle(session: Session, case: Any, by: Actor, _at: datetime) -> None:
    """R&D closes points, and whoever owns one."""
    mine = any(by.is_same_person(item.owner_id) for item in points.open_points(session, case))
    if not mine and by.department != "RND":
        raise Forbidden("case.not_an_actor", clause="3.2.2-c", step="", actors="RND")


def may_plan(session: Session, design: Design, by: Actor, at: datetime) -> None:
    of("RND", clause="3.2.1-b")(session, design, by, at)
    if not given(session, design):
        raise Conflict("design.unassigned", clause="3.2.1-a", number=design.number)


def may_suggest(_session: Session, design: Design, by: Actor, _at: datetime) -> None:
    if not lifecycle.DESIGN.plays(design, "reviewer", by):
        raise Forbidden("sign.not_required", clause="3.2.2-c", department=by.department or "")


def may_opine(session: Session, design: Design, by: Actor, _at: datetime) -> None:
    sign.may_sign(review.asked(session, design), by)


def may_send_back(session: Session, design: Design, by: Actor, _at: datetime) -> None:
    lifecycle.not_submitter(session, design, lifecycle.REVIEW, by)


STAGES = Field(
    "stages",
    "rows",
    columns=(
        Field("stage", required=False),
        Field("goal", required=False),
        Field("measure", required=False),
        Field("owner", "choice", required=False, options=people()),
        Field("due", "date", required=False),
    ),
    initial=stage_rows,
    clause="3.2.1-b",
)
"""The four of a stage may be missing here, so that the refusal is the plan's own and names the stage."""
OUTCOME = Field("outcome", "choice", options=OUTCOMES, labels="design.outcome")
RESULT = Field("result", "long")
VERDICT = Field("verdict", "choice", options=VERDICTS, labels="design.opinion_is")
OPINION = Field("opinion", "long", required=False)
REASON = Field("reason", "long")
POINT = (
    Field("goal"),
    Field("measure"),
    Field("owner", "choice", options=people()),
    Field("due", "date"),
    Field("mandatory", "flag", required=False, initial=lambda _session, _case: True),
)
SETTLE = (Field("point", "choice", options=open_points), OUTCOME, RESULT)
OWNER = Field("owner", "choice", options=people("RND"))
STAGE = Field("stage", "choice", options=open_stages)
NEED = Field("need", "choice", options=key_needs)
WAIVER = Field("need", "choice", options=waivers)
CONTACT = Field("contact", "choice", options=contacts)
NEEDS = Field(
    "needs",
    "rows",
    columns=(Field("code"), Field("text"), Field("key", "flag", required=False)),
    initial=need_rows,
)
CHARACTERISTICS = Field(
    "characteristics",
    "rows",
    columns=(
        Field("code"),
        Field("name"),
        Field("kind", "choice", required=False, options=rules.KINDS, labels="design.kind"),
        Field("target", "decimal", required=False),
        Field("lower", "decimal", required=False),
        Field("upper", "decimal", required=False),
        Field("unit", required=False),
        Field("method", required=False),
        Field("answers", required=False),
    ),
    initial=trait_rows,
)
DOCUMENTS = Field(
    "documents",
    "rows",
    columns=(Field("name"), Field("link", required=False), Field("sha256"), Field("size", "number")),
    initial=document_rows,
)
FOUND = (Field("trait", "choice", options=traits), Field("found", "decimal"))
MEETING = (
    Field("meets_on", "date"),
    Field("place"),
    Field("also", "many", required=False, options=others, labels="department", initial=usually_asked),
)
HELD = (Field("present", "many", options=people()), Field("minutes", "long", required=False))

BY_RND = of("RND", clause="3.2.2-a")
BY_SALES = of("SAL", clause="3.2.2-a")
BY_HEAD = head_of("RND", "3.2.1-b")
