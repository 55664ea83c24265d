"""Posts from a file: chosen or dropped, looked at, said anew, and added."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from support.desk import Desk, Page, expect, faults, sideways, too_small
from support.seeded import HOSTILE
from support.sites import Site

from jobledger import Ledger

HEAD = "account_id,content,scheduled_time"


@pytest.fixture
def site(serve: Callable[..., Site]) -> Site:
    return serve()


@pytest.fixture
def posts(tmp_path: Path, site: Site) -> Path:
    """Write a table of two posts of next week."""
    day = next_week(site)
    path = tmp_path / "posts.csv"
    path.write_text(f"{HEAD}\nshop,Chosen,{day} 09:00\ncafe,Xin chào,{day} 10:30\n", "utf-8")
    return path


def next_week(site: Site) -> str:
    with Ledger(site.directory, read_only=True) as ledger:
        return f"{ledger.now() + timedelta(days=7):%Y-%m-%d}"


def contents(site: Site) -> list[str]:
    """Return the texts of the jobs, in the order in which they were added."""
    with Ledger(site.directory, read_only=True) as ledger:
        return [ledger.get_job(job_id).content for job_id in ledger.known_ids()]


def choose(page: Page, path: Path) -> None:
    page.get_by_label("File", exact=True).set_input_files(path)
    page.get_by_role("button", name="Look at it first").click()
    expect(page.locator("#look")).to_be_visible()


def drop(page: Page, *files: tuple[str, str]) -> None:
    """Drop files on the page, as a browser tells it of those of a desktop."""
    carried = page.evaluate_handle(
        """files => {
            const carried = new DataTransfer();
            for (const [name, text] of files) carried.items.add(new File([text], name));
            return carried;
        }""",
        [list(each) for each in files],
    )
    for kind in ("dragenter", "dragover", "drop"):
        page.dispatch_event(".import", kind, {"dataTransfer": carried})


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_file_is_chosen_looked_at_and_added(
    site: Site, seat: Callable[..., Desk], posts: Path, script: bool
) -> None:
    before = len(contents(site))
    page = seat(site, java_script_enabled=script).open("/jobs")
    page.get_by_role("link", name="Import", exact=True).click()
    choose(page, posts)
    expect(page.get_by_role("heading", name="2 posts would be added")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="Xin chào")
    expect(row).to_contain_text("10:30")
    expect(row).to_contain_text("cafe")
    assert len(contents(site)) == before
    page.get_by_role("button", name="Add 2 posts").click()
    expect(page.get_by_role("status").filter(has_text="Added: 2")).to_be_visible()
    assert contents(site)[before:] == ["Chosen", "Xin chào"]
    page.reload()
    assert len(contents(site)) == before + 2
    page.get_by_role("status").get_by_role("link", name="Calendar").click()
    expect(page.get_by_text("Chosen")).to_be_visible()


def test_a_file_is_dropped_anywhere_on_the_page(site: Site, seat: Callable[..., Desk]) -> None:
    page = seat(site).open("/import")
    day = next_week(site)
    drop(page, ("dropped.csv", f"{HEAD}\nshop,Dropped,{day} 09:00\n"))
    field = page.get_by_label("File", exact=True)
    expect(field).to_be_focused()
    assert field.evaluate("field => field.files[0].name") == "dropped.csv"
    page.get_by_role("button", name="Look at it first").click()
    page.get_by_role("button", name="Add the post").click()
    expect(page.get_by_role("status").filter(has_text="Added: 1")).to_be_visible()
    assert contents(site)[-1] == "Dropped"


def test_several_files_and_one_that_is_too_large_are_told_of_before_they_are_sent(
    site: Site, seat: Callable[..., Desk]
) -> None:
    page = seat(site).open("/import")
    drop(page, ("a.csv", HEAD), ("b.csv", HEAD))
    told = page.locator("#drop-fault")
    expect(told).to_have_text("One file at a time.")
    drop(page, ("large.csv", "x" * 2_000_001))
    expect(told).to_have_text("This file has more than 2 MB.")
    page.get_by_role("button", name="Look at it first").click()
    expect(told).to_be_visible()
    drop(page, ("a.csv", f"{HEAD}\nshop,Small,{next_week(site)} 09:00\n"))
    expect(told).to_be_hidden()
    page.get_by_role("button", name="Look at it first").click()
    expect(page.get_by_role("heading", name="One post would be added")).to_be_visible()


def test_it_can_all_be_done_by_keys(site: Site, seat: Callable[..., Desk], posts: Path) -> None:
    page = seat(site).open("/import")
    # Whoever listens has the browser hand over its choosers: asked for in good time, since a key
    # may be there before that has come about, and then nobody hears of the chooser.
    page.on("filechooser", lambda chooser: None)
    page.get_by_label("File", exact=True).focus()
    expect(page.get_by_label("File", exact=True)).to_be_focused()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(posts)
    to_button(page, "Look at it first")
    expect(page.locator("#look")).to_be_visible()
    to_button(page, "Add 2 posts")
    expect(page.get_by_role("status").filter(has_text="Added: 2")).to_be_visible()


def to_button(page: Page, name: str) -> None:
    """Go to a button by Tab, and press it."""
    button = page.get_by_role("button", name=name)
    for _ in range(60):
        page.keyboard.press("Tab")
        if button.evaluate("one => one === document.activeElement"):
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"Tab does not lead to {name!r}")


def test_enter_in_a_field_looks_again_and_adds_nothing(
    site: Site, seat: Callable[..., Desk], posts: Path
) -> None:
    before = len(contents(site))
    page = seat(site).open("/import")
    choose(page, posts)
    page.get_by_text("Another file, or say something else of it").click()
    page.get_by_label("Time zone").fill("Asia/Tokyo")
    page.get_by_label("Time zone").press("Enter")
    expect(page.locator("#look")).to_contain_text("Asia/Tokyo")
    assert len(contents(site)) == before


def test_a_table_of_ones_own_is_understood_by_saying_what_its_columns_are(
    site: Site, seat: Callable[..., Desk], tmp_path: Path
) -> None:
    day = datetime.fromisoformat(next_week(site))
    path = tmp_path / "calendar.csv"
    path.write_text(
        f"Full Caption,Send on,Send at,Stage\nMine,{day:%d/%m/%Y},9:15,Approved\n", "utf-8"
    )
    page = seat(site).open("/import")
    choose(page, path)
    expect(page.get_by_role("heading", name="Nothing can be added yet")).to_be_visible()
    for label, means in (
        ("Full Caption", "the text"), ("Send on", "the day"), ("Send at", "the time of day"),
        ("Stage", "the state"), ("Dates such as", "the day comes first"),
    ):  # fmt: skip
        page.get_by_label(label).select_option(label=means)
    page.get_by_label("Account, where a row has none").fill("shop")
    page.get_by_role("button", name="Look again").click()
    page.get_by_label("Approved", exact=True).select_option(label="scheduled")
    page.get_by_role("button", name="Look again").click()
    page.get_by_role("button", name="Add the post").click()
    expect(page.get_by_role("status").filter(has_text="Added: 1")).to_be_visible()
    assert contents(site)[-1] == "Mine"


def test_a_double_click_adds_once(site: Site, seat: Callable[..., Desk], posts: Path) -> None:
    before = len(contents(site))
    desk = seat(site)
    page = desk.open("/import")
    choose(page, posts)
    # The browser gives the first request up where the second comes before its answer.
    desk.expect_wrong(r"POST \S+/import failed: net::ERR_ABORTED", must=False)
    page.get_by_role("button", name="Add 2 posts").dblclick()
    expect(page.get_by_role("status").filter(has_text="Added: 2")).to_be_visible()
    assert len(contents(site)) == before + 2


def test_what_the_ledger_has_by_now_is_said_and_nothing_is_added(
    site: Site, seat: Callable[..., Desk], posts: Path
) -> None:
    desk = seat(site)
    page = desk.open("/import")
    choose(page, posts)
    with Ledger(site.directory) as ledger:
        at = datetime.fromisoformat(f"{next_week(site)}T09:00")
        ledger.add_job("shop", "Chosen", at)
    before = len(contents(site))
    desk.expect_wrong("status of 409")
    page.get_by_role("button", name="Add 2 posts").click()
    alert = page.get_by_role("alert").filter(has_text="Nothing was added")
    expect(alert).to_be_visible()
    expect(page.locator("#look")).to_contain_text("the ledger has this post already")
    assert len(contents(site)) == before


def test_an_author_imports_drafts(
    serve: Callable[..., Site], seat: Callable[..., Desk], posts: Path
) -> None:
    site = serve(users=True)
    page = seat(site, "an").open("/import")
    assert page.get_by_role("radio").count() == 1
    choose(page, posts)
    page.get_by_role("button", name="Add 2 posts").click()
    expect(page.get_by_role("status").filter(has_text="Added: 2")).to_be_visible()
    with Ledger(site.directory, read_only=True) as ledger:
        states = {ledger.get_job(job_id).status.value for job_id in ledger.known_ids()[-2:]}
    assert states == {"pending"}


BAD = '"' + HOSTILE.replace('"', '""') + '"'
LOOKS = {
    "posts": f"{HEAD},image_url,Mood\n"
    + "".join(f"shop,A post of some length 🎉,DAY 09:{n:02},x.example/{n},\n" for n in range(60)),
    "problems": f"{HEAD},status\n,,never,\nshop,#REF!,3.12.2026 9:00,Ready\n"
    + "shop,x,3.12.2026 9:00,\n" * 3,
    "no columns": "Full Caption,Publish Date,Publish Time\nHello,3.12.2026,9:00\n",
    "hostile": f"{HEAD}\nshop,{BAD},DAY 09:00\n",
    "hostile problems": f"{HEAD},{BAD}\n{BAD},{BAD},DAY 09:00,{BAD}\nshop,,{BAD},\n",
}


@pytest.mark.parametrize("locale", ["en-GB", "vi-VN"])
@pytest.mark.parametrize("name", LOOKS)
def test_what_is_shown_of_a_file_is_fit_for_everybody(
    site: Site, seat: Callable[..., Desk], tmp_path: Path, name: str, locale: str
) -> None:
    """As `test_every_page` has it of pages that have an address."""
    path = tmp_path / "posts.csv"
    path.write_text(LOOKS[name].replace("DAY", next_week(site)), "utf-8")
    page = seat(site, locale=locale).open("/import")
    page.locator("#f-file").set_input_files(path)
    page.locator("button[name=look]").click()
    expect(page.locator("#look")).to_be_visible()
    page.evaluate("document.querySelectorAll('main details').forEach(one => one.open = true)")
    wrong = []
    schemes: tuple[tuple[Literal["light", "dark"], int], ...] = (("light", 320), ("dark", 1440))
    for scheme, looked_at in schemes:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for width in (320, 390, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            found = [*sideways(page), *too_small(page)]
            found += faults(page) if width == looked_at else []
            wrong += [f"{scheme}, {width} px: {each}" for each in found]
    assert wrong == [], "\n".join(wrong)
    assert page.locator("b:text-is('x'), script:text('no()'), main img").count() == 0
