"""Instances and plans from JSON. What cannot be meant is refused with the field and the rule it breaks."""

from __future__ import annotations

import codecs
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from helpdesk.dispatch.planning.model import Instance
from helpdesk.dispatch.planning.plan import PLAN, Plan
from helpdesk.dispatch.planning.sound import examine, unservable
from order_core.errors import Invalid

INSTANCE = TypeAdapter(Instance)
T = TypeVar("T")


def read_instance(data: str | bytes, *, leave: bool = False) -> Instance:
    """An instance in ``dispatch-instance/1``.

    A job that nobody can ever do is refused too, unless ``leave``: then it will be among the unserved.

    Raises:
        Invalid: ``planning.*``, the first fault found.
    """
    instance = _read(INSTANCE, data, "")
    examine(instance)
    if not leave:
        for fault in unservable(instance):
            raise fault
    return instance


def read_plan(data: str | bytes) -> Plan:
    """A plan in ``dispatch-plan/1``. Raises ``Invalid``."""
    return _read(PLAN, data, "plan.")


def _read(kind: TypeAdapter[T], data: str | bytes, prefix: str) -> T:
    if isinstance(data, bytes):
        data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return kind.validate_json(data, strict=True)
    except ValidationError as error:
        first: Any = error.errors(include_url=False, include_context=False, include_input=False)[0]
        path = [str(part) for part in first["loc"] if part not in {"haversine-bands", "matrix"}]
        if path[-1:] == ["shift"] or path[-2:-1] == ["shift"]:
            raise Invalid("planning.no_shift", field=prefix + ".".join(path)) from None
        if first["type"] == "json_invalid":
            raise Invalid("planning.not_json", field=prefix + "file", why=first["msg"]) from None
        raise Invalid("planning.shape", field=prefix + (".".join(path) or "file"), why=first["msg"]) from None
