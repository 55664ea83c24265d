"""The inbox: what waits for somebody to say what became of it, with what they need for that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from support.site import ORIGIN, asked_of, csrf_of, signed_in

from jobledger import Attempt, Ledger, ManualClock, OutcomeUnknown, PostResult, Scheduler
from jobledger.web.pages.inbox import PAGE

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
def ledger(directory: Path, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger(directory, clock=clock, timezone="Asia/Ho_Chi_Minh") as ledger:
        yield ledger


@pytest.fixture
def client(ledger: Ledger) -> TestClient:
    client = asked_of(ledger)
    client.headers["origin"] = ORIGIN
    client.headers["accept-language"] = "en"
    return client


def unsettled(ledger: Ledger, clock: ManualClock, count: int, error: str = "no answer") -> None:
    """Leave jobs with an outcome that nobody knows, the first the oldest."""

    class Publisher:
        async def publish(self, attempt: Attempt) -> PostResult:
            attempt.checkpoint("container", "178411")
            raise OutcomeUnknown(error)

    with Scheduler(ledger.directory, clock=clock, on_interrupted="fail") as scheduler:
        for number in range(count):
            at = clock.now() + timedelta(seconds=number)
            scheduler.add_job("shop", f"text {number:02}", at, job_id=f"job-{number:02}")
        clock.advance(timedelta(hours=1))
        scheduler.run_due(Publisher())
    clock.advance(timedelta(hours=2))


def test_a_job_is_there_with_what_was_sent_and_what_came_back(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    unsettled(ledger, clock, 1)
    signed_in(client)
    page = client.get("/inbox").text
    for said in ("shop", "text 00", "attempt 1, 2", "ago", "no answer", "178411", "It is out"):
        assert said in page
    assert 'name="version"' in page


def test_the_oldest_come_first_page_by_page(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    unsettled(ledger, clock, PAGE + 3)
    signed_in(client)
    seen, address = [], "/inbox"
    while address:
        page = client.get(address).text
        seen += re.findall(r'data-key="(job-\d\d)"', page)
        found = re.search(r'href="(/inbox\?after=[^"]+)"', page)
        address = "" if found is None else found[1]
    assert seen == [f"job-{number:02}" for number in range(PAGE + 3)]
    assert f'class="count">{PAGE + 3}<' in client.get("/jobs").text


@pytest.mark.parametrize("posted", ["true", "false"])
def test_what_is_settled_leaves_the_inbox(
    client: TestClient, ledger: Ledger, clock: ManualClock, posted: str
) -> None:
    unsettled(ledger, clock, 1)
    signed_in(client)
    page = client.get("/inbox").text
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version is not None
    form = {"csrf": csrf_of(page), "version": version[1], "posted": posted, "back": "/inbox"}
    answer = client.post("/jobs/job-00/resolve", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/inbox?settled=job-00")
    told = client.get(answer.headers["location"]).text
    assert ("Settled: it is out." in told, "Settled: it is not out." in told) == (
        posted == "true",
        posted == "false",
    )
    assert 'href="/jobs/job-00">text 00</a>' in told
    assert ledger.count_unknown() == 0
    assert "There are none." in client.get("/inbox").text
    assert 'class="count"' not in client.get("/inbox").text


def test_what_was_not_settled_is_not_said_to_be(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    """Whatever an address says; nor is it of a moment of the past."""
    unsettled(ledger, clock, 2)
    ledger.add_job("shop", "to come", clock.now() + timedelta(hours=1), job_id="later")
    ledger.resolve_job("job-01", posted=True)
    signed_in(client)
    for address in ("settled=job-00", "settled=later", "settled=nobody", "settled="):
        assert "Settled" not in client.get(f"/inbox?{address}").text
    assert "Settled" in client.get("/inbox?settled=job-01").text
    assert "Settled" not in client.get(f"/inbox?settled=job-01&at={ledger.seq}").text


def test_of_a_past_moment_it_is_as_it_was_and_nothing_can_be_done(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    unsettled(ledger, clock, 2)
    assert ledger.count_unknown() == 2
    seq = ledger.seq
    ledger.resolve_job("job-00", posted=True)
    signed_in(client)
    page = client.get(f"/inbox?at={seq}").text
    assert re.findall(r'data-key="(job-\d\d)"', page) == ["job-00", "job-01"]
    assert "/resolve" not in page


def test_what_a_publisher_says_is_shown_and_never_run(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    unsettled(ledger, clock, 1, HOSTILE)
    signed_in(client)
    page = client.get("/inbox").text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page


def same_texts_of(page: str) -> str:
    """Return the list of other posts with the same text, of a page with one unsettled job."""
    found = re.search(r'<ul class="same".*?</ul>', page, re.DOTALL)
    return "" if found is None else found[0]


def test_other_posts_of_the_same_text_are_linked_with_how_they_stand(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    """Those of another account or with another text are not, nor is a word that is an id."""
    unsettled(ledger, clock, 1)
    at = clock.now() + timedelta(hours=1)
    ledger.add_job("shop", "text 00", at, job_id="again.2", hold=True)
    ledger.add_job("cafe", "text 00", at, job_id="account")
    ledger.add_job("shop", "text 00, too", at, job_id="text")
    signed_in(client)
    page = client.get("/inbox").text
    same = same_texts_of(page)
    assert "Job again.2 has the same text for the same account." in page
    assert re.findall(r'href="([^"]+)"', same) == ["/jobs/again.2"]
    assert ">pending</span>" in same
    assert at.isoformat() in same


def test_a_post_of_the_same_text_that_is_out_says_as_what(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    """It is what the person will find on the account."""
    unsettled(ledger, clock, 1)
    with Scheduler(ledger.directory, clock=clock) as scheduler:
        scheduler.add_job("shop", "text 00", clock.now(), job_id="other")
        scheduler.run_due(lambda account, content: PostResult(True, "17890"))
    signed_in(client)
    page = client.get("/inbox").text
    assert "two jobs, two posts" in page
    assert "posted as 17890" in same_texts_of(page)


def test_of_many_posts_of_the_same_text_three_are_named_and_the_others_are_one_step_away(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    unsettled(ledger, clock, 1)
    for number in range(5):
        at = clock.now() + timedelta(hours=1, minutes=number)
        ledger.add_job("shop", "text 00", at, job_id=f"more-{number}")
    signed_in(client)
    *named, every = re.findall(r'href="([^"]+)"', same_texts_of(client.get("/inbox").text))
    assert named == [f"/jobs/more-{number}" for number in range(3)]
    listed = re.findall(r'data-key="([^"]+)"', client.get(unescape(every)).text)
    assert set(listed) == {"job-00", *(f"more-{number}" for number in range(5))}


def test_a_text_that_no_other_post_has_leads_nowhere(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    unsettled(ledger, clock, 2)
    signed_in(client)
    assert same_texts_of(client.get("/inbox").text) == ""


def test_of_a_past_moment_only_posts_of_then_have_the_same_text(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    unsettled(ledger, clock, 1)
    seq = ledger.seq
    ledger.add_job("shop", "text 00", clock.now() + timedelta(hours=1), job_id="later")
    signed_in(client)
    assert same_texts_of(client.get(f"/inbox?at={seq}").text) == ""
    then = same_texts_of(client.get(f"/inbox?at={ledger.seq}").text)
    assert re.findall(r'href="([^"]+)"', then) == [f"/jobs/later?at={ledger.seq}"]


def test_the_same_text_is_said_in_vietnamese(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    unsettled(ledger, clock, 1)
    for number in range(3):
        ledger.add_job("shop", "text 00", clock.now(), job_id=f"more-{number}")
    client.headers["accept-language"] = "vi"
    signed_in(client)
    same = same_texts_of(client.get("/inbox").text)
    assert "Cùng nội dung" in same
    assert "Mọi bài có nội dung này" in same
