"""What people do from the pages: by keyboard alone, in two windows, and while the server ends."""

from __future__ import annotations

from collections.abc import Callable

from support.desk import Desk, Locator, Page, expect
from support.sites import TOKEN, Site

from jobledger import JobStatus, Ledger
from jobledger.web.page import PAGES


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until something has the focus; it has to be seen there, and get its turn."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if wanted.evaluate("one => one === document.activeElement"):
            expect(wanted).to_be_in_viewport()
            assert wanted.evaluate("one => getComputedStyle(one).outlineStyle") != "none"
            return
    raise AssertionError(f"{wanted} is not reached by Tab")


def test_a_post_is_planned_and_called_off_by_keyboard_alone(
    seat: Callable[..., Desk], serve: Callable[..., Site]
) -> None:
    site = serve()
    page = seat(site, None).open("/enter")
    page.keyboard.type(TOKEN)  # the field has the focus
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.origin}/")

    navigation = page.get_by_role("navigation")
    for path, name in PAGES:
        tab_to(page, navigation.get_by_role("link", name=name))
        page.keyboard.press("Enter")
        expect(page).to_have_url(site.origin + path)
        expect(navigation.locator("[aria-current=page]")).to_contain_text(name)

    tab_to(page, navigation.get_by_role("link", name="Jobs"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.origin}/jobs")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    tab_to(page, page.get_by_role("link", name="New job"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Account", exact=True))
    page.keyboard.type("shop")
    tab_to(page, page.get_by_label("Text"))
    page.keyboard.type("By keyboard alone 🎹")
    tab_to(page, page.get_by_role("button", name="Schedule"))
    page.keyboard.press("Enter")
    expect(page.locator("blockquote")).to_have_text("By keyboard alone 🎹")

    tab_to(page, page.get_by_label("Reason"))
    page.keyboard.type("not today")
    page.keyboard.press("Enter")
    expect(page.get_by_text("not today", exact=True)).to_be_visible()
    with Ledger(site.directory, read_only=True) as ledger:
        (job,) = ledger.list_jobs(text="keyboard alone")
        assert job.status is JobStatus.CANCELLED
        assert str(ledger.history(job.job_id)[0].by).startswith("web:")


def test_an_outcome_that_nobody_knew_is_settled_by_keyboard_alone(
    seat: Callable[..., Desk], serve: Callable[..., Site]
) -> None:
    site = serve()
    page = seat(site).open("/")
    tab_to(page, page.get_by_role("link", name="Settle them"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("article").filter(has_text="Flash sale")).to_be_visible()
    tab_to(page, page.get_by_label("Id of the post"))
    page.keyboard.type("1789")
    tab_to(page, page.get_by_role("button", name="It is out"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("There are none.")).to_be_visible()
    with Ledger(site.directory, read_only=True) as ledger:
        settled = ledger.get_job("unknown")
        assert (settled.status, settled.thread_id) == (JobStatus.COMPLETED, "1789")


def test_what_another_window_has_changed_is_not_overwritten(
    seat: Callable[..., Desk], serve: Callable[..., Site]
) -> None:
    """It is refused, and said what has changed, and what was written is not lost."""
    site = serve()
    desk = seat(site)
    first, second = desk.open("/jobs/draft"), desk.open("/jobs/draft")
    for page, text in ((first, "of the first window"), (second, "of the second window")):
        page.get_by_label("Text").fill(text)
        page.locator("form[action$='/edit']").get_by_role("button").last.click()
        if page is first:
            expect(page.locator("blockquote")).to_have_text(text)
    desk.expect_wrong("status of 409")
    expect(second.get_by_text("moved on")).to_be_visible()
    expect(second.get_by_text("of the first window").first).to_be_visible()
    expect(second.get_by_label("Text")).to_have_value("of the second window")
    with Ledger(site.directory, read_only=True) as ledger:
        assert ledger.get_job("draft").content == "of the first window"


def test_it_ends_in_good_order_while_pages_are_open(
    seat: Callable[..., Desk], serve: Callable[..., Site]
) -> None:
    """And the pages say that it has."""
    site = serve()
    desk = seat(site)
    pages = [desk.open(path) for path in ("/", "/log", "/jobs/draft")]
    live = pages[1].locator("#live")
    expect(live).to_have_attribute("data-state", "live")
    desk.expect_wrong("net::ERR_", must=False)
    site.stop()
    assert site.process.returncode == 0
    pages[1].bring_to_front()
    expect(live).to_have_attribute("data-state", "away")
    expect(live).to_contain_text("away")
