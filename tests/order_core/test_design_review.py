"""A design is released by four opinions on its very content and not before; what it answers is traced or waived."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.acquisition.enquiry import service as enquiries
from order_core.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from order_core.execution.design import drafting, lifecycle, needs, planning, points, queries, review, rules
from order_core.execution.design import service as designs
from order_core.execution.design.drafting import Paper
from order_core.execution.design.models import Design
from order_core.execution.design.rules import REVIEWERS, Need, Trait
from order_core.kernel import clock, sign
from order_core.kernel.actor import Actor
from order_core.kernel.case import state_faults
from order_core.kernel.clock import Clock
from order_core.kernel.notice import Notice
from order_core.parties.models import ContactPerson, Customer
from order_core.rulebook.calendar import house_calendar
from tests.order_core import designs as driven
from tests.order_core import orders
from tests.order_core.acquisition import deals
from tests.order_core.conftest import House, on_database, undone
from tests.order_core.designs import DAY, LEFT, QUIET
from tests.order_core.test_design import told


@pytest.fixture
def design(session: Session, house: House, at: datetime) -> Design:
    """A design that is being written: plan runs, needs, characteristics and drawing are there."""
    design = driven.until(session, house, "designing", at)
    driven.written(session, house, design, at)
    session.commit()
    return design


@pytest.fixture
def submitted(session: Session, design: Design, at: datetime) -> Design:
    """The same, put to review for tomorrow."""
    driven.submitted(session, design, at)
    session.commit()
    return design


def dev(session: Session) -> Actor:
    return driven.developer(session).actor()


@pytest.mark.clause("3.2.2-a")
@pytest.mark.parametrize(
    "trait", [None, replace(QUIET, target=None), replace(QUIET, method=" "), replace(QUIET, needs=())]
)
def test_a_key_need_that_nothing_answers_is_named_and_keeps_the_design_from_review(
    session: Session, house: House, at: datetime, design: Design, trait: Trait | None
) -> None:
    traits = [LEFT] if trait is None else [trait, LEFT]
    drafting.set_characteristics(session, design, traits, by=dev(session), at=at)
    with pytest.raises(Invalid) as refused:
        driven.submitted(session, design, at)
    assert (refused.value.code, refused.value.clause) == ("design.untraced", "3.2.2-a")
    assert refused.value.params == {"need": "N1", "words": "quieter than 38 dB"}
    assert (design.state, design.reviews) == ("draft", [])


@pytest.mark.clause("3.2.2-a")
def test_a_key_need_is_waived_by_sales_and_the_customer_together_and_by_nobody_else(
    session: Session, house: House, at: datetime, design: Design
) -> None:
    drafting.set_characteristics(session, design, [LEFT], by=dev(session), at=at)
    with pytest.raises(NotFound):
        drafting.waive(session, design, "N9", "none", by=dev(session), at=at)
    with pytest.raises(Invalid):
        drafting.waive(session, design, "N1", " ", by=dev(session), at=at)
    drafting.waive(session, design, "N1", "customer takes the standard fan", by=dev(session), at=at)
    assert told(session, "design.waiver") == ["SAL"]
    for actor in (house.actor("PRO"), house.actor("MGT"), dev(session)):
        with pytest.raises(Forbidden):
            drafting.sign_waiver(session, design, "N1", "approve", by=actor, at=at)
    drafting.sign_waiver(session, design, "N1", "approve", by=house.actor("SAL"), at=at)
    with pytest.raises(Invalid, match=r"design\.untraced"):
        driven.submitted(session, design, at)
    stranger = Customer(name="Ho", number="K-2")
    stranger.contacts = [ContactPerson(name="Ho", phone="+85291234568")]
    session.add(stranger)
    session.flush()
    with pytest.raises(Forbidden):
        drafting.sign_waiver(session, design, "N1", "approve", by=stranger.contacts[0].actor(), at=at)
    word = house.contact.actor(recorded_by=house.people["SAL"].id)
    drafting.sign_waiver(session, design, "N1", "approve", by=word, at=at)
    driven.submitted(session, design, at)
    assert design.state == "in_review"


@pytest.mark.clause("3.2.2-a")
def test_a_waiver_is_of_the_words_and_reason_that_were_signed(
    session: Session, house: House, at: datetime, design: Design
) -> None:
    drafting.set_characteristics(session, design, [LEFT], by=dev(session), at=at)
    drafting.waive(session, design, "N1", "standard fan", by=dev(session), at=at)
    for by in (house.actor("SAL"), house.contact.actor()):
        drafting.sign_waiver(session, design, "N1", "approve", by=by, at=at)
    worded = (Need("N1", "quieter than 35 dB", True), driven.NEEDS[1])
    designs.record_needs(session, design, worded, by=dev(session), at=at)
    with pytest.raises(Invalid, match=r"design\.untraced"):
        driven.submitted(session, design, at)
    designs.record_needs(session, design, driven.NEEDS, by=dev(session), at=at)
    drafting.waive(session, design, "N1", "another reason", by=dev(session), at=at)
    with pytest.raises(Invalid, match=r"design\.untraced"):
        driven.submitted(session, design, at)


@pytest.mark.clause("3.2.2-a")
def test_requirements_of_an_enquiry_come_before_those_written_down_here(
    session: Session, house: House, at: datetime, design: Design, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lifecycle.needs_of(session, design) == driven.NEEDS
    monkeypatch.setattr(needs, "SOURCES", [lambda _session, _line: None])
    assert lifecycle.needs_of(session, design) == driven.NEEDS
    needs.source(lambda _session, line: [Need("R1", line.specification, True)])
    assert [need.code for need in lifecycle.needs_of(session, design)] == ["R1"]
    with pytest.raises(Conflict, match=r"design\.needs_elsewhere"):
        designs.record_needs(session, design, driven.NEEDS, by=dev(session), at=at)
    with pytest.raises(Invalid) as refused:
        driven.submitted(session, design, at)
    assert refused.value.params["need"] == "R1"


@pytest.mark.clause("3.2.2-a")
def test_an_order_won_by_a_quote_brings_the_needs_that_its_line_answers(
    session: Session, house: House, at: datetime
) -> None:
    words = ("quieter than 38 dB", "thirty pieces", "a red one")
    enquiry = deals.classified(session, house, at, *words, ranks=("key", "secondary", "key"))
    enquiries.refuse(session, enquiry, 3, "white only", by=house.actor("SAL"), at=at)
    quote = deals.won(session, house, at, enquiry=enquiry)
    order = orders.drafted(session, house, at, orders.line(house, at, new_design=True), agreement=quote.number)
    design = driven.opened(session, house, at, order)
    assert lifecycle.needs_of(session, design) == (Need("R1", words[0], True), Need("R2", words[1], False))


@pytest.mark.clause("3.2.2-a")
@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ([replace(QUIET, name=" ")], "design.trait.name"),
        ([replace(QUIET, lower=40)], "design.trait.limits"),
        ([QUIET, replace(LEFT, code="C1")], "design.code_twice"),
        ([replace(QUIET, needs=("N7",))], "design.need_unknown"),
    ],
)
def test_a_characteristic_that_makes_no_sense_is_refused_and_the_former_stay(
    session: Session, design: Design, at: datetime, wrong: list[Trait], code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        drafting.set_characteristics(session, design, wrong, by=dev(session), at=at)
    assert refused.value.code == code
    assert [trait.code for trait in design.traits] == ["C1", "C2"]


@pytest.mark.clause("3.2.2-a")
def test_a_result_belongs_to_the_target_it_was_measured_against(
    session: Session, house: House, design: Design, at: datetime
) -> None:
    drafting.verify(session, design, "C1", 37.5, by=house.actor("QUA"), at=at)
    drafting.verify(session, design, "C2", 1, by=dev(session), at=at)
    for code, result, error in (("C9", 1.0, NotFound), ("C2", 0.5, Invalid)):
        with pytest.raises(error):
            drafting.verify(session, design, code, result, by=dev(session), at=at)
    with pytest.raises(Forbidden):
        drafting.verify(session, design, "C1", 30, by=house.actor("SAL"), at=at)
    assert [rules.achieved(trait) for trait in design.traits] == [True, True]
    drafting.set_characteristics(session, design, [LEFT, replace(QUIET, upper=37)], by=dev(session), at=at)
    assert [(trait.code, trait.result) for trait in design.traits] == [("C2", 1), ("C1", None)]


@pytest.mark.parametrize(
    ("paper", "code"),
    [
        (Paper(" ", "x", "ab" * 32, 1), "design.document.name"),
        (Paper("a", "x", "ab", 1), "design.document.sha256"),
        (Paper("a", "x", "ab" * 32, 0), "design.document.size"),
    ],
)
def test_a_document_is_known_by_name_digest_and_size(
    session: Session, design: Design, at: datetime, paper: Paper, code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        drafting.set_documents(session, design, [paper], by=dev(session), at=at)
    assert refused.value.code == code
    assert [doc.name for doc in design.documents] == ["RF-520 drawing"]


@pytest.mark.clause("3.2.2-b")
def test_the_four_are_always_invited_and_each_has_its_clock_from_the_day_of_the_meeting(
    session: Session, house: House, design: Design, at: datetime
) -> None:
    for values, field in (
        ({"meets_on": at.date() - DAY}, "meets_on"),
        ({"place": " "}, "place"),
        ({"also": ["XYZ"]}, "also"),
    ):
        facts: dict[str, Any] = {"meets_on": (at + DAY).date(), "place": "room 3"}
        with pytest.raises(Invalid) as refused:
            review.submit(session, design, by=dev(session), at=at, **facts | values)
        assert refused.value.field == field
    review.submit(session, design, meets_on=(at + DAY).date(), place="room 3", also=["AFS"], by=dev(session), at=at)
    assert design.reviews[-1].invited == ["AFS", "PRO", "QUA", "RND", "SAL"]
    assert told(session, "design.review") == ["AFS", "PRO", "QUA", "RND", "SAL"]
    running = session.scalars(select(Clock).where(Clock.policy == "OPINION")).all()
    assert sorted(str(row.party) for row in running) == ["AFS", "PRO", "QUA", "RND", "SAL"]
    assert {row.due_at for row in running} == {sign_due(session, design)}


def sign_due(session: Session, design: Design) -> datetime | None:
    return review.asked(session, design).due_at


@pytest.mark.clause("3.2.2-b")
def test_who_did_not_come_answers_in_writing_and_is_escalated_when_he_does_not(
    session: Session, house: House, submitted: Design, at: datetime
) -> None:
    there = at + DAY
    with pytest.raises(Forbidden):
        review.hold(session, submitted, [house.people["SAL"].id], "", by=house.actor("SAL"), at=there)
    with pytest.raises(Invalid):
        review.hold(session, submitted, [0], "", by=dev(session), at=there)
    people = [house.people[code].id for code in ("SAL", "RND")]
    assert review.hold(session, submitted, people, "fan", by=dev(session), at=there) == ["PRO", "QUA"]
    assert told(session, "design.in_writing") == ["PRO", "QUA"]
    with pytest.raises(Conflict, match=r"design\.held"):
        review.hold(session, submitted, people, "", by=dev(session), at=there)
    for code in ("SAL", "RND", "PRO"):
        review.opine(session, submitted, "approve", "", by=house.actor(code), at=there)
    due = sign_due(session, submitted)
    assert due is not None
    clock.fire_due(session, at=due + 10 * DAY, calendar=house_calendar())
    late = session.scalars(
        select(Notice).where(Notice.key == "clock.breach", Notice.params["number"].as_string() == submitted.number)
    )
    assert sorted(str(notice.to_department) for notice in late) == ["MGT", "RND"], "of quality's silence alone"


@pytest.mark.clause("3.2.2-b")
def test_no_release_before_meeting_and_all_four_opinions(
    session: Session, house: House, submitted: Design, at: datetime
) -> None:
    for code in REVIEWERS:
        review.opine(session, submitted, "approve", "", by=house.actor(code), at=at)
    with pytest.raises(Conflict, match=r"design\.not_held"):
        review.release(session, submitted, by=house.actor("RND"), at=at)
    review.hold(session, submitted, [house.people["RND"].id], "", by=dev(session), at=at)
    review.opine(session, submitted, "query", "which fan?", by=house.actor("PRO"), at=at)
    with pytest.raises(Conflict) as refused:
        review.release(session, submitted, by=house.actor("RND"), at=at)
    assert refused.value.params == {"departments": "PRO"}
    with pytest.raises(Forbidden):
        review.release(session, submitted, by=house.actor("PRO"), at=at)
    review.opine(session, submitted, "approve", "the quiet one", by=house.actor("PRO"), at=at)
    review.release(session, submitted, by=house.actor("RND"), at=at)
    assert (submitted.state, submitted.released_at) == ("released", at)
    assert told(session, "design.released") == ["PRO", "QUA", "RND", "SAL"]
    assert all(row.stopped_at for row in session.scalars(select(Clock).where(Clock.case_kind == "Design")))
    assert state_faults(session) == []


@pytest.mark.clause("3.2.2-b")
def test_what_was_signed_is_the_same_after_the_database_has_kept_it(
    session: Session, house: House, design: Design, at: datetime
) -> None:
    drafting.verify(session, design, "C1", 37, by=house.actor("QUA"), at=at)
    driven.submitted(session, design, at)
    session.commit()
    session.expire_all()
    driven.take(session, house, design, "released", at)
    assert design.state == "released"


@pytest.mark.clause("3.2.2-b")
def test_nobody_gives_an_opinion_on_his_own_design_for_another_department_or_without_words(
    session: Session, house: House, submitted: Design, at: datetime
) -> None:
    for by in (dev(session), house.actor("LOG"), house.actor("MGT"), house.contact.actor()):
        with pytest.raises(Forbidden):
            review.opine(session, submitted, "approve", "", by=by, at=at)
    with pytest.raises(Invalid) as refused:
        review.opine(session, submitted, "reject", " ", by=house.actor("QUA"), at=at)
    assert refused.value.field == "opinion"
    assert sign.standing(review.asked(session, submitted)) == {}


@pytest.mark.clause("3.2.2-c")
def test_suggestions_have_owner_and_date_and_the_mandatory_ones_end_before_release(
    session: Session, house: House, submitted: Design, at: datetime
) -> None:
    owner = dev(session).id
    facts: dict[str, Any] = {"goal": "seal the hinge", "measure": "salt spray 96 h", "mandatory": True}
    facts |= {"owner": owner, "due": (at + 5 * DAY).date(), "at": at}
    for field, nothing in (("goal", " "), ("measure", ""), ("owner", None), ("due", None)):
        with pytest.raises(Invalid) as refused:
            review.suggest(session, submitted, by=house.actor("QUA"), **facts | {field: nothing})
        assert (refused.value.field, refused.value.clause) == (field, "3.2.2-c")
    with pytest.raises(Forbidden):
        review.suggest(session, submitted, by=house.actor("HR"), **facts)
    review.suggest(session, submitted, by=house.actor("QUA"), **facts)
    review.suggest(session, submitted, by=house.actor("SAL"), **facts | {"mandatory": False, "goal": "nicer colour"})
    driven.agreed(session, house, submitted, at)
    with pytest.raises(Conflict) as open_:
        review.release(session, submitted, by=house.actor("RND"), at=at)
    assert (open_.value.code, open_.value.params) == ("design.open_point", {"position": 1})
    with pytest.raises(Invalid):
        points.settle(session, submitted, 1, "refused", " ", by=dev(session), at=at)
    with pytest.raises(NotFound):
        points.settle(session, submitted, 7, "done", "x", by=dev(session), at=at)
    points.settle(session, submitted, 1, "refused", "hinge is of stainless steel", by=dev(session), at=at)
    assert told(session, "plan.refused") == [str(house.people["QUA"].id)], "who suggested it is told"
    review.release(session, submitted, by=house.actor("RND"), at=at)
    assert [point.position for point in points.open_points(session, submitted)] == [2]


@pytest.mark.clause("3.2.2-b", "3.2.2-c")
def test_a_design_sent_back_is_judged_anew_by_all(
    session: Session, house: House, submitted: Design, at: datetime
) -> None:
    driven.agreed(session, house, submitted, at, "SAL", "PRO", "QUA")
    with pytest.raises(Invalid, match=r"design\.points"):
        review.send_back(session, submitted, by=house.actor("QUA"), at=at)
    due = (at + DAY).date()
    review.suggest(
        session, submitted, goal="seal it", measure="96 h", owner=dev(session).id, due=due, mandatory=True,
        by=house.actor("QUA"), at=at,
    )  # fmt: skip
    for by in (dev(session), house.actor("LOG")):
        with pytest.raises(Forbidden):
            review.send_back(session, submitted, by=by, at=at)
    review.send_back(session, submitted, by=house.actor("QUA"), at=at)
    assert (submitted.state, submitted.reviews[0].outcome) == ("draft", "sent_back")
    points.settle(session, submitted, 1, "done", "sealed", by=dev(session), at=at)
    driven.submitted(session, submitted, at)
    assert sign.open_parties(review.asked(session, submitted)) == list(REVIEWERS), "no opinion is carried over"
    driven.take(session, house, submitted, "released", at)
    assert [row.outcome for row in submitted.reviews] == ["sent_back", "released"]


@pytest.mark.clause("3.2.3-a")
def test_what_is_submitted_or_released_is_not_written_on_any_more(
    session: Session, house: House, submitted: Design, at: datetime
) -> None:
    def refuse_everything() -> None:
        by = dev(session)
        writes: tuple[Callable[[], object], ...] = (
            lambda: drafting.set_characteristics(session, submitted, [LEFT], by=by, at=at),
            lambda: drafting.set_documents(session, submitted, [driven.DRAWING], by=by, at=at),
            lambda: drafting.verify(session, submitted, "C1", 30, by=by, at=at),
            lambda: drafting.waive(session, submitted, "N1", "x", by=by, at=at),
            lambda: designs.record_needs(session, submitted, driven.NEEDS, by=by, at=at),
        )
        for write in writes:
            with pytest.raises(Conflict, match=r"design\.frozen"):
                write()

    refuse_everything()
    driven.take(session, house, submitted, "released", at)
    refuse_everything()
    with pytest.raises(Conflict, match=r"design\.no_review"):
        review.opine(session, submitted, "approve", "", by=house.actor("SAL"), at=at)


def test_a_design_is_given_up_with_a_reason(session: Session, house: House, submitted: Design, at: datetime) -> None:
    with pytest.raises(Invalid):
        review.withdraw(session, submitted, " ", by=dev(session), at=at)
    review.withdraw(session, submitted, "order cancelled", by=dev(session), at=at)
    assert (submitted.state, submitted.reviews[0].outcome) == ("withdrawn", "withdrawn")
    assert submitted.task is not None
    assert designs.undesigned(session, submitted.task.line.order) == [submitted.task.line]


STEPS = ("opine", "query", "hold", "suggest", "settle", "send_back", "rewrite", "submit", "release")
ENOUGH = [*(("opine", code) for code in REVIEWERS), ("hold", "RND")]
"""What a release takes, in whatever order it comes among other things."""
walks = st.lists(st.tuples(st.sampled_from(STEPS), st.sampled_from(REVIEWERS)), max_size=8).flatmap(
    lambda others: st.permutations([*others, *ENOUGH])
)


@on_database
@pytest.mark.clause("3.2.2-b", "3.2.2-c")
@given(walk=walks)
def test_a_walk_leads_to_release_exactly_with_four_opinions_on_this_content_and_closed_points(
    session: Session, house: House, submitted: Design, at: datetime, walk: list[tuple[str, str]]
) -> None:
    """Whatever the order of deeds: released means meeting held, four agreed to this digest, mandatory points closed."""
    with undone(session):
        for number, (step, code) in enumerate([*walk, ("release", "RND")]):
            ready = is_ready(session, submitted)
            with suppress(Refusal), session.begin_nested():
                done(session, house, submitted, step, house.actor(code), at + timedelta(minutes=number))(number)
            if step == "release":
                assert (submitted.state == "released") == ready, walk
            if submitted.state == "released":
                assert step == "release"
                assert queries.without_opinions(session, at) == queries.released_with_open_points(session, at) == 0
                return


def is_ready(session: Session, design: Design) -> bool:
    """The rule said once more, from the records."""
    sign_off = sign.for_purpose(session, design, lifecycle.REVIEW)
    if design.state != "in_review" or sign_off is None or design.reviews[-1].held_at is None:
        return False
    digest = sign.digest_of(lifecycle.content(session, design))
    last = {s.party: s.verdict for s in sign_off.signatures if s.digest == digest}
    four = all(last.get(code) == "approve" for code in REVIEWERS)
    return four and not any(point.mandatory for point in points.open_points(session, design))


def done(session: Session, house: House, design: Design, step: str, by: Actor, at: datetime) -> Callable[[int], object]:
    """What a step of the walk does; its argument makes contents differ."""
    author = dev(session)
    due = at.date() + DAY
    suggestion: dict[str, Any] = {"goal": "g", "measure": "m", "owner": author.id, "due": due, "mandatory": True}
    deeds: dict[str, Callable[[int], object]] = {
        "opine": lambda _n: review.opine(session, design, "approve", "", by=by, at=at),
        "query": lambda _n: review.opine(session, design, "query", "why?", by=by, at=at),
        "hold": lambda _n: review.hold(session, design, [house.people["SAL"].id], "", by=author, at=at),
        "suggest": lambda _n: review.suggest(session, design, by=by, at=at, **suggestion),
        "settle": lambda _n: points.settle(session, design, 1, "done", "yes", by=author, at=at),
        "send_back": lambda _n: review.send_back(session, design, by=by, at=at),
        "rewrite": lambda n: drafting.set_characteristics(
            session, design, [replace(QUIET, name=f"noise {n}"), LEFT], by=author, at=at
        ),
        "submit": lambda _n: review.submit(session, design, meets_on=due, place="3", by=author, at=at),
        "release": lambda _n: review.release(session, design, by=house.actor("RND"), at=at),
    }
    return deeds[step]


def test_plans_of_designs_are_counted_as_they_are_kept(
    session: Session, house: House, design: Design, at: datetime
) -> None:
    """The probes see nothing wrong in what the services let through."""
    driven.take(session, house, design, "in_review", at)
    driven.take(session, house, design, "released", at)
    planning.settle_stage(session, design, 1, "done", "B", by=dev(session), at=at)
    counts = (
        queries.without_owner, queries.late_unwarned, queries.untraced, queries.without_opinions,
        queries.released_with_open_points, queries.changed_without_approval,
    )  # fmt: skip
    assert [count(session, at + 90 * DAY) for count in counts] == [0] * len(counts)
