"""Reports: they cite what they rest on, are signed by the head of sales, and never change once they are out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from order_core.acquisition.research import measures, publishing, queries, reports, service
from order_core.acquisition.research.models import Citation, ResearchReport
from order_core.clauses import PROBES
from order_core.errors import Conflict, Forbidden, IllegalStep, Invalid, Refusal
from order_core.kernel import clock, sign
from order_core.kernel.actor import Actor
from order_core.kernel.case import state_faults
from order_core.kernel.notice import Notice
from order_core.rounds import service as rounds
from order_core.rounds.models import Round
from tests.order_core.acquisition.research.conftest import done, facts, filled, published, written
from tests.order_core.conftest import House, on_database, undone


@pytest.mark.clause("2.1.1-b")
def test_a_report_is_published_by_the_heads_signature_and_its_readers_are_told(
    session: Session, turn: Round, kay: Actor, house: House, at: datetime
) -> None:
    report = published(session, turn, done(session, turn, kay, at), kay, house.actor("SAL"), at)
    assert (report.state, report.published_at) == ("released", at)
    assert report.digest == sign.digest_of(reports.content(session, report))
    told = session.scalars(select(Notice.to_department).where(Notice.key == "research.published"))
    assert set(told) == {"SAL", "RND", "PRO", "MGT"}
    assert clock.running(session, turn, "T-01") is None
    rounds.sign(session, turn, by=house.actor("SAL"), at=at)
    figure = measures.reports_published(session, at - timedelta(days=1), at + timedelta(days=1))
    assert (figure.value, figure.newest) == (1.0, at)
    assert PROBES["2.1.1-b"][0](session, at) == 0


@pytest.mark.clause("2.1.1-b")
@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"cited": []}, "cited", "research.cited"),
        ({"sections": []}, "sections", "research.sections"),
        ({"sections": [("Only a heading", " ")]}, "sections", "research.sections"),
    ],
)
def test_a_report_that_says_or_cites_nothing_is_not_submitted(
    session: Session, turn: Round, kay: Actor, at: datetime, change: dict[str, Any], field: str, code: str
) -> None:
    found = done(session, turn, kay, at)
    report = written(session, turn, found, kay, at)
    usual: dict[str, Any] = {
        "title": "November", "language": "en", "sections": [("", "x")], "cited": [finding.number for finding in found],
    }  # fmt: skip
    reports.write(session, report, **usual | change, by=kay, at=at)
    with pytest.raises(Invalid) as refused:
        publishing.submit(session, report, by=kay, at=at)
    assert (refused.value.code, refused.value.field, refused.value.clause) == (code, field, "2.1.1-b")
    assert report.state == "draft"


@pytest.mark.clause("2.1.1-b")
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 121}, "title"),
        ({"language": "fr"}, "language"),
        ({"cited": ["MF26-99999"]}, "cited"),
        ({"sections": [("x" * 121, "text")]}, "heading"),
        ({"sections": [("", "x" * 4001)]}, "text"),
    ],
)
def test_what_is_written_wrongly_is_refused_and_the_draft_stays(
    session: Session, turn: Round, kay: Actor, at: datetime, change: dict[str, Any], field: str
) -> None:
    report = written(session, turn, filled(session, turn, kay, at), kay, at)
    before = reports.content(session, report)
    usual: dict[str, Any] = {"title": "x", "language": "en", "sections": [], "cited": []}
    with pytest.raises(Invalid) as refused:
        reports.write(session, report, **usual | change, by=kay, at=at)
    assert (refused.value.field, refused.value.clause) == (field, "2.1.1-b")
    assert reports.content(session, report) == before


@pytest.mark.clause("2.1.1-a", "2.1.1-b")
def test_no_report_is_submitted_while_its_round_is_collecting(
    session: Session, turn: Round, kay: Actor, at: datetime
) -> None:
    report = written(session, turn, filled(session, turn, kay, at), kay, at)
    with pytest.raises(Conflict, match=r"research\.still_collecting.*2\.1\.1-a"):
        publishing.submit(session, report, by=kay, at=at)


def test_a_finding_that_was_struck_is_not_cited_and_a_cited_one_is_not_struck(
    session: Session, turn: Round, kay: Actor, at: datetime
) -> None:
    found = filled(session, turn, kay, at)
    spare = service.record(session, turn, facts("demand"), by=kay, at=at)
    report = written(session, turn, [*found, spare], kay, at)
    service.strike(session, spare, "a rumour", by=kay, at=at)
    service.finish(session, turn, by=kay, at=at)
    with pytest.raises(Conflict, match=r"research\.struck"):
        publishing.submit(session, report, by=kay, at=at)


def test_only_the_head_of_sales_signs(session: Session, turn: Round, kay: Actor, house: House, at: datetime) -> None:
    report = written(session, turn, done(session, turn, kay, at), kay, at)
    with pytest.raises(Conflict, match=r"research\.not_submitted"):
        publishing.approve(session, report, by=house.actor("SAL"), at=at)
    publishing.submit(session, report, by=kay, at=at)
    for somebody in (kay, house.actor("MGT"), house.actor("RND")):
        with pytest.raises(Forbidden):
            publishing.approve(session, report, by=somebody, at=at)
    assert (report.state, report.digest) == ("in_review", None)
    with pytest.raises(Conflict, match=r"research\.read_only"):
        reports.write(session, report, title="x", language="en", sections=[], cited=[], by=kay, at=at)


def test_what_is_sent_back_is_signed_anew(
    session: Session, turn: Round, kay: Actor, house: House, at: datetime
) -> None:
    report = written(session, turn, done(session, turn, kay, at), kay, at)
    publishing.submit(session, report, by=kay, at=at)
    with pytest.raises(Invalid, match=r"research\.reason"):
        publishing.send_back(session, report, "", by=house.actor("SAL"), at=at)
    with pytest.raises(Forbidden):
        publishing.send_back(session, report, "my own", by=kay, at=at)
    publishing.send_back(session, report, "Which models?", by=house.actor("SAL"), at=at)
    assert session.scalars(select(Notice.to_person_id).where(Notice.key == "research.sent_back")).all() == [kay.id]
    publishing.submit(session, report, by=kay, at=at)
    publishing.approve(session, report, by=house.actor("SAL"), at=at)
    assert report.state == "released"


@pytest.mark.clause("2.1.1-b")
def test_a_correction_is_a_new_revision_that_supersedes(
    session: Session, turn: Round, kay: Actor, house: House, at: datetime
) -> None:
    first = published(session, turn, done(session, turn, kay, at), kay, house.actor("SAL"), at)
    with pytest.raises(Invalid, match=r"research\.reason"):
        publishing.correct(session, first, "", by=kay, at=at)
    second = publishing.correct(session, first, "wrong year", by=kay, at=at)
    with pytest.raises(Conflict, match=r"research\.correction_open"):
        publishing.correct(session, first, "again", by=kay, at=at)
    with pytest.raises(IllegalStep):
        reports.REPORT.advance(session, second, "supersede", by=kay, at=at)
    with pytest.raises(Conflict, match=r"research\.no_successor"):
        reports.REPORT.advance(session, first, "supersede", by=kay, at=at)
    assert (second.revision, second.supersedes_id, queries.successor(session, first)) == (2, first.id, second)
    publishing.submit(session, second, by=kay, at=at)
    publishing.approve(session, second, by=house.actor("SAL"), at=at)
    assert (first.state, second.state) == ("superseded", "released")
    with pytest.raises(Conflict, match=r"research\.not_published"):
        publishing.correct(session, first, "too late", by=kay, at=at)
    assert measures.reports_published(session, at, at + timedelta(days=1)).value == 1, "a correction is no new report"


DEEDS = ("write", "submit", "send_back", "approve", "withdraw", "correct", "strike", "retitle", "recite", "delete")


@on_database
@pytest.mark.clause("2.1.1-b")
@given(walk=st.lists(st.tuples(st.sampled_from(DEEDS), st.booleans()), max_size=14))
def test_whatever_is_tried_a_published_report_stays_as_it_was_signed(
    session: Session, turn: Round, kay: Actor, house: House, at: datetime, walk: list[tuple[str, bool]]
) -> None:
    head = house.actor("SAL")
    with undone(session):
        found = done(session, turn, kay, at)
        out = [published(session, turn, found, kay, head, at)]
        frozen = {out[0].id: reports.content(session, out[0])}
        for deed, newest in walk:
            report = out[-1] if newest else out[0]
            try:
                with session.begin_nested():
                    made = _try(session, deed, report, kay, head, at)
            except (Refusal, RuntimeError):
                session.refresh(report)
                made = None
            if made is not None:
                out.append(made)
            frozen |= {r.id: reports.content(session, r) for r in out if r.is_published and r.id not in frozen}
        session.expire_all()
        for row in session.scalars(select(ResearchReport).where(ResearchReport.digest.is_not(None))):
            assert reports.content(session, row) == frozen[row.id]
            assert sign.digest_of(frozen[row.id]) == row.digest
        assert sum(row.state == "released" for row in out) == 1
        assert PROBES["2.1.1-b"][0](session, at) == 0
        assert state_faults(session) == []


def _try(
    session: Session, deed: str, report: ResearchReport, kay: Actor, head: Actor, at: datetime
) -> ResearchReport | None:
    """One attempt, by the services or behind their back."""
    if deed == "correct":
        return publishing.correct(session, report, "wrong", by=kay, at=at)
    if deed == "write":
        cited = [finding.number for finding in reports.cited_findings(session, report)][:1]
        sections = [("Changed", "Something else")]
        reports.write(session, report, title="Changed", language="en", sections=sections, cited=cited, by=kay, at=at)
    elif deed in ("submit", "approve"):
        getattr(publishing, deed)(session, report, by=kay if deed == "submit" else head, at=at)
    elif deed in ("send_back", "withdraw"):
        getattr(publishing, deed)(session, report, "because", by=head, at=at)
    elif deed == "strike":
        service.strike(session, reports.cited_findings(session, report)[0], "wrong", by=kay, at=at)
    elif report.is_published:
        _tamper(session, deed, report)
    return None


def _tamper(session: Session, deed: str, report: ResearchReport) -> None:
    if deed == "retitle":
        report.title = "Forged"
    elif deed == "recite":
        report.citations = report.citations[:1] or [Citation(finding_id=1)]
    else:
        session.delete(report)
    session.flush()
