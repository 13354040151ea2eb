"""A real browser for the end-to-end tests: windows of two sizes, signing in, and what must hold on every page."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    StorageState,
    ViewportSize,
    expect,
    sync_playwright,
)

from helpdesk import i18n
from helpdesk.demo.people import PASSWORD
from tests import databases

DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ZONE = "Asia/Hong_Kong"
SERIOUS = ("serious", "critical")
ERROR_PAGE = "Failed to load resource: the server responded with a status of "
"""What Chromium's console says about an error page, however well made."""

Scheme = Literal["light", "dark"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of this process."""
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        found = next(filter(None, map(shutil.which, PROGRAMS)), None) or (str(own) if own.exists() else None)
        if found is None:
            databases.lacking("Chromium or Chrome (apt-get install chromium)")
        with closing(playwright.chromium.launch(executable_path=found, args=FLAGS)) as browser:
            yield browser


@dataclass
class Window:
    """A page of a product, and what went wrong on it; leaving its ``with`` block closes it."""

    page: Page
    url: str
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.problems.append(f"exception: {error}"))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.problems.append(f"console: {message.text}")

    def __enter__(self) -> Window:
        return self

    def __exit__(self, *_: object) -> None:
        self.page.context.close()

    def go(self, path: str) -> Page:
        """Open an address of the product; from then on only its own problems count."""
        self.problems.clear()
        self.page.goto(self.url + path)
        return self.page

    def sign_in(self, email: str, password: str = PASSWORD) -> Page:
        """Sign in through the form."""
        self.go("/login")
        self.page.fill("#email", email)
        self.page.fill("#password", password)
        self.page.press("#password", "Enter")
        self.page.wait_for_url(lambda url: "/login" not in url)
        return self.page

    def speak(self, language: str) -> Page:
        """Press the language switch."""
        self.page.click(f"button[name=language][value={language}]")
        expect(self.page.locator("html")).to_have_attribute("lang", language)
        return self.page


class Desk:
    """Opens windows on one product. Whoever has signed in once stays so in later windows of the same language."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser, self.url = browser, url
        self._known: dict[tuple[str | None, str], StorageState] = {}

    def window(
        self,
        who: str | None = None,
        language: str = "en",
        *,
        screen: ViewportSize = DESKTOP,
        scheme: Scheme = "light",
    ) -> Window:
        """A window of ``who`` (key of the demo's people; none: nobody signed in) that reads ``language``."""
        if (who, language) not in self._known:
            self._known[who, language] = self._signed_in(who, language)
        context = self._context(screen, scheme, language, self._known[who, language])
        return Window(context.new_page(), self.url)

    def _signed_in(self, who: str | None, language: str) -> StorageState:
        if who is None:
            return {"cookies": [], "origins": []}
        with closing(self._context(DESKTOP, "light", language, None)) as context:
            window = Window(context.new_page(), self.url)
            window.go("/login")
            window.speak(language)
            window.sign_in(f"{who}@demo.test")
            return context.storage_state()

    def _context(
        self, screen: ViewportSize, scheme: Scheme, language: str, state: StorageState | None
    ) -> BrowserContext:
        return self._browser.new_context(
            viewport=screen,
            color_scheme=scheme,
            reduced_motion="reduce",  # nothing is judged in the middle of its coming
            locale=language,
            timezone_id=ZONE,
            storage_state=state,
        )


def axe(page: Page) -> list[str]:
    """Serious and critical violations of axe-core's rules on a page: rule, element and reason, one a line."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    found: list[dict[str, Any]] = page.evaluate("axe.run({resultTypes: ['violations']}).then((r) => r.violations)")
    return [
        f"{violation['id']}: {node['html'][:160]} {node['failureSummary']}"
        for violation in found
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]


def untranslated(page: Page) -> list[str]:
    """Message keys and unfilled places among a page's words, hidden parts too: ``ticket.title``, ``%(n)s``, ``{n}``."""
    words: str = page.evaluate(
        """() => {
          const said = [document.title];
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            if (!walker.currentNode.parentElement.closest("code, script, style")) said.push(walker.currentNode.data);
          }
          for (const element of document.querySelectorAll("*")) {
            said.push(...["aria-label", "title", "placeholder", "alt"].map((name) => element.getAttribute(name) || ""));
          }
          return said.join("\\n");
        }"""
    )
    return re.findall(_KEY, words) + re.findall(r"%\(\w+\)\w|\{\w+\}", words)


def _prefixes() -> str:
    keys = {str(key).split(".")[0] for key in i18n.catalogue("en")._catalog if key}
    return "|".join(sorted(keys))


_KEY = re.compile(rf"(?<![\w@/.-])(?:{_prefixes()})\.[A-Za-z_][\w.]*")


# Runs in the page: which elements a keyboard must reach; a group of radio buttons is reached at any of them.
_EXPECTED = """() => {
  const able = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const seen = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length && !e.disabled;
  const first = (e) => e.type !== "radio"
    || e === document.querySelector(`input[type=radio][name="${e.name}"]:checked, input[type=radio][name="${e.name}"]`);
  window.expected = [...document.querySelectorAll(able)].filter((e) => seen(e) && first(e));
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
  return window.expected.map((e) => e.outerHTML.slice(0, 120));
}"""

# Runs in the page after each Tab: where the focus is, and whether an eye can find it there.
_FOCUSED = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const shown = [element, element.closest("label")].filter(Boolean);
  const marked = shown.some((e) => {
    const style = getComputedStyle(e);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
      && !["transparent", "rgba(0, 0, 0, 0)"].includes(style.outlineColor);
  });
  const inSight = shown.some((e) => [...e.getClientRects()].some((r) => {
    const [left, right] = [Math.max(r.left, 0), Math.min(r.right, innerWidth)];
    const [top, bottom] = [Math.max(r.top, 0), Math.min(r.bottom, innerHeight)];
    if (left >= right || top >= bottom) return false;
    return [0.1, 0.5, 0.9].some((x) => [0.1, 0.5, 0.9].some((y) => {
      const hit = document.elementFromPoint(left + (right - left) * x, top + (bottom - top) * y);
      return hit && (e.contains(hit) || hit === e);
    }));
  }));
  const same = (e) => e === element || (e.type === "radio" && element.type === "radio" && e.name === element.name);
  return { index: window.expected.findIndex(same), marked, inSight, html: element.outerHTML.slice(0, 120) };
}"""


def keyboard(page: Page, *, backwards: bool = False) -> list[str]:
    """Go by Tab from the top of the page to its end, or back: what is not reached, not marked or covered then."""
    expected: list[str] = page.evaluate(_EXPECTED)
    assert 'class="skip"' in expected[0], "the first thing to reach is the skip link"
    reached: set[int] = set()
    faults = []
    if backwards:
        page.evaluate("window.expected.at(-1).focus()")
        reached.add(len(expected) - 1)
    for _ in range(2 * len(expected) + 10):
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
        focused = page.evaluate(_FOCUSED)
        if focused is None or (focused["index"] in reached and focused["index"] in (0, len(expected) - 1)):
            break
        reached.add(focused["index"])
        if not focused["marked"]:
            faults.append(f"no visible focus: {focused['html']}")
        if not focused["inSight"]:
            faults.append(f"covered or outside: {focused['html']}")
    return faults + [f"not reached: {html}" for index, html in enumerate(expected) if index not in reached]


def scrolls_sideways(page: Page) -> bool:
    """Whether a page is wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
