"""A technician's telephone: a visit from the first tap to the signature, with the network gone in the middle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import select

from helpdesk import i18n
from helpdesk.dispatch.models import Technician, Visit
from helpdesk.story.play import LIN, Scene, play
from helpdesk.technician.models import DeviceAction
from order_core.aftersales.models import ServiceReport
from order_core.issues.models import Issue
from order_core.kernel.journal import JournalEntry
from order_core.kernel.ledger import StockMove
from tests.e2e import browser as b
from tests.e2e.browser import PHONE, Desk, Window
from tests.e2e.conftest import Start
from tests.e2e.product import Product

pytestmark = pytest.mark.once

LANGUAGE = "zh-Hant"
ASSIGNED = 5
"""Steps of the story until the plan has given Lin's visit to Wei."""


def say(key: str, **params: object) -> str:
    return i18n.translate(LANGUAGE, key, **params)


@dataclass(frozen=True)
class Job:
    """A visit that Wei has been given and not yet accepted."""

    product: Product
    number: str
    part: str

    def actions(self) -> list[tuple[str, str]]:
        """What his device has reported: kind and outcome, in its order."""
        with self.product.reading() as session:
            rows = session.scalars(
                select(DeviceAction).where(DeviceAction.visit_number == self.number).order_by(DeviceAction.seq)
            )
            return [(row.kind, row.outcome) for row in rows]

    def did(self, *kinds: str) -> None:
        """Wait until the office has these, each once and in this order."""
        wanted = [(kind, "done") for kind in kinds]
        self.product.wait_until(lambda: len(self.actions()) >= len(wanted), 20, f"told of {', '.join(kinds)}")
        assert self.actions() == wanted

    def state(self) -> str:
        with self.product.reading() as session:
            return session.scalars(select(Visit.state).where(Visit.number == self.number)).one()


@pytest.fixture(scope="module")
def product(start: Start) -> Product:
    return start()


@pytest.fixture
def job(product: Product) -> Job:
    _put_aside_what_was(product)
    scene: Scene = product.scene(patience=60)
    for number, _ in enumerate(play(scene), 1):
        if number == ASSIGNED:
            break
    return Job(product, scene.known["visit"]["number"], scene.known["visit"]["part"])


def _put_aside_what_was(product: Product) -> None:
    with product.reading() as session:
        wanted = select(Issue.number).where(Issue.phone == LIN, Issue.kind == "ticket")
        left = session.scalars(wanted.where(Issue.state.not_in(("closed", "void")))).all()
    jun = product.browser("jun@demo.test")
    for number in left:
        jun.get(f"/tickets/{number}")
        jun.post(f"/tickets/{number}/steps/void", reason="the next test begins")


@pytest.fixture
def wei(job: Job, chromium: Browser) -> Iterator[Window]:
    """Wei's telephone on the visit's page, which it has put by."""
    with Desk(chromium, job.product.url).window("wei", LANGUAGE, screen=PHONE) as window:
        page = window.go("/m")
        card = page.locator(f"a.visit-card[href='/m/visits/{job.number}']")
        expect(card).to_contain_text(job.part)
        for address in ("/m", f"/m/visits/{job.number}"):
            page.wait_for_function("async (path) => (await caches.match(path, {ignoreVary: true}))?.ok", arg=address)
        card.click()
        shows(page, "assigned", "accept")
        sent(page)  # the page's script is at work, too
        yield window


def shows(page: Page, state: str, action: str | None) -> None:
    """The page is in that state: its pill, and the one primary action that follows."""
    expect(page.locator("#visit")).to_have_attribute("data-state", state)
    expect(page.locator("#visit .row > [data-when]:visible")).to_have_text(say(f"state.Visit.{state}"))
    primary = page.locator("[data-action]:visible")
    expect(primary).to_have_text([say(f"m.do.{action}")] if action else [])


def tap(page: Page, action: str) -> None:
    page.click(f"[data-action={action}]")


def waiting(page: Page, number: int) -> None:
    """So many actions wait on the device, each in the outbox's list."""
    expect(page.locator("#sync span")).to_have_text(say("m.waiting").replace("{n}", str(number)))
    expect(page.locator("#outbox li.pending")).to_have_count(number)


def sent(page: Page) -> None:
    expect(page.locator("#sync span")).to_have_text(say("m.synced"))
    expect(page.locator("#outbox li")).to_have_count(0)


def fill_report(page: Page) -> None:
    page.select_option("#cause", "drain_heater_open")
    page.select_option("#remedy", "part_replaced")
    page.fill("#explained", "排水加熱器斷路，已更換")
    for reading in page.locator("[data-reading]").all():
        if reading.get_attribute("data-kind") == "yes_no":
            reading.check()
        else:
            reading.fill("4")


