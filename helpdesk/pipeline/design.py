"""The desk of a design: its task, plan, content and review, for page and API."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from helpdesk.pipeline import design_fields as f
from helpdesk.pipeline.deeds import Deed, Desk
from helpdesk.pipeline.design_fields import Values
from order_core.execution.design import drafting, lifecycle, planning, points, review, rules
from order_core.execution.design import service as designs
from order_core.execution.design.drafting import Paper
from order_core.execution.design.models import Design
from order_core.execution.design.rules import Need, Trait
from order_core.kernel.actor import Actor
from order_core.kernel.plan import Action
from order_core.parties.models import ContactPerson


def _actions(values: Values) -> list[Action]:
    return [
        Action(
            stage=row["stage"] or "",
            goal=row["goal"] or "",
            measure=row["measure"] or "",
            owner=int(row["owner"]) if row["owner"] else None,
            due=row["due"],
        )
        for row in values["stages"]
    ]


def _assign(session: Session, design: Design, values: Values, by: Actor, at: datetime) -> None:
    designs.assign(session, design, int(values["owner"]), by=by, at=at)


def _needs(session: Session, design: Design, values: Values, by: Actor, at: datetime) -> None:
    needs = [Need(row["code"], row["text"], row["key"]) for row in values["needs"]]
    designs.record_needs(session, design, needs, by=by, at=at)


def _plan(session: Session, design: Design, values: Values, by: Actor, at: datetime) -> None:
    planning.set_stages(session, design, _actions(values), by=by, at=at)


def _approve_plan(session: Session, design: Design, _values: Values, by: Actor, at: datetime) -> None:
    planning.approve(session, design, by=by, at=at)


def _begin(session: Session, design: Design, _values: Values, by: Actor, at: datetime) -> None:
    planning.begin(session, design, by=by, at=at)


def _adjust(session: Session, design: Design, values: Values, by: Actor, at: datetime) -> None:
    planning.adjust(session, design, _actions(values), values["reason"], by=by, at=at)


def _stage(session: Session, design: Design, values: Values, by: Actor, at: datetime) -> None:
    outcome, result = values["outcome"], values["result"]
    planning.settle_stage(session, design, int(values["stage"]), outcome, result, by=by, at=at)


def _achieve(session: Session, design: Design, _values: Values, by: Actor, at: datetime) -> None:
    planning.achieve(session, design, by=by, at=at)


def _characteristics(session: Session, design: Design, values: Values, by: Actor, at: datetime) -> None:
    traits = [
        Trait(
            code=row["code"],
            name=row["name"],
            kind=row["kind"] or rules.LIMIT,
            target=row["target"],
            lower=row["lower"],
            upper=row["upper"],
            unit=row["unit"] or "",
            method=row["method"] or "",
            needs=tuple(code.strip() for code in (row["answers"] or "").replace("，", ",").split(",") if code.strip()),
        )
        for row in values["characteristics"]
    ]
    drafting.set_characteristics(session, design, traits, by=by, at=at)


def _verify(session: Session, design: Design, values: Values, by: Actor, at: datetime) -> None:
    drafting.verify(session, design, values["trait"], values["found"], by=by, at=at)


def _documents(session: Session, design: Design, values: Values, by: Actor, at: datetime) -> None:
    papers = [Paper(row["name"], row["link"] or "", row["sha256"], row["size"]) for row in values["documents"]]
    drafting.set_documents(session, design, papers, by=by, at=at)


def _waive(session: Session, design: Design, values: Values, by: Actor, at: datetime) -> None:
    drafting.waive(session, design, values["need"], values["reason"], by=by, at=at)


def _sign_waiver(session: Session, design: Design, values: Values, by: Actor, at: datetime) -> None:
    drafting.sign_waiver(session, design, values["need"], "approve", by=by, at=at)


def _customer_waives(session: Session, design: Design, values: Values, by: Actor, at: datetime) -> None:
    f.of("SAL", clause="3.2.2-a")(session, design, by, at)
    word = session.get_one(ContactPerson, int(values["contact"])).actor(recorded_by=by.id)
    drafting.sign_waiver(session, design, values["need"], "approve", by=word, at=at)


def _submit(session: Session, design: Design, values: Values, by: Actor, at: datetime) -> None:
    meets_on, place = values["meets_on"], values["place"]
    review.submit(session, design, meets_on=meets_on, place=place, also=values["also"], by=by, at=at)


def _hold(session: Session, design: Design, values: Values, by: Actor, at: datetime) -> None:
    present = [int(person) for person in values["present"]]
    review.hold(session, design, present, values["minutes"] or "", by=by, at=at)


def _opine(session: Session, design: Design, values: Values, by: Actor, at: datetime) -> None:
    review.opine(session, design, values["verdict"], values["opinion"] or "", by=by, at=at)


def _suggest(session: Session, design: Design, values: Values, by: Actor, at: datetime) -> None:
    review.suggest(session, design, **point(values), by=by, at=at)


def point(values: Values) -> dict[str, Any]:
    """A point as the form brings it."""
    owner = int(values["owner"])
    return {name: values[name] for name in ("goal", "measure", "due", "mandatory")} | {"owner": owner}


def settle(session: Session, case: Any, values: Values, by: Actor, at: datetime) -> None:
    """Close a point f.of a design or change."""
    points.settle(session, case, int(values["point"]), values["outcome"], values["result"], by=by, at=at)


def _send_back(session: Session, design: Design, _values: Values, by: Actor, at: datetime) -> None:
    review.send_back(session, design, by=by, at=at)


def _release(session: Session, design: Design, _values: Values, by: Actor, at: datetime) -> None:
    review.release(session, design, by=by, at=at)


def _withdraw(session: Session, design: Design, values: Values, by: Actor, at: datetime) -> None:
    review.withdraw(session, design, values["reason"], by=by, at=at)


DESK = Desk(
    model=Design,
    procedure=lifecycle.DESIGN,
    path="/orders/design",
    plural="designs",
    permission="order.act",
    words="Design",
    deeds=(
        Deed("assign", _assign, (f.OWNER,), states=f.WRITTEN, may=f.of("RND", clause="3.2.1-a"), when=f.is_task),
        Deed("plan", _plan, (f.STAGES,), states=f.WRITTEN, may=f.may_plan, when=f.plan_is(None, "drafted")),
        Deed("approve_plan", _approve_plan, states=f.WRITTEN, may=f.BY_HEAD, when=f.plan_is("drafted")),
        Deed("begin", _begin, states=f.WRITTEN, may=f.may_plan, when=f.plan_is("approved")),
        Deed("stage", _stage, (f.STAGE, f.OUTCOME, f.RESULT), may=f.may_plan, when=f.a_stage_is_open),
        Deed("adjust_plan", _adjust, (f.STAGES, f.REASON), states=f.WRITTEN, may=f.may_plan, when=f.plan_is("running")),
        Deed("achieve", _achieve, may=f.BY_HEAD, when=f.all_stages_closed),
        Deed("needs", _needs, (f.NEEDS,), states=f.WRITTEN, may=f.of("RND", "SAL", clause="3.2.2-a"),
             when=f.needs_kept_here),
        Deed("characteristics", _characteristics, (f.CHARACTERISTICS,), states=f.WRITTEN, may=f.BY_RND),
        Deed("documents", _documents, (f.DOCUMENTS,), states=f.WRITTEN, may=f.BY_RND),
        Deed("verify", _verify, f.FOUND, states=f.WRITTEN, may=f.of("RND", "QUA", clause="3.2.2-a"),
             when=f.some(f.traits)),
        Deed("waive", _waive, (f.NEED, f.REASON), states=f.WRITTEN, may=f.BY_RND, when=f.some(f.key_needs)),
        Deed("sign_waiver", _sign_waiver, (f.WAIVER,), states=f.WRITTEN, may=f.BY_SALES, when=f.some(f.waivers)),
        Deed("customer_waives", _customer_waives, (f.WAIVER, f.CONTACT), states=f.WRITTEN, may=f.BY_SALES,
             when=f.some(f.waivers)),
        Deed("submit", _submit, f.MEETING, step="submit", noted=True),
        Deed("opine", _opine, (f.VERDICT, f.OPINION), states=f.REVIEWED, may=f.may_opine),
        Deed("hold", _hold, f.HELD, states=f.REVIEWED, may=f.of("RND", clause="3.2.2-b"), when=f.not_held),
        Deed("suggest", _suggest, f.POINT, states=f.REVIEWED, may=f.may_suggest),
        Deed("settle", settle, f.SETTLE, may=f.may_settle, when=f.some(f.open_points)),
        Deed("release", _release, step="release", noted=True),
        Deed("send_back", _send_back, step="send_back", may=f.may_send_back),
        Deed("withdraw", _withdraw, (f.REASON,), step="withdraw"),
    ),
)  # fmt: skip
