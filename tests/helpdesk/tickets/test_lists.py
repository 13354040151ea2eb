"""The list: every combination of filters, paging, saved views, actions on many with undo, and what is live."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpdesk.tickets import bulk, list_views, queries, rules, saved
from helpdesk.tickets.models import BulkAction, BulkItem
from helpdesk.tickets.rules import Filter
from order_core.errors import Conflict, Invalid, NotFound
from order_core.issues import service as issues
from order_core.issues.level import service as level
from order_core.issues.models import Issue
from order_core.kernel.actor import WORKER, Actor
from order_core.kernel.case import history
from order_core.kernel.outbox import OutboxRow
from order_core.parties.models import Department, Person
from tests.helpdesk.conftest import As

MINUTE = timedelta(minutes=1)


@pytest.fixture
def people(session: Session) -> dict[str, Person]:
    """Two agents."""
    session.add(Department(code="AFS", names={"en": "AFS"}))
    session.flush()
    found = {
        name: Person(name=name, email=f"{name}@x.test", department_code="AFS", roles=["agent"])
        for name in ("mei", "lan")
    }
    session.add_all(found.values())
    session.flush()
    return found


def fill(session: Session, people: dict[str, Person], at: datetime) -> list[Issue]:
    """One ticket of each mix of urgency, language and appliance, a minute apart; every third belongs to Mei."""
    made = []
    mixes = product(("high", "normal", "low"), ("zh-Hant", "en"), ("refrigerator", "dishwasher"))
    for n, (urgency, language, appliance) in enumerate(mixes):
        issue = issues.open_ticket(
            session, subject=f"ticket {n}", channel="sms" if n % 2 else "phone", phone=f"+8526123{n:04d}",
            language=language, appliance=appliance, urgency=urgency, category="fault", by=WORKER, at=at + n * MINUTE,
        )  # fmt: skip
        if n % 3 == 0:
            issues.give_to(session, issue, people["mei"].id, by=people["mei"].actor(), at=at + n * MINUTE)
        made.append(issue)
    session.flush()
    return made


def shown(session: Session, wanted: Filter, by: Actor, at: datetime) -> list[str]:
    """Every number of a filter, page by page of three."""
    numbers: list[str] = []
    after: str | None = ""
    while after is not None:
        page = queries.tickets(session, wanted, reader=by, at=at, after=after, limit=3)
        numbers += [row.issue.number for row in page.rows]
        after = page.next
    return numbers


def test_any_combination_shows_what_it_says_in_pages_that_neither_miss_nor_repeat(
    session: Session, people: dict[str, Person], at: datetime
) -> None:
    made, mei = fill(session, people, at), people["mei"].actor()
    late = at + timedelta(hours=1)
    for urgency, language, appliance, assignee, view in product(
        ("", "high"), ("", "en"), ("", "dishwasher"), ("", "me", "none"), ("open", "mine", "unassigned")
    ):
        wanted = Filter(view=view, urgency=urgency, language=language, appliance=appliance, assignee=assignee)
        mine = {issue.number for issue in made if issue.assignee_id == mei.id}
        expected = [
            issue.number for issue in reversed(made)
            if urgency in ("", issue.urgency) and language in ("", issue.language)
            and appliance in ("", issue.appliance)
            and (issue.number in mine if "m" in (assignee[:1], view[:1]) else True)
            and (issue.number not in mine if "none" in assignee or view == "unassigned" else True)
        ]  # fmt: skip
        assert shown(session, wanted, mei, late) == expected, wanted
        assert queries.counts(session, [wanted], reader=mei, at=late) == [len(expected)]


def test_the_overdue_come_the_longest_overdue_first_and_the_paused_apart(
    session: Session, people: dict[str, Person], at: datetime
) -> None:
    made, mei = fill(session, people, at), people["mei"].actor()
    late = at + timedelta(minutes=90)
    high = [issue.number for issue in made if issue.urgency == "high"]
    assert shown(session, Filter(view="overdue"), mei, late) == high
    level.pause(session, made[5], "customer", by=mei, at=late)
    assert shown(session, Filter(clock="paused"), mei, late) == [made[5].number]


def test_a_day_that_is_none_is_refused_and_days_narrow(
    session: Session, people: dict[str, Person], at: datetime
) -> None:
    fill(session, people, at)
    mei = people["mei"].actor()
    assert len(shown(session, rules.read({"since": "2026-11-23", "until": "2026-11-23"}), mei, at)) == 12
    assert shown(session, rules.read({"since": "2026-11-24"}), mei, at) == []
    with pytest.raises(Invalid):
        rules.read({"since": "soon"})


def test_rows_passed_over_are_bounded_and_the_list_goes_on(
    session: Session, people: dict[str, Person], at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, mei = fill(session, people, at), people["mei"].actor()
    monkeypatch.setattr(queries, "SCAN", 4)
    page = queries.tickets(session, Filter(urgency="high"), reader=mei, at=at, limit=3)
    assert (page.rows, page.looked) == ([], True)
    expected = [issue.number for issue in reversed(made) if issue.urgency == "high"]
    assert shown(session, Filter(urgency="high"), mei, at) == expected
    assert queries.ids(session, Filter(urgency="high"), reader=mei, at=at, most=99) == [
        issue.id for issue in reversed(made) if issue.urgency == "high"
    ]


def test_views_are_kept_shared_and_let_go_by_their_owner_alone(session: Session, people: dict[str, Person]) -> None:
    mei, lan = people["mei"].actor(), people["lan"].actor()
    private = saved.save(session, " Hot  ones ", Filter(urgency="high"), share=False, by=mei)
    assert private.name == "Hot ones"
    shared = saved.save(session, "English", Filter(language="en"), share=True, by=mei)
    assert saved.views(session, lan) == [shared]
    assert saved.save(session, "English", Filter(language="en", urgency="low"), share=True, by=mei).id == shared.id
    assert rules.read(shared.filter).urgency == "low"
    with pytest.raises(NotFound):
        saved.delete(session, shared.id, by=lan)
    with pytest.raises(Invalid):
        saved.save(session, " ", Filter(), share=False, by=mei)
    saved.delete(session, shared.id, by=mei)
    assert saved.views(session, lan) == []


def run_all(session: Session, at: datetime) -> int:
    """Work the batches off as the executor does; returns how many there were."""
    batches = 0
    while row := session.scalars(
        select(OutboxRow).where(OutboxRow.topic == bulk.TOPIC, OutboxRow.state == "pending", OutboxRow.due_at <= at)
    ).first():
        row.state = "done"
        bulk.work(session, row.payload["bulk_id"], at=at)
        session.flush()
        batches += 1
    return batches


@pytest.mark.parametrize("at_once", [25, 0])
def test_an_action_on_many_is_done_and_taken_back_as_a_whole(
    session: Session, people: dict[str, Person], at: datetime, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", at_once)
    monkeypatch.setattr(bulk, "BATCH", 100 if at_once else 5)
    made, mei = fill(session, people, at), people["mei"].actor()
    before = [(issue.assignee_id, issue.urgency) for issue in made]
    ids = [issue.id for issue in made]
    for action, params in (("assign", {"assignee_id": people["lan"].id}), ("urgency", {"urgency": "emergency"})):
        done = bulk.start(session, ids, action, params, by=mei, at=at + MINUTE)
        assert (run_all(session, at + MINUTE) > 1) is (at_once == 0)
        assert (done.state, done.refused) == ("done", 0)
    assert {(issue.assignee_id, issue.urgency) for issue in made} == {(people["lan"].id, "emergency")}
    made[0].assignee_id = people["mei"].id  # somebody was quicker than the undo
    for done in session.scalars(select(BulkAction).order_by(BulkAction.id.desc())).all():
        bulk.undo(session, done.id, by=mei, at=at + 2 * MINUTE)
        run_all(session, at + 2 * MINUTE)
        assert done.state == "undone"
    assert [(issue.assignee_id, issue.urgency) for issue in made] == before
    assert "kept" in set(session.scalars(select(BulkItem.outcome)))


def test_killed_between_batches_it_goes_on_where_it_was(
    session: Session, people: dict[str, Person], at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 0)
    monkeypatch.setattr(bulk, "BATCH", 5)
    made, mei = fill(session, people, at), people["mei"].actor()
    action = bulk.start(session, [issue.id for issue in made], "urgency", {"urgency": "low"}, by=mei, at=at)
    bulk.work(session, action.id, at=at)
    session.commit()
    bulk.work(session, action.id, at=at)
    session.rollback()  # killed in the second
    assert (action.cursor, action.state) == (5, "running")
    assert [issue.urgency == "low" for issue in made[:5]] == [True] * 5
    run_all(session, at)
    assert (action.cursor, action.state, {issue.urgency for issue in made}) == (12, "done", {"low"})
    changes = [e.step for issue in made for e in history(session, issue)].count("note:urgency_changed")
    assert changes == 8, "each once, and those that were low before not at all"


def test_closing_waits_and_a_refused_ticket_stops_no_other(
    session: Session, people: dict[str, Person], at: datetime
) -> None:
    made, mei = fill(session, people, at), people["mei"].actor()
    issues.step(session, made[1], "void", {"reason": "test"}, by=mei, at=at)
    ids = [issue.id for issue in made[:3]]
    regretted = bulk.start(session, ids, "close", {"reason": "spam"}, by=mei, at=at)
    bulk.undo(session, regretted.id, by=mei, at=at)
    meant = bulk.start(session, ids, "close", {"reason": "spam"}, by=mei, at=at)
    assert run_all(session, at) == 0
    run_all(session, at + bulk.SECOND_THOUGHTS)
    assert (meant.state, meant.refused) == ("done", 1)
    assert [issue.state for issue in made[:4]] == ["void", "void", "void", "assigned"]
    with pytest.raises(Conflict):
        bulk.undo(session, meant.id, by=mei, at=at)
    with pytest.raises(NotFound):
        bulk.undo(session, meant.id, by=people["lan"].actor(), at=at)


@pytest.mark.parametrize(("action", "params", "code"), [
    ("assign", {"assignee_id": 0}, "issue.assignee"), ("urgency", {"urgency": "x"}, "issue.urgency"),
    ("close", {"reason": " "}, "issue.reason"), ("burn", {}, "bulk.action"),
])  # fmt: skip
def test_an_action_without_what_it_needs_does_nothing(
    session: Session, people: dict[str, Person], at: datetime, action: str, params: dict[str, Any], code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        bulk.start(session, [1], action, params, by=people["mei"].actor(), at=at)
    assert refused.value.code == code
    with pytest.raises(Invalid):
        bulk.start(session, [], action, params, by=people["mei"].actor(), at=at)


def test_the_page_keeps_views_columns_and_acts_on_many(as_: As, ticket: Issue, session: Session) -> None:
    mei = as_("mei")
    page = mei.get("/tickets").text
    assert f'id="row-{ticket.number}"' in page
    assert mei.post("/tickets/views", {"name": "Fridges", "appliance": "refrigerator", "share": "1"}).status_code == 302
    assert "Fridges" in as_("hua").get("/tickets").text
    mei.post("/tickets/table", {"columns": "language", "density": "compact"})
    page = mei.get("/tickets?appliance=refrigerator&urgency=normal").text
    assert 'class="col-language"' in page
    assert 'class="col-customer"' not in page
    assert (
        mei.post("/tickets/bulk", {"numbers": ticket.number, "action": "urgency", "urgency": "high"}).status_code == 302
    )
    session.refresh(ticket)
    assert ticket.urgency == "high"
    undo = re.search(r'action="(/tickets/bulk/\d+/undo)"', mei.get("/tickets").text)
    assert undo
    mei.post(undo[1], {})
    session.refresh(ticket)
    assert ticket.urgency == "normal"
    assert mei.post("/tickets/bulk", {"action": "close", "reason": "x"}).status_code == 400


def test_a_console_hears_of_a_change_and_of_nothing_else(as_: As, ticket: Issue, session: Session) -> None:
    list_views.known().newest = None
    mei = as_("mei")
    page = mei.get("/tickets").text
    seen = re.search(r'data-seen="([^"]+)"', page)
    assert seen
    quiet = mei.client.get("/tickets/live", query_string={"seen": seen[1]}, headers={"If-None-Match": f'"{seen[1]}"'})
    assert quiet.status_code == 304
    mei.post(f"/tickets/{ticket.number}/note", {"text": "seen"})
    list_views.known().newest = None
    told = mei.client.get("/tickets/live", query_string={"seen": seen[1]}, headers={"If-None-Match": f'"{seen[1]}"'})
    assert list(told.json["rows"]) == [ticket.number]
    assert ticket.subject in told.json["rows"][ticket.number]
    gone = mei.client.get("/tickets/live", query_string={"seen": seen[1], "urgency": "low"})
    assert (gone.json["rows"], gone.json["changed"]) == ({}, [ticket.number])
    assert mei.get("/tickets/live?seen=yesterday").status_code == 400


@pytest.mark.parametrize("query", ["", "q=", "q=冰箱", "q=%27%22", "q=" + "冷" * 200])
def test_the_search_page_answers_everything(as_: As, ticket: Issue, query: str) -> None:
    assert as_("mei").get(f"/search?{query}").status_code == 200