def sign(page: Page) -> None:
    pad = page.locator("#pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    for step in range(1, 8):
        page.mouse.move(box["x"] + 40 + 25 * step, box["y"] + 40 + 12 * (step % 3))
    page.mouse.up()


def lose_the_answer(window: Window) -> list[int]:
    """The next report reaches the office; the network goes before its answer comes back. What the office said."""
    answers: list[int] = []

    def cut(route: Route) -> None:
        answers.append(route.fetch().status)
        window.page.context.set_offline(True)
        route.abort()

    window.page.route("**/m/sync", cut, times=1)
    return answers


def test_a_visit_is_done_once_however_often_the_network_goes(job: Job, wei: Window) -> None:
    page, network = wei.page, wei.page.context
    tap(page, "accept")
    shows(page, "accepted", "leave")
    job.did("accept")
    sent(page)

    network.set_offline(True)
    page.reload()  # the page put by is older than what was done since
    shows(page, "accepted", "leave")
    network.set_offline(False)

    answers = lose_the_answer(wei)
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/m/sync")):
        tap(page, "leave")
    assert answers == [200]
    shows(page, "en_route", "arrive")
    waiting(page, 1)
    job.did("accept", "leave")
    page.reload()
    shows(page, "en_route", "arrive")
    waiting(page, 1)

    tap(page, "arrive")
    tap(page, "start")
    shows(page, "working", "complete")
    waiting(page, 3)
    tap(page, "complete")  # nothing filled in
    expect(page.get_by_role("alert")).to_have_text(say("m.missing"))
    shows(page, "working", "complete")
    fill_report(page)
    tap(page, "complete")  # not signed
    expect(page.get_by_role("alert")).to_have_text(say("m.missing"))
    sign(page)
    tap(page, "complete")
    shows(page, "completed", None)
    expect(page.get_by_text(say("m.finished"))).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.reload()
    shows(page, "completed", None)
    waiting(page, 4)
    assert job.state() == "en_route"
    page.get_by_role("link", name=say("m.today")).click()
    waiting(page, 4)

    network.set_offline(False)
    sent(page)
    page.click(f"a[href='/m/visits/{job.number}']")
    shows(page, "completed", None)
    sent(page)
    job.did("accept", "leave", "arrive", "start", "complete")
    assert job.state() == "completed"
    _was_done_once(job)


def _was_done_once(job: Job) -> None:
    with job.product.reading() as session:
        visit = session.scalars(select(Visit).where(Visit.number == job.number)).one()
        steps = Counter(
            session.scalars(
                select(JournalEntry.step).where(JournalEntry.kind == "Visit", JournalEntry.case_id == visit.id)
            )
        )
        assert set(steps) >= {"accept", "leave", "arrive", "start", "complete"}
        assert set(steps.values()) == {1}
        report = session.scalars(select(ServiceReport).where(ServiceReport.visit_number == job.number)).one()
        assert report.signature.startswith("data:image/png;base64,")
        moves = select(StockMove).where(StockMove.cause_kind == "Visit", StockMove.cause_id == visit.id)
        assert [(move.item, move.quantity) for move in session.scalars(moves)] == [(job.part, 1)]


def test_what_the_office_changed_meanwhile_is_told_and_stays_in_sight_until_it_is_seen(job: Job, wei: Window) -> None:
    page = wei.page
    page.context.set_offline(True)
    tap(page, "accept")
    waiting(page, 1)
    _give_to_another(job)
    page.context.set_offline(False)
    expect(page.locator("#sync span")).to_have_text(say("m.trouble"))
    shows(page, "assigned", "accept")  # it did not happen
    told = page.locator("#outbox li.conflict")
    expect(told).to_contain_text(say("error.visit.reassigned", number=job.number))
    wei.go("/m")
    expect(page.locator(f"a[href='/m/visits/{job.number}']")).to_have_count(0)
    expect(told).to_contain_text(job.number)
    assert b.axe(page) == []
    told.get_by_role("button", name=say("frame.acknowledge")).click()
    sent(page)
    page.reload()
    sent(page)
    assert job.actions() == [("accept", "conflict")]
    assert job.state() == "assigned"


def _give_to_another(job: Job) -> None:
    with job.product.reading() as session:
        visit = session.scalars(select(Visit).where(Visit.number == job.number)).one()
        day, wei = visit.starts_at.date(), visit.technician_id
        other = session.scalars(select(Technician.person_id).where(Technician.person_id != wei)).first()
    jun = job.product.browser("jun@demo.test")
    jun.get(f"/dispatch?day={day}")
    jun.post(f"/dispatch/{job.number}/give", technician=str(other))


def test_a_visit_that_cannot_be_finished_needs_a_reason(job: Job, wei: Window) -> None:
    page = wei.page
    for action in ("accept", "leave", "arrive"):
        tap(page, action)
    shows(page, "on_site", "start")
    sent(page)
    page.get_by_text(say("m.not_finished")).click()
    page.click("[data-stop=no_access]")
    expect(page.get_by_role("alert")).to_be_visible()
    shows(page, "on_site", "start")
    page.fill("#why", "沒有人在家")
    page.click("[data-stop=no_access]")
    shows(page, "incomplete", None)
    job.did("accept", "leave", "arrive", "no_access")
    sent(page)
    assert job.state() == "incomplete"


def test_the_report_is_usable_with_the_keyboard_and_by_a_reader(job: Job, wei: Window) -> None:
    """The page of a working visit, with the report's form open; the name may stand for a drawn signature."""
    page = wei.page
    for action in ("accept", "leave", "arrive", "start"):
        tap(page, action)
    shows(page, "working", "complete")
    sent(page)
    assert b.axe(page) == []
    assert not b.scrolls_sideways(page)
    assert b.untranslated(page) == []
    assert b.keyboard(page) == []
    assert b.keyboard(page, backwards=True) == []
    fill_report(page)
    page.check("#typed")
    page.focus("[data-action=complete]")
    page.keyboard.press("Enter")
    shows(page, "completed", None)
    job.did("accept", "leave", "arrive", "start", "complete")
    sent(page)
    assert wei.problems == []


def test_signing_out_leaves_nothing_to_read_on_the_device(job: Job, wei: Window) -> None:
    page = wei.page
    page.get_by_text(say("m.me")).click()
    page.get_by_role("button", name=say("frame.sign_out")).click()
    expect(page.locator("#password")).to_be_visible()
    page.wait_for_function("async () => !(await caches.keys()).length")
