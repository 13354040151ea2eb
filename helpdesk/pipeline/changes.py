"""The desk of a design change: drawn up, its effect given, signed, acknowledged, implemented, for page and API."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.pipeline import design_fields as f
from helpdesk.pipeline.deeds import Deed, Desk, Field, Opening, decimal
from helpdesk.pipeline.design import point, settle
from helpdesk.pipeline.design_fields import Values
from order_core.errors import Conflict, Forbidden, Invalid
from order_core.execution.change import acknowledge, effect, lifecycle, rules
from order_core.execution.change import service as changes
from order_core.execution.change.models import ChangeRequest
from order_core.execution.change.rules import Effectivity
from order_core.execution.design.lifecycle import not_submitter
from order_core.execution.design.models import Design
from order_core.execution.models import Order
from order_core.kernel import sign
from order_core.kernel.actor import Actor
from order_core.parties.models import ProductModel
from order_core.rulebook.roles import GRANTS

WRITTEN = ("draft",)


def _models(session: Session, _case: Any) -> list[tuple[str, str]]:
    return [(code, code) for code in session.scalars(select(ProductModel.code).order_by(ProductModel.code))]


def _designs(session: Session, change: ChangeRequest) -> list[tuple[str, str]]:
    """Released designs of the model that the change is asked for (of any, when it names none)."""
    wanted = select(Design).where(Design.state == "released").order_by(Design.id.desc())
    if change.model_code is not None:
        wanted = wanted.where(Design.model_code == change.model_code)
    return [(d.number, f"{d.number} · {d.title}") for d in session.scalars(wanted)]


def _shown(name: str) -> Any:
    """What the form shows at first: what the change says already."""

    def initial(session: Session, change: ChangeRequest) -> str:
        if name == "design":
            known = session.get(Design, change.design_id) if change.design_id else None
            return known.number if known else ""
        value = getattr(change, name)
        return decimal(value) if name == "old_item_value" else "" if value is None else str(value)

    return initial


def _cost(part: str) -> Any:
    return lambda _session, change: decimal(change.costs.get(part))


def _ask(session: Session, values: Values, by: Actor, at: datetime) -> ChangeRequest:
    order = session.scalars(select(Order).where(Order.number == values["order"])).first() if values["order"] else None
    if values["order"] and order is None:
        raise Invalid("change.order", field="order", clause="3.2.3-a", order=values["order"])
    return changes.ask(
        session, reason=values["reason"], model_code=values["model"], quality_issue_id=None, by=by, at=at,
        origin=values["origin"], order_id=order.id if order else None,
    )  # fmt: skip


def _draw_up(session: Session, change: ChangeRequest, values: Values, by: Actor, at: datetime) -> None:
    design = session.scalars(select(Design).where(Design.number == values["design"])).one()
    effect.draw_up(
        session, change, design=design, cause=values["cause"], scope=values["scope"], ready_on=values["ready_on"],
        development=values["development"], by=by, at=at,
        effectivity=Effectivity(values["effective_by"], values["effective_from"], values["effective_to"]),
        old_item=values["old_item"], old_item_value=values["old_item_value"],
    )  # fmt: skip


def _production(session: Session, change: ChangeRequest, values: Values, by: Actor, at: datetime) -> None:
    scrap, open_work = values["scrap"], values["open_work"]
    effect.give_production(session, change, scrap=scrap, open_work=open_work, by=by, at=at)


def _sales(session: Session, change: ChangeRequest, values: Values, by: Actor, at: datetime) -> None:
    effect.give_sales(session, change, customer=values["customer"], by=by, at=at)


def _submit(session: Session, change: ChangeRequest, _values: Values, by: Actor, at: datetime) -> None:
    changes.submit(session, change, by=by, at=at)


def _sign(session: Session, change: ChangeRequest, values: Values, by: Actor, at: datetime) -> None:
    changes.opine(session, change, values["verdict"], values["opinion"] or "", by=by, at=at)


def _may_sign(session: Session, change: ChangeRequest, by: Actor, _at: datetime) -> None:
    sign_off = sign.for_purpose(session, change, lifecycle.APPROVAL)
    if sign_off is None:
        raise Conflict("change.not_submitted", clause="3.2.3-b", number=change.number)
    sign.may_sign(sign_off, by)


def _suggest(session: Session, change: ChangeRequest, values: Values, by: Actor, at: datetime) -> None:
    changes.suggest(session, change, **point(values), by=by, at=at)


def _may_suggest(_session: Session, change: ChangeRequest, by: Actor, _at: datetime) -> None:
    if not lifecycle.CHANGE.plays(change, "reviewer", by):
        raise Forbidden("sign.not_required", clause="3.2.2-c", department=by.department or "")


def _send_back(session: Session, change: ChangeRequest, _values: Values, by: Actor, at: datetime) -> None:
    changes.send_back(session, change, by=by, at=at)


def _may_send_back(session: Session, change: ChangeRequest, by: Actor, _at: datetime) -> None:
    not_submitter(session, change, lifecycle.APPROVAL, by)


def _approve(session: Session, change: ChangeRequest, _values: Values, by: Actor, at: datetime) -> None:
    changes.approve(session, change, by=by, at=at)


def _refuse(session: Session, change: ChangeRequest, values: Values, by: Actor, at: datetime) -> None:
    changes.refuse(session, change, values["reason"], by=by, at=at)


def _acknowledge(session: Session, change: ChangeRequest, values: Values, by: Actor, at: datetime) -> None:
    acknowledge.acknowledge(session, change, values["remark"] or "", by=by, at=at)


def _may_acknowledge(_session: Session, change: ChangeRequest, by: Actor, _at: datetime) -> None:
    mine = next((n for n in change.notices if n.department == by.department), None)
    if mine is None:
        raise Forbidden("change.not_affected", clause="3.2.3-c", department=by.department or "")
    if mine.acknowledged_at is not None:
        raise Conflict("change.acknowledged", clause="3.2.3-c", number=change.number)


def _waits(_session: Session, change: ChangeRequest) -> bool:
    return any(n.acknowledged_at is None for n in change.notices)


def _revise(session: Session, change: ChangeRequest, _values: Values, by: Actor, at: datetime) -> Design:
    return changes.revise(session, change, by=by, at=at)


def _implement(session: Session, change: ChangeRequest, _values: Values, by: Actor, at: datetime) -> None:
    changes.implement(session, change, by=by, at=at)


def _verify(session: Session, change: ChangeRequest, values: Values, by: Actor, at: datetime) -> None:
    changes.verify(session, change, values["result"], by=by, at=at)


ASK = (
    Field("reason", "long", clause="3.2.3-a"),
    Field("model", "choice", options=_models),
    Field("origin", "choice", options=rules.ORIGINS[1:], labels="change.origin_is"),
    Field("order", required=False),
)
"""A quality case asks from its own page."""
DRAWN_UP = (
    Field("design", "choice", options=_designs, initial=_shown("design")),
    Field("cause", "choice", options=rules.CAUSES, labels="change.cause", initial=_shown("cause")),
    Field("scope", "long", initial=_shown("scope"), clause="3.2.3-a"),
    Field("ready_on", "date", initial=_shown("ready_on"), clause="3.2.3-b"),
    Field("development", "money", initial=_cost("development"), clause="3.2.3-b"),
    Field("effective_by", "choice", options=rules.EFFECTIVE_BY, labels="change.effective", clause="3.2.3-a",
          initial=_shown("effective_by")),
    Field("effective_from", initial=_shown("effective_from"), clause="3.2.3-a"),
    Field("effective_to", required=False, initial=_shown("effective_to")),
    Field("old_item", required=False, initial=_shown("old_item")),
    Field("old_item_value", "money", required=False, initial=_shown("old_item_value")),
)  # fmt: skip
PRODUCTION = (
    Field("scrap", "money", initial=_cost("scrap"), clause="3.2.3-b"),
    Field("open_work", "money", initial=_cost("open_work"), clause="3.2.3-b"),
)
SALES = (Field("customer", "money", initial=_cost("customer"), clause="3.2.3-b"),)


def _drawn_up(_session: Session, change: ChangeRequest) -> bool:
    return change.scope is not None


DESK = Desk(
    model=ChangeRequest,
    procedure=lifecycle.CHANGE,
    path="/orders/changes",
    plural="design-changes",
    permission="order.act",
    words="Change",
    opening=Opening(_ask, ASK, "order.act"),
    deeds=(
        Deed("draw_up", _draw_up, DRAWN_UP, states=WRITTEN, may=f.of("RND", clause="3.2.3-a")),
        Deed("give_production", _production, PRODUCTION, states=WRITTEN, may=f.of("PRO", clause="3.2.3-b"),
             when=_drawn_up),
        Deed("give_sales", _sales, SALES, states=WRITTEN, may=f.of("SAL", clause="3.2.3-b"), when=_drawn_up),
        Deed("submit", _submit, step="submit", noted=True),
        Deed("sign", _sign, (f.VERDICT, f.OPINION), states=("in_review",), may=_may_sign),
        Deed("suggest", _suggest, f.POINT, states=("in_review",), may=_may_suggest),
        Deed("settle", settle, f.SETTLE, may=f.may_settle, when=f.some(f.open_points)),
        Deed("approve", _approve, step="release", noted=True),
        Deed("send_back", _send_back, step="send_back", may=_may_send_back),
        Deed("acknowledge", _acknowledge, (Field("remark", "long", required=False),), states=("released",),
             may=_may_acknowledge, when=_waits),
        Deed("revise", _revise, states=("released",), may=f.of("RND", clause="3.2.3-a"),
             when=lambda _s, change: change.successor_id is None,
             then=lambda design: f"/orders/design/{design.number}"),
        Deed("implement", _implement, step="supersede", noted=True),
        Deed("verify", _verify, (f.RESULT,), states=("superseded",), may=f.of("QUA", "SAL", "PRO", clause="3.2.3-a"),
             when=lambda _s, change: change.verified_at is None),
        Deed("refuse", _refuse, (f.REASON,), step="withdraw"),
    ),
)  # fmt: skip


def sees_cost(actor: Actor | None) -> bool:
    """What a change costs is shown to those who act in the pipeline, not to everybody who may read it."""
    return GRANTS.may(actor, "order.act")


def costs(change: ChangeRequest) -> Mapping[str, int | None]:
    """Part → cost, None while it is not given."""
    return {part: change.costs.get(part) for part in rules.COSTS}
