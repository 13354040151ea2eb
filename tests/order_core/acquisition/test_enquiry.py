"""Enquiries: what must be told, understood and ranked before they go on, and what becomes of key needs (2.2)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.acquisition.days import house_day
from order_core.acquisition.enquiry import queries, rules
from order_core.acquisition.enquiry import service as enquiries
from order_core.acquisition.enquiry.models import Enquiry
from order_core.errors import Conflict, Forbidden, IllegalStep, Invalid, Refusal
from order_core.issues.models import Issue
from order_core.kernel.case import history
from order_core.kernel.notice import Notice
from order_core.parties.models import Customer
from tests.order_core.acquisition import deals
from tests.order_core.conftest import AGENT, House


def refusal(error: pytest.ExceptionInfo[Refusal]) -> tuple[str, str | None, str | None]:
    return error.value.code, error.value.field, error.value.clause


@pytest.mark.clause("2.2.1-a")
@pytest.mark.parametrize(
    ("told", "code", "field"),
    [
        ({"channel": "rumour"}, "enquiry.channel", "channel"),
        ({"words": "  \n"}, "enquiry.words", "words"),
        ({"channel": "ticket"}, "enquiry.ticket_channel", "ticket"),
        ({"contact_id": 4711}, "enquiry.contact", "contact"),
    ],
)
def test_channel_words_and_people_are_asked_for(
    session: Session, house: House, at: datetime, told: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(Invalid) as error:
        enquiries.capture(
            session, customer_id=house.customer.id, told=deals.told(at, **told), by=house.actor("SAL"), at=at
        )
    assert refusal(error) == (code, field, "2.2.1-a")
    assert session.scalars(select(Enquiry)).all() == []


@pytest.mark.clause("2.2.1-a")
def test_a_customer_nobody_knows_and_a_day_to_come_are_refused(session: Session, house: House, at: datetime) -> None:
    sal = house.actor("SAL")
    with pytest.raises(Invalid, match=r"enquiry\.customer"):
        enquiries.capture(session, customer_id=4711, told=deals.told(at), by=sal, at=at)
    late = deals.told(at, on=house_day(at) + timedelta(days=1))
    with pytest.raises(Invalid, match=r"enquiry\.told_on"):
        enquiries.capture(session, customer_id=house.customer.id, told=late, by=sal, at=at)


@pytest.mark.clause("2.2.1-a")
def test_a_ticket_becomes_a_requirement_once_and_each_names_the_other(
    session: Session, house: House, ticket: Issue, at: datetime
) -> None:
    told = deals.told(at, channel="ticket", ticket=ticket)
    enquiry = enquiries.capture(session, customer_id=house.customer.id, told=told, by=AGENT, at=at)
    (requirement,) = enquiry.requirements
    assert queries.of_ticket(session, ticket.id) is requirement
    last = history(session, ticket)[-1]
    assert (last.step, last.data) == ("note:became_requirement", {"requirement": requirement.label})
    assert session.scalars(select(Notice.key).where(Notice.to_department == "SAL")).all() == ["enquiry.captured"]
    with pytest.raises(Conflict, match=r"enquiry\.ticket_used"):
        enquiries.capture(session, customer_id=house.customer.id, told=told, by=AGENT, at=at)


@pytest.mark.clause("2.2.1-a")
def test_other_departments_bring_tickets_only_and_only_to_their_customer(
    session: Session, house: House, ticket: Issue, at: datetime
) -> None:
    with pytest.raises(Forbidden) as error:
        enquiries.capture(session, customer_id=house.customer.id, told=deals.told(at), by=AGENT, at=at)
    assert refusal(error) == ("enquiry.ticket_only", "ticket", "2.2.1-a")
    stranger = Customer(name="Wang", number="K-2")
    session.add(stranger)
    session.flush()
    told = deals.told(at, channel="ticket", ticket=ticket)
    with pytest.raises(Invalid, match=r"enquiry\.ticket_customer"):
        enquiries.capture(session, customer_id=stranger.id, told=told, by=AGENT, at=at)


@pytest.mark.clause("2.2.1-b")
@deals.pure
@given(stated=st.dictionaries(st.sampled_from(rules.ASPECTS), st.one_of(st.none(), st.just(""), st.just("quiet"))))
def test_an_aspect_is_open_until_it_is_filled_or_not_stated(stated: dict[str, str | None]) -> None:
    left = rules.unfilled(stated)
    assert set(left) == {a for a in rules.ASPECTS if a not in stated or stated[a] == ""}


@pytest.mark.clause("2.2.1-b")
def test_nothing_is_understood_while_an_aspect_is_open(session: Session, house: House, at: datetime) -> None:
    enquiry, sal = deals.captured(session, house, at), house.actor("SAL")
    for aspect in rules.ASPECTS:
        with pytest.raises(Invalid) as error:
            enquiries.complete(session, enquiry, by=sal, at=at)
        assert refusal(error) == (f"enquiry.aspect.{aspect}", aspect, "2.2.1-b")
        text = "under 900 dollars" if aspect == "price" else None
        enquiries.state_aspects(session, enquiry, 1, {aspect: text}, by=sal, at=at)
    enquiries.complete(session, enquiry, by=sal, at=at)
    assert enquiry.state == "understood"
    assert enquiry.requirements[0].aspects["price"] == "under 900 dollars"


@pytest.mark.clause("2.2.1-b", "2.2.2-a")
def test_nothing_is_classified_before_it_is_understood(session: Session, house: House, at: datetime) -> None:
    enquiry, sal = deals.captured(session, house, at), house.actor("SAL")
    with pytest.raises(Invalid) as error:
        enquiries.classify(session, enquiry, 1, class_code="standard", rank="key", by=sal, at=at)
    assert refusal(error) == ("enquiry.aspect.function", "function", "2.2.1-b")
    assert (enquiry.requirements[0].class_code, enquiry.requirements[0].rank) == (None, None)
    enquiries.state_aspects(session, enquiry, 1, dict.fromkeys(rules.ASPECTS), by=sal, at=at)
    enquiries.complete(session, enquiry, by=sal, at=at)
    enquiries.classify(session, enquiry, 1, class_code="standard", rank="key", by=sal, at=at)
    enquiries.state_aspects(session, enquiry, 1, {"time": ""}, by=sal, at=at)
    with pytest.raises(Invalid, match=r"enquiry\.aspect\.time"):
        enquiries.rank(session, enquiry, by=sal, at=at)


@pytest.mark.clause("2.2.2-a", "2.2.2-b")
def test_every_requirement_needs_a_class_and_a_rank(session: Session, house: House, at: datetime) -> None:
    enquiry, sal = deals.captured(session, house, at, "one", "two"), house.actor("SAL")
    for n in (1, 2):
        enquiries.state_aspects(session, enquiry, n, dict.fromkeys(rules.ASPECTS), by=sal, at=at)
    enquiries.complete(session, enquiry, by=sal, at=at)
    with pytest.raises(Invalid) as error:
        enquiries.classify(session, enquiry, 1, class_code="gadget", rank="key", by=sal, at=at)
    assert refusal(error) == ("enquiry.class_unknown", "class_code", "2.2.2-a")
    with pytest.raises(Invalid) as error:
        enquiries.classify(session, enquiry, 1, class_code="variant", rank="middling", by=sal, at=at)
    assert refusal(error) == ("enquiry.rank_unknown", "rank", "2.2.2-b")
    enquiries.classify(session, enquiry, 1, class_code="variant", rank="key", by=sal, at=at)
    with pytest.raises(Invalid) as error:
        enquiries.rank(session, enquiry, by=sal, at=at)
    assert refusal(error) == ("enquiry.class", "class_code", "2.2.2-a")
    enquiries.classify(session, enquiry, 2, class_code="standard", rank="secondary", by=sal, at=at)
    enquiries.rank(session, enquiry, by=sal, at=at)
    told = session.scalars(select(Notice.to_department).where(Notice.key == "enquiry.key_need")).all()
    assert (enquiry.state, sorted(str(d) for d in told)) == ("classified", ["PRO", "RND"])


@pytest.mark.clause("2.2.2-b")
def test_a_key_need_is_answered_by_a_sent_line_or_a_written_refusal(
    session: Session, house: House, at: datetime
) -> None:
    enquiry, sal = deals.classified(session, house, at, "one", "two", ranks=("key", "secondary")), house.actor("SAL")
    with pytest.raises(Conflict) as error:
        enquiries.answer(session, enquiry, by=sal, at=at)
    assert refusal(error) == ("enquiry.unanswered", "requirement", "2.2.2-b")
    with pytest.raises(Invalid, match=r"enquiry\.refusal"):
        enquiries.refuse(session, enquiry, 1, "  ", by=sal, at=at)
    enquiries.refuse(session, enquiry, 1, "We do not make gas refrigerators.", by=sal, at=at)
    enquiries.answer(session, enquiry, by=sal, at=at)
    assert enquiry.state == "answered"


@pytest.mark.clause("2.2.2-b")
def test_a_draft_is_no_answer_yet_and_sending_it_answers_the_enquiry(
    session: Session, house: House, at: datetime
) -> None:
    enquiry, sal = deals.classified(session, house, at), house.actor("SAL")
    deals.drafted(session, house, at, enquiry)
    with pytest.raises(Conflict, match=r"enquiry\.unanswered"):
        enquiries.answer(session, enquiry, by=sal, at=at)
    deals.sent(session, house, at, enquiry=enquiry)
    assert enquiry.state == "answered"


@pytest.mark.clause("2.2.2-a")
def test_an_enquiry_is_dropped_for_a_reason_and_not_while_it_is_being_quoted(
    session: Session, house: House, at: datetime
) -> None:
    enquiry, sal = deals.classified(session, house, at), house.actor("SAL")
    with pytest.raises(Invalid) as error:
        enquiries.drop(session, enquiry, " ", by=sal, at=at)
    assert refusal(error) == ("enquiry.reason", "reason", "2.2.2-a")
    deals.drafted(session, house, at, enquiry)
    with pytest.raises(Conflict, match=r"enquiry\.quoted"):
        enquiries.drop(session, enquiry, "went elsewhere", by=sal, at=at)
    other = deals.captured(session, house, at)
    enquiries.drop(session, other, "went elsewhere", by=sal, at=at)
    assert other.state == "dropped"
    with pytest.raises(IllegalStep):
        enquiries.complete(session, other, by=sal, at=at)


@pytest.mark.clause("2.2.1-b", "2.2.2-a")
def test_requirements_are_the_sales_departments_and_closed_with_the_enquiry(
    session: Session, house: House, at: datetime
) -> None:
    enquiry = deals.captured(session, house, at)
    with pytest.raises(Forbidden, match=r"enquiry\.sales_only"):
        enquiries.state_aspects(session, enquiry, 1, {"price": None}, by=house.actor("PRO"), at=at)
    enquiries.drop(session, enquiry, "a joke", by=house.actor("SAL"), at=at)
    for call in (
        lambda: enquiries.state_aspects(session, enquiry, 1, {"price": None}, by=house.actor("SAL"), at=at),
        lambda: enquiries.add(session, enquiry, deals.told(at), by=house.actor("SAL"), at=at),
    ):
        with pytest.raises(Conflict, match=r"enquiry\.too_late"):
            call()


def test_a_change_of_a_requirement_makes_older_forms_stale(session: Session, house: House, at: datetime) -> None:
    enquiry = deals.captured(session, house, at)
    before = enquiry.version
    later = at + timedelta(minutes=1)
    enquiries.state_aspects(session, enquiry, 1, {"price": None}, by=house.actor("SAL"), at=later)
    assert enquiry.version > before


def test_a_customers_words_stay_out_of_the_journal(session: Session, house: House, at: datetime) -> None:
    """Personal data may be in them; the chain must outlive its erasure."""
    enquiry = deals.captured(session, house, at, "call Ms Lin on 9123 4567", "and her sister")
    enquiries.state_aspects(session, enquiry, 1, {"price": "tell Ms Lin"}, by=house.actor("SAL"), at=at)
    written = " ".join(str(entry.data) for entry in history(session, enquiry))
    assert "Lin" not in written
    assert "sister" not in written
