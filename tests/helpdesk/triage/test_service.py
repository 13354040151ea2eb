"""Corrections are learned from at once; the night's model takes over only when nothing speaks against it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpdesk.triage import artefact, engine, nightly, service
from helpdesk.triage.judging import Scores
from helpdesk.triage.models import TriageCorrection, TriageModel
from helpdesk.triage.rules import classify
from order_core.errors import Conflict, Invalid
from order_core.issues.models import Issue
from order_core.kernel.actor import WORKER
from order_core.kernel.case import history
from tests.helpdesk.triage.test_judging import SCORES

ODD = "the blue gizmo went glorp beside the flux again"


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    """Other tests read with the shipped model."""
    yield
    service.forget()


@pytest.fixture
def issue(ticket: Issue, session: Session) -> Issue:
    ticket.subject, ticket.category = ODD, "other"
    session.flush()
    return ticket


def correct(session: Session, issue: Issue, value: str, at: datetime) -> TriageCorrection:
    return service.correct(session, issue, "intent", value, "he rang and said so", by=WORKER, at=at)


def test_a_correction_changes_the_ticket_and_is_on_record(session: Session, issue: Issue, at: datetime) -> None:
    made = correct(session, issue, "invoice_or_payment", at)
    assert (issue.category, issue.team) == ("invoice_or_payment", "billing")
    assert (made.was, made.became, made.reason) == ("other", "invoice_or_payment", "he rang and said so")
    assert history(session, issue)[-1].data == {
        "field": "intent",
        "from": "other",
        "to": "invoice_or_payment",
        "correction": made.id,
    }


def test_danger_put_right_is_an_emergency(session: Session, issue: Issue, at: datetime) -> None:
    service.correct(session, issue, "danger", "yes", "gas, by phone", by=WORKER, at=at)
    assert (issue.safety, issue.urgency, issue.team) == (True, "emergency", "safety")
    service.correct(session, issue, "danger", "no", "a bill only", by=WORKER, at=at)
    assert (issue.safety, issue.urgency, issue.team) == (False, "normal", "care")


@pytest.mark.parametrize(
    ("field", "value", "reason", "code"),
    [
        ("intent", "nonsense", "why", "triage.value"),
        ("colour", "red", "why", "triage.value"),
        ("intent", "praise", "  ", "triage.reason"),
        ("intent", "praise", "x" * 501, "triage.reason"),
        ("intent", "other", "why", "triage.same"),
    ],
)
def test_what_is_refused_leaves_nothing(
    session: Session, issue: Issue, at: datetime, field: str, value: str, reason: str, code: str
) -> None:
    with pytest.raises((Invalid, Conflict)) as refused:
        service.correct(session, issue, field, value, reason, by=WORKER, at=at)
    assert refused.value.code == code
    assert issue.category == "other"
    assert session.scalar(select(func.count()).select_from(TriageCorrection)) == 0


def test_the_next_message_like_it_is_read_so_at_once(
    session: Session, issue: Issue, at: datetime, tmp_path: Path
) -> None:
    correct(session, issue, "warranty_inquiry", at)
    service.refresh(session, tmp_path)
    assert classify(ODD).intent == "warranty_inquiry"
    correct(session, issue, "complaint", at)
    service.refresh(session, tmp_path)
    assert classify(ODD).intent == "complaint"


def test_no_danger_is_learned_at_once(session: Session, issue: Issue, at: datetime, tmp_path: Path) -> None:
    issue.subject = "my hair stood on end when I saw the glowing reviews and the sizzling offers"
    service.correct(session, issue, "danger", "yes", "first thought", by=WORKER, at=at)
    service.correct(session, issue, "danger", "no", "she is joking", by=WORKER, at=at)
    service.refresh(session, tmp_path)
    assert not classify(issue.subject).safety


def test_every_fifth_correction_is_kept_for_judging(session: Session, issue: Issue, at: datetime) -> None:
    values = ["praise", "other"] * 5
    made = [correct(session, issue, value, at).held_out for value in values]
    assert made == [False, False, False, False, True] * 2


def night(tmp_path: Path, name: str = "new.npz") -> nightly.Night:
    (tmp_path / service.FOLDER).mkdir(exist_ok=True)
    artefact.shipped().save(tmp_path / service.FOLDER / name)
    return nightly.Night(tmp_path, name, None, (), ())


def settle(session: Session, tmp_path: Path, new: Scores, at: datetime, name: str = "new.npz") -> TriageModel:
    return nightly.settle_night(session, nightly.Morning(night(tmp_path, name), "f", new, SCORES), at=at)


def test_without_corrections_the_night_is_quiet(session: Session, issue: Issue, at: datetime, tmp_path: Path) -> None:
    assert nightly.plan_night(session, tmp_path, at=at) is None
    correct(session, issue, "praise", at)
    planned = nightly.plan_night(session, tmp_path, at=at)
    assert planned is not None
    assert [(example.text, example.label) for example in planned.learned] == [(ODD, "praise")]


def test_a_better_model_takes_over_and_can_be_taken_back(
    session: Session, issue: Issue, at: datetime, tmp_path: Path
) -> None:
    made = settle(session, tmp_path, replace(SCORES, accuracy=0.95), at)
    assert (made.verdict, service.in_use(session)) == ("promoted", made)
    service.refresh(session, tmp_path)
    assert engine.current().model is not artefact.shipped()
    shipped = session.scalars(select(TriageModel).where(TriageModel.verdict == "shipped")).one()
    service.roll_back(session, shipped, by=WORKER, at=at + timedelta(hours=1))
    assert service.in_use(session) == shipped
    service.refresh(session, tmp_path)
    assert engine.current().model is artefact.shipped()
    with pytest.raises(Conflict):
        service.roll_back(session, shipped, by=WORKER, at=at)


def test_a_worse_model_is_refused_and_cannot_be_used(session: Session, at: datetime, tmp_path: Path) -> None:
    made = settle(session, tmp_path, replace(SCORES, accuracy=0.8, missed=[3, 9]), at)
    assert (made.verdict, made.reasons) == ("refused", ["accuracy", "danger"])
    assert service.in_use(session) is None
    with pytest.raises(Conflict):
        service.roll_back(session, made, by=WORKER, at=at)


def test_a_night_is_settled_once(session: Session, at: datetime, tmp_path: Path) -> None:
    assert settle(session, tmp_path, SCORES, at) is settle(session, tmp_path, SCORES, at)


def test_the_last_five_are_kept(session: Session, at: datetime, tmp_path: Path) -> None:
    for day in range(7):
        settle(session, tmp_path, SCORES, at + timedelta(days=day), f"{day}.npz")
    files = {row.file for row in session.scalars(select(TriageModel)) if row.file}
    assert files == {"2.npz", "3.npz", "4.npz", "5.npz", "6.npz"}
    assert {path.name for path in (tmp_path / service.FOLDER).iterdir()} == files


def test_a_lost_file_means_the_shipped_model(session: Session, at: datetime, tmp_path: Path) -> None:
    settle(session, tmp_path, SCORES, at)
    (tmp_path / service.FOLDER / "new.npz").unlink()
    service.refresh(session, tmp_path)
    assert engine.current().model is artefact.shipped()
