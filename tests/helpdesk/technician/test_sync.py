"""The device's outbox at its door: every action once, in device order, bad input named, others' visits untouched."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.dispatch import service as dispatch
from helpdesk.dispatch import slots
from helpdesk.dispatch.models import Visit
from helpdesk.now import wall
from helpdesk.technician.models import DeviceAction
from order_core.kernel.actor import PLANNER
from order_core.kernel.journal import JournalEntry
from order_core.kernel.notice import Notice

Act = Callable[..., dict[str, Any]]


@pytest.fixture
def act(visit: Visit) -> Act:
    """An action of the device; what is not given is right."""
    count = iter(range(1, 1000))

    def act(kind: str, **given: Any) -> dict[str, Any]:
        seq = next(count)
        action = {
            "id": f"device-{seq}",
            "visit": visit.number,
            "kind": kind,
            "seq": seq,
            "device_at": wall().isoformat(),
        }
        return {**action, "data": {}, **given}

    return act


@pytest.fixture
def sync(client: Any, visit: Visit) -> Callable[..., Any]:
    """Post actions as the technician of the visit."""
    assert visit.technician is not None
    email = visit.technician.person.email
    assert client.post("/login", data={"email": email, "password": "demo"}).status_code == 302

    def sync(*actions: Any) -> Any:
        return client.post("/m/sync", json={"actions": list(actions)})

    return sync


def outcomes(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [result["status"] for result in answer.json["results"]]


def test_actions_are_done_once_in_device_order_however_they_arrive(
    sync: Callable[..., Any], act: Act, visit: Visit, session: Session
) -> None:
    accept, leave, arrive = act("accept"), act("leave"), act("arrive")
    assert outcomes(sync(arrive, accept, leave)) == ["done"] * 3
    assert outcomes(sync(accept, leave, arrive)) == ["done"] * 3
    session.refresh(visit)
    assert visit.state == "on_site"
    steps = session.scalars(select(JournalEntry.step).where(JournalEntry.kind == "Visit").order_by(JournalEntry.seq))
    assert [step for step in steps if step in ("accept", "leave", "arrive")] == ["accept", "leave", "arrive"]


def test_a_step_that_is_not_declared_is_refused_alone_and_what_it_carried_is_kept(
    sync: Callable[..., Any], act: Act, visit: Visit, session: Session
) -> None:
    answer = sync(act("accept"), act("arrive", data={"reason": "written down"}), act("leave"))
    assert [outcomes(answer)[i] for i in (0, 2)] == ["done", "done"]
    refused = answer.json["results"][1]
    assert refused["status"] in ("refused", "conflict")
    assert refused["message"]
    kept = session.get_one(DeviceAction, refused["id"])
    assert kept.data == {"reason": "written down"}


def test_a_visit_that_was_given_to_somebody_else_is_a_conflict_and_a_task_for_the_office(
    sync: Callable[..., Any], act: Act, visit: Visit, session: Session
) -> None:
    other = next(
        t for t in slots.candidates(session) if t.person_id != visit.technician_id and "refrigerator" in t.skills
    )
    dispatch.give(session, visit, other.person_id, by=PLANNER, at=wall())
    session.commit()
    assert outcomes(sync(act("accept", data={"note": "mine"}))) == ["conflict"]
    assert session.get_one(DeviceAction, "device-1").data == {"note": "mine"}
    assert session.scalars(select(Notice).where(Notice.key == "visit.sync_conflict")).one().to_department == "AFS"


def test_a_wrong_clock_is_not_believed(sync: Callable[..., Any], act: Act, session: Session) -> None:
    ahead = (wall() + timedelta(days=400)).isoformat()
    assert outcomes(sync(act("accept", device_at=ahead))) == ["done"]
    entry = session.scalars(
        select(JournalEntry).where(JournalEntry.kind == "Visit", JournalEntry.step == "accept")
    ).one()
    assert entry.at < wall() + timedelta(minutes=3)
    assert session.get_one(DeviceAction, "device-1").device_at == datetime.fromisoformat(ahead)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": 7}, "id"),
        ({"visit": None}, "visit"),
        ({"kind": "teleport"}, "kind"),
        ({"device_at": "yesterday"}, "device_at"),
        ({"device_at": "2026-11-23T10:00:00"}, "device_at"),
        ({"seq": "first"}, "seq"),
        ({"data": [1]}, "data"),
    ],
)
def test_a_bad_action_is_named_and_nothing_is_done(
    sync: Callable[..., Any], act: Act, session: Session, wrong: dict[str, Any], field: str
) -> None:
    answer = sync(act("accept"), {**act("leave"), **wrong})
    assert answer.status_code in (400, 422)
    assert field in answer.text
    assert session.scalars(select(DeviceAction)).all() == []


@pytest.mark.parametrize("body", [None, [], {}, {"actions": "x"}, {"actions": [1]}, {"actions": [None] * 201}])
def test_a_body_that_is_no_list_of_actions_is_refused(client: Any, sync: Callable[..., Any], body: Any) -> None:
    assert client.post("/m/sync", json=body).status_code in (400, 422)


def test_nobody_but_technicians_syncs(client: Any, visit: Visit, act: Act) -> None:
    assert client.post("/m/sync", json={"actions": [act("accept")]}).status_code in (302, 401)
    client.post("/login", data={"email": "sal@demo.test", "password": "demo"})
    assert client.post("/m/sync", json={"actions": [act("accept")]}).status_code == 403


@pytest.mark.parametrize("quantity", [0, -1, 1.5, "two", None, True, 10**6])
def test_parts_are_whole_numbers_and_no_more_than_the_van_holds(
    sync: Callable[..., Any], act: Act, visit: Visit, session: Session, quantity: Any
) -> None:
    """A completion that books no possible part is not done, and the van keeps what it had."""
    sync(act("accept"), act("leave"), act("arrive"), act("start"))
    data = {
        "parts": [{"code": "DH-210", "quantity": quantity}],
        "cause_code": "drain_heater_open",
        "remedy": "part_replaced",
        "result": "更換排水加熱器，運轉正常",
        "signature": "data:image/png;base64,iVBORw0KGgo=",
        "signed_by": "林太太",
        "readings": {},
    }
    assert outcomes(sync(act("complete", data=data)))[0] in ("refused", "conflict")
    session.refresh(visit)
    assert visit.state == "working"


texts = st.text(max_size=20)
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | texts, lambda x: st.lists(x) | st.dictionaries(texts, x)
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(["complete", "start"]), data=st.dictionaries(texts, junk))
def test_whatever_a_device_sends_is_never_a_server_error(
    sync: Callable[..., Any], act: Act, visit: Visit, session: Session, kind: str, data: dict[str, Any]
) -> None:
    if visit.state != "working":
        sync(act("accept"), act("leave"), act("arrive"), act("start"))
        session.refresh(visit)
    assert visit.state == "working", "else nothing that the device sends is looked at"
    session.commit()
    known = {name: value for name, value in data.items() if value is not None}
    for fields in (known, {"parts": list(data.values()), "readings": data, "result": next(iter(data), None)}):
        assert sync(act(kind, data=fields)).status_code < 500


@pytest.mark.parametrize("data", [{"parts": 5}, {"parts": ["x"]}, {"parts": {}}, {"readings": [1]}, {"readings": "x"}])
def test_a_report_of_another_shape_is_refused_by_name(
    sync: Callable[..., Any], act: Act, visit: Visit, session: Session, data: dict[str, Any]
) -> None:
    sync(act("accept"), act("leave"), act("arrive"), act("start"))
    assert outcomes(sync(act("complete", data=data))) == ["refused"]
    session.refresh(visit)
    assert visit.state == "working"


@pytest.mark.parametrize(
    "wrong", [{"seq": 10**30}, {"seq": -1}, {"device_at": "0001-01-01T00:00:00+14:00"}, {"id": "x" * 65}]
)
def test_numbers_and_times_beyond_all_reason_are_refused_by_name(
    sync: Callable[..., Any], act: Act, wrong: dict[str, Any]
) -> None:
    answer = sync(act("accept", **wrong))
    assert answer.status_code in (400, 422)
    assert next(iter(wrong)) in answer.text
