"""The desk of a rulebook revision: proposed, handed in, signed or sent back, for page and API."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from helpdesk.admin import values
from helpdesk.now import now
from helpdesk.pipeline.deeds import Deed, Desk, Field, Opening
from order_core.errors import Forbidden, Invalid
from order_core.kernel.actor import Actor
from order_core.rulebook import inforce
from order_core.rulebook import service as rulebook
from order_core.rulebook.calendar import house_calendar
from order_core.rulebook.models import RulebookChange
from order_core.rulebook.rules import CLAUSE
from order_core.rulebook.settings import settings

PERMISSION = "rulebook.act"
Row = dict[str, Any]


def _settings(session: Session, _change: Any) -> Sequence[tuple[str, str]]:
    """Every setting with the value that it has now, in the order of the files."""
    book = inforce.book(session, now(session))
    return [
        (path, f"{values.name(setting)} = {values.shown(setting, book.value(path))}")
        for path, setting in settings().items()
    ]


def rows(changes: Mapping[str, Any]) -> list[Row]:
    """Changes as the rows of the form."""
    return [{"setting": path, "new_value": values.written(settings()[path], value)} for path, value in changes.items()]


def _typed_changes(_session: Session, change: RulebookChange) -> list[Row]:
    return rows(change.changes)


def _typed_reason(_session: Session, change: RulebookChange) -> str:
    return change.reason


def _typed_start(_session: Session, change: RulebookChange) -> str:
    return change.effective_from.astimezone(_zone()).date().isoformat()


def _fields(*, of_a_draft: bool) -> tuple[Field, ...]:
    columns = (Field("setting", "choice", options=_settings), Field("new_value", required=False))
    return (
        Field("changes", "rows", columns=columns, clause=CLAUSE, initial=_typed_changes if of_a_draft else None),
        Field("reason", "long", clause=CLAUSE, initial=_typed_reason if of_a_draft else None),
        Field("starts_on", "date", clause=CLAUSE, initial=_typed_start if of_a_draft else None),
    )


def _zone() -> ZoneInfo:
    return ZoneInfo(house_calendar().zone)


def _asked(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the service is asked, from the form's values."""
    changes: dict[str, Any] = {}
    for position, row in enumerate(given["changes"], 1):
        setting = settings()[row["setting"]]
        if setting.path in changes:
            raise Invalid("rulebook.twice", field=f"changes.{position}.setting", clause=CLAUSE, path=setting.path)
        try:
            changes[setting.path] = values.read(setting, row["new_value"] or "")
        except Invalid as refusal:
            raise _beside(refusal, given) from refusal
    start = datetime.combine(given["starts_on"], time(0), _zone())
    return {"changes": changes, "reason": given["reason"], "effective_from": start}


def _beside(refusal: Invalid, given: Mapping[str, Any]) -> Invalid:
    """The refusal beside the field of the form that holds the value it is about."""
    about = "starts_on" if refusal.field == "effective_from" else refusal.field or ""
    rows_about = (n for n, row in enumerate(given["changes"], 1) if row["setting"].startswith(about))
    position = next(rows_about, None) if "." in about else None
    refusal.field = about if position is None else f"changes.{position}.new_value"
    setting = settings().get(str(refusal.params.get("path", "")))
    if setting is not None:
        refusal.params["path"] = values.name(setting)
    if "group" in refusal.params:
        refusal.params["group"] = values.group(str(refusal.params["group"]))
    return refusal


def _propose(session: Session, given: Mapping[str, Any], by: Actor, at: datetime) -> RulebookChange:
    asked = _asked(given)
    try:
        return rulebook.propose(session, **asked, by=by, at=at)
    except Invalid as refusal:
        raise _beside(refusal, given) from refusal


def _amend(session: Session, change: RulebookChange, given: Mapping[str, Any], by: Actor, at: datetime) -> None:
    asked = _asked(given)
    try:
        rulebook.amend(session, change, **asked, by=by, at=at)
    except Invalid as refusal:
        raise _beside(refusal, given) from refusal


def _may_amend(_session: Session, _change: RulebookChange, by: Actor, _at: datetime) -> None:
    if by.department != rulebook.OWNER:
        raise Forbidden("rulebook.hr_only", clause=CLAUSE)


def _submit(session: Session, change: RulebookChange, _given: Mapping[str, Any], by: Actor, at: datetime) -> None:
    rulebook.submit(session, change, by=by, at=at)


def _approve(session: Session, change: RulebookChange, given: Mapping[str, Any], by: Actor, at: datetime) -> None:
    rulebook.approve(session, change, by=by, at=at, opinion=given["opinion"])


def _send_back(session: Session, change: RulebookChange, given: Mapping[str, Any], by: Actor, at: datetime) -> None:
    rulebook.reject(session, change, given["reason"], by=by, at=at)


def _withdraw(session: Session, change: RulebookChange, given: Mapping[str, Any], by: Actor, at: datetime) -> None:
    rulebook.withdraw(session, change, given["reason"], by=by, at=at)


DESK = Desk(
    model=RulebookChange,
    procedure=rulebook.REVISION,
    path="/admin/rulebook/changes",
    plural="rulebook-changes",
    permission=PERMISSION,
    words="Rulebook",
    opening=Opening(_propose, _fields(of_a_draft=False), PERMISSION),
    deeds=(
        Deed("submit", _submit, step="submit"),
        Deed("approve", _approve, (Field("opinion", "long", required=False),), states=("in_review",),
             may=rulebook.may_sign),
        Deed("send_back", _send_back, (Field("reason", "long"),), step="send_back"),
        Deed("amend", _amend, _fields(of_a_draft=True), states=("draft",), may=_may_amend),
        Deed("withdraw", _withdraw, (Field("reason", "long"),), step="withdraw"),
    ),
)  # fmt: skip
