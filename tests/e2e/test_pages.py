"""Every page in a real browser: languages, light and dark, desk and telephone, keyboard; and the ways people go."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from helpdesk import database, i18n
from helpdesk.auth.service import token_hash
from helpdesk.channels.models import Message
from helpdesk.dispatch.models import Visit
from helpdesk.story.play import LIN
from order_core.acquisition.enquiry.models import Enquiry
from order_core.acquisition.quote.models import Quote
from order_core.acquisition.research.models import Analysis, ResearchReport
from order_core.aftersales.models import Survey
from order_core.execution.change.models import ChangeRequest
from order_core.execution.design.models import Design
from order_core.execution.models import Order
from order_core.issues.models import Issue
from order_core.rounds.models import Round
from tests.e2e import browser as b
from tests.e2e.browser import DESKTOP, PHONE, Desk, Scheme
from tests.e2e.conftest import Start
from tests.e2e.product import Product

pytestmark = pytest.mark.once

LINK = "the-link-of-a-survey"
LANGUAGES = tuple(i18n.LOCALES)
WAYS: tuple[tuple[tuple[str, Scheme, bool], ...], ...] = (
    (("en", "light", False), ("zh-Hant", "dark", True), ("zh-Hans", "light", True)),
    (("en", "dark", True), ("zh-Hant", "light", True), ("zh-Hans", "dark", False)),
    (("en", "light", True), ("zh-Hant", "dark", False), ("zh-Hans", "dark", True)),
)
"""Language, scheme, on a telephone: pages take these sets in turn, so that each page meets every value."""


@dataclass(frozen=True)
class Place:
    """A page: who reads it, where it is, what is on it once it is drawn."""

    name: str
    who: str | None
    path: str
    shows: str = "h1"
    status: int = 200


PLACES = (
    Place("sign in", None, "/login", "#password"),
    Place("tickets", "hua", "/tickets?view=open", "a.ticket-link"),
    Place("search", "hua", "/search?q=冰箱", "mark"),
    Place("macros", "hua", "/tickets/macros", ".facts dd"),
    Place("pauses", "hua", "/tickets/pauses", ".empty"),
    Place("ticket", "hua", "/tickets/{ticket}", ".entry.sms_in"),
    Place("calls", "hua", "/calls", ".call-figure"),
    Place("roster of the hotline", "hua", "/calls/roster", "svg.roster .shift"),
    Place("dispatch", "hua", "/dispatch?day={day}", ".gantt a.visit"),
    Place("parts", "hua", "/parts", "tbody td"),
    Place("orders", "hua", "/orders", ".board a.card"),
    Place("orders list", "sal", "/orders?view=list&late=1", "a.ticket-row"),
    Place("order", "hua", "/orders/{order}", ".timeline .entry"),
    Place("order discussed", "sal", "/orders/{discussed}", ".diff ins"),
    Place("work of a department", "pro", "/orders/work", "svg.span"),
    Place("contracts", "sal", "/orders/contracts", "section.contract"),
    Place("market research", "kay", "/orders/research", ".year a"),
    Place("market round", "kay", "/orders/research/{round}", ".board.kinds .finding"),
    Place("market report", "kay", "/orders/research/reports/{report}", "article.report"),
    Place("analysis", "kay", "/orders/research/analyses/{analysis}", ".chart canvas"),
    Place("forecasts", "kay", "/orders/research/forecasts", ".chart canvas"),
    Place("findings import", "kay", "/orders/research/{round}/import", "#text"),
    Place("enquiries", "sal", "/orders/enquiries", "mark"),
    Place("enquiry", "sal", "/orders/enquiries/{enquiry}", ".wish .actions"),
    Place("ticket to a requirement", "mei", "/orders/enquiries?ticket={ticket}", "#open-words"),
    Place("quotes", "sal", "/orders/quotes", ".board a.card"),
    Place("quote talked about", "sal", "/orders/quotes/{talked}", "svg.steps"),
    Place("quote without prices", "log", "/orders/quotes/{talked}", ".legs rect"),
    Place("quote to sign", "mgt", "/orders/quotes/{low}", ".stack-bar rect"),
    Place("customer's copy", "sal", "/orders/quotes/{talked}/document", ".paper table"),
    Place("design", "rnd", "/orders/design", ".stages .bar"),
    Place("one design", "pro", "/orders/design/{design}", ".matrix .cell"),
    Place("design changes", "rnd", "/orders/changes", "a.change-row"),
    Place("design change", "log", "/orders/changes/{change}", ".holders > li"),
    Place("quality", "qua", "/quality", "a.ticket-row"),
    Place("quality case", "qua", "/quality/{case}", "tbody td"),
    Place("surveys", "hua", "/surveys", "a.ticket-row"),
    Place("performance", "hua", "/performance", ".gauge .big"),
    Place("rulebook", "hua", "/admin/rulebook?chapter=1", ".chapters rect"),
    Place("clause", "hr", "/admin/rulebook/3.1.2-a", ".values dd"),
    Place("changes of the rulebook", "hr", "/admin/rulebook/changes", "#open summary"),
    Place("own days", "hr", "/admin/rulebook/days", "#intervals"),
    Place("survey", None, "/s/" + LINK, "input[name=score]"),
    Place("simulator", None, "/simulator", "#thread .out"),
    Place("API", None, "/api/docs", "h2 code"),
    Place("error", "hua", "/tickets/T00-00000", ".tile", 404),
    Place("today", "wei", "/m", "#sync span:not(:empty)"),
    Place("visit", "wei", "/m/visits/{visit}", "#sync span:not(:empty)"),
)


@dataclass(frozen=True)
class Told:
    """A product on which the story was told, and the numbers that came of it."""

    product: Product
    numbers: dict[str, str]


def ask_by_link(product: Product) -> None:
    """The story's survey, as if it had not been answered by text, waits at ``LINK``."""
    asked: dict[str, object] = {"token_hash": token_hash(LINK), "state": "sent", "score": None, "comment": None}
    with Session(product.engine) as session:
        database.begin(session, write=True)
        first = select(func.min(Survey.id)).scalar_subquery()
        session.execute(update(Survey).where(Survey.id == first).values(asked))
        session.commit()


