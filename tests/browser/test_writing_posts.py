"""A post of several parts is written by keyboard alone, with a script and without, and seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.desk import Desk, Locator, Page, expect, faults, sideways, too_small
from support.media import painted
from support.sites import Site

from jobledger import Ledger

PICTURE: Any = {"name": "harbour.png", "mimeType": "image/png", "buffer": painted(64, 36)}


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until something has the focus; it has to be seen there."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if wanted.evaluate("one => one === document.activeElement"):
            expect(wanted).to_be_in_viewport()
            return
    raise AssertionError(f"{wanted} is not reached by Tab")


@pytest.mark.parametrize("scripted", [True, False])
def test_a_post_of_parts_is_written_by_keyboard_alone(
    seat: Callable[..., Desk], serve: Callable[..., Site], scripted: bool
) -> None:
    """What was asked for within the form has the focus then."""
    site = serve()
    page = seat(site, width=320, java_script_enabled=scripted).open("/jobs/new")
    tab_to(page, page.get_by_label("Account", exact=True))
    page.keyboard.type("shop")
    tab_to(page, page.get_by_label("Text"))
    page.keyboard.type("One")
    tab_to(page, page.get_by_role("button", name="Add a part"))
    page.keyboard.press("Enter")
    second = page.locator("[name=p1-text]")
    expect(second).to_be_focused()
    page.keyboard.type("Two")
    tab_to(page, page.locator("[name=do][value='add-media:1']"))
    page.keyboard.press("Enter")
    expect(page.get_by_label("Address of an image or a video")).to_be_focused()
    page.keyboard.type("https://example.com/a.jpg")
    tab_to(page, page.get_by_label("Description for those who do not see it"))
    page.keyboard.type("A harbour")
    if scripted:
        expect(page.locator("[data-shows=p1-text]")).to_have_text("Two")
    page.keyboard.press("Enter")  # as in any form: it is saved
    expect(page.get_by_text("A harbour").first).to_be_visible()
    expect(page.locator("blockquote.post")).to_have_text(["One", "Two"])
    with Ledger(site.directory, read_only=True) as ledger:
        (job,) = [one for one in ledger.list_jobs("shop") if one.content == "One"]
        assert [media.alt for media in job.parts[1].media] == ["A harbour"]


@pytest.mark.parametrize("scripted", [True, False])
def test_a_picture_is_sent_seen_described_and_taken_out(
    seat: Callable[..., Desk], serve: Callable[..., Site], scripted: bool
) -> None:
    site = serve()
    page = seat(site, java_script_enabled=scripted).open("/jobs/draft")
    page.get_by_label("Image or video from this device").set_input_files(PICTURE)
    if not scripted:
        page.get_by_role("button", name="Preview").click()
    shown = page.locator(".preview img")
    expect(shown).to_be_visible()
    expect(shown).to_have_js_property("naturalWidth", 64)
    page.get_by_label("Description for those who do not see it").fill("Boats")
    page.get_by_role("button", name="Save", exact=True).click()
    picture = page.get_by_role("img", name="Boats").first
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("naturalWidth", 64)
    page.get_by_role("button", name="Take it out").click()
    expect(page.get_by_role("button", name="Take it out")).to_have_count(0)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("img", name="Boats")).to_have_count(0)
    with Ledger(site.directory, read_only=True) as ledger:
        assert ledger.get_job("draft").post is None


@pytest.mark.parametrize("locale", ["en-GB", "vi-VN"])
def test_what_is_wrong_is_fit_for_everybody(
    seat: Callable[..., Desk], shown: Site, locale: str
) -> None:
    """A form with all there is in it, and something wrong with each."""
    desk = seat(shown, locale=locale)
    desk.expect_wrong("status of 422")
    page = desk.open("/jobs/chain")
    page.locator("details.more-fields").evaluate_all("all => all.forEach(one => one.open = true)")
    page.locator("[name=p1-text]").fill("x" * 501)
    page.locator("[name=topic]").fill("x" * 51)
    page.locator("[name=p0-m1-source]").fill("boats")
    page.locator("[name=p1-o1]").fill("n" * 30)
    page.locator("form[action$='/edit'] .row button").last.click()
    expect(page.locator("[aria-invalid=true]")).to_have_count(4)
    expect(page.locator("[aria-invalid=true]").first).to_be_focused()
    wrong = []
    for width in (320, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            wrong += [*sideways(page), *too_small(page), *faults(page)]
    assert wrong == [], "\n".join(wrong)


def test_another_platform_is_another_form_at_once(seat: Callable[..., Desk], shown: Site) -> None:
    page = seat(shown).open("/jobs/new")
    page.get_by_label("Text").fill("👩‍👩‍👧")
    expect(page.locator("#content-count")).to_contain_text("18 of 500")
    page.get_by_label("Platform").focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("bluesky")
    page.keyboard.press("Tab")
    expect(page.locator("#content-count")).to_contain_text("1 of 300")
    expect(page.get_by_label("Text")).to_have_value("👩‍👩‍👧")
