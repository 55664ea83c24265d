"""Every page, as people look at it: in both languages, on a phone and on a screen, by day and by
night, without a script, and with texts in it that would do harm."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlsplit

import pytest
from starlette.routing import Route
from support.desk import Desk, faults, sideways, too_small
from support.seeded import HOSTILE
from support.sites import Site

from jobledger import Ledger
from jobledger.web import WebSettings, create_app
from jobledger.web.page import PAGES

WIDTHS = (320, 390, 1440)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
EVERY_PAGE = {
    "today": "/",
    "calendar, a week": "/calendar",
    "calendar, a month": "/calendar?view=month",
    "calendar, a day": "/calendar?view=day",
    "calendar, nothing in it": "/calendar?day=2026-03-02",
    "jobs": "/jobs",
    "jobs, few": "/jobs?status=failed&account_id=shop&text=sale&order=time",
    "many, to cancel": "/many?which=all&action=cancel&status=scheduled",
    "many, to hold": "/many?action=hold&which=all",
    "many, to move": "/many?action=reschedule&which=all&days=2",
    "many, to requeue": "/many?action=requeue&which=all",
    "many, none ticked": "/many?action=remove&which=ticked",
    "new": "/jobs/new",
    "job, unknown": "/jobs/unknown",
    "job, failed": "/jobs/failed",
    "job, posted": "/jobs/done",
    "job, planned": "/jobs/planned",
    "job, draft": "/jobs/draft",
    "job, cancelled": "/jobs/cancelled",
    "job, of several parts": "/jobs/chain",
    "import": "/import",
    "import, done": "/import?did=3&day=2026-12-03",
    "inbox": "/inbox",
    "accounts": "/accounts",
    "accounts, one": "/accounts/one?id=shop",
    "accounts, one compared": "/accounts/one?id=shop&per_day=1",
    "accounts, none found": "/accounts?name=nobody",
    "accounts, slots": "/accounts/slots?id=shop",
    "schedules": "/schedules",
    "schedules, of none": "/schedules?account_id=nobody",
    "schedule": "/schedules/morning",
    "schedule, paused": "/schedules/paused",
    "schedule, ended": "/schedules/ended",
    "schedule, new": "/new-schedule",
    "schedule, edit": "/schedules/morning/edit",
    "log": "/log",
    "log, of one job": "/log?job_id=unknown",
    "verified": "/verified",
    "compare": "/compare?from=12",
    "compare, with a question": "/compare",
    "move": "/jobs/planned/move",
    "past, today": "/?at=12",
    "past, job": "/jobs/unknown?at=9",
    "past, calendar": "/calendar?at=12",
    "past, jobs": "/jobs?at=12",
    "past, import": "/import?at=12",
    "past, log": "/log?at=12",
    "past, account": "/accounts/one?id=shop&at=12",
    "refused": "/?at=never",
    "not there": "/nothing-of-this-name",
}
"""Each page, by what a person would call it. A new page has to be here; more looks of it may be."""
REFUSED = {"refused": "422", "not there": "404"}
NO_PAGES = {
    "/events", "/jobs/{job_id}/media/{sha256}", "/sent", "/metrics", "/healthz", "/readyz",
}  # fmt: skip
"""What is asked for by a script, an image or who watches, and is no page."""


def test_no_page_is_left_out(directory: Path) -> None:
    """Those of the navigation, and all that the server has."""
    paths = {urlsplit(address).path for address in EVERY_PAGE.values()} | {"/enter"}
    assert {path for path, _ in PAGES} - paths == set()
    with Ledger(directory) as ledger:
        routes = [
            route
            for route in create_app(ledger, WebSettings()).routes
            if isinstance(route, Route) and "GET" in (route.methods or ())
        ]
    left_out = [
        route.path
        for route in routes
        if route.path not in NO_PAGES and not any(map(route.path_regex.fullmatch, paths))
    ]
    assert left_out == []


@pytest.mark.parametrize("locale", ["en-GB", "vi-VN"])
@pytest.mark.parametrize("name", EVERY_PAGE)
def test_a_page_is_fit_for_everybody(
    seat: Callable[..., Desk], shown: Site, name: str, locale: str
) -> None:
    """Nothing of it sticks out, all of it can be read, heard and hit.

    Axe takes its time: it looks at a phone by day and at a screen by night, and in Vietnamese the
    other way round.
    """
    desk = seat(shown, locale=locale)
    if name in REFUSED:
        desk.expect_wrong(REFUSED[name])
    page = desk.open(EVERY_PAGE[name])
    assert page.locator("html").get_attribute("lang") == locale[:2]
    wrong = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            found = [*sideways(page), *too_small(page)]
            if width == (320 if (scheme == "light") == (locale == "en-GB") else 1440):
                found += faults(page)
            wrong += [f"{scheme}, {width} px: {each}" for each in found]
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize("name", EVERY_PAGE)
def test_a_page_can_be_read_without_a_script(
    seat: Callable[..., Desk], shown: Site, name: str
) -> None:
    """Whatever is on it, but the mark of what is live, and what can be moved by hand."""
    with_script, without = seat(shown), seat(shown, java_script_enabled=False)
    texts = []
    for desk in (with_script, without):
        if name in REFUSED:
            desk.expect_wrong(REFUSED[name])
        page = desk.open(EVERY_PAGE[name])
        page.evaluate("document.querySelectorAll('.scripted').forEach(one => one.remove())")
        texts.append(words_of(page.locator("main").inner_text()))
    assert texts[0]
    assert texts[0] - texts[1] == set()
    assert page.locator(".top nav a").count() == len(PAGES)


def words_of(text: str) -> set[str]:
    """Return the words of a page, but for figures, which may be of the moment."""
    return {word for word in text.split() if word.isalpha()}


OF_THE_LEDGER = [
    *EVERY_PAGE.values(), "/jobs/bad", "/jobs/posted", "/jobs/ahead", "/jobs/off", "/jobs/off?at=3",
]  # fmt: skip
OF_AN_ADDRESS = [
    f"/jobs/{quote(HOSTILE, safe='')}",
    f"/{quote(HOSTILE, safe='')}",
    *(
        f"{path}?{name}={quote(HOSTILE)}"
        for path, names in {
            "/": ("at",),
            "/enter": ("lang",),
            "/calendar": ("account", "day", "view", "at"),
            "/jobs": ("status", "account_id", "text", "order", "after", "due_from", "did", "at"),
            "/many": ("action",),
            "/jobs/new": ("account_id", "content", "scheduled_time"),
            "/jobs/bad": ("at", "lang"),
            "/import": ("did", "day", "at"),
            "/accounts": ("name", "after", "at"),
            "/accounts/one": ("id", "per_day", "at"),
            "/log": ("type", "account_id", "job_id", "by", "before", "after"),
        }.items()
        for name in names
    ),
]


@pytest.mark.parametrize("addresses", [OF_THE_LEDGER, OF_AN_ADDRESS], ids=["ledger", "address"])
def test_nothing_in_a_text_is_ever_run(
    seat: Callable[..., Desk], hostile: Site, addresses: list[str]
) -> None:
    """Neither that of the ledger nor that of an address. The policy would refuse to run it; but it
    has nothing to refuse, which would be on the console."""
    desk = seat(hostile)
    desk.expect_wrong("status of (404|422)")  # for an address that is none
    page = desk.context.new_page()
    for address in addresses:
        answer = page.goto(hostile.origin + address)
        assert answer is not None
        assert answer.status in (200, 404, 422), address
        assert page.locator("b:text-is('x'), script:text('no()'), img").count() == 0, address
        shown = page.locator("html").inner_text()
        assert HOSTILE.replace("{{7*7}}", "49") not in shown
        if address in ("/jobs/bad", "/inbox", "/log", "/", "/calendar", "/accounts"):
            assert HOSTILE in shown, address