@pytest.fixture(scope="module")
def told(start: Start) -> Told:
    product = start()
    played = product.run("story")
    assert played.returncode == 0, played.stderr
    ask_by_link(product)
    with product.reading() as session:
        visit = session.scalars(select(Visit).order_by(Visit.id)).one()
        case = session.scalars(select(Issue.number).where(Issue.kind == "quality")).first()
        day = visit.starts_at.date().isoformat()
        numbers = {"ticket": visit.issue.number, "visit": visit.number, "day": day, "case": str(case)}
        orders = select(Order.number).order_by(Order.id)
        numbers["order"] = session.scalars(orders.where(Order.state == "executing")).first() or ""
        numbers["discussed"] = session.scalars(orders.where(Order.revision == 2)).one()
        numbers["draft"] = session.scalars(orders.where(Order.state == "draft")).one()
        return Told(product, numbers | _of_quotes(session) | _of_research(session) | _of_design(session))


def _of_design(session: Session) -> dict[str, str]:
    """Numbers of the design in review and of the approved change."""
    return {
        "design": session.scalars(select(Design.number).where(Design.state == "in_review")).one(),
        "change": session.scalars(select(ChangeRequest.number).where(ChangeRequest.state == "released")).one(),
    }


def _of_research(session: Session) -> dict[str, str]:
    """Numbers of the round that is collecting, the report in force and an analysis with a chart."""
    return {
        "round": session.scalars(select(Round.number).where(Round.state == "open")).one(),
        "report": session.scalars(select(ResearchReport.number).where(ResearchReport.state == "released")).one(),
        "analysis": session.scalars(select(Analysis.number).where(Analysis.method == "trend")).one(),
    }


def _of_quotes(session: Session) -> dict[str, str]:
    """Numbers of an enquiry that is being captured, a quote in talks, and one below the floor."""
    quotes = select(Quote.number).order_by(Quote.id)
    captured = select(Enquiry.number).where(Enquiry.state == "captured").order_by(Enquiry.id)
    return {
        "talked": session.scalars(quotes.where(Quote.state == "negotiating")).first() or "",
        "low": session.scalars(quotes.where(Quote.state == "draft")).first() or "",
        "enquiry": session.scalars(captured).first() or "",
    }


@pytest.fixture(scope="module")
def desk(told: Told, chromium: Browser) -> Desk:
    return Desk(chromium, told.product.url)


