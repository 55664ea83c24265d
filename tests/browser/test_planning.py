"""Planning: posts moved by hand and by keys, times that clocks skip, and a text that is counted."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from support.desk import Desk, Locator, Page, expect
from support.sites import Site

from jobledger import Ledger, NewJob

ZONES = tuple(map(ZoneInfo, ("Europe/Berlin", "Australia/Sydney")))
"""In one of them, clocks are put forward within half a year: at 02:00, to 03:00."""


@pytest.fixture
def site(serve: Callable[..., Site]) -> Site:
    return serve()


def add(site: Site, job_id: str, at: datetime) -> None:
    with Ledger(site.directory) as ledger:
        ledger.add_job("shop", "to be moved", at, job_id=job_id)


def due(site: Site, job_id: str) -> datetime:
    with Ledger(site.directory, read_only=True) as ledger:
        return ledger.get_job(job_id).scheduled_time


def entry(page: Page, job_id: str) -> Locator:
    return page.locator(f"#at-{job_id}")


def next_gap(site: Site) -> tuple[ZoneInfo, date]:
    """Return the next day whose clocks are put forward, of those zones, and its zone."""
    with Ledger(site.directory, read_only=True) as ledger:
        tomorrow = ledger.now().date() + timedelta(days=1)
    for day in (tomorrow + timedelta(days=n) for n in range(300)):
        for zone in ZONES:
            before, after = (
                datetime.combine(day, time(hour), zone).utcoffset() or timedelta(0)
                for hour in (0, 12)
            )
            if before < after:
                return zone, day
    raise AssertionError("no clock is ever put forward")


def next_monday(site: Site) -> datetime:
    """Return noon of the Monday of next week, on the ledger's clocks."""
    with Ledger(site.directory, read_only=True) as ledger:
        zone = ZoneInfo(ledger.timezone)
        today = ledger.now().astimezone(zone)
    monday = today + timedelta(days=7 - today.weekday())
    return monday.replace(hour=12, minute=0, second=0, microsecond=0)


@pytest.mark.parametrize("view", ["week", "month"])
def test_a_post_is_dragged_to_another_day_and_put_back(
    site: Site, seat: Callable[..., Desk], view: str
) -> None:
    noon = next_monday(site)
    add(site, "one", noon)
    page = seat(site).open(f"/calendar?view={view}&day={noon.date()}")
    wanted = page.locator(f'[data-day="{noon.date() + timedelta(days=3)}"]')
    entry(page, "one").drag_to(wanted)
    expect(page.get_by_role("status").filter(has_text="Moved to")).to_be_visible()
    expect(wanted.locator("#at-one")).to_be_focused()
    assert due(site, "one") == noon + timedelta(days=3)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(f'[data-day="{noon.date()}"] #at-one')).to_be_focused()
    assert due(site, "one") == noon


def test_a_post_is_moved_by_keys_and_keeps_the_focus(site: Site, seat: Callable[..., Desk]) -> None:
    noon = next_monday(site)
    add(site, "one", noon)
    page = seat(site).open(f"/calendar?view=week&day={noon.date()}")
    entry(page, "one").focus()
    for key, days in (("Right", 1), ("Down", 8), ("Left", 7), ("Up", 0)):
        page.keyboard.press(f"Alt+Arrow{key}")
        day = noon.date() + timedelta(days=days)
        expect(page.locator(f'[data-day="{day}"] #at-one')).to_be_focused()
    assert due(site, "one") == noon


def test_what_others_plan_appears_and_can_be_moved_at_once(
    site: Site, seat: Callable[..., Desk]
) -> None:
    noon = next_monday(site)
    page = seat(site).open(f"/calendar?view=week&day={noon.date()}")
    add(site, "one", noon)
    expect(entry(page, "one")).to_be_visible()
    wanted = page.locator(f'[data-day="{noon.date() + timedelta(days=1)}"]')
    entry(page, "one").drag_to(wanted)
    expect(wanted.locator("#at-one")).to_be_focused()


