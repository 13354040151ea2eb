"""Signatures name the content they were given under: another content needs others, and only the right people sign."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from order_core.errors import Conflict, Forbidden, Invalid
from order_core.issues.models import Issue
from order_core.kernel import sign
from order_core.kernel.actor import WORKER, Actor
from order_core.kernel.sign import SignOff, digest_of
from tests.order_core.conftest import DEPARTMENTS, House, on_database, undone

CONTENT = {"lines": [["RF-520", 1]], "revision": 1}
CHANGED = {"lines": [["RF-520", 2]], "revision": 1}
parties = st.sampled_from(("PRO", "QUA", "LOG"))
verdicts = st.sampled_from(sign.VERDICTS)


def asked(session: Session, ticket: Issue, house: House, at: datetime, content: Any = CONTENT, **more: Any) -> SignOff:
    by = more.pop("by", house.actor("SAL"))
    required = more.pop("required", {"QUA", "PRO"})
    return sign.ask(session, ticket, "confirm", content, required=required, by=by, at=at, **more)


def give(session: Session, sign_off: SignOff, by: Actor, at: datetime, verdict: str = "approve") -> None:
    sign.give(session, sign_off, verdict, digest=sign_off.digest, by=by, at=at)


def test_the_digest_does_not_depend_on_the_order_of_names() -> None:
    assert digest_of({"a": 1, "b": [1, 2]}) == digest_of({"b": [1, 2], "a": 1})
    assert digest_of({"b": [2, 1], "a": 1}) != digest_of({"a": 1, "b": [1, 2]})


contents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@examples(deadline=None)
@given(one=contents, two=contents)
def test_contents_with_one_digest_are_one_content(one: Any, two: Any) -> None:
    assert (digest_of(one) == digest_of(two)) is (repr_of(one) == repr_of(two))


def repr_of(content: Any) -> str:
    """A content in words, names in order; unlike ``==`` it tells 1 from True."""
    if isinstance(content, dict):
        return f"named {sorted((name, repr_of(value)) for name, value in content.items())}"
    return repr([repr_of(value) for value in content]) if isinstance(content, list) else repr(content)


@pytest.mark.clause("3.1.2-c")
def test_it_is_complete_when_every_required_department_has_approved(
    session: Session, ticket: Issue, house: House, at: datetime
) -> None:
    """3.1.2-c: one department's word does not stand for another's."""
    sign_off = asked(session, ticket, house, at)
    assert (sign.complete(sign_off), sign.open_parties(sign_off)) == (False, ["PRO", "QUA"])
    give(session, sign_off, house.actor("QUA"), at)
    give(session, sign_off, house.actor("QUA"), at)
    assert (sign.complete(sign_off), sign.open_parties(sign_off)) == (False, ["PRO"])
    give(session, sign_off, house.actor("PRO"), at)
    assert (sign.complete(sign_off), sign.open_parties(sign_off)) == (True, [])


@on_database
@given(data=st.data(), story=st.lists(st.tuples(parties, verdicts) | st.sampled_from((1, 2, 3)), max_size=10))
def test_the_last_word_of_each_department_on_this_very_content_counts(
    session: Session,
    ticket: Issue,
    house: House,
    at: datetime,
    data: st.DataObject,
    story: list[tuple[str, str] | int],
) -> None:
    """Departments speak and the content changes in any sequence; a number stands for a content."""
    required = data.draw(st.sets(parties, min_size=1))
    words: dict[tuple[int, str], str] = {}
    present = 1
    with undone(session):
        sign_off = asked(session, ticket, house, at, present, required=required)
        for entry in story:
            if isinstance(entry, int):
                present = entry
                assert asked(session, ticket, house, at, present, required=required) is sign_off
            elif entry[0] in required:
                give(session, sign_off, house.actor(entry[0]), at, entry[1])
                words[present, entry[0]] = entry[1]
            missing = sorted(party for party in required if words.get((present, party)) != "approve")
            assert (sign.open_parties(sign_off), sign.complete(sign_off)) == (missing, not missing)


@pytest.mark.clause("3.1.2-c")
def test_a_changed_content_voids_what_was_signed_before(
    session: Session, ticket: Issue, house: House, at: datetime
) -> None:
    sign_off = asked(session, ticket, house, at)
    for code in ("PRO", "QUA"):
        give(session, sign_off, house.actor(code), at)
    asked(session, ticket, house, at, CHANGED)
    assert (sign.complete(sign_off), sign.open_parties(sign_off)) == (False, ["PRO", "QUA"])
    asked(session, ticket, house, at, CONTENT)
    assert sign.complete(sign_off), "the first content again: that is what they had signed"


def test_nobody_signs_a_content_other_than_the_one_he_read(
    session: Session, ticket: Issue, house: House, at: datetime
) -> None:
    sign_off = asked(session, ticket, house, at)
    read = sign_off.digest
    asked(session, ticket, house, at, CHANGED)
    with pytest.raises(Conflict, match=r"sign\.other_revision"):
        sign.give(session, sign_off, "approve", digest=read, by=house.actor("QUA"), at=at)
    assert sign_off.signatures == []


def strangers(house: House) -> list[Actor]:
    """Every head of a department that is not asked, the customer, a voice, and somebody without a name."""
    heads = [house.actor(code) for code in DEPARTMENTS if code not in ("PRO", "QUA")]
    nobody = replace(house.actor("QUA"), id=None)
    posing = replace(house.contact.actor(), department="QUA")
    return [*heads, house.contact.actor(), posing, WORKER, replace(WORKER, department="QUA"), nobody]


@pytest.mark.clause("3.1.2-c")
def test_only_people_of_the_required_departments_sign(
    session: Session, ticket: Issue, house: House, at: datetime
) -> None:
    sign_off = asked(session, ticket, house, at)
    for stranger in strangers(house):
        with pytest.raises(Forbidden, match=r"sign\.not_required") as refused:
            give(session, sign_off, stranger, at)
        assert refused.value.clause == "3.1.2-c"
    assert sign_off.signatures == []


@pytest.mark.clause("3.1.2-c")
@pytest.mark.parametrize("barred", [True, False])
def test_nobody_signs_his_own_submission_where_that_is_barred(
    session: Session, ticket: Issue, house: House, at: datetime, barred: bool
) -> None:
    sign_off = asked(session, ticket, house, at, by=house.actor("QUA"), bar_submitter=barred)
    if barred:
        with pytest.raises(Forbidden, match=r"sign\.own_submission"):
            give(session, sign_off, house.actor("QUA"), at)
    else:
        give(session, sign_off, house.actor("QUA"), at)
    assert len(sign_off.signatures) == (not barred)


def test_who_submits_a_changed_content_is_its_submitter(
    session: Session, ticket: Issue, house: House, at: datetime
) -> None:
    """Else somebody could change what was submitted by another and sign the change himself."""
    sign_off = asked(session, ticket, house, at, by=house.actor("PRO"))
    asked(session, ticket, house, at, CHANGED, by=house.actor("QUA"))
    with pytest.raises(Forbidden, match=r"sign\.own_submission"):
        give(session, sign_off, house.actor("QUA"), at)
    give(session, sign_off, house.actor("PRO"), at)


def test_who_asks_again_for_the_same_content_does_not_take_it_over(
    session: Session, ticket: Issue, house: House, at: datetime
) -> None:
    sign_off = asked(session, ticket, house, at, by=house.actor("PRO"))
    asked(session, ticket, house, at, by=house.actor("QUA"))
    with pytest.raises(Forbidden, match=r"sign\.own_submission"):
        give(session, sign_off, house.actor("PRO"), at)


@pytest.mark.parametrize("verdict", ["", "APPROVE", "yes"])
def test_a_verdict_is_one_of_three_words(
    session: Session, ticket: Issue, house: House, at: datetime, verdict: str
) -> None:
    with pytest.raises(Invalid, match=r"sign\.verdict"):
        give(session, asked(session, ticket, house, at), house.actor("QUA"), at, verdict)


def test_without_a_request_or_without_parties_nothing_is_complete(
    session: Session, ticket: Issue, house: House, at: datetime
) -> None:
    assert sign.complete(sign.for_purpose(session, ticket, "confirm")) is False
    assert sign.complete(asked(session, ticket, house, at, required=set())) is False


@pytest.mark.clause("3.1.2-c")
@pytest.mark.parametrize("act", ["change", "delete"])
def test_a_signature_stays_as_it_was_given(
    session: Session, ticket: Issue, house: House, at: datetime, act: str
) -> None:
    sign_off = asked(session, ticket, house, at)
    give(session, sign_off, house.actor("QUA"), at, "reject")
    if act == "change":
        sign_off.signatures[0].verdict = "approve"
    else:
        session.delete(sign_off.signatures[0])
    with pytest.raises(RuntimeError, match="append-only"):
        session.flush()


changes = st.lists(st.dictionaries(parties, st.integers(0, 2), max_size=3), min_size=1, max_size=5)


@on_database
@pytest.mark.clause("3.1.2-b", "3.1.2-c")
@given(story=changes, signing=st.lists(st.frozensets(parties), min_size=5, max_size=5))
def test_a_changed_content_voids_only_the_signatures_of_parts_that_changed(
    session: Session,
    ticket: Issue,
    house: House,
    at: datetime,
    story: list[dict[str, int]],
    signing: list[frozenset[str]],
) -> None:
    """Against a table kept by hand: who has signed which state of his own part."""
    required = ("LOG", "PRO", "QUA")
    content, good = dict.fromkeys(required, 0), dict[str, bool]()
    with undone(session):
        for revision, (change, signers) in enumerate(zip(story, signing, strict=False)):
            good = {p: good.get(p, False) and change.get(p, content[p]) == content[p] for p in required}
            content |= change
            parts = {p: [p, content[p]] for p in required}
            whole = {"revision": revision, **content}
            sign_off = asked(session, ticket, house, at, whole, required=required, parts=parts)
            assert sign.open_parties(sign_off) == [p for p in required if not good[p]]
            for party in sorted(signers):
                give(session, sign_off, house.actor(party), at)
            good |= dict.fromkeys(signers, True)
            assert sign.open_parties(sign_off) == [p for p in required if not good[p]]
            assert {s.digest for s in sign.standing(sign_off).values()} <= {sign_off.digest}


def test_a_carried_signature_names_the_one_it_comes_from(
    session: Session, ticket: Issue, house: House, at: datetime
) -> None:
    parts = {"PRO": ["RF-520"], "QUA": ["RF-520"]}
    sign_off = asked(session, ticket, house, at, parts=parts)
    sign.give(session, sign_off, "approve", digest=sign_off.digest, by=house.actor("QUA"), at=at, opinion="fine")
    (first,) = sign_off.signatures
    asked(session, ticket, house, at, CHANGED, parts=parts | {"PRO": ["RF-530"]})
    carried = sign.standing(sign_off)["QUA"]
    assert (carried.carried_from, carried.opinion, carried.person_id) == (first.id, "fine", house.people["QUA"].id)
    assert sign.open_parties(sign_off) == ["PRO"]


def test_an_approval_that_was_taken_back_is_not_carried(
    session: Session, ticket: Issue, house: House, at: datetime
) -> None:
    parts = {"PRO": 1, "QUA": 1}
    sign_off = asked(session, ticket, house, at, parts=parts)
    for verdict in ("approve", "query"):
        give(session, sign_off, house.actor("QUA"), at, verdict)
    asked(session, ticket, house, at, CHANGED, parts=parts)
    assert sign.open_parties(sign_off) == ["PRO", "QUA"]


def test_a_head_and_the_customer_sign_where_they_are_asked_to(
    session: Session, ticket: Issue, house: House, at: datetime
) -> None:
    sign_off = asked(session, ticket, house, at, required={"MGT:head", "CUS"})
    with pytest.raises(Forbidden):
        give(session, sign_off, replace(house.actor("MGT"), head=False), at)
    give(session, sign_off, house.actor("MGT"), at)
    give(session, sign_off, house.contact.actor(recorded_by=house.people["SAL"].id), at)
    assert sign.complete(sign_off)
    customers = sign.standing(sign_off)["CUS"]
    assert (customers.contact_id, customers.person_id) == (house.contact.id, None)
    assert customers.recorded_by == house.people["SAL"].id