def _each() -> list[object]:
    return [
        pytest.param(place, *way, id=f"{place.name}-{way[0]}-{way[1]}-{'phone' if way[2] else 'desktop'}")
        for index, place in enumerate(PLACES)
        for way in WAYS[index % len(WAYS)]
    ]


def test_each_page_is_seen_in_every_language_scheme_and_size() -> None:
    for ways in WAYS:
        assert {language for language, _, _ in ways} == set(LANGUAGES)
        assert {scheme for _, scheme, _ in ways} == {"light", "dark"}
        assert {phone for _, _, phone in ways} == {True, False}


@pytest.mark.parametrize(("place", "language", "scheme", "phone"), _each())
def test_page(told: Told, desk: Desk, place: Place, language: str, scheme: Scheme, phone: bool) -> None:
    with desk.window(place.who, language, screen=PHONE if phone else DESKTOP, scheme=scheme) as window:
        page = window.go(place.path.format(**told.numbers))
        expect(page.locator(place.shows).first).to_be_attached()
        assert page.get_attribute("html", "lang") == language
        assert re.fullmatch(r"\S.* · OrderCare", page.title()), page.title()
        assert page.locator("h1").count() == 1
        assert page.locator("h1").inner_text().strip()
        assert b.untranslated(page) == []
        assert b.axe(page) == []
        if phone:
            assert not b.scrolls_sideways(page)
        assert b.keyboard(page, backwards=scheme == "dark") == []
        page.locator(".skip").press("Enter")
        expect(page.locator("main#content")).to_be_focused()
        said = [problem for problem in window.problems if place.status == 200 or b.ERROR_PAGE not in problem]
        assert said == []


def test_what_is_wrong_with_a_page_is_noticed(told: Told, desk: Desk) -> None:
    """The looking itself: each kind of fault, put into a page, is found."""
    with desk.window("hua", screen=PHONE) as window:
        page = window.go("/tickets")
        page.evaluate(
            """() => {
              const wrong = document.createElement("div");
              wrong.innerHTML = `<p id="pale">m.today and {n} are hardly to be read</p>
                <button id="dull">dull</button><button id="never" tabindex="-1">never</button><p id="wide">wide</p>`;
              document.getElementById("content").prepend(wrong);
              document.getElementById("pale").style.cssText = "color: #bbb; background: #fff";
              document.getElementById("dull").style.outline = "none";
              document.getElementById("wide").style.width = "600px";
              const cover = document.createElement("div");
              cover.style.cssText = "position: fixed; inset: 0 0 auto 0; height: 4rem; z-index: 99";
              document.body.append(cover);
              console.error("wrong");
            }"""
        )
        assert any(line.startswith("color-contrast") for line in b.axe(page))
        assert b.untranslated(page) == ["m.today", "{n}"]
        assert b.scrolls_sideways(page)
        faults = "\n".join(b.keyboard(page))
        assert re.search("no visible focus: .*dull", faults)
        assert re.search("not reached: .*never", faults)
        assert "covered or outside" in faults
        assert window.problems == ["console: wrong"]


@pytest.mark.parametrize(("who", "first"), [("hua", "/tickets"), ("wei", "/m"), (None, "/login")])
def test_everybody_has_a_first_page(desk: Desk, who: str | None, first: str) -> None:
    with desk.window(who) as window:
        expect(window.go("/")).to_have_url(desk.url + first)


def test_who_is_not_signed_in_is_sent_to_the_door_and_a_wrong_password_is_told(desk: Desk) -> None:
    with desk.window() as window:
        page = window.go("/tickets?view=closed")
        expect(page).to_have_url(re.compile(r"/login\?next="))
        for email in ("eve@elsewhere.test", "mei@demo.test"):
            page.fill("#email", email)
            page.fill("#password", "guessed")
            page.press("#password", "Enter")
            expect(page.get_by_role("alert")).to_have_text(i18n.translate("en", "error.auth.wrong_password"))
            expect(page.locator("#email")).to_have_value(email)
            assert page.input_value("#password") == ""
        page.fill("#password", "demo")
        page.press("#password", "Enter")
        expect(page).to_have_url(re.compile(r"/tickets\?view=closed"))
        window.go("/orders")
        expect(page.locator("h1")).to_have_text(i18n.translate("zh-Hant", "nav.orders"))  # her own language


