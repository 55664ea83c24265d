"""Pages that keep themselves up to date, and pages that move along the past."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from support.desk import Desk, expect
from support.sites import Site

from jobledger import Ledger

HIDE = """is_hidden => {
    Object.defineProperty(document, "hidden", {value: is_hidden, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@contextmanager
def elsewhere(site: Site) -> Iterator[Callable[[str], str]]:
    """Add posts as another program does."""
    with Ledger(site.directory) as ledger:
        yield lambda text: ledger.add_job("shop", text, ledger.now() + timedelta(hours=1))


def test_a_page_shows_what_happens_elsewhere_and_keeps_focus_and_place(
    serve: Callable[..., Site], seat: Callable[..., Desk]
) -> None:
    site = serve()
    page = seat(site).open("/log")
    with elsewhere(site) as add:
        link = page.locator("#main .log a").nth(20)
        link.focus()
        before = page.evaluate("document.activeElement.getBoundingClientRect().top")
        scrolled = page.evaluate("scrollY")
        add("the newest of all")
        expect(page.get_by_text("the newest of all")).to_be_attached()
        assert page.evaluate("document.activeElement.matches('.log a')")
        if scrolled:
            after = page.evaluate("document.activeElement.getBoundingClientRect().top")
            assert abs(after - before) < 2
        expect(page.locator("#live-news")).to_have_text("New events: 1")


def test_whoever_types_is_not_disturbed_and_hears_that_there_is_more(
    serve: Callable[..., Site], seat: Callable[..., Desk]
) -> None:
    site = serve()
    page = seat(site).open("/log")
    who, mark = page.get_by_label("Who"), page.locator("#live [role=status]").first
    with elsewhere(site) as add:
        who.fill("web:")
        add("while somebody types")
        expect(mark).to_have_text("Something is new; it waits until you are done here")
        expect(who).to_have_value("web:")
        expect(page.get_by_text("while somebody types")).to_have_count(0)
        who.fill("")
        who.blur()
        expect(page.get_by_text("while somebody types")).to_be_visible()
        expect(mark).to_have_text("Live")


def test_a_page_that_is_paused_waits(serve: Callable[..., Site], seat: Callable[..., Desk]) -> None:
    site = serve()
    desk = seat(site)
    page, other = desk.open("/log"), desk.open("/log")
    page.get_by_role("button", name="Pause").click()
    with elsewhere(site) as add:
        add("in the pause")
        expect(other.get_by_text("in the pause")).to_be_visible()
        expect(page.get_by_text("in the pause")).to_have_count(0)
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_text("in the pause")).to_be_visible()


def test_many_windows_share_one_stream_and_a_hidden_one_lets_go_of_it(
    serve: Callable[..., Site], seat: Callable[..., Desk]
) -> None:
    """A browser has six connections to a server."""
    site = serve()
    desk = seat(site)
    streams: list[str] = []
    desk.context.on(
        "request", lambda one: streams.append(one.url) if "/events" in one.url else None
    )
    pages = [desk.open(path) for path in ("/log", "/calendar", "/jobs", "/", *["/log"] * 5)]
    with elsewhere(site) as add:
        add("seen by all")
        for page in pages:
            if "/log" in page.url:
                expect(page.get_by_text("seen by all")).to_be_visible()
        assert len(streams) == 1
        pages[0].evaluate(HIDE, True)
        add("seen by the others")
        for page in pages[4:]:
            expect(page.get_by_text("seen by the others")).to_be_visible()
        assert len(streams) == 2
        pages[0].evaluate(HIDE, False)
        expect(pages[0].get_by_text("seen by the others")).to_be_visible()


def test_a_page_says_that_the_server_is_away(
    serve: Callable[..., Site], seat: Callable[..., Desk]
) -> None:
    site = serve()
    desk = seat(site)
    desk.expect_wrong("ERR_CONNECTION_REFUSED|ERR_INCOMPLETE|/events", must=False)
    page = desk.open("/")
    mark = page.locator("#live [role=status]").first
    expect(mark).to_have_text("Live")
    site.stop()
    expect(mark).to_have_text("The server is away; trying again")


def test_the_slider_moves_a_page_by_keys_and_steps_without_loading_it(
    seat: Callable[..., Desk], shown: Site
) -> None:
    page = seat(shown).open("/jobs?order=time&at=3")
    page.evaluate("document.body.dataset.is = 'the same'")
    slider, said = page.get_by_role("slider", name="Event"), page.locator(".moment p")
    assert page.locator("li.job").count() == 3
    slider.focus()
    for _ in range(3):
        slider.press("ArrowRight")
    expect(said).to_contain_text("after event 6 of")
    expect(page).to_have_url(f"{shown.origin}/jobs?order=time&at=6")
    assert page.evaluate("document.activeElement.type") == "range"
    page.get_by_role("link", name="One event back").click()
    page.get_by_role("link", name="One event back").click()
    expect(said).to_contain_text("after event 4 of")
    expect(slider).to_have_value("4")
    slider.press("Home")
    expect(said).to_contain_text("before the first event")
    expect(page.locator("li.job")).to_have_count(0)
    assert page.evaluate("document.body.dataset.is") == "the same"
    page.get_by_role("link", name="Back to now").click()
    expect(page).to_have_url(f"{shown.origin}/jobs?order=time")


def test_the_way_into_the_past_lies_over_a_page_only_while_one_is_in_it(
    seat: Callable[..., Desk], shown: Site
) -> None:
    """It is closed by Escape, which gives the focus back, and when the focus goes on behind it."""
    page = seat(shown).open("/")
    summary, field = page.get_by_text("As of…"), page.get_by_label("After event")
    summary.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()
    expect(summary).to_be_focused()

    page.keyboard.press("Enter")
    expect(field).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
    expect(field).to_be_hidden()
    assert page.evaluate("document.getElementById('main').contains(document.activeElement)")


def test_every_page_of_now_leads_into_the_past(seat: Callable[..., Desk], shown: Site) -> None:
    page = seat(shown).open("/")
    page.get_by_text("As of…").click()
    page.get_by_label("After event").fill("5")
    page.get_by_label("After event").press("Enter")
    expect(page.locator(".moment p")).to_contain_text("after event 5 of")
    page.get_by_role("link", name="Compare with now").click()
    expect(page.get_by_role("heading", name="What has changed")).to_be_visible()
    expect(page.get_by_text("events between")).to_be_visible()
