"""The accounts: how each one stands, and how much of one is due on which day."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient
from support.site import ORIGIN, asked_of, signed_in

from jobledger import JobStatus, Ledger, ManualClock, Pacing, PostResult, Scheduler
from jobledger.web.pages import accounts
from jobledger.web.words.vi import VI

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
HOSTILE = "<img src=x onerror=alert(1)>\"'{{9999*9999}}"
ODD = ("a/b", "a?b=c&d", "100%20", "#", "../jobs", "Zoë Đỗ 😀", "a+b", "a;b", HOSTILE)


@pytest.fixture
def ledger(directory: Path, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger(directory, clock=clock, timezone="Asia/Ho_Chi_Minh") as ledger:
        yield ledger


@pytest.fixture
def client(ledger: Ledger) -> TestClient:
    client = asked_of(ledger)
    client.headers["origin"] = ORIGIN
    client.headers["accept-language"] = "en"
    signed_in(client)
    return client


def one(name: str, **more: object) -> str:
    return f"/accounts/one?{urlencode({'id': name} | more)}"


def said(page: str) -> str:
    """Return what a person reads in the main part of a page."""
    main = page.partition("<main")[2].partition(">")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", main)))


def forecast(page: str) -> list[str]:
    """Return what each day of the forecast says behind its name."""
    rows = re.findall(r"<tr[^>]*>\s*<th scope=\"row\">(.*?)</tr>", page, re.S)
    return [" ".join(said(f"<main>{row.partition('</th>')[2]}</main>").split()) for row in rows]


def test_each_account_says_how_it_stands(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    with Scheduler(ledger.directory, clock=clock) as scheduler:
        for text in ("first", "second"):
            scheduler.add_job("shop", f"{text} of all", clock.now() - HOUR)
        scheduler.add_job("studio", "no good", clock.now())
        scheduler.run_due(
            lambda account, text: PostResult(account == "shop", error="no", retryable=False)
        )
    clock.advance(HOUR)
    ledger.add_job("shop", "the one after", clock.now() + 2 * HOUR)
    ledger.add_job("shop", "the next one", clock.now() + HOUR)
    ledger.add_job("shop", "a draft", clock.now(), hold=True)
    rows = re.findall(r'<li data-key="[^"]+">.*?</li>', client.get("/accounts").text, re.S)
    shop, studio = (said(f"<main>{row}</main>") for row in rows)
    assert "shop 1 pending 2 scheduled 2 completed" in shop
    assert "Next 21:00 the next one" in shop
    assert "Last 19:00 second of all" in shop
    assert "failed" not in shop
    assert "studio 1 failed 1 failed in the last 7 days Next Nothing is planned." in studio
    assert "Nothing was posted yet." in studio
    found = client.get("/jobs?status=scheduled&account_id=shop").text
    assert found.count('data-key="') == 2
    assert 'href="/jobs?status=scheduled&amp;account_id=shop"' in rows[0]


def test_it_says_what_runs_and_what_is_late(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    seen = []
    with Scheduler(ledger.directory, clock=clock) as scheduler:
        scheduler.add_job("shop", "it runs", clock.now())
        scheduler.add_job("shop", "it is late", clock.now() - HOUR)

        def look(account: str, text: str) -> PostResult:
            seen.append(said(client.get("/accounts").text))
            seen.append(said(client.get(one("shop")).text))
            return PostResult(True, "1")

        ledger.hold_job(ledger.list_jobs(text="it is late")[0].job_id)
        scheduler.run_due(look)
    assert "shop 1 pending 1 running Now 19:00 it runs Next Nothing is planned." in seen[0]
    assert "Running 19:00 it runs" in seen[1]
    ledger.release_job(ledger.list_jobs(text="it is late")[0].job_id)
    assert "Late 18:00 it is late" in said(client.get("/accounts").text)


def test_it_says_until_when_an_account_is_held_back_and_why(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    with Scheduler(ledger.directory, clock=clock, pacing=Pacing(min_gap_s=1800)) as scheduler:
        for number in range(2):
            scheduler.add_job("shop", f"number {number}", clock.now())
        before = len(list(ledger.events()))
        scheduler.run_due(lambda account, text: PostResult(True, "1"))
    why = "Held back until 19:30: posts of this account are at least 30 min apart"
    held = len(list(ledger.events()))
    for path in ("/accounts", one("shop")):
        assert why in said(client.get(path).text)
    clock.advance(HOUR)
    for path in ("/accounts", one("shop")):
        assert "Held back" not in said(client.get(path).text)
        sign = "&" if "?" in path else "?"
        assert why in said(client.get(f"{path}{sign}at={held}").text)
        assert "Held back" not in said(client.get(f"{path}{sign}at={before}").text)


@pytest.mark.parametrize("name", ODD)
def test_an_account_of_any_name_is_found_from_the_list_and_runs_nothing(
    client: TestClient, ledger: Ledger, clock: ManualClock, name: str
) -> None:
    ledger.add_job(name, "its text", clock.now() + HOUR)
    page = client.get("/accounts").text
    href = re.search(r'href="(/accounts/one\?[^"]+)"', page)
    assert href is not None
    its_own = client.get(unescape(href[1]))
    assert its_own.status_code == 200
    assert f" {name} " in said(its_own.text)
    assert "its text" in its_own.text
    jobs = re.search(r'href="(/jobs\?status=scheduled&amp;account_id=[^"]+)"', its_own.text)
    assert jobs is not None
    assert "its text" in client.get(unescape(jobs[1])).text
    for text in (page, its_own.text, client.get(f"/accounts?{urlencode({'name': name})}").text):
        assert "<img" not in text
        assert "style=" not in text
        assert "99980001" not in text


def test_the_days_ahead_are_those_of_the_ledgers_clock(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    midnight = clock.now().replace(hour=17)  # in the ledger's zone
    ledger.add_job("shop", "late since yesterday", midnight - DAY - HOUR)
    ledger.add_job("shop", "today", midnight - HOUR)
    ledger.add_job("shop", "tomorrow", midnight)
    ledger.add_job("shop", "tomorrow too", midnight + HOUR)
    ledger.add_job("shop", "a draft", midnight + 2 * HOUR, hold=True)
    ledger.add_job("shop", "the last day", midnight + 13 * DAY - HOUR)
    ledger.add_job("shop", "behind", midnight + 13 * DAY)
    ledger.add_job("other", "of another account", midnight)
    page = client.get(one("shop")).text
    assert forecast(page) == ["2 –", "2 1", *["0 –"] * 11, "1 –"]
    assert page.count('<rect class="due"') == 3
    assert page.count('<rect class="draft"') == 1
    assert "the next 14 days" in said(page).lower()
    assert "Tue 3 Mar" in page
    assert 'href="/calendar?view=day&amp;day=2026-03-03&amp;account=shop"' in page


def test_what_was_posted_today_is_counted_with_it(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    with Scheduler(ledger.directory, clock=clock) as scheduler:
        scheduler.add_job("shop", "text", clock.now())
        scheduler.run_due(lambda account, text: PostResult(True, "1"))
    ledger.add_job("shop", "text", clock.now() + HOUR)
    page = client.get(one("shop")).text
    assert forecast(page)[0] == "2 –"
    assert '<rect class="posted" x="0.0" width="50.0"' in page
    assert '<rect class="due" x="50.0" width="50.0"' in page


def test_days_that_have_more_than_may_be_are_named(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    for number in range(3):
        ledger.add_job("shop", f"number {number}", clock.now() + DAY)
    ledger.add_job("shop", "a draft does not count", clock.now() + DAY, hold=True)
    ledger.add_job("shop", "enough", clock.now() + 2 * DAY)
    for path in (one("shop"), one("shop", per_day="")):
        page = client.get(path).text
        assert "Above" not in page
        assert "<line" not in page
    page = client.get(one("shop", per_day=2)).text
    assert "Above 2 a day: Tue 3 Mar (3) " in said(page)
    assert forecast(page)[1] == "3 1 too many 1"
    assert page.count('<line class="limit" x1="50.0"') == 14
    assert "kept nowhere" in page
    assert "No day is above 3." in said(client.get(one("shop", per_day=3)).text)
    for wrong in ("-1", "0", "x", "1e3", "9" * 30):
        assert client.get(one("shop", per_day=wrong)).status_code == 422


def test_days_that_are_not_counted_are_no_zeros(
    client: TestClient, ledger: Ledger, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "MOST_COUNTED", 3)
    for day in (0, 1, 1, 1, 2):
        ledger.add_job("shop", "text", clock.now() + HOUR + day * DAY)
    page = client.get(one("shop", per_day=9)).text
    assert forecast(page)[:3] == ["1 –", "2 or more", "not counted"]
    assert "what comes from Tuesday, 3 March 2026 on is left out" in page
    assert "No day is above" not in page
    ledger.remove_job(ledger.list_jobs(order="latest", limit=1)[0].job_id)
    ledger.remove_job(ledger.list_jobs(order="latest", limit=1)[0].job_id)
    page = client.get(one("shop", per_day=9)).text
    assert forecast(page)[:3] == ["1 –", "2 –", "0 –"]
    assert "No day is above" in page


def test_where_much_is_late_today_is_not_counted_whole(
    client: TestClient, ledger: Ledger, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "MOST_LATE", 2)
    midnight = clock.now().replace(hour=17) - DAY  # in the ledger's zone
    ledger.add_job("shop", "today", clock.now())
    for found in ("2 –", "3 –", "3 or more"):
        ledger.add_job("shop", "late since yesterday", midnight - HOUR)
        assert forecast(client.get(one("shop")).text)[:2] == [found, "0 –"]


def test_many_accounts_are_shown_page_by_page_and_found_by_name(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    names = [f"account {number:02}" for number in range(accounts.PAGE + 5)]
    for name in names:
        ledger.add_job(name, "text", clock.now() + HOUR)
    first = client.get("/accounts").text
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following is not None
    second = client.get(unescape(following[1])).text
    assert re.findall(r'<li data-key="([^"]+)"', first + second) == names
    assert "From the beginning" in second
    assert 'rel="next"' not in second
    found = client.get("/accounts?name=COUNT 07").text
    assert re.findall(r'<li data-key="([^"]+)"', found) == ["account 07"]
    assert "There is no account of this name." in client.get("/accounts?name=nobody").text


def test_where_there_are_none_it_says_so(client: TestClient, ledger: Ledger) -> None:
    assert "There is no account yet" in client.get("/accounts").text
    assert client.get(one("shop")).status_code == 404
    assert client.get("/accounts/one").status_code == 404
    job_id = ledger.add_job("shop", "text", ledger.now() + HOUR)
    ledger.remove_job(job_id)
    assert client.get(one("shop")).status_code == 404
    assert client.get(one("shop", at=1)).status_code == 200


def test_of_the_past_nothing_is_begun(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    ledger.add_job("shop", "text", clock.now() + HOUR)
    ledger.add_job("shop", "not yet", clock.now() + HOUR)
    page, past = client.get(one("shop")).text, client.get(one("shop", at=1)).text
    assert ("Write a post" in page, "Write a post" in past) == (True, False)
    assert ("not yet" in page, "not yet" in past) == (True, False)
    assert ('data-live="2"' in page, "data-live" in past) == (True, False)
    assert "1 scheduled" in said(past)
    assert 'name="at" value="1"' in past


def test_an_account_has_no_english_left(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    for status in ("one", "two"):
        ledger.add_job("shop", status, clock.now() + HOUR)
    client.post("/language", data={"language": "vi", "back": "/"})
    page = client.get(one("shop", per_day=1)).text
    shown = set(re.findall(r">\s*([^<>{}]+?)\s*<", page))
    assert shown & set(VI) == set()
    assert "Trên 1 bài một ngày:" in page


def test_a_page_asks_for_no_more_than_it_shows(
    client: TestClient, ledger: Ledger, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        ledger.add_job(f"account {number % 2}", "text", clock.now() + HOUR + number * DAY / 4)
    found: list[int] = []
    list_jobs = Ledger.list_jobs

    def counted(*args: object, **more: object) -> object:
        assert "limit" in more
        jobs = list_jobs(*args, **more)  # type: ignore[arg-type]
        found.append(len(jobs))
        return jobs

    monkeypatch.setattr(Ledger, "list_jobs", counted)
    assert client.get("/accounts").status_code == 200
    assert sum(found) == 2  # the next of each
    assert client.get(one("account 0")).status_code == 200
    assert ledger.counts("account 0")[JobStatus.SCHEDULED] == 20


def test_when_a_token_ends_is_told_where_it_is_known(ledger: Ledger, clock: ManualClock) -> None:
    """As an error where it should have been renewed by now; of the past nobody knows it, and what
    keeps it from being known keeps no page."""
    expiries = {"soon": clock.now() + 3 * DAY, "later": clock.now() + 40 * DAY}
    expiries["over"] = clock.now() - DAY
    for name in (*expiries, "unknown"):
        ledger.add_job(name, "text", clock.now() + HOUR)
    client = asked_of(ledger, token_expiries=lambda: expiries)
    client.headers["accept-language"] = "en"
    signed_in(client)
    pages = {name: client.get(one(name)).text for name in (*expiries, "unknown")}
    assert '<p class="error">Its token ends' in pages["soon"]
    assert '<p class="note">Its token ends' in pages["later"]
    assert '<p class="error">Its token ended' in pages["over"]
    assert "Its token" not in pages["unknown"]
    assert said(client.get("/accounts").text).count("Its token") == 3
    assert "Its token" not in client.get("/accounts?at=1").text

    def broken() -> dict[str, object]:
        raise OSError("no such file")

    client = asked_of(ledger, token_expiries=broken)
    signed_in(client)
    assert client.get("/accounts").status_code == 200