def test_lin_texts_in_the_simulator_and_is_answered(told: Told, desk: Desk) -> None:
    words = "洗衣機不排水，水都積在裡面"
    with desk.window(language="zh-Hant") as window:
        page = window.go("/simulator")
        answers = page.locator("#thread .out")
        expect(answers.first).to_be_visible()
        before = answers.count()
        page.fill("#words", words)
        page.press("#words", "Enter")
        expect(page.locator("#thread .in p").get_by_text(words)).to_be_visible()
        expect(answers).not_to_have_count(before)
        expect(answers.last).to_contain_text(re.compile(r"[一-鿿]"))
        expect(page.locator("#words")).to_have_value("")
        assert window.problems == []
        shown = answers.last.locator("p").inner_text()
    with told.product.reading() as session:
        assert session.scalars(select(Message).where(Message.body == words)).one().from_number == LIN
        rows = session.scalars(select(Message.body).where(Message.to_number == LIN).order_by(Message.id)).all()
    assert rows[-1] == shown


def test_a_change_is_seen_on_a_list_that_nobody_reloads(told: Told, desk: Desk) -> None:
    path = f"/tickets/{told.numbers['ticket']}"
    with desk.window("mei") as mei, desk.window("hua") as hua:
        page = mei.go("/tickets?view=closed")
        expect(page.locator(f"a.ticket-link[href='{path}']")).to_be_visible()
        hua.go(path).fill("#note-text", "seen by everybody")
        hua.page.press("#note-text", "Control+Enter")
        expect(page.locator("tr.fresh")).to_have_count(1)
        assert mei.problems == []


def test_commands_are_found_by_typing(told: Told, desk: Desk) -> None:
    with desk.window("mei") as window:
        page = window.go("/orders")
        page.keyboard.press("Control+k")
        expect(page.locator("#palette-text")).to_be_focused()
        page.keyboard.type("overdue")
        page.keyboard.press("Enter")
        page.wait_for_url("**/tickets?view=overdue")
        page.keyboard.press("?")
        expect(page.locator("#keys")).to_be_visible()


def test_mei_replies_with_the_keyboard_alone(told: Told, desk: Desk) -> None:
    words = "林太太您好，技師的報告已寄給您。"
    with desk.window(language="zh-Hant") as window:
        page = window.go("/login?next=/tickets?view=closed")
        _tab_to(page, "#email")
        page.keyboard.type("mei@demo.test")
        page.keyboard.press("Tab")
        page.keyboard.type("demo")
        page.keyboard.press("Enter")
        expect(page.locator("a.ticket-link").first).to_be_visible()
        _press_until(page, "j", f"a.ticket-link[href='/tickets/{told.numbers['ticket']}']")
        page.keyboard.press("Enter")
        expect(page.locator("main .headline .num")).to_have_text(told.numbers["ticket"])
        expect(page.locator("#reply-text-meter output")).not_to_be_empty()  # the page's script runs
        page.keyboard.press("r")
        expect(page.locator("#reply-text")).to_be_focused()
        page.keyboard.type(words)
        expect(page.locator("#reply-text-meter output")).to_contain_text(str(len(words)))
        page.keyboard.press("Control+Enter")
        expect(page.locator(".timeline .sms_out .bubble").get_by_text(words)).to_be_visible()
        expect(page.locator("#reply-text")).to_have_value("")
        assert window.problems == []
    with told.product.reading() as session:
        sent = session.scalars(select(Message).where(Message.body == words)).one()
        assert (sent.direction, sent.to_number, sent.author_kind) == ("out", LIN, "agent")


def test_the_language_is_switched_where_one_is_and_stays(desk: Desk) -> None:
    with desk.window("hua", "en") as window:
        page = window.go("/tickets?view=closed")
        for language in ("zh-Hans", "zh-Hant", "en"):
            window.speak(language)
            expect(page).to_have_url(re.compile(r"/tickets\?view=closed$"))
            expect(page.locator("h1")).to_have_text(i18n.translate(language, "nav.tickets"))
            expect(page.locator(f"button[value={language}]")).to_have_attribute("aria-current", "true")
        window.speak("zh-Hans")
        window.go("/orders")
        assert page.get_attribute("html", "lang") == "zh-Hans"


