"""The pages: what they show, in both languages, of any moment; and what is done from them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from support.site import ORIGIN, asked_of, signed_in

from jobledger import JobStatus, Ledger, ManualClock, PostResult, Scheduler
from jobledger.web.app import create_app
from jobledger.web.words.vi import VI

HOUR = timedelta(hours=1)
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{9999*9999}}"
WEB = Path(create_app.__code__.co_filename).parent


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


def _unknown(ledger: Ledger, clock: ManualClock) -> str:
    with Scheduler(ledger.directory, clock=clock, on_interrupted="fail") as scheduler:
        job_id = scheduler.add_job("shop", "is it out?", clock.now())
        scheduler.run_due(lambda account, content: PostResult.unknown("no answer"))
    return job_id


def _schedule(ledger: Ledger, account_id: str, content: str) -> None:
    """Add the schedule `daily` of an account, and slots of `shop`."""
    ledger.add_schedule("daily", "0 9 * * *", account_id=account_id, content=content)
    ledger.set_slots("shop", {"mon": ["9:00"]})


PATHS = (
    "/",
    "/jobs",
    "/jobs/one",
    "/jobs/new",
    "/import",
    "/inbox",
    "/log",
    "/calendar",
    "/verified",
    "/compare",
    "/accounts",
    "/accounts/slots?id=shop",
    "/accounts/one?id=shop",
    "/schedules",
    "/schedules/daily",
    "/schedules/daily/edit",
    "/new-schedule",
    "/many?action=requeue&which=all",
)


@pytest.mark.parametrize("path", PATHS)
def test_a_text_is_shown_and_never_run(
    client: TestClient, ledger: Ledger, clock: ManualClock, path: str
) -> None:
    ledger.add_job(HOSTILE[:40], HOSTILE, clock.now() + HOUR, job_id="one")
    ledger.cancel_job("one", HOSTILE)
    ledger.requeue_job("one", clock.now() + HOUR)
    _schedule(ledger, HOSTILE[:40], HOSTILE.replace("{", "{{").replace("}", "}}"))
    signed_in(client)
    page = client.get(path, params={"text": "<script>"}).text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "99980001" not in page
    assert not re.search(r"\son\w+=", re.sub(r"&[^;]+;|&#\d+;", "", page).replace("onerror", ""))
    assert "style=" not in page


@pytest.mark.parametrize("path", PATHS)
def test_a_page_of_another_language_has_no_english_left(
    client: TestClient, ledger: Ledger, clock: ManualClock, path: str
) -> None:
    ledger.add_job("shop", "xin", clock.now() + HOUR, job_id="one")
    _unknown(ledger, clock)
    _schedule(ledger, "shop", "xin {n}")
    signed_in(client)
    client.post("/language", data={"language": "vi", "back": path})
    page = client.get(path).text
    assert '<html lang="vi">' in page
    shown = set(re.findall(r">\s*([^<>{}]+?)\s*<", page))
    assert shown & set(VI) == set()
    assert shown & set(VI.values())


def test_every_text_of_the_pages_has_vietnamese_with_the_same_facts() -> None:
    used: set[str] = set()
    for path in (WEB / "templates").glob("*.html"):
        for double, single in re.findall(r'\bt\((?:"([^"]+)"|\'([^\']+)\')', path.read_text()):
            used.add(double or single)
    assert used
    assert used - set(VI) == set()
    for text, said in VI.items():
        assert set(re.findall(r"{(\w+)}", text)) == set(re.findall(r"{(\w+)}", said)), text


def test_the_language_is_the_browsers_until_another_is_chosen(client: TestClient) -> None:
    for accepted, language in (("vi-VN,vi;q=0.9", "vi"), ("de,fr", "en"), ("en", "en")):
        page = client.get("/enter", headers={"accept-language": accepted}).text
        assert f'<html lang="{language}">' in page
    client.post("/language", data={"language": "vi", "back": "/enter"})
    assert '<html lang="vi">' in client.get("/enter").text


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_the_way_back_leads_nowhere_else(client: TestClient, back: str) -> None:
    answer = client.post("/language", data={"language": "vi", "back": back})
    assert answer.headers["location"] == "/"


def test_today_says_what_needs_a_person(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    signed_in(client)
    assert "Nothing is planned." in client.get("/").text
    _unknown(ledger, clock)
    ledger.add_job("shop", "later today", clock.now() + HOUR)
    ledger.add_job("shop", "too late already", clock.now() - HOUR)
    page = client.get("/").text
    for text in ("is it out?", "later today", "too late already", "Settle them"):
        assert text in page
    assert "is it out?" in client.get("/inbox").text


def test_a_job_is_added_changed_and_removed_from_its_pages(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    csrf = {"csrf": signed_in(client)}
    local = "2026-03-03T09:00"
    new = {"account_id": "shop", "content": "one\r\ntwo", "scheduled_time": local, "priority": "3"}
    answer = client.post("/jobs/new", data=csrf | new | {"hold": "true"})
    assert answer.status_code == 303, answer.text
    path = answer.headers["location"]
    job = ledger.get_job(path.rpartition("/")[2])
    assert (job.content, job.status, job.priority) == ("one\ntwo", JobStatus.PENDING, 3)
    assert job.scheduled_time.isoformat() == "2026-03-03T02:00:00+00:00"

    def do(action: str, **form: str) -> None:
        version = str(ledger.get_job(job.job_id).version)
        answer = client.post(f"{path}/{action}", data=csrf | {"version": version} | form)
        assert answer.status_code == 303, answer.text

    do("edit", content="other", priority="1")
    do("release")
    do("reschedule", scheduled_time="2026-03-03T10:00")
    do("cancel", reason="not today")
    page = client.get(path).text
    for text in ("other", "not today", "rescheduled", "web:local"):
        assert text in page
    do("remove")
    assert "This job was removed" in client.get(path).text
    unknown = _unknown(ledger, clock)
    form = csrf | {"version": str(ledger.get_job(unknown).version), "posted": "true"}
    assert client.post(f"/jobs/{unknown}/resolve", data=form | {"thread_id": ""}).status_code == 303
    assert ledger.get_job(unknown).status is JobStatus.COMPLETED


def test_a_form_of_a_job_that_has_moved_on_is_a_conflict(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    csrf = signed_in(client)
    ledger.add_job("shop", "text", clock.now() + HOUR, job_id="one")
    ledger.edit_job("one", content="theirs")
    form = {"csrf": csrf, "version": "1", "content": "mine", "priority": "2"}
    answer = client.post("/jobs/one/edit", data=form)
    assert answer.status_code == 409
    assert "moved on" in answer.text
    assert ledger.get_job("one").content == "theirs"


def test_a_page_of_the_past_is_marked_and_nothing_is_done_from_it(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    ledger.add_job("shop", "text", clock.now() + HOUR, job_id="one")
    ledger.cancel_job("one", "a reason")
    signed_in(client)
    past = client.get("/jobs/one?at=1").text
    assert "As it was" in past
    assert "a reason" not in past
    assert 'action="/jobs/one/' not in past
    assert 'href="/jobs?at=1"' in past
    assert client.get("/jobs/one?at=0").status_code == 404
    assert client.get("/?at=7").status_code == 422


def test_pages_of_now_are_live_from_what_they_show_on(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    ledger.add_job("shop", "text", clock.now() + HOUR, job_id="one")
    signed_in(client)
    with Ledger(ledger.directory, clock=clock) as other:
        other.hold_job("one")
    for path in ("/", "/jobs", "/inbox", "/log", "/verified", "/accounts"):
        assert 'data-live="2"' in client.get(path).text, path
        assert 'data-live="2"' not in client.get(f"{path}?at=2").text, path
    assert 'data-live="2"' not in client.get("/jobs/one").text  # there are forms


def test_jobs_are_shown_page_by_page(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    for number in range(60):
        ledger.add_job("shop", f"number {number:02}", clock.now() + HOUR)
    signed_in(client)
    first = client.get("/jobs?order=time").text
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following is not None
    second = client.get(following[1].replace("&amp;", "&")).text
    assert (first.count("number "), second.count("number ")) == (50, 10)
    assert 'rel="next"' not in second
    found = client.get("/jobs?text=number 07").text.partition("<main")[2]
    assert found.count(">number 07<") == 1


def test_a_fault_of_ours_tells_nothing_of_a_text(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*args: object, **more: object) -> None:
        raise RuntimeError("a secret text")

    client = asked_of(ledger)
    signed_in(client)
    monkeypatch.setattr(type(ledger), "counts", fails)
    answer = client.get("/")
    assert answer.status_code == 500
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "secret text" not in answer.text + caplog.text
    assert "RuntimeError" in caplog.text
