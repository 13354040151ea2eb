"""Market research on its pages: what the demo shows, what may be done and by whom, what is typed and handed in."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpdesk import i18n
from helpdesk.now import wall
from helpdesk.pipeline.work import work_list
from order_core.acquisition.quote.models import Quote, QuoteLine
from order_core.acquisition.research import queries
from order_core.acquisition.research.models import Analysis, DemandPoint, Finding, Forecast, ResearchReport
from order_core.clauses import PROBES
from order_core.kernel.case import history, state_faults
from order_core.parties.models import Person
from order_core.rounds.models import Round
from tests.helpdesk.conftest import As

FINDING = {"kind": "competitor", "source": "Web shop", "dated_on": "2026-01-05", "text": "5 % off", "models": "DW-600"}
CLAUSES = ("2.1.1-a", "2.1.1-b", "2.1.2-a", "2.1.2-b")


def collecting(session: Session) -> Round:
    turn = session.scalars(select(Round).where(Round.kind == "research", Round.state == "open")).one()
    session.commit()
    return turn


def count(session: Session, cls: Any) -> int:
    session.commit()
    found = session.scalar(select(func.count()).select_from(cls)) or 0
    session.commit()
    return found


def say(key: str, **params: object) -> str:
    return i18n.translate("zh-Hant", key, **params)


@pytest.mark.clause(*CLAUSES)
def test_the_demo_shows_a_year_with_everything_in_it(session: Session, company: Any) -> None:
    turns = queries.rounds(session)
    assert [turn.state for turn in turns] == ["applied", "missed", "done", "open", "planned"]
    assert set(queries.counts(session, turns)[turns[3].id]) == {"industry", "demand"}, "two kinds of the present round"
    reports = {report.revision: report.state for report in queries.reports(session, turns[0])}
    assert reports == {1: "superseded", 2: "released"}
    labels = {forecast.beats_naive for forecast in queries.newest_forecasts(session)}
    assert labels == {True, False}, "one beats the seasonal naive forecast and one does not"
    assert all(typed for forecast in queries.newest_forecasts(session) for *_, typed in forecast.series)
    assert {len(forecast.series) for forecast in queries.newest_forecasts(session)} == {24}
    assert {clause: [probe(session, wall()) for probe in PROBES[clause]] for clause in CLAUSES} == {
        clause: [0] for clause in CLAUSES
    }
    assert state_faults(session) == []


PAGES = {
    "": "state.ResearchRound.missed",
    "/{open}": "research.unanswered",
    "/reports/{report}": "research.read_only",
    "/reports/{former}": "research.superseded_by",
    "/analyses/{analysis}": "research.again",
    "/forecasts": "forecast.does_not_beat",
    "/forecasts?model=DW-600": "forecast.does_not_beat",
    "/forecasts?model=nonsense": "forecast.beats",
    "/{open}/import": "import.check",
    "/forecasts/import": "import.check",
}
"""Page → what it says."""


def test_each_page_is_drawn_for_the_pipelines_readers_and_for_nobody_else(session: Session, as_: As) -> None:
    numbers = {
        "open": collecting(session).number,
        "report": session.scalars(select(ResearchReport.number).where(ResearchReport.state == "released")).one(),
        "former": session.scalars(select(ResearchReport.number).where(ResearchReport.state == "superseded")).one(),
        "analysis": session.scalars(select(Analysis.number).order_by(Analysis.id)).first(),
    }
    kay, wei = as_("kay"), as_("wei")
    for path, shows in PAGES.items():
        address = "/orders/research" + path.format(**numbers)
        page = kay.get(address)
        assert (page.status_code, say(shows) in page.get_data(as_text=True)) == (200, True), address
        assert wei.get(address).status_code == 403, address


@pytest.mark.clause("2.1.1-a")
def test_a_finding_is_added_on_the_page_and_completes_the_round(session: Session, as_: As) -> None:
    turn, kay = collecting(session), as_("kay")
    address = f"/orders/research/{turn.number}"
    refused = kay.post(f"{address}/do/finish", {})
    assert refused.status_code == 409
    assert say("error.research.kind_missing", allowed=say("research.kind.competitor")) in refused.get_data(as_text=True)
    assert kay.post(f"{address}/do/record", FINDING).status_code == 302
    assert kay.post(f"{address}/do/finish", {}).status_code == 302
    session.refresh(turn)
    assert (turn.state, turn.outcome) == ("done", {"industry": 1, "competitor": 1, "demand": 2})
    finding = session.scalars(select(Finding).order_by(Finding.id.desc())).first()
    assert finding is not None
    assert (finding.models, finding.link) == (["DW-600"], None)


WRONG = (
    ("source", ""),
    ("dated_on", ""),
    ("dated_on", "yesterday"),
    ("dated_on", "2999-01-01"),
    ("kind", "gossip"),
    ("text", " "),
    ("link", "javascript:alert(1)"),
)


@pytest.mark.clause("2.1.1-a")
def test_a_finding_in_want_of_something_comes_back_with_clause_and_what_was_typed(session: Session, as_: As) -> None:
    turn, before, kay = collecting(session), count(session, Finding), as_("kay")
    for field, value in WRONG:
        typed = {**FINDING, "text": "typed in vain", field: value}
        answer = kay.post(f"/orders/research/{turn.number}/do/record", typed)
        text = answer.get_data(as_text=True)
        assert (answer.status_code, "2.1.1-a" in text) == (400, True), field
        if field not in ("kind", "text"):
            assert "typed in vain" in text
            assert re.search(rf'name="{field}"[^>]*aria-invalid=true', text), field
    assert count(session, Finding) == before


def test_others_are_refused_and_the_journal_shows_the_attempt(session: Session, as_: As) -> None:
    turn, before = collecting(session), count(session, Finding)
    answer = as_("rnd").post(f"/orders/research/{turn.number}/do/record", FINDING)
    assert (answer.status_code, count(session, Finding)) == (403, before)
    last = history(session, turn)[-1]
    assert (last.step, last.department, last.data and last.data["code"]) == (
        "note:refused", "RND", "research.not_yours",
    )  # fmt: skip


def test_a_wrong_finding_is_struck_out_and_nothing_found_is_said(session: Session, as_: As) -> None:
    turn, kay = collecting(session), as_("kay")
    address = f"/orders/research/{turn.number}/do"
    number = session.scalars(
        select(Finding.number).where(Finding.kind == "industry").order_by(Finding.id.desc())
    ).first()
    assert kay.post(f"{address}/nothing_found", {"kind": "industry"}).status_code == 409
    assert kay.post(f"{address}/strike", {"finding": str(number), "reason": "a rumour"}).status_code == 302
    assert kay.post(f"{address}/strike", {"finding": "MF26-00001", "reason": "of another round"}).status_code == 400
    assert kay.post(f"{address}/nothing_found", {"kind": "industry"}).status_code == 302
    page = kay.get(f"/orders/research/{turn.number}").get_data(as_text=True)
    assert "a rumour" in page
    assert say("research.nothing") in page


@pytest.mark.clause("2.1.1-b")
def test_a_report_goes_its_whole_way_on_the_pages(session: Session, as_: As) -> None:
    turn, kay, sal = collecting(session), as_("kay"), as_("sal")
    kay.post(f"/orders/research/{turn.number}/do/record", FINDING)
    kay.post(f"/orders/research/{turn.number}/do/finish", {})
    cited = session.scalars(select(Finding.number).where(Finding.round_id == turn.id)).all()
    made = kay.post(
        f"/orders/research/{turn.number}/do/report", {"title": "Autumn", "language": "en", "cited": list(cited)}
    )
    report = session.scalars(select(ResearchReport).where(ResearchReport.title == "Autumn")).one()
    assert made.location == f"/orders/research/reports/{report.number}"
    assert len(report.citations) == 4
    assert kay.post(f"{made.location}/do/submit", {}).status_code == 400, "nothing is written yet"
    sections = {"sections-1-heading": "Demand", "sections-1-text": "Quiet units", "sections-2-text": "Prices fall"}
    written = {"title": "Autumn", "language": "en", "cited": list(cited), **sections}
    assert kay.post(f"{made.location}/do/write", written).status_code == 302
    assert kay.post(f"{made.location}/do/submit", {}).status_code == 302
    assert kay.post(f"{made.location}/do/approve", {}).status_code == 403
    assert [work.kind for work in works(session, "sal")].count("research_sign") == 2, "the demo's and this one"
    assert sal.post(f"{made.location}/do/approve", {"opinion": "good"}).status_code == 302
    assert kay.post(f"{made.location}/do/write", written).status_code == 409
    corrected = kay.post(f"{made.location}/do/correct", {"reason": "wrong year"})
    assert corrected.status_code == 302
    assert corrected.location != made.location
    session.refresh(report)
    assert (report.state, report.sections[1]) == ("released", {"heading": "", "text": "Prices fall"})


def works(session: Session, name: str) -> list[Any]:
    person = session.scalars(select(Person).where(Person.email == f"{name}@demo.test")).one()
    found = work_list(session, person.actor(), at=wall())
    session.commit()
    return found


def test_sales_has_its_research_in_the_work_list_and_others_do_not(session: Session, company: Any) -> None:
    kinds = {name: {work.kind for work in works(session, name)} for name in ("kay", "sal", "rnd")}
    assert "research_collect" in kinds["kay"]
    assert "research_sign" not in kinds["kay"], "the head's"
    assert {"research_collect", "research_sign"} <= kinds["sal"]
    assert "research_report" not in kinds["sal"], "it has been submitted"
    assert not [kind for kind in kinds["rnd"] if kind.startswith("research")]


ASKED: tuple[tuple[dict[str, str], int], ...] = (
    ({"method": "pareto", "rows-1-key": "RF-520", "rows-1-value": "3.5"}, 302),
    ({"method": "pareto", "query": "orders_by_model", "model": "RF-520"}, 302),
    ({"method": "trend", "rows-1-key": "RF-520", "rows-1-value": "3"}, 400),
    ({"method": "pareto", "rows-1-key": "RF-520", "rows-1-value": "many"}, 400),
    ({"method": "pareto", "query": "passwords"}, 400),
    ({"method": "pareto", "vital": "0", "rows-1-key": "a", "rows-1-value": "1"}, 400),
)


@pytest.mark.clause("2.1.2-a")
def test_an_analysis_is_made_on_the_rounds_page(session: Session, as_: As) -> None:
    turn, kay = collecting(session), as_("kay")
    for given, status in ASKED:
        before = count(session, Analysis)
        answer = kay.post(f"/orders/research/{turn.number}/do/analyse", {"title": "Which?", **given})
        assert (answer.status_code, count(session, Analysis) - before) == (status, int(status == 302)), given


@pytest.mark.clause("2.1.2-a")
def test_run_again_says_that_the_same_came(session: Session, as_: As) -> None:
    kay, rnd = as_("kay"), as_("rnd")
    for number in session.scalars(select(Analysis.number)).all():
        assert kay.post(f"/orders/research/analyses/{number}/again", {}).status_code == 302
        page = kay.get(f"/orders/research/analyses/{number}").get_data(as_text=True)
        assert (say("research.same") in page, say("research.other") in page) == (True, False), number
        assert rnd.post(f"/orders/research/analyses/{number}/again", {}).status_code == 403


def test_findings_are_found_in_either_script(session: Session, as_: As) -> None:
    kay = as_("kay")
    for words in ("洗碗机", "洗碗機", "dishwasher", "MF26-"):
        page = kay.get(f"/orders/research?q={words}").get_data(as_text=True)
        assert "两家对手把洗碗机降价" in page or "60 cm dishwashers" in page, words
        assert say("research.none_found") not in page, words
    assert say("research.none_found") in kay.get("/orders/research?q=100%25").get_data(as_text=True)


TABLE = "kind,source,date,text,link,models\ncompetitor,Fair,2026-01-05,5 % off,,DW-600\n"


@pytest.mark.clause("2.1.1-a")
def test_findings_are_taken_from_a_table_after_a_dry_run(session: Session, as_: As) -> None:
    turn, kay, before = collecting(session), as_("kay"), count(session, Finding)
    address = f"/orders/research/{turn.number}/import"
    dry = kay.post(address, {"text": TABLE, "dry": "1"})
    assert (dry.status_code, count(session, Finding)) == (200, before)
    assert say("import.good", n=1) in dry.get_data(as_text=True)
    wrong = kay.post(address, {"text": TABLE + "demand,,2026-01-05,x,,\n"})
    text = wrong.get_data(as_text=True)
    assert (wrong.status_code, count(session, Finding)) == (400, before), "nothing half done"
    assert say("import.field.source") in text
    assert say("error.research.source") in text
    assert kay.post(address, {"text": TABLE}).status_code == 302
    assert count(session, Finding) == before + 1
    outsider = as_("pro").post(address, {"text": TABLE})
    assert (outsider.status_code, "2.1.1-a" in outsider.get_data(as_text=True)) == (403, True)


@pytest.mark.parametrize(
    ("content", "code"),
    [("種類,來源".encode("big5"), "import.encoding"), (b"", "import.heading"), (b"\x00\x01", "import.heading")],
)
def test_a_file_that_is_no_table_is_refused(session: Session, as_: As, content: bytes, code: str) -> None:
    turn, kay = collecting(session), as_("kay")
    answer = kay.post(f"/orders/research/{turn.number}/import", {"file": (io.BytesIO(content), "findings.csv")})
    wanted = say(f"error.{code}", columns="kind, source, date, text, link, models")
    assert (answer.status_code, wanted in answer.get_data(as_text=True)) == (400, True)


@pytest.mark.clause("2.1.2-b")
def test_monthly_history_is_taken_from_a_table(session: Session, as_: As) -> None:
    kay, address, before = as_("kay"), "/orders/research/forecasts/import", count(session, DemandPoint)
    table = "model,month,quantity\nRF-520,2020-01,7\n"
    assert kay.post(address, {"text": table, "dry": "1", "source": "ledger"}).status_code == 200
    assert kay.post(address, {"text": table, "source": " "}).status_code == 400
    assert kay.post(address, {"text": table + "XX-1,2020-01,7\n", "source": "ledger"}).status_code == 400
    assert count(session, DemandPoint) == before
    assert kay.post(address, {"text": table, "source": "ledger"}).status_code == 302
    assert count(session, DemandPoint) == before + 1


def test_what_is_not_there_is_not_found(session: Session, as_: As) -> None:
    other = session.scalars(select(Round)).first()
    assert other is not None
    session.commit()
    kay = as_("kay")
    for path in ("R99-1", "reports/MR99-1", "analyses/MA99-1", "R99-1/import"):
        assert kay.get(f"/orders/research/{path}").status_code == 404
    assert count(session, Forecast) == 4


@pytest.mark.clause("2.1.2-b")
def test_the_quote_shows_what_is_expected_of_the_quoted_model(session: Session, as_: As) -> None:
    quotes = {line.model_code: line.quote_id for line in session.scalars(select(QuoteLine))}
    for model, label in (("RF-520", "forecast.beats"), ("DW-600", "forecast.does_not_beat")):
        number = session.scalars(select(Quote.number).where(Quote.id == quotes[model])).one()
        page = as_("sal").get(f"/orders/quotes/{number}").get_data(as_text=True)
        assert f'href="/orders/research/forecasts?model={model}"' in page
        assert say(label) in page
