"""Who gets in, how, and what they may do then."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from support.desk import Desk, expect
from support.sites import PASSWORDS, TOKEN, Site


def test_the_address_that_was_printed_works_once(
    seat: Callable[..., Desk], serve: Callable[..., Site]
) -> None:
    """And is not in the address bar, nor in the history, once it has."""
    site = serve()
    desk = seat(site, None)
    page = desk.open(f"/enter#{site.once}")
    expect(page).to_have_url(f"{site.origin}/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.go_back()
    assert site.once not in page.url
    other = seat(site, None)
    other.expect_wrong("status of 403")
    page = other.open(f"/enter#{site.once}")
    expect(page.get_by_role("alert")).to_contain_text("works once")
    assert site.once not in page.url


def test_the_token_lets_in_another_browser(seat: Callable[..., Desk], shown: Site) -> None:
    desk = seat(shown, None)
    page = desk.open("/jobs")
    expect(page).to_have_url(f"{shown.origin}/enter")
    desk.expect_wrong("status of 403")
    page.get_by_label("Token").fill("not the one of this server")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{shown.origin}/")


def test_people_sign_in_by_name_and_leave(
    seat: Callable[..., Desk], serve: Callable[..., Site]
) -> None:
    desk = seat(serve(users=True), None)
    page = desk.open("/enter")
    desk.expect_wrong("status of 403")
    for password in ("a wrong password", PASSWORDS["lan"][1]):
        page.get_by_label("Name").fill("lan")
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert").or_(page.get_by_text("web:lan"))).to_be_visible()
    expect(page.get_by_text("web:lan")).to_be_visible()
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_label("Name")).to_be_visible()
    desk.go(page, "/jobs")
    assert page.url.endswith("/enter")


def test_a_session_that_has_ended_leads_to_the_door(
    seat: Callable[..., Desk], serve: Callable[..., Site]
) -> None:
    """In another window, too, where a form was being filled in: nothing is done."""
    desk = seat(serve())
    form, other = desk.open("/jobs/draft"), desk.open("/")
    other.get_by_role("button", name="Leave").click()
    expect(other.get_by_label("Token")).to_be_visible()
    desk.expect_wrong("status of 401")
    form.get_by_role("button", name="Release").click()
    expect(form.get_by_role("main").get_by_role("link", name="Sign in")).to_be_visible()


def test_the_language_is_chosen_and_kept(seat: Callable[..., Desk], shown: Site) -> None:
    desk = seat(shown, locale="vi-VN")
    page = desk.open("/inbox")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert page.url == f"{shown.origin}/inbox"
    desk.go(page, "/jobs")
    expect(page.locator("html")).to_have_attribute("lang", "en")


CHANGES = "main form[method=post], main [draggable=true], main [contenteditable]"


def shows_no_change(desk: Desk) -> None:
    """Look for something that changes anything, where an operator has it."""
    page = desk.open("/")
    for path in ("/", "/calendar", "/jobs", "/inbox", "/log", "/jobs/unknown", "/jobs/draft"):
        desk.go(page, path)
        assert page.locator(CHANGES).count() == 0, path
        assert page.get_by_role("link", name="New job").count() == 0, path


def test_a_viewer_sees_nothing_that_could_be_done(
    seat: Callable[..., Desk], serve: Callable[..., Site]
) -> None:
    shows_no_change(seat(serve(users=True), "vy"))


def test_of_a_ledger_that_is_only_shown_nothing_can_be_done(
    seat: Callable[..., Desk], serve: Callable[..., Site]
) -> None:
    shows_no_change(seat(serve("--read-only")))


@pytest.mark.parametrize(
    ("name", "path", "actions"),
    [
        ("an", "/jobs/draft", {"edit", "reschedule"}),
        ("an", "/jobs/planned", set[str]()),
        ("lan", "/jobs/unknown", {"requeue"}),
        ("lan", "/jobs/planned", {"edit", "reschedule", "hold", "cancel"}),
        ("oanh", "/jobs/unknown", {"requeue", "resolve", "remove"}),
    ],
)
def test_each_role_is_shown_what_it_may(
    seat: Callable[..., Desk],
    serve: Callable[..., Site],
    name: str,
    path: str,
    actions: set[str],
) -> None:
    page = seat(serve(users=True), name).open(path)
    forms = page.locator(f"main form[action^='{path}/']")
    found = {forms.nth(n).get_attribute("action") or "" for n in range(forms.count())}
    assert {re.sub(r".*/", "", one) for one in found} == actions
