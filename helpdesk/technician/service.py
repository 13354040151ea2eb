"""Working off a device's outbox: every action once, in device order; nothing the technician did is lost."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from helpdesk.dispatch import service as dispatch
from helpdesk.dispatch.models import Visit
from helpdesk.technician import completion, rules
from helpdesk.technician.models import DeviceAction
from helpdesk.technician.rules import Action
from order_core.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from order_core.kernel.actor import Actor
from order_core.kernel.notice import tell

Step = Callable[..., Any]
STEPS: dict[str, Step] = {
    "accept": dispatch.accept,
    "leave": dispatch.leave,
    "arrive": dispatch.arrive,
    "start": dispatch.start,
}


def sync(session: Session, actions: Sequence[Action], *, by: Actor, at: datetime) -> list[DeviceAction]:
    """Apply a device's actions (``at``: when they were received); answers in the order asked.

    Each runs in its own savepoint: one that a rule refuses undoes itself only and is kept with its reason.
    """
    return [_once(session, action, by=by, at=at) for action in actions]


def _once(session: Session, action: Action, *, by: Actor, at: datetime) -> DeviceAction:
    known = session.get(DeviceAction, action.id)
    if known is not None:
        if known.person_id != by.id:
            raise Invalid("sync.action_field", field="id", name="id")
        return known
    record = DeviceAction(
        id=action.id,
        person_id=by.id or 0,
        visit_number=action.visit[:24],
        kind=action.kind,
        seq=action.seq,
        device_at=action.device_at,
        received_at=at,
        outcome="done",
    )
    try:
        with session.begin_nested():
            _apply(session, action, by=by, at=rules.happened_at(action.device_at, at))
    except Refusal as refusal:
        _keep_refused(session, record, refusal, at=at)
        record.data = dict(action.data)
    session.add(record)
    session.flush()
    return record


def _apply(session: Session, action: Action, *, by: Actor, at: datetime) -> None:
    visit = dispatch.by_number(session, action.visit)
    if visit.technician_id != by.id:
        raise Conflict("visit.reassigned", field="visit", clause="5.2.2-b", number=visit.number)
    if action.kind in STEPS:
        STEPS[action.kind](session, visit, by=by, at=at)
    elif action.kind == "complete":
        completion.complete(session, visit, action.data, by=by, at=at)
    else:
        reason = str(action.data.get("reason", ""))
        dispatch.leave_incomplete(session, visit, action.kind, reason, by=by, at=at)


def _keep_refused(session: Session, record: DeviceAction, refusal: Refusal, *, at: datetime) -> None:
    """A conflict (the office changed the visit meanwhile) becomes a task for the office; the work is kept."""
    conflict = isinstance(refusal, Conflict)
    record.outcome = "conflict" if conflict else "refused"
    record.code = refusal.code
    record.params = {name: str(value) for name, value in refusal.params.items()}
    if conflict:
        tell(
            session,
            key="visit.sync_conflict",
            at=at,
            department="AFS",
            params={"visit": record.visit_number, "kind": record.kind},
        )


def visit_for(session: Session, number: str, by: Actor) -> Visit:
    """A visit of this technician; others' numbers are unknown to him."""
    visit = dispatch.by_number(session, number)
    if visit.technician_id != by.id:
        raise NotFound("visit.unknown", field="visit", number=number)
    return visit


def require_technician(by: Actor | None) -> Actor:
    """The technician at the door."""
    if by is None or "technician" not in by.roles:
        raise Forbidden("technician.only")
    return by
