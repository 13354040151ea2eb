"""Two requirements that may be one: proposed alike whichever comes first, merged by people only, taken back."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.acquisition.enquiry import merging, queries, rules
from order_core.acquisition.enquiry import service as enquiries
from order_core.acquisition.enquiry.models import PairVerdict, Requirement
from order_core.errors import Conflict, Forbidden, Invalid
from order_core.kernel.case import history
from order_core.parties.models import Customer
from tests.order_core.acquisition import deals
from tests.order_core.conftest import House, on_database, undone


def shared_words(one: str, other: str) -> int:
    """A lopsided likeness: how much of the first text the second has."""
    words = one.split()
    return 100 * sum(word in other.split() for word in words) // len(words) if words else 0


LEAST = 60
texts = st.lists(st.sampled_from(["red", "quiet", "fridge", "thirty", "cheap"]), min_size=1).map(" ".join)


@pytest.mark.clause("2.2.2-a")
@deals.pure
@given(words=st.lists(texts, max_size=6), swap=st.randoms())
def test_proposals_do_not_depend_on_who_comes_first(words: list[str], swap: object) -> None:
    straight = dict(enumerate(words))
    found = rules.candidates(straight, shared_words, LEAST)
    mirrored = rules.candidates(straight, lambda one, other: shared_words(other, one), LEAST)
    backwards = rules.candidates(dict(reversed(straight.items())), shared_words, LEAST)
    assert found == mirrored == backwards
    assert all(c.first < c.second and c.score >= LEAST for c in found)
    assert len({(c.first, c.second) for c in found}) == len(found)


@pytest.fixture
def pair(session: Session, house: House, at: datetime) -> tuple[Requirement, Requirement]:
    """The same wish, told twice."""
    one = deals.captured(session, house, at, "thirty quiet fridges")
    other = deals.captured(session, house, at, "quiet fridges thirty please")
    return one.requirements[0], other.requirements[0]


@pytest.mark.clause("2.2.2-a")
def test_likely_duplicates_are_proposed_for_one_customer_and_nothing_is_merged(
    session: Session, house: House, pair: tuple[Requirement, Requirement], at: datetime
) -> None:
    stranger = Customer(name="Wang", number="K-2")
    session.add(stranger)
    session.flush()
    told = deals.told(at, "thirty quiet fridges")
    enquiries.capture(session, customer_id=stranger.id, told=told, by=house.actor("SAL"), at=at)
    ((one, other, found),) = queries.proposals(session, shared_words, at=at)
    assert ((one, other), found.score) == (pair, 100)
    assert [row.merged_into_id for row in pair] == [None, None]


@pytest.mark.clause("2.2.2-a")
def test_a_merge_keeps_both_readable_and_can_be_taken_back(
    session: Session, house: House, pair: tuple[Requirement, Requirement], at: datetime
) -> None:
    kept, other = pair
    sal = house.actor("SAL")
    merging.merge(session, kept, other, score=88, by=sal, at=at)
    assert queries.root(session, other) is kept
    assert (kept.words, other.words) == ("thirty quiet fridges", "quiet fridges thirty please")
    for enquiry in (kept.enquiry, other.enquiry):
        (need,) = queries.needs(session, enquiry)
        assert (need.requirement, need.members) == (kept, (kept, other))
        assert history(session, enquiry)[-1].step == "note:requirements_merged"
    assert queries.proposals(session, shared_words, at=at) == []
    merging.unmerge(session, other, by=sal, at=at)
    assert queries.root(session, other) is other
    assert len(queries.proposals(session, shared_words, at=at)) == 1
    (verdict,) = queries.merges(session, kept.enquiry)
    assert (verdict.score, verdict.by_id, verdict.undone_by) == (88, sal.id, sal.id)


@pytest.mark.clause("2.2.2-a")
def test_two_that_a_person_calls_different_are_not_proposed_again(
    session: Session, house: House, pair: tuple[Requirement, Requirement], at: datetime
) -> None:
    merging.differ(session, pair[1], pair[0], score=70, by=house.actor("SAL"), at=at)
    assert queries.proposals(session, shared_words, at=at) == []


@pytest.mark.clause("2.2.2-a")
def test_only_sales_merges_and_only_what_may_be_one(
    session: Session, house: House, pair: tuple[Requirement, Requirement], at: datetime
) -> None:
    kept, other = pair
    sal = house.actor("SAL")
    with pytest.raises(Forbidden, match=r"enquiry\.sales_only"):
        merging.merge(session, kept, other, score=None, by=house.actor("PRO"), at=at)
    with pytest.raises(Invalid, match=r"enquiry\.itself"):
        merging.merge(session, kept, kept, score=None, by=sal, at=at)
    stranger = Customer(name="Wang", number="K-2")
    session.add(stranger)
    session.flush()
    theirs = enquiries.capture(session, customer_id=stranger.id, told=deals.told(at), by=sal, at=at)
    with pytest.raises(Invalid, match=r"enquiry\.other_customer"):
        merging.merge(session, kept, theirs.requirements[0], score=None, by=sal, at=at)
    merging.merge(session, kept, other, score=None, by=sal, at=at)
    with pytest.raises(Conflict, match=r"enquiry\.merged_already"):
        merging.merge(session, other, kept, score=None, by=sal, at=at)
    with pytest.raises(Conflict, match=r"enquiry\.not_merged"):
        merging.unmerge(session, kept, by=sal, at=at)
    with pytest.raises(Conflict, match=r"enquiry\.kept_for"):
        enquiries.drop(session, kept.enquiry, "no", by=sal, at=at)


@pytest.mark.clause("2.2.2-a", "2.2.2-b")
@on_database
@given(moves=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.booleans()), max_size=12))
def test_whatever_is_merged_and_taken_back_every_need_stands_once(
    session: Session, house: House, at: datetime, moves: list[tuple[int, int, bool]]
) -> None:
    """No circle, nothing lost: the needs of an enquiry are a partition of its requirements."""
    sal = house.actor("SAL")
    with undone(session):
        enquiry = deals.captured(session, house, at, *[f"wish {n}" for n in range(5)])
        rows = list(enquiry.requirements)
        words = [row.words for row in rows]
        for one, other, apart in moves:
            try:
                if apart:
                    merging.unmerge(session, rows[other], by=sal, at=at)
                else:
                    merging.merge(session, rows[one], rows[other], score=None, by=sal, at=at)
            except (Conflict, Invalid):
                continue
        found = queries.needs(session, enquiry)
        assert sorted(row.position for need in found for row in need.members) == [1, 2, 3, 4, 5]
        assert [row.words for row in rows] == words
        standing = session.scalars(select(PairVerdict).where(PairVerdict.undone_at.is_(None))).all()
        assert len(standing) == sum(row.merged_into_id is not None for row in rows)


@pytest.mark.clause("2.2.2-b")
def test_requirements_that_are_one_are_key_as_soon_as_one_is(session: Session, house: House, at: datetime) -> None:
    enquiry = deals.classified(session, house, at, "one", "two", ranks=("secondary", "key"))
    first, second = enquiry.requirements
    merging.merge(session, first, second, score=None, by=house.actor("SAL"), at=at)
    (need,) = queries.needs(session, enquiry)
    assert need.rank == "key"
