"""The journal of a case: whoever changes, removes or reorders an entry is found out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from helpdesk import schema
from order_core.issues import service as issues
from order_core.issues.models import Issue
from order_core.issues.service import ISSUE
from order_core.kernel import journal
from order_core.kernel.actor import WORKER
from order_core.kernel.case import case_classes, history, note, state_faults
from order_core.kernel.journal import JournalEntry
from tests.order_core.conftest import House, on_database, undone


@pytest.fixture
def chain(session: Session, house: House, ticket: Issue, at: datetime) -> list[JournalEntry]:
    """Five entries: opened, classified, a note, assigned, contacted."""
    hua = house.actor("AFS")
    issues.step(session, ticket, "classify", {"category": "fault", "urgency": "normal"}, by=hua, at=at)
    note(session, ticket, "call_tried", by=hua, at=at + timedelta(minutes=1), data={"seconds": 40})
    issues.step(session, ticket, "assign", {"assignee_id": hua.id}, by=hua, at=at + timedelta(minutes=2))
    issues.step(session, ticket, "contact", {"notes": "no cold air"}, by=hua, at=at + timedelta(minutes=3))
    session.commit()
    assert state_faults(session) == []
    return history(session, ticket)


def rewrite(session: Session, entry: JournalEntry, **values: Any) -> None:
    """Change a row behind the mapper's back, as somebody at the database's own prompt would."""
    session.execute(
        update(JournalEntry)
        .where(JournalEntry.id == entry.id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()


def remove(session: Session, entry: JournalEntry) -> None:
    session.execute(
        delete(JournalEntry).where(JournalEntry.id == entry.id).execution_options(synchronize_session=False)
    )
    session.expire_all()


FORGERIES: dict[str, Callable[[JournalEntry, House], Any]] = {
    "kind": lambda _e, _h: "Order",
    "case_id": lambda e, _h: e.case_id + 1,
    "seq": lambda _e, _h: 77,
    "at": lambda e, _h: e.at + timedelta(microseconds=1),
    "actor_kind": lambda _e, _h: "planner",
    "actor_id": lambda e, _h: (e.actor_id or 0) + 1,
    "recorded_by": lambda _e, h: h.people["LOG"].id,
    "department": lambda _e, _h: "HR",
    "step": lambda _e, _h: "void",
    "from_state": lambda _e, _h: "verifying",
    "to_state": lambda _e, _h: "void",
    "clauses": lambda e, _h: [*e.clauses, "9.1"],
    "data": lambda e, _h: {**(e.data or {}), "forged": True},
    "payload_digest": lambda _e, _h: "f" * 64,
    "digest": lambda _e, _h: "f" * 64,
}
NOT_CHAINED = {"id", "entered_at", "salt"}
"""The row's own key and entry time; the salt is covered by the payload's digest, see below."""


def test_the_forgeries_below_cover_every_column() -> None:
    assert {column.key for column in JournalEntry.__table__.columns} == set(FORGERIES) | NOT_CHAINED


@pytest.mark.parametrize("position", range(5))
@pytest.mark.parametrize("column", FORGERIES)
def test_a_changed_entry_is_found_out(
    session: Session, house: House, chain: list[JournalEntry], column: str, position: int
) -> None:
    entry = chain[position]
    rewrite(session, entry, **{column: FORGERIES[column](entry, house)})
    assert state_faults(session) != []


def test_a_changed_salt_is_found_out(session: Session, chain: list[JournalEntry]) -> None:
    rewrite(session, chain[1], salt="0" * 32)
    assert state_faults(session) == [f"Issue {chain[1].case_id} #2: payload was changed"]


@pytest.mark.parametrize("position", range(5))
def test_a_removed_entry_is_found_out(session: Session, chain: list[JournalEntry], position: int) -> None:
    """Also the last one: the case's own state then says more than its journal."""
    remove(session, chain[position])
    assert state_faults(session) != []


@pytest.mark.parametrize(("first", "second"), [(0, 1), (1, 2), (2, 3), (1, 4), (3, 4)])
def test_two_entries_that_changed_places_are_found_out(
    session: Session, chain: list[JournalEntry], first: int, second: int
) -> None:
    one, two = chain[first].seq, chain[second].seq
    rewrite(session, chain[first], seq=99)
    rewrite(session, chain[second], seq=one)
    rewrite(session, chain[first], seq=two)
    assert state_faults(session) != []


