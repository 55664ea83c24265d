"""Forms: a time in a zone, what is asked back, and that nothing that was written is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from starlette.testclient import TestClient
from support.site import ORIGIN, asked_of, form_of, signed_in

from jobledger import JobStatus, Ledger, ManualClock, NewJob, StorageError
from jobledger.web import change_user

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
WRITTEN = "Grüße <b>& alles</b>\n\n  zwei\n"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 2, 12, tzinfo=UTC))


@pytest.fixture
def ledger(directory: Path, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger(directory, clock=clock, timezone="Europe/Berlin") as ledger:
        yield ledger


@pytest.fixture
def client(ledger: Ledger) -> TestClient:
    client = asked_of(ledger)
    client.headers["origin"] = ORIGIN
    client.headers["accept-language"] = "en"
    return client


@pytest.fixture
def csrf(client: TestClient) -> str:
    return signed_in(client)


def moment_of_new(ledger: Ledger) -> str:
    """Return when the only job is due."""
    (job,) = ledger.list_jobs()
    return job.scheduled_time.isoformat()


def new_form(csrf: str, **fields: str) -> dict[str, str]:
    usual = {"account_id": "shop", "content": WRITTEN, "scheduled_time": "2026-03-05T09:00"}
    return {"csrf": csrf, "priority": "3"} | usual | fields


def test_a_time_is_read_in_the_zone_that_the_form_states(
    client: TestClient, ledger: Ledger, csrf: str
) -> None:
    page = client.get("/jobs/new").text
    assert form_of(page, "/jobs/new")["zone"] == "Europe/Berlin"
    assert "Asia/Tokyo" in page
    answer = client.post("/jobs/new", data=new_form(csrf, zone="Asia/Tokyo"))
    assert answer.status_code == 303
    assert moment_of_new(ledger) == "2026-03-05T00:00:00+00:00"
    path = answer.headers["location"]
    form = form_of(client.get(path).text, f"{path}/reschedule")
    assert form["scheduled_time"] == "2026-03-05T01:00"  # in the ledger's zone
    form |= {"scheduled_time": "2026-03-06T09:00", "zone": "America/New_York"}
    assert client.post(f"{path}/reschedule", data=form).status_code == 303
    assert moment_of_new(ledger) == "2026-03-06T14:00:00+00:00"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("content", "", "1 to 500 characters"),
        ("content", " \r\n ", "not only blanks"),
        ("content", "x" * 501, "1 to 500 characters"),
        ("content", "👩‍👩‍👧" * 28, "504 of 500 characters: 4 too many"),
        ("account_id", "", "name of an account"),
        ("account_id", "x" * 300, "name of an account"),
        ("scheduled_time", "2028-03-05T09:00", "within a year"),
        ("scheduled_time", "soon", "within a year"),
        ("scheduled_time", "", "within a year"),
        ("zone", "Mars/Olympus", "no such time zone"),
        ("zone", "../../etc/passwd", "no such time zone"),
        ("zone", "Europe", "no such time zone"),
        ("zone", "Asia/\x00Tokyo", "no such time zone"),
    ],
)
def test_what_is_refused_comes_back_as_it_was_written(
    client: TestClient, ledger: Ledger, csrf: str, field: str, value: str, says: str
) -> None:
    sent = new_form(csrf, zone="Asia/Tokyo") | {field: value}
    answer = client.post("/jobs/new", data=sent)
    assert answer.status_code == 422
    assert says in answer.text
    assert "Nothing was saved" in answer.text
    again = form_of(answer.text, "/jobs/new")
    for name, text in sent.items():
        assert again[name].replace("\r\n", "\n") == text.replace("\r\n", "\n"), name
    marked = re.search(r'<(?:input|textarea)[^>]* aria-invalid="true"[^>]*>', answer.text)
    assert marked is not None
    assert f'name="{field}"' in marked[0]
    described = re.search(r'aria-describedby="(?:[^"]* )?([^" ]+)"', marked[0])
    assert described is not None
    assert f'id="{described[1]}"' in answer.text
    assert ledger.seq == 0


@pytest.mark.parametrize("path", ["/jobs/new", "/jobs/one/reschedule", "/jobs/one/requeue"])
@pytest.mark.parametrize(
    ("time", "offers", "moments"),
    [
        ("2026-03-29T02:30", ["Post it at 03:30"], ["2026-03-29T01:30:00+00:00"]),
        (
            "2026-10-25T02:30",
            ["The first", "+02:00", "The second", "+01:00"],
            ["2026-10-25T00:30:00+00:00", "2026-10-25T01:30:00+00:00"],
        ),
    ],
)
def test_an_odd_time_is_asked_about_before_anything_is_saved(
    client: TestClient,
    ledger: Ledger,
    csrf: str,
    path: str,
    time: str,
    offers: list[str],
    moments: list[str],
) -> None:
    if path != "/jobs/new":
        ledger.add_job("shop", "x", ledger.now() + HOUR, job_id="one")
        if path.endswith("requeue"):
            ledger.cancel_job("one")
    before = ledger.seq
    page = client.get(path if path == "/jobs/new" else "/jobs/one").text
    form = form_of(page, path) | {"scheduled_time": time}
    if path == "/jobs/new":
        form |= {"account_id": "shop", "content": "x"}
    asked = client.post(path, data=form)
    assert asked.status_code == 422
    assert ledger.seq == before
    for words in offers:
        assert words in asked.text
    assert re.findall(r'name="meant" value="([^"]+)"', asked.text) == moments
    again = form_of(asked.text, path)
    assert again["scheduled_time"] == time
    for other in ("", "2026-10-25T05:30:00+00:00", "first"):  # nothing that was offered
        assert client.post(path, data=again | {"meant": other}).status_code == 422
    answer = client.post(path, data=again | {"meant": moments[-1]})
    assert answer.status_code == 303, answer.text
    assert moment_of_new(ledger) == moments[-1]


def test_of_a_time_that_is_not_odd_nothing_is_asked(
    client: TestClient, ledger: Ledger, csrf: str
) -> None:
    """An answer to another question is not counted; an odd time of one zone is none of another."""
    stale = {"meant": "2026-10-25T00:30:00+00:00"}
    assert client.post("/jobs/new", data=new_form(csrf) | stale).status_code == 303
    assert moment_of_new(ledger) == "2026-03-05T08:00:00+00:00"
    odd_elsewhere = new_form(csrf, scheduled_time="2026-03-29T02:30", zone="Asia/Tokyo")
    assert client.post("/jobs/new", data=odd_elsewhere).status_code == 303


def test_a_job_that_has_moved_on_says_what_happened_and_loses_nothing(
    client: TestClient, ledger: Ledger, csrf: str
) -> None:
    ledger.add_job("shop", "first", ledger.now() + HOUR, job_id="one")
    form = form_of(client.get("/jobs/one").text, "/jobs/one/edit")
    ledger.acting("cli:mai").edit_job("one", content="theirs")
    answer = client.post("/jobs/one/edit", data=form | {"content": WRITTEN, "priority": "4"})
    assert answer.status_code == 409
    for text in ("It has moved on", "edited", "cli:mai", '<q class="theirs">theirs</q>', "below"):
        assert text in answer.text
    again = form_of(answer.text, "/jobs/one/edit")
    assert again["version"] == "2"
    assert again["content"].replace("\r\n", "\n") == WRITTEN
    assert again["priority"] == "4"
    assert form_of(answer.text, "/jobs/one/reschedule")["version"] == "2"
    assert ledger.get_job("one").content == "theirs"
    assert client.post("/jobs/one/edit", data=again).status_code == 303
    job = ledger.get_job("one")
    assert (job.content, job.priority, job.version) == (WRITTEN, 4, 3)


@pytest.mark.parametrize("how", ["cancel", "remove"])
def test_what_was_written_for_a_job_that_is_done_with_is_shown(
    client: TestClient, ledger: Ledger, csrf: str, how: str
) -> None:
    ledger.add_job("shop", "first", ledger.now() + HOUR, job_id="one")
    form = form_of(client.get("/jobs/one").text, "/jobs/one/edit")
    getattr(ledger, f"{how}_job")("one")
    answer = client.post("/jobs/one/edit", data=form | {"content": "my <i>words</i>"})
    assert answer.status_code == 409
    assert "What you wrote" in answer.text
    assert "my &lt;i&gt;words&lt;/i&gt;" in answer.text
    assert 'action="/jobs/one/edit"' not in answer.text


def test_what_the_state_of_a_job_does_not_allow_is_said(
    client: TestClient, ledger: Ledger, csrf: str
) -> None:
    ledger.add_job("shop", "first", ledger.now() + HOUR, job_id="one")
    ledger.cancel_job("one")
    for action, written in (("hold", {}), ("edit", {"content": "mine"})):
        form = {"csrf": csrf, "version": "2"} | written
        answer = client.post(f"/jobs/one/{action}", data=form)
        assert answer.status_code == 409
        assert "It has moved on: " in answer.text
        assert ("What you wrote" in answer.text) is bool(written)


def test_a_time_and_a_reason_come_back_too(client: TestClient, ledger: Ledger, csrf: str) -> None:
    ledger.add_job("shop", "first", ledger.now() + HOUR, job_id="one")
    page = client.get("/jobs/one").text
    form = form_of(page, "/jobs/one/reschedule")
    wrong = form | {"scheduled_time": "2029-01-01T10:00", "zone": "Asia/Tokyo"}
    answer = client.post("/jobs/one/reschedule", data=wrong)
    assert (answer.status_code, "within a year" in answer.text) == (422, True)
    again = form_of(answer.text, "/jobs/one/reschedule")
    assert (again["scheduled_time"], again["zone"]) == ("2029-01-01T10:00", "Asia/Tokyo")
    assert form_of(answer.text, "/jobs/one/edit")["content"] == "first"
    ledger.edit_job("one", content="second")
    stale = form_of(page, "/jobs/one/cancel") | {"reason": "no stock"}
    answer = client.post("/jobs/one/cancel", data=stale)
    assert answer.status_code == 409
    assert form_of(answer.text, "/jobs/one/cancel")["reason"] == "no stock"
    assert ledger.get_job("one").status is JobStatus.SCHEDULED


def test_a_refused_form_says_where_its_page_is(
    client: TestClient, ledger: Ledger, csrf: str
) -> None:
    """The choice of a language leads back to it, and not to an address that only takes forms."""
    ledger.add_job("shop", "first", ledger.now() + HOUR, job_id="one")
    form = form_of(client.get("/jobs/one").text, "/jobs/one/edit") | {"content": ""}
    page = client.post("/jobs/one/edit", data=form).text
    assert 'name="back" value="/jobs/one"' in page


def test_what_there_never_was_is_not_found(client: TestClient, ledger: Ledger, csrf: str) -> None:
    form = {"csrf": csrf, "version": "1"}
    assert client.post("/jobs/nothing/edit", data=form).status_code == 404
    ledger.add_job("shop", "first", ledger.now() + HOUR, job_id="one")
    assert client.post("/jobs/one/explode", data=form).status_code == 404


def test_a_form_that_is_sent_twice_adds_once(client: TestClient, ledger: Ledger, csrf: str) -> None:
    """With other words in it, it is another job: a browser keeps the id when one goes back."""
    form = form_of(client.get("/jobs/new").text, "/jobs/new")
    form |= {"account_id": "shop", "content": "x"}
    first, second = (client.post("/jobs/new", data=form) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["location"] == second.headers["location"]
    assert len(ledger.list_jobs()) == 1
    for change in ({"content": "y"}, {"scheduled_time": "2026-03-07T10:00"}):
        third = client.post("/jobs/new", data=form | change)
        assert third.status_code == 303
        assert third.headers["location"] != first.headers["location"]
    assert len(ledger.list_jobs()) == 3


def test_a_disk_that_fails_takes_no_text_along(
    client: TestClient, ledger: Ledger, csrf: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: object, **more: object) -> str:
        raise StorageError("cannot write: the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(type(ledger), "add_job", fails)
        answer = client.post("/jobs/new", data=new_form(csrf))
    assert answer.status_code == 503
    assert "the disk is full" in answer.text
    again = form_of(answer.text, "/jobs/new")
    assert again["content"].replace("\r\n", "\n") == WRITTEN
    assert client.post("/jobs/new", data=again).status_code == 303


def test_a_preview_without_a_script_saves_nothing(
    client: TestClient, ledger: Ledger, csrf: str
) -> None:
    answer = client.post("/jobs/new", data=new_form(csrf, preview="true"))
    assert answer.status_code == 200
    preview = answer.text[answer.text.index('id="preview-head"') :]
    assert "Grüße &lt;b&gt;&amp; alles&lt;/b&gt;\n\n  zwei\n" in preview
    assert form_of(answer.text, "/jobs/new")["content"].replace("\r\n", "\n") == WRITTEN
    assert ledger.seq == 0


def test_a_new_job_begins_with_what_it_was_asked_for_with(
    client: TestClient, clock: ManualClock, csrf: str
) -> None:
    def begun(query: str) -> tuple[str, ...]:
        form = form_of(client.get(f"/jobs/new?{query}").text, "/jobs/new")
        return form["scheduled_time"], form["zone"], form["account_id"]

    assert begun("") == ("2026-03-02T14:00", "Europe/Berlin", "")
    assert begun("day=2026-03-05") == ("2026-03-05T09:00", "Europe/Berlin", "")
    asked = "day=2026-03-05&zone=Asia/Tokyo&account_id=shop"
    assert begun(asked) == ("2026-03-05T09:00", "Asia/Tokyo", "shop")
    assert begun("day=2026-03-02") == ("2026-03-02T14:00", "Europe/Berlin", "")
    assert client.get("/jobs/new?day=never").status_code == 422
    unknown = client.get("/jobs/new?zone=Mars")
    assert (unknown.status_code, "no such time zone" in unknown.text) == (422, True)
    assert form_of(unknown.text, "/jobs/new")["zone"] == "Mars"


@pytest.mark.parametrize("piece", ["a", "☕", "👩‍👩‍👧", "e\u0302\u0323", "\r\n", "𝒜"])
def test_the_page_counts_as_the_ledger_judges(client: TestClient, csrf: str, piece: str) -> None:
    """At the limit, and one over it. A browser sends a new line as two characters; it is one."""
    most = NewJob.characters_left("")
    counted = most - NewJob.characters_left(piece.replace("\r\n", "\n"))
    text = piece * (most // counted)
    fits = text + "." * (most % counted)
    over = client.post("/jobs/new", data=new_form(csrf, content=f"{fits}."))
    if piece != "\r\n":  # which has nothing but blanks, but for the last one
        assert client.post("/jobs/new", data=new_form(csrf, content=fits)).status_code == 303
    assert over.status_code == 422
    assert f"{most + 1} of {most} characters: 1 too many" in over.text


def test_an_author_whose_draft_was_released_loses_nothing(directory: Path, ledger: Ledger) -> None:
    users = directory.parent / "users.txt"
    change_user(users, "lan", ("author", "a password"))
    change_user(users, "viv", ("viewer", "a password"))
    ledger.add_job("shop", "draft", ledger.now() + HOUR, job_id="one", hold=True)
    author, viewer = (asked_of(ledger, users=users) for _ in range(2))
    for client, name in ((author, "lan"), (viewer, "viv")):
        client.headers.update({"origin": ORIGIN, "accept-language": "en"})
        signed = signed_in(client, name=name, password="a password")
        client.headers["x-csrf-token"] = signed
    form = form_of(author.get("/jobs/one").text, "/jobs/one/edit") | {"content": "better"}
    form.pop("csrf")
    ledger.release_job("one")
    answer = author.post("/jobs/one/edit", data=form)
    assert answer.status_code == 409
    assert "What you wrote" in answer.text
    assert "better" in answer.text
    assert viewer.post("/jobs/one/edit", data=form).status_code == 403
    assert viewer.get("/jobs/new").status_code == 403
    assert viewer.post("/jobs/new", data=new_form("")).status_code == 403
