"""``make screenshots``: pictures of the main screens, of a demo company in which the story has been played.

python -m tests.e2e.screenshots FOLDER
"""

import shutil
import sys
import tempfile
import urllib.parse
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from helpdesk.demo.people import PASSWORD
from helpdesk.story.play import LIN, play
from tests.e2e.product import Product

DESKTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
PICTURES = (
    # name, who, address, screen, language, dark
    ("simulator", None, "/simulator?phone=" + urllib.parse.quote(LIN), DESKTOP, "en", False),
    ("tickets", "mei@demo.test", "/tickets", DESKTOP, "en", False),
    ("ticket", "mei@demo.test", "first ticket", DESKTOP, "en", False),
    ("ticket-dark", "mei@demo.test", "first ticket", DESKTOP, "zh-Hant", True),
    ("dispatch", "jun@demo.test", "/dispatch", DESKTOP, "zh-Hans", False),
    ("orders", "hua@demo.test", "/orders", DESKTOP, "zh-Hant", False),
    ("order", "sal@demo.test", "first order", DESKTOP, "zh-Hans", False),
    ("quotes", "sal@demo.test", "/orders/quotes", DESKTOP, "en", False),
    ("quote", "sal@demo.test", "first quote", DESKTOP, "zh-Hant", False),
    ("research", "kay@demo.test", "/orders/research", DESKTOP, "en", False),
    ("forecasts", "kay@demo.test", "/orders/research/forecasts", DESKTOP, "zh-Hant", True),
    ("design", "rnd@demo.test", "/orders/design", DESKTOP, "zh-Hant", False),
    ("change", "rnd@demo.test", "first change", PHONE, "zh-Hant", False),
    ("rulebook", "hr@demo.test", "/admin/rulebook", DESKTOP, "zh-Hant", False),
    ("quality", "qua@demo.test", "first case", DESKTOP, "en", False),
    ("performance", "hua@demo.test", "/performance", DESKTOP, "en", False),
    ("mobile", "wei@demo.test", "/m", PHONE, "en", False),
    ("visit", "wei@demo.test", "first visit", PHONE, "zh-Hant", False),
)
FIRST = {
    "first ticket": ("/tickets?view=open", "a[href^='/tickets/T']"),
    "first case": ("/quality", "a[href^='/quality/Q']"),
    "first order": ("/orders", ".board a[href^='/orders/O']"),
    "first quote": ("/orders/quotes", "a[href^='/orders/quotes/Q']"),
    "first change": ("/orders/changes", "a[href^='/orders/changes/E']"),
    "first visit": ("/m", "a[href^='/m/visits/']"),
}


def draw(product: Product, folder: Path) -> None:
    """Every picture into a folder."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for name, who, address, screen, language, dark in PICTURES:
            page = _page(browser, product, who, screen, language, dark)
            if address in FIRST:
                place, link = FIRST[address]
                page.goto(product.url + place)
                address = page.locator(link).first.get_attribute("href") or place
            page.goto(product.url + address)
            switch = page.locator(f"button[name=language][value={language}]")
            if switch.count():
                with page.expect_navigation():
                    switch.first.evaluate("button => button.form.requestSubmit(button)")
                page.goto(product.url + address)
            page.wait_for_load_state("load")
            page.evaluate("document.fonts.ready")
            if sync := page.locator("#sync span").all():
                expect(sync[0]).not_to_be_empty()
            page.screenshot(path=folder / f"{name}.png", animations="disabled")
            sys.stdout.write(f"{folder / name}.png\n")
            page.context.close()
        browser.close()


def _page(
    browser: Browser, product: Product, who: str | None, screen: dict[str, int], language: str, dark: bool
) -> Page:
    context = browser.new_context(
        viewport=screen,  # type: ignore[arg-type]
        device_scale_factor=1,
        locale=language,
        color_scheme="dark" if dark else "light",
        timezone_id="Asia/Hong_Kong",
    )
    page = context.new_page()
    if who is not None:
        page.goto(product.url + "/login")
        page.fill("input[name=email]", who)
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_url(lambda url: "/login" not in url)
    return page


def prepare(product: Product) -> None:
    """Play the story, then leave a second one in the middle, so that there is something to do."""
    told = product.run("story", timeout=300)
    if told.returncode != 0:
        raise SystemExit(told.stderr)
    for number, _ in enumerate(play(product.scene(patience=60)), 1):
        if number == 6:
            break


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ordercare-screens-") as scratch, Product(Path(scratch)) as product:
        prepare(product)
        draw(product, folder)


if __name__ == "__main__":
    main()
