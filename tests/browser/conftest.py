"""A browser, dashboards to look at, and people at desks, whose every mishap fails their test."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.desk import CHROMIUM, IS_INSTALLED, Browser, Desk, launch, sync_playwright
from support.required import missing
from support.seeded import seed, seed_hostile
from support.sites import Site, users_file

Seat = Callable[..., Desk]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the browser, for the tests of one file: none of another may run meanwhile, since no
    other event loop can run in this thread until it is closed."""
    if not IS_INSTALLED:
        missing("browser", "playwright and axe are not installed (the extra `browser`)")
    if not CHROMIUM:
        missing("browser", "no chromium on this machine")
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()
    with pytest.raises(RuntimeError, match="no running event loop"):
        asyncio.get_running_loop()


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the ledgers that every site has a copy of."""
    path = tmp_path_factory.mktemp("seeded")
    seed(path / "ledger")
    seed_hostile(path / "hostile")
    return path


@pytest.fixture(scope="module")
def shown(browser: Browser, templates: Path) -> Iterator[Site]:
    """Serve a ledger that is looked at, and never changed."""
    site = Site(templates / "ledger")
    yield site
    site.stop()


@pytest.fixture(scope="module")
def hostile(browser: Browser, templates: Path) -> Iterator[Site]:
    """Serve a ledger with texts that would do harm, which is looked at, and never changed."""
    site = Site(templates / "hostile")
    yield site
    site.stop()


@pytest.fixture
def serve(browser: Browser, templates: Path, tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Serve a ledger of one's own: `serve("--read-only", hostile=True)`, or with `users=True`."""
    sites: list[Site] = []

    def start(*options: str, hostile: bool = False, users: bool = False) -> Site:
        directory = tmp_path / f"{len(sites)}" / "ledger"
        shutil.copytree(templates / ("hostile" if hostile else "ledger"), directory)
        more = ("--users", str(users_file(tmp_path / "people.txt"))) if users else ()
        sites.append(Site(directory, *options, *more))
        return sites[-1]

    yield start
    for site in sites:
        if site.process.returncode is None:
            site.stop()


@pytest.fixture
def seat(browser: Browser, serve: object) -> Iterator[Seat]:
    """Give people desks, and at the end of each test check that nothing went wrong at any: there is
    no other way to a window.

    `seat(site)` has signed in as the operator; `name` is somebody of the users file, `None` nobody.
    What is left is for the browser: `locale`, `color_scheme`, `java_script_enabled`, …

    The windows are closed before any site of `serve` ends: a page would miss it at once.
    """
    desks: list[Desk] = []

    def sit(site: Site, name: str | None = "", width: int = 1440, **settings: Any) -> Desk:
        settings = {"locale": "en-GB", "timezone_id": "Europe/Berlin"} | settings
        context = browser.new_context(viewport={"width": width, "height": 900}, **settings)
        desks.append(Desk(context, site))
        if name is not None:
            desks[-1].enter(name or None)
        return desks[-1]

    yield sit
    for desk in desks:
        desk.check()
