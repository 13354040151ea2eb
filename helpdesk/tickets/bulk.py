"""One action on many tickets: a few at once, thousands as a job in batches; taken back as a whole.

Each batch is one transaction and each ticket in it a savepoint: killed at any moment, every ticket has been done
whole or not at all, and the job goes on where it was. Closing cannot be taken back, so it waits a moment first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from helpdesk.tickets.models import BulkAction, BulkItem
from order_core.errors import Conflict, Invalid, NotFound, Refusal
from order_core.issues import service as issues
from order_core.issues.level import service as level
from order_core.issues.models import Issue
from order_core.issues.rules import URGENCIES
from order_core.kernel import outbox
from order_core.kernel.actor import Actor
from order_core.parties.models import Person

TOPIC = "tickets.bulk"
ACTIONS = ("assign", "urgency", "close")
MOST = 10_000
AT_ONCE = 25
"""So many are done in the request itself."""
BATCH = 100
SECOND_THOUGHTS = timedelta(seconds=20)
"""How long closing waits, because a void ticket stays void."""
RUNNING = ("waiting", "running", "undoing")


def start(
    session: Session, ids: Sequence[int], action: str, params: dict[str, Any], *, by: Actor, at: datetime
) -> BulkAction:
    """Do something with these tickets, now or as a job.

    Raises:
        Invalid: nothing chosen, too many, no such action, or what it needs is missing.
    """
    if not ids or len(ids) > MOST:
        raise Invalid("bulk.size", field="numbers", maximum=MOST)
    bulk = BulkAction(by_id=by.id or 0, action=action, params=_checked(session, action, params), state="waiting",
                      total=len(ids), at=at)  # fmt: skip
    session.add(bulk)
    session.flush()
    rows = [{"bulk_id": bulk.id, "position": n, "issue_id": i} for n, i in enumerate(ids, 1)]
    session.execute(insert(BulkItem), rows)
    if action == "close":
        bulk.not_before = at + SECOND_THOUGHTS
        _ask(session, bulk, at=at, due=bulk.not_before)
    elif bulk.total <= AT_ONCE:
        work(session, bulk.id, at=at)
    else:
        _ask(session, bulk, at=at)
    return bulk


def _checked(session: Session, action: str, params: dict[str, Any]) -> dict[str, Any]:
    if action == "assign":
        person = session.get(Person, params.get("assignee_id") or 0)
        if person is None or not person.active:
            raise Invalid("issue.assignee", field="assignee_id", clause="5.1.2-b")
        return {"assignee_id": person.id}
    if action == "urgency":
        if params.get("urgency") not in URGENCIES:
            raise Invalid("issue.urgency", field="urgency", clause="5.1.2-a", allowed=", ".join(URGENCIES))
        return {"urgency": params["urgency"]}
    if action == "close":
        reason = str(params.get("reason") or "").strip()
        if not reason:
            raise Invalid("issue.reason", field="reason", clause="5.1.2-a")
        return {"reason": reason[:200]}
    raise Invalid("bulk.action", field="action", allowed=", ".join(ACTIONS))


def _ask(session: Session, bulk: BulkAction, *, at: datetime, due: datetime | None = None) -> None:
    """The next batch, by a row of its own: its key holds how far the one before has come."""
    key = f"bulk:{bulk.id}:{bulk.state == 'undoing'}:{bulk.cursor}"
    outbox.publish(session, TOPIC, {"bulk_id": bulk.id}, at=at, due=due, key=key)


def work(session: Session, bulk_id: int, *, at: datetime) -> None:
    """Do the next batch and ask for the one after it; nothing when it is finished or was taken back."""
    bulk = session.get(BulkAction, bulk_id, with_for_update=True)
    if bulk is None or bulk.state not in RUNNING:
        return
    undoing = bulk.state == "undoing"
    if not undoing:
        bulk.state = "running"
    items = _next_items(session, bulk, undoing)
    by = session.get_one(Person, bulk.by_id).actor()
    for item in items:
        _settle(session, bulk, item, by=by, at=at, undo=undoing)
    left = bulk.cursor if undoing else bulk.total - bulk.cursor
    if left and items:
        _ask(session, bulk, at=at)
    else:
        bulk.state, bulk.finished_at = ("undone" if undoing else "done"), at
    session.flush()


def _next_items(session: Session, bulk: BulkAction, undoing: bool) -> Sequence[BulkItem]:
    wanted = select(BulkItem).where(BulkItem.bulk_id == bulk.id).limit(BATCH)
    if undoing:
        wanted = wanted.where(BulkItem.position <= bulk.cursor).order_by(BulkItem.position.desc())
    else:
        wanted = wanted.where(BulkItem.position > bulk.cursor).order_by(BulkItem.position)
    return session.scalars(wanted).all()


def _settle(session: Session, bulk: BulkAction, item: BulkItem, *, by: Actor, at: datetime, undo: bool) -> None:
    """One ticket: whole, or not at all with the reason."""
    issue = session.get_one(Issue, item.issue_id)
    try:
        with session.begin_nested():
            if undo:
                if item.outcome == "done":
                    item.outcome = _take_back(session, bulk, item, issue, by=by, at=at)
            else:
                item.before = {"assignee_id": issue.assignee_id, "urgency": issue.urgency}
                item.outcome = "done" if _do(session, bulk, issue, by=by, at=at) else "same"
    except Refusal as refusal:
        item.outcome = refusal.code[:48]
        bulk.refused += 1
    bulk.cursor += -1 if undo else 1


def _do(session: Session, bulk: BulkAction, issue: Issue, *, by: Actor, at: datetime) -> bool:
    if bulk.action == "assign":
        return issues.give_to(session, issue, bulk.params["assignee_id"], by=by, at=at)
    if bulk.action == "urgency":
        return level.change_urgency(session, issue, bulk.params["urgency"], by=by, at=at)
    issues.step(session, issue, "void", {"reason": bulk.params["reason"]}, by=by, at=at)
    return True


def _take_back(session: Session, bulk: BulkAction, item: BulkItem, issue: Issue, *, by: Actor, at: datetime) -> str:
    """What it was before; ``kept`` where somebody has changed it since."""
    before = item.before or {}
    if bulk.action == "assign" and issue.assignee_id == bulk.params["assignee_id"]:
        issues.give_to(session, issue, before["assignee_id"], by=by, at=at)
        return "undone"
    if bulk.action == "urgency" and issue.urgency == bulk.params["urgency"]:
        level.change_urgency(session, issue, before["urgency"], by=by, at=at)
        return "undone"
    return "kept"


def undo(session: Session, bulk_id: int, *, by: Actor, at: datetime) -> BulkAction:
    """Take an action back: what has not begun never begins, what was done is put back ticket by ticket.

    Raises:
        NotFound: no such action of this person's.
        Conflict: closing that has begun, or an action that was taken back already.
    """
    bulk = session.get(BulkAction, bulk_id, with_for_update=True)
    if bulk is None or bulk.by_id != by.id:
        raise NotFound("bulk.unknown", field="id")
    if bulk.state in ("undoing", "undone") or (bulk.action == "close" and bulk.state != "waiting"):
        raise Conflict("bulk.for_good", field="id")
    if bulk.cursor == 0:
        bulk.state, bulk.finished_at = "undone", at
    else:
        bulk.state, bulk.finished_at = "undoing", None
        if bulk.total <= AT_ONCE:
            work(session, bulk.id, at=at)
        else:
            _ask(session, bulk, at=at)
    session.flush()
    return bulk


def latest(session: Session, by: Actor, *, at: datetime) -> BulkAction | None:
    """The person's last action, while it runs or is fresh enough to be taken back."""
    bulk = session.scalars(
        select(BulkAction).where(BulkAction.by_id == by.id).order_by(BulkAction.id.desc()).limit(1)
    ).first()
    if bulk is None or (bulk.finished_at is not None and bulk.finished_at < at - timedelta(minutes=10)):
        return None
    return bulk