def test_a_time_that_the_clocks_skip_is_asked_about_when_a_post_is_dropped(
    site: Site, seat: Callable[..., Desk]
) -> None:
    zone, day = next_gap(site)
    at = datetime.combine(day - timedelta(days=1), time(2, 30), zone)
    add(site, "one", at)
    desk = seat(site)
    page = desk.open(f"/calendar?view=month&day={day}&zone={zone.key}")
    desk.expect_wrong("422")  # what a browser says of a page that asks back
    entry(page, "one").drag_to(page.locator(f'[data-day="{day}"]'))
    expect(page.get_by_role("group", name="That time does not exist")).to_be_visible()
    expect(page.get_by_label("Time", exact=True)).to_be_focused()
    assert due(site, "one") == at
    page.get_by_role("button", name="Move").click()
    expect(page.locator(f'[data-day="{day}"] #at-one')).to_contain_text("03:30")


def test_without_a_script_a_post_is_moved_by_a_form(site: Site, seat: Callable[..., Desk]) -> None:
    noon = next_monday(site)
    add(site, "one", noon)
    page = seat(site, java_script_enabled=False).open(f"/calendar?view=day&day={noon.date()}")
    row = page.locator('[data-job="one"]')
    row.hover()
    row.get_by_role("link", name=re.compile("^Move")).click()
    page.get_by_label("Time", exact=True).fill(f"{noon.date() + timedelta(days=1)}T18:15")
    page.get_by_role("button", name="Move").click()
    expect(entry(page, "one")).to_contain_text("18:15")
    assert due(site, "one") == noon + timedelta(days=1, hours=6, minutes=15)


@pytest.mark.parametrize("piece", ["a", "☕", "👩‍👩‍👧", "🇻🇳", "e\u0302\u0323", "ệ", "\n", "𝒜"])
def test_a_text_is_counted_while_it_is_written_as_the_ledger_counts(
    seat: Callable[..., Desk], shown: Site, piece: str
) -> None:
    most = NewJob.characters_left("")
    page = seat(shown).open("/jobs/new")
    area = page.get_by_label("Text")
    counter = page.locator("#content-count")
    for length in (1, most - 1, most, most + 1, most + 17):
        text = (piece * length)[: length - 1] + "."
        left = NewJob.characters_left(text)
        area.fill(text)
        said = f"{most - left} of {most} characters" + (f": {-left} too many" * (left < 0))
        expect(counter).to_have_text(said)
        expect(page.locator('[data-shows="content"]')).to_have_text(text)


@pytest.mark.parametrize("path", ["/calendar", "/jobs/new", "/jobs/planned", "/jobs/planned/move"])
def test_the_zone_of_the_browser_is_offered_and_not_taken(
    shown: Site, seat: Callable[..., Desk], path: str
) -> None:
    page = seat(shown, timezone_id="Asia/Tokyo").open(path)
    first = page.locator("datalist[data-own-zone] option").first
    expect(first).to_have_attribute("value", "Asia/Tokyo")
    expect(first).to_have_attribute("label", "where this browser is")
    expect(page.get_by_label("Time zone")).to_have_value("Asia/Ho_Chi_Minh")


def test_half_a_character_counts_as_the_one_that_arrives(
    site: Site, seat: Callable[..., Desk]
) -> None:
    """A script or a keyboard may leave half of one in a field; a browser sends it as U+FFFD."""
    page = seat(site).open("/jobs/new")
    page.get_by_label("Account", exact=True).fill("shop")
    page.get_by_label("Text").evaluate(
        r"""area => {
            area.value = "ab\ud83dcd";
            area.dispatchEvent(new Event("input", { bubbles: true }));
        }"""
    )
    said = page.locator("#content-count").inner_text()
    page.get_by_role("button", name="Keep as a draft").click()
    expect(page.locator("blockquote")).to_have_text("ab\ufffdcd")
    with closing(Ledger(site.directory, read_only=True)) as ledger:
        (job,) = ledger.list_jobs(text="ab\ufffdcd")
    most = NewJob.characters_left("")
    assert said.startswith(f"{most - NewJob.characters_left(job.content)} of {most} ")
