"""Somebody at a browser: windows on a dashboard, in which whatever goes wrong is noticed."""

from __future__ import annotations

import re
import shutil
from importlib.resources import files
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag

from support.sites import Site

IS_INSTALLED = all(map(find_spec, ("playwright", "axe_playwright_python")))
if TYPE_CHECKING or IS_INSTALLED:
    from playwright.sync_api import (
        Browser,
        BrowserContext,
        ConsoleMessage,
        Locator,
        Page,
        Playwright,
        Request,
        expect,
        sync_playwright,
    )
else:  # then no test that has a browser runs
    Browser = Locator = Page = expect = sync_playwright = None

__all__ = [
    "CHROMIUM", "IS_INSTALLED", "Browser", "Desk", "Locator", "Page", "expect", "faults", "launch",
    "sideways", "sync_playwright", "too_small",
]  # fmt: skip
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
FLAGS = (
    "--no-sandbox --disable-gpu --disable-dev-shm-usage --disable-background-networking"
    " --disable-component-update --disable-sync --no-first-run"
)
WAIT_MS = 60_000
"""When a test is given up; on a machine with much else to do most of this may pass."""
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LEAST_TARGET_PX = 24


def launch(playwright: Playwright) -> Browser:
    """Start the browser of the machine."""
    expect.set_options(timeout=WAIT_MS)
    return playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())


class Desk:
    """The windows of one person. `check` fails for whatever went wrong in any of them and was not
    expected: an error or a warning on the console, which a refusal by the policy is, too, an
    exception that nobody caught, a request that failed, a secret where it could be seen."""

    def __init__(self, context: BrowserContext, site: Site) -> None:
        self.context = context
        self.site = site
        self.wrong: list[str] = []
        self._expected: list[str] = []
        self._must: list[str] = []
        self._seen: list[str] = []
        context.set_default_timeout(WAIT_MS)
        context.set_default_navigation_timeout(WAIT_MS)
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.wrong.append(f"exception: {error.error}"))
        context.on("request", lambda request: self._seen.append(urldefrag(request.url).url))
        context.on("requestfailed", self._on_failed)

    def enter(self, name: str | None = None) -> None:
        """Sign in, without a window yet."""
        cookie, session = self.site.enter(name)
        self.context.add_cookies([{"name": cookie, "value": session, "url": self.site.origin}])

    def open(self, path: str) -> Page:
        """Open a window on a page."""
        page = self.context.new_page()
        self.go(page, path)
        return page

    def go(self, page: Page, path: str) -> None:
        """Have a window show a page."""
        page.goto(self.site.origin + path, wait_until="load")

    def expect_wrong(self, pattern: str, *, must: bool = True) -> None:
        """Have something that goes wrong be part of the test; it has to happen, if it `must`."""
        self._expected.append(pattern)
        if must:
            self._must.append(pattern)

    def check(self) -> None:
        """Close the windows, and fail for what went wrong in them."""
        for page in self.context.pages:
            self._seen.append(page.url)
        self.context.close()
        for pattern in self._must:
            assert any(re.search(pattern, one) for one in self.wrong), f"no {pattern!r} came about"
        left = [
            one for one in self.wrong if not any(re.search(each, one) for each in self._expected)
        ]
        assert left == [], "\n".join(left)
        seen = "\n".join(self._seen)
        told = [secret for secret in self.site.secrets if secret in seen]
        assert told == [], told

    def _on_console(self, message: ConsoleMessage) -> None:
        self._seen.append(message.text)
        if message.type in ("error", "warning"):
            self.wrong.append(f"{message.type} at {message.location.get('url')}: {message.text}")

    def _on_failed(self, request: Request) -> None:
        if request.failure == "net::ERR_ABORTED" and request.resource_type != "document":
            return  # whoever leaves a page ends its stream, and what it still loads
        self.wrong.append(f"{request.method} {request.url} failed: {request.failure}")


def faults(page: Page) -> list[str]:
    """Return what somebody who sees or hears or moves less would stumble over, by axe."""
    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(axe)
    found: Any = page.evaluate(
        "tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", WCAG
    )
    return [
        f"{each['id']}: {node['html'][:160]} ({' '.join(map(str, node['target']))})"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def sideways(page: Page) -> list[str]:
    """Return what sticks out of a page, if there is anything to scroll to at its side."""
    found: list[str] = page.evaluate("""() => {
        const root = document.documentElement, wide = root.clientWidth;
        if (root.scrollWidth <= wide) return [];
        return [`${root.scrollWidth} px on ${wide}`, ...[...document.querySelectorAll("body *")]
            .filter(one => one.getBoundingClientRect().right > wide + 0.5)
            .slice(0, 5).map(one => one.outerHTML.slice(0, 120))];
    }""")
    return found


def too_small(page: Page) -> list[str]:
    """Return what has to be hit with a finger and is less than 24 px high or wide, but for links
    within a text."""
    found: list[str] = page.evaluate(
        """least => [...document.querySelectorAll("button, .button, input, select, textarea,"
            + " summary, nav a")]
        .filter(one => one.checkVisibility({visibilityProperty: true}) && one.type !== "hidden")
        .map(one => [one, (one.type === "checkbox" || one.type === "radio")
            && one.closest("label") || one])
        .map(([one, target]) => [one, target.getBoundingClientRect()])
        .filter(([one, box]) => box.width < least || box.height < least)
        .map(([one, box]) => `${Math.round(box.width)} x ${Math.round(box.height)}: `
            + one.outerHTML.slice(0, 120))""",
        LEAST_TARGET_PX,
    )
    return found