def test_a_forged_entry_with_a_digest_of_its_own_breaks_the_next_one(
    session: Session, chain: list[JournalEntry]
) -> None:
    """Knowing the algorithm is not enough: every later entry would have to be forged too."""
    entry = chain[1]
    forged = journal.chain_digest(chain[0].digest, _with(entry, department="HR"))
    rewrite(session, entry, department="HR", digest=forged)
    assert state_faults(session) == [f"Issue {entry.case_id} #3: digest does not fit"]


@pytest.mark.parametrize(("forged", "fault"), [({"seq": 9}, "expected #5"), ({"from_state": "open"}, "from open, but")])
def test_the_last_entry_forged_with_a_fitting_digest_does_not_fit_the_story(
    session: Session, chain: list[JournalEntry], forged: dict[str, Any], fault: str
) -> None:
    digest = journal.chain_digest(chain[-2].digest, _with(chain[-1], **forged))
    rewrite(session, chain[-1], digest=digest, **forged)
    (found,) = state_faults(session)
    assert fault in found


def _with(entry: JournalEntry, **values: Any) -> JournalEntry:
    columns = [c.key for c in JournalEntry.__table__.columns if c.key not in ("id", "entered_at")]
    return JournalEntry(**{**{name: getattr(entry, name) for name in columns}, **values})


def test_a_state_written_past_the_journal_is_found_out(
    session: Session, ticket: Issue, chain: list[JournalEntry]
) -> None:
    session.execute(update(Issue).values({"_state": "closed"}))
    session.expire_all()
    assert state_faults(session) == [f"{ticket.number}: state closed, journal contacted"]


def test_an_erased_payload_breaks_nothing(session: Session, chain: list[JournalEntry]) -> None:
    """Retention may drop what was said; that it was said, by whom and when stays proven."""
    for entry in chain:
        rewrite(session, entry, data=None)
    assert state_faults(session) == []


def test_equal_payloads_have_different_digests(session: Session, ticket: Issue, at: datetime) -> None:
    """Salted: a short answer cannot be guessed back from its digest after it was erased."""
    first, second = (note(session, ticket, "score", by=WORKER, at=at, data={"score": 1}) for _ in range(2))
    assert first.payload_digest != second.payload_digest


letters = st.characters(codec="utf-8", exclude_characters="\0")
plain = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(letters)
payloads = st.dictionaries(
    st.text(letters, max_size=8),
    st.recursive(plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3)),
    max_size=4,
)


@on_database
@given(data=st.none() | payloads)
def test_a_payload_fits_its_digest_after_the_database_has_kept_it(
    session: Session, ticket: Issue, at: datetime, data: dict[str, Any] | None
) -> None:
    with undone(session):
        note(session, ticket, "said", by=WORKER, at=at, data=data)
        session.expire_all()
        assert history(session, ticket)[-1].data == data
        assert state_faults(session) == []


@pytest.mark.parametrize("act", ["change", "delete"])
def test_the_journal_is_append_only(session: Session, chain: list[JournalEntry], act: str) -> None:
    if act == "change":
        chain[1].department = "HR"
    else:
        session.delete(chain[1])
    with pytest.raises(RuntimeError, match=r"append-only: Issue .* #2"):
        session.flush()


def test_two_writers_of_one_moment_collide(
    session: Session, ticket: Issue, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have read the same last entry: the second finds its number taken instead of forking the chain."""
    last = journal.last_entry(session, "Issue", ticket.id)
    note(session, ticket, "mine", by=WORKER, at=at)
    session.commit()
    monkeypatch.setattr(journal, "last_entry", lambda *_: last)
    with pytest.raises(IntegrityError):
        ISSUE.advance(session, ticket, "classify", by=WORKER, at=at, data={"category": "fault"})
    session.rollback()
    assert (session.get_one(Issue, ticket.id).state, len(history(session, ticket))) == ("open", 2)


def test_no_two_kinds_of_case_share_a_journal() -> None:
    schema.import_models()
    kinds = [cls.__case_kind__ for cls in case_classes()]
    assert len(kinds) > 5
    assert sorted(kind for kind in kinds if kinds.count(kind) > 1) == []


def test_a_journal_begins_with_a_state(session: Session, house: House, at: datetime) -> None:
    with pytest.raises(ValueError, match="has no state yet"):
        journal.append(session, "Issue", 4711, "note:said", None, by=WORKER, at=at)
