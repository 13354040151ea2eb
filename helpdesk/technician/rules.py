"""Reading a device's outbox: what an action must carry, and which device clocks to believe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from order_core.errors import Invalid
from order_core.values import storable

KINDS = ("accept", "leave", "arrive", "start", "complete", "part_missing", "no_access")
MAX_ACTIONS = 200
MAX_ID = 64
MAX_SEQ = 2**31 - 1
TRUSTED_AHEAD = timedelta(minutes=2)
"""A device that is further ahead of us has a wrong clock: its actions happened when we received them."""
TRUSTED_BEHIND = timedelta(days=3)
"""Work done offline comes late; further back than this it is a wrong clock too."""


@dataclass(frozen=True)
class Action:
    """One action as the device tells it."""

    id: str
    visit: str
    kind: str
    seq: int
    device_at: datetime
    data: Mapping[str, Any]


def read_actions(payload: Any) -> list[Action]:
    """The actions of a sync request, in device order.

    Raises:
        Invalid: not a list of at most 200 actions, or one lacks a field or has an unknown kind.
    """
    rows = payload.get("actions") if isinstance(payload, Mapping) else None
    if not isinstance(rows, Sequence) or isinstance(rows, str) or len(rows) > MAX_ACTIONS:
        raise Invalid("sync.actions", field="actions", maximum=MAX_ACTIONS)
    return sorted((_read(row) for row in rows), key=lambda action: (action.seq, action.device_at))


def _read(row: Any) -> Action:
    row = _storable(row)
    if not isinstance(row, Mapping):
        raise Invalid("sync.action", field="actions")
    for name in ("id", "visit", "kind", "device_at"):
        if not isinstance(row.get(name), str) or not row[name]:
            raise Invalid("sync.action_field", field=name, name=name)
    if row["kind"] not in KINDS:
        raise Invalid("sync.kind", field="kind", kind=row["kind"], allowed=", ".join(KINDS))
    data = row.get("data") or {}
    if not isinstance(data, Mapping):
        raise Invalid("sync.action_field", field="data", name="data")
    if len(row["id"]) > MAX_ID:
        raise Invalid("sync.action_field", field="id", name="id")
    return Action(row["id"], row["visit"], row["kind"], _seq(row), _instant(row["device_at"]), data)


def _storable(value: Any) -> Any:
    """The same with texts that every database keeps, however deep: a stray NUL must not cost a day's work."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(str(name)): _storable(one) for name, one in value.items()}
    return [_storable(one) for one in value] if isinstance(value, list) else value


def _seq(row: Mapping[str, Any]) -> int:
    seq = row.get("seq", 0)
    if type(seq) is not int or not 0 <= seq <= MAX_SEQ:
        raise Invalid("sync.action_field", field="seq", name="seq")
    return seq


def _instant(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid("sync.device_at", field="device_at", value=text) from error
    raise Invalid("sync.device_at", field="device_at", value=text)


def happened_at(device_at: datetime, received_at: datetime) -> datetime:
    """Event time of an action: the device's, where its clock can be believed."""
    if device_at > received_at + TRUSTED_AHEAD or device_at < received_at - TRUSTED_BEHIND:
        return received_at
    return min(device_at, received_at)