def test_jun_sees_the_visit_on_the_board(told: Told, desk: Desk) -> None:
    with desk.window("jun") as window:
        page = window.go(f"/dispatch?day={told.numbers['day']}")
        page.locator(f".gantt a[href='#visit-{told.numbers['visit']}']").click()
        card = page.locator(f"#visit-{told.numbers['visit']}")
        expect(card).to_be_in_viewport()
        expect(card).to_contain_text("黃偉 Wei")
        card.get_by_role("link", name=told.numbers["ticket"]).click()
        expect(page.locator("main .headline .num")).to_have_text(told.numbers["ticket"])
        assert window.problems == []


def test_sales_explains_a_difference_and_issues_then_production_finds_it_in_its_work(told: Told, desk: Desk) -> None:
    number = told.numbers["draft"]
    with desk.window("sal") as window:
        page = window.go(f"/orders/{number}")
        page.locator("summary", has_text=i18n.translate("en", "step.Order.issue")).click()
        expect(page.locator("#issue-explanations-1-difference option:checked")).to_contain_text("8,499")
        page.fill("#issue-explanations-1-why", "a first order of twelve")
        page.press("#issue-explanations-1-why", "Enter")
        expect(page.locator(".stepper .current")).to_have_text(i18n.translate("en", "stage.confirming"))
        expect(page.get_by_role("cell", name="a first order of twelve")).to_be_visible()
        assert window.problems == []
    with desk.window("pro", screen=PHONE) as window:
        page = window.go("/orders/work")
        page.locator(f"a.ticket-row[href='/orders/{number}']").click()
        page.locator("summary", has_text=i18n.translate("en", "deed.Order.sign")).click()
        page.locator("form[action$='/do/sign'] button[type=submit]").click()
        expect(page.locator(".signatures .done")).to_contain_text(i18n.translate("en", "department.PRO"))
        window.go("/orders/work")
        expect(page.locator(f"a.ticket-row[href='/orders/{number}']")).to_have_count(0)
        assert window.problems == []


def test_the_board_leads_to_the_list_and_the_list_finds_the_other_script(told: Told, desk: Desk) -> None:
    with desk.window("hua", "zh-Hant") as window:
        page = window.go("/orders")
        page.get_by_role("link", name=i18n.translate("zh-Hant", "orders.view.list")).click()
        page.fill("#f-q", "廣廈")
        page.press("#f-q", "Enter")
        expect(page.locator("a.ticket-row").first).to_contain_text("广厦")
        page.keyboard.press("Tab")
        page.locator("h1").click()
        page.keyboard.press("j")
        expect(page.locator("a.ticket-row").first).to_be_focused()
        assert window.problems == []


def test_a_chart_is_read_with_the_keyboard_and_says_what_its_table_says(desk: Desk) -> None:
    with desk.window("kay", "en") as window:
        page = window.go("/orders/research/forecasts?model=DW-600")
        figure = page.locator(".chart").first
        expect(figure.locator("canvas")).to_be_visible()
        figure.locator(".plot").focus()
        page.keyboard.press("End")
        last = figure.locator("tbody tr").last
        reading = figure.locator(".reading")
        expect(reading).to_contain_text(last.locator("th").text_content() or "?")
        for cell in last.locator("td data").all():
            expect(reading).to_contain_text(cell.text_content() or "?")
        page.keyboard.press("Home")
        expect(reading).to_contain_text(figure.locator("tbody tr th").first.text_content() or "?")
        figure.locator("summary").press("Enter")
        expect(last).to_be_visible()
        assert window.problems == []


def test_a_survey_by_link_is_answered_with_the_keyboard(told: Told, desk: Desk) -> None:
    with desk.window(language="zh-Hant", screen=PHONE) as window:
        ask_by_link(told.product)
        page = window.go("/s/" + LINK)
        _tab_to(page, "input[name=score]")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        expect(page.locator("input[value='3']")).to_be_checked()
        page.keyboard.press("Tab")
        page.keyboard.type("還可以")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_contain_text(i18n.translate("zh-Hant", "survey.thanks"))
        assert window.problems == []
    with told.product.reading() as session:
        survey = session.scalars(select(Survey).where(Survey.token_hash == token_hash(LINK))).one()
        assert (survey.score, survey.comment) == (3, "還可以")
    ask_by_link(told.product)  # for the other tests


def _tab_to(page: Page, selector: str) -> None:
    _press_until(page, "Tab", selector)


def _press_until(page: Page, key: str, selector: str) -> None:
    for _ in range(60):
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{selector} is not reached with {key}")
