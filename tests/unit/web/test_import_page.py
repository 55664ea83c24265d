"""Posts from a file: what is shown of it first, and that what was shown is what comes in, once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from starlette.testclient import TestClient
from support.site import ORIGIN, asked_of, form_of, signed_in

from jobledger import JobStatus, Ledger, ManualClock
from jobledger.interchange import Target, make_plan, source_of
from jobledger.interchange.writing.workbook import write_workbook
from jobledger.web import change_user
from jobledger.web import importing as module
from jobledger.web.importing import BOUNDS, FIELDS
from jobledger.web.pages import importing as pages
from jobledger.web.settings import MAX_FILE_BYTES, MAX_UPLOAD_BYTES
from jobledger.web.words.vi import VI

BERLIN = ZoneInfo("Europe/Berlin")
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{9999*9999}}"
HEAD = "account_id,content,scheduled_time"
POSTS = f"{HEAD}\nshop,Hello,2026-03-05 09:00\ncafe,Xin chào,2026-03-06T10:30\n"
PASSWORD = "a long password"
OF_ROLES = {"author": {"pending"}, "editor": {"pending", "scheduled"}}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 2, 12, tzinfo=UTC))


@pytest.fixture
def ledger(directory: Path, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger(directory, clock=clock, timezone="Europe/Berlin") as ledger:
        yield ledger


@pytest.fixture
def client(ledger: Ledger) -> TestClient:
    return browser_of(ledger)


def browser_of(ledger: Ledger, role: str = "", path: Path | None = None, **more: Any) -> TestClient:
    """Return a browser in which somebody of this role has signed in; else who has the token."""
    if path is not None:
        change_user(path, "lan", (role, PASSWORD))
        more["users"] = path
    client = asked_of(ledger, **more)
    client.headers |= {"origin": ORIGIN, "accept-language": "en"}
    signed_in(client, **({"name": "lan", "password": PASSWORD} if role else {}))
    return client


def sent(client: TestClient, form: dict[str, str], file: Any = ("", b"")) -> Any:
    """Send a form as a browser does: with its file, or an empty one where none was chosen."""
    fields = {name: value for name, value in form.items() if name != "file"}
    return client.post("/import", data=fields, files={"file": file})


def looked(client: TestClient, data: str | bytes, name: str = "posts.csv", **fields: str) -> str:
    """Choose a file on a new page, and look at it."""
    form = form_of(client.get("/import").text, "/import") | fields
    answer = sent(client, form, (name, data.encode() if isinstance(data, str) else data))
    assert answer.status_code == 200, text_of(answer.text)
    page: str = answer.text
    return page


def again(client: TestClient, page: str, **fields: str) -> str:
    """Say something else of the file of a page, and look again."""
    answer = sent(client, form_of(page, "/import") | fields)
    assert answer.status_code == 200, text_of(answer.text)
    looked_at: str = answer.text
    return looked_at


def confirmed(client: TestClient, page: str, **fields: str) -> Any:
    return sent(client, form_of(page, "/import") | {"confirm": "true"} | fields)


def text_of(page: str) -> str:
    """Return the words of a page, as they are read."""
    main = page.partition("<main")[2].partition("</main>")[0].partition(">")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


def jobs(ledger: Ledger) -> list[tuple[str, str, str, str]]:
    return [
        (job.account_id, job.content, f"{job.scheduled_time:%d %H:%M}", job.status.value)
        for job in ledger.list_jobs(order="time")
    ]


def test_what_each_row_means_is_shown_and_nothing_is_added(
    client: TestClient, ledger: Ledger
) -> None:
    before = ledger.seq
    said = text_of(looked(client, POSTS))
    assert "2 posts would be added" in said
    assert "First post Thursday, 5 March 2026, 09:00" in said
    assert "Last post Friday, 6 March 2026, 10:30" in said
    assert "Time zone Europe/Berlin now +01:00" in said
    assert "Accounts shop 1 cafe 1 State scheduled 2" in said
    assert "Line 2 2026-03-05 09:00 Thu 5 Mar 09:00 shop Hello" in said
    assert "Line 3 2026-03-06T10:30 Fri 6 Mar 10:30 cafe Xin chào" in said
    assert ledger.seq == before


def test_what_was_shown_is_added_in_one_write_by_whoever_asked(
    client: TestClient, ledger: Ledger
) -> None:
    answer = confirmed(client, looked(client, POSTS))
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == "/import?did=2&day=2026-03-05"
    assert jobs(ledger) == [
        ("shop", "Hello", "05 08:00", "scheduled"),
        ("cafe", "Xin chào", "06 09:30", "scheduled"),
    ]
    events = list(ledger.events())
    assert {event.by for event in events} == {"web:local"}
    assert len({event.to_dict()["batch"] for event in events}) == 1
    page = client.get(answer.headers["location"]).text
    assert "Added: 2" in text_of(page)
    assert 'href="/calendar?day=2026-03-05"' in page


@pytest.mark.parametrize("fields", [{}, {"doubles": "true"}, {"again": "true"}], ids=str)
def test_confirming_twice_adds_once(
    client: TestClient, ledger: Ledger, fields: dict[str, str]
) -> None:
    """By a double click, by going back, or by loading the answer anew."""
    page = looked(client, POSTS, **fields)
    first, second = confirmed(client, page), confirmed(client, page)
    assert first.headers["location"] == second.headers["location"]
    assert len(jobs(ledger)) == 2
    client.get(first.headers["location"])
    assert len(jobs(ledger)) == 2


@pytest.mark.parametrize("fields", [{}, {"doubles": "true"}, {"again": "true"}], ids=str)
def test_confirming_again_after_a_restart_adds_nothing(
    ledger: Ledger, fields: dict[str, str]
) -> None:
    """Who served it then does not know of it any more; the ids of the posts do."""
    client = browser_of(ledger)
    page = looked(client, POSTS, **fields)
    assert confirmed(client, page).status_code == 303
    client = browser_of(ledger)
    csrf = form_of(client.get("/import").text, "/import")["csrf"]
    answer = confirmed(client, page, csrf=csrf)
    assert answer.status_code == 409
    assert "The posts are in the ledger by now, each of them." in text_of(answer.text)
    assert len(jobs(ledger)) == 2


@pytest.mark.parametrize("fields", [{}, {"doubles": "true"}], ids=str)
def test_of_many_that_confirm_at_once_one_adds(
    client: TestClient, ledger: Ledger, fields: dict[str, str]
) -> None:
    page = looked(client, POSTS, **fields)
    with ThreadPoolExecutor(4) as people:
        answers = list(people.map(lambda _: confirmed(client, page), range(4)))
    assert {answer.status_code for answer in answers} == {303}
    assert len(jobs(ledger)) == 2


def added_by_hand(ledger: Ledger) -> None:
    ledger.add_job("shop", "Hello", datetime(2026, 3, 5, 8, tzinfo=UTC))


def imported_by_another(ledger: Ledger) -> None:
    source = source_of("posts.csv", f"{HEAD}\ncafe,Xin chào,2026-03-06T10:30\n".encode())
    ledger.import_jobs(make_plan([source], Target(BERLIN), ledger.now()).jobs)


@pytest.mark.parametrize(
    ("stir", "says"),
    [(added_by_hand, "already: job"), (imported_by_another, "One post would be added")],
)
def test_nothing_is_added_where_the_ledger_would_have_it_differently_by_now(
    client: TestClient, ledger: Ledger, stir: Callable[[Ledger], None], says: str
) -> None:
    page = looked(client, POSTS)
    stir(ledger)
    before = ledger.seq
    answer = confirmed(client, page)
    assert answer.status_code == 409
    said = text_of(answer.text)
    assert "Nothing was added It would come out differently by now" in said
    assert says in said
    assert ledger.seq == before
    if "would be added" in says:  # what is shown now can be confirmed
        assert confirmed(client, answer.text).status_code == 303


def test_nothing_is_added_that_went_past_meanwhile(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    page = looked(client, f"{HEAD}\nshop,today,2026-03-02 14:00\n")
    clock.advance(timedelta(hours=2))
    answer = confirmed(client, page)
    assert answer.status_code == 409
    assert "is past: it would be posted at once" in text_of(answer.text)
    assert jobs(ledger) == []


def test_nothing_is_added_where_something_else_is_said_than_was_shown(
    client: TestClient, ledger: Ledger
) -> None:
    for fields in ({"how": "drafts"}, {"zone": "Asia/Tokyo"}, {"is_0": "-", "account_id": "x"}):
        answer = confirmed(client, looked(client, POSTS), **fields)
        assert answer.status_code == 409, fields
    assert jobs(ledger) == []


def test_times_from_now_are_those_that_were_shown(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    """However long somebody looks at them."""
    page = looked(client, f"{HEAD}\nshop,soon,+2h\n")
    clock.advance(timedelta(minutes=7))
    assert confirmed(client, page).status_code == 303
    assert jobs(ledger) == [("shop", "soon", "02 14:00", "scheduled")]


def test_each_problem_is_shown_with_its_row_and_field_and_nothing_can_be_added(
    client: TestClient, ledger: Ledger
) -> None:
    rows = ["shop,,2026-03-05 09:00", ",Hello,never", *["shop,x,5.3.2026 9:00"] * 3]
    page = looked(client, "\n".join([HEAD, *rows]))
    said = text_of(page)
    assert "Nothing can be added yet" in said
    assert "Line 2 content content is missing" in said
    assert "Line 3 account_id account_id is missing “Account, where a row has none”" in said
    assert "Line 3 scheduled_time scheduled_time 'never' is not a time" in said
    assert "Lines 4–6 scheduled_time scheduled_time '5.3.2026 9:00' has its year last" in said
    assert "each of the 3 4 scheduled_time" in said
    assert "jobledger import" not in said.replace("`jobledger import`", "")
    assert "--" not in said
    assert 'name="confirm"' not in page
    assert confirmed(client, page).status_code == 409
    assert jobs(ledger) == []


def test_what_was_not_clear_is_said_and_looked_at_again(client: TestClient, ledger: Ledger) -> None:
    """The file need not be chosen anew."""
    page = looked(client, "content,day\nHello,5/3/2026\nOther,6/3/2026\n")
    assert "there is no column account_id" in text_of(page)
    page = again(client, page, account_id="shop", dates="dmy", time="9:15", is_1="date")
    assert "2 posts would be added" in text_of(page)
    assert confirmed(client, page).status_code == 303
    assert [each[:3] for each in jobs(ledger)] == [
        ("shop", "Hello", "05 08:15"),
        ("shop", "Other", "06 08:15"),
    ]


def test_columns_of_any_name_are_said_to_be_something(client: TestClient, ledger: Ledger) -> None:
    rows = "Caption,When,Who,Mood,status\nHello,2026-03-05 09:00,shop,good,Ready\n"
    page = looked(client, rows)
    page = again(client, page, is_0="content", is_1="scheduled_time", is_2="account_id")
    assert "status must be one of" in text_of(page)
    page = again(client, page, means_0="pending")
    assert confirmed(client, page).status_code == 303
    (job,) = ledger.list_jobs()
    assert (job.account_id, job.content, job.status) == ("shop", "Hello", JobStatus.PENDING)
    assert job.metadata == {"Mood": "good"}


def test_a_column_can_be_kept_that_was_taken_for_a_field(
    client: TestClient, ledger: Ledger
) -> None:
    page = looked(client, f"{HEAD},status\nshop,Hello,2026-03-05 09:00,fine\n")
    page = again(client, page, is_3="-")
    assert confirmed(client, page).status_code == 303
    (job,) = ledger.list_jobs()
    assert job.metadata == {"column_4": "fine"}


def test_a_column_that_sounds_like_the_state_is_asked_about(
    client: TestClient, ledger: Ledger
) -> None:
    """A draft does not go out because its column has another name; unless that is said."""
    page = looked(client, f"{HEAD},Approval\nshop,Hello,2026-03-05 09:00,Draft\n")
    assert "the post would go out" in text_of(page)
    assert "would go out" in text_of(again(client, page))
    assert "State pending 1" in text_of(again(client, page, is_3="status"))
    page = again(client, page, is_3="-")
    assert confirmed(client, again(client, page)).status_code == 303
    (job,) = ledger.list_jobs()
    assert (job.status, job.metadata) == (JobStatus.SCHEDULED, {"column_4": "Draft"})


def test_what_was_said_of_columns_is_not_of_another_file(
    client: TestClient, ledger: Ledger
) -> None:
    page = looked(client, "a,b,c\nshop,Hello,2026-03-05 09:00\n")
    form = form_of(page, "/import") | {"is_0": "account_id", "is_1": "content"}
    answer = sent(client, form, ("other.csv", POSTS.encode()))
    assert "2 posts would be added" in text_of(answer.text)


def test_two_columns_cannot_be_one_field(client: TestClient) -> None:
    page = looked(client, "a,b,c\n1,2,3\n")
    answer = sent(client, form_of(page, "/import") | {"is_0": "content", "is_1": "content"})
    assert answer.status_code == 422
    assert "two columns are content" in text_of(answer.text)
    assert form_of(answer.text, "/import")["kept"] == form_of(page, "/import")["kept"]


def test_the_program_of_a_file_is_said(client: TestClient, ledger: Ledger) -> None:
    rows = "Text,Image URL,Tags,Posting Time\nHello,,tips,2026-03-05 10:00\n"
    page = looked(client, rows, like="buffer", account_id="shop", zone="Asia/Tokyo")
    assert "Thu 5 Mar 10:00 shop Hello" in text_of(page)
    assert confirmed(client, page).status_code == 303
    assert jobs(ledger) == [("shop", "Hello", "05 01:00", "scheduled")]


def test_a_row_keeps_its_own_account(client: TestClient, ledger: Ledger) -> None:
    rows = f"{HEAD}\nshop,One,2026-03-05 09:00\n,Two,2026-03-05 10:00\n"
    lines = '{"content": "Three", "scheduled_time": "2026-03-05T11:00"}\n'
    lines += '{"content": "Four", "scheduled_time": "2026-03-05T12:00", "account_id": "shop"}\n'
    for data, name in ((rows, "posts.csv"), (lines, "posts.json")):
        assert confirmed(client, looked(client, data, name, account_id="cafe")).status_code == 303
    accounts = {content: account for account, content, _, _ in jobs(ledger)}
    assert accounts == {"One": "shop", "Two": "cafe", "Three": "cafe", "Four": "shop"}


@pytest.mark.parametrize(
    ("field", "row", "before"),
    [
        ("doubles", "shop,Hello,2026-03-05 09:00\nshop,Hello,2026-03-05 09:00", "the same post is"),
        ("past", "shop,Hello,2026-03-02 12:45", "is past: it would be posted at once"),
        ("odd_text", "shop,bu\u00e1\u00bb\u2022i,2026-03-05 09:00", "content is broken"),
        ("existing", "shop,there,2026-03-05 09:00\nshop,x,2026-03-05 09:00", "already: job"),
    ],
)
def test_what_is_refused_can_be_allowed(
    client: TestClient, ledger: Ledger, field: str, row: str, before: str
) -> None:
    ledger.add_job("shop", "there", datetime(2026, 3, 5, 8, tzinfo=UTC))
    page = looked(client, f"{HEAD}\n{row}\n")
    assert before in text_of(page)
    page = again(client, page, **{field: "true"})
    assert confirmed(client, page).status_code == 303
    assert len(jobs(ledger)) == 1 + (2 if field == "doubles" else 1)


def test_posts_without_a_time_take_the_slots_that_were_shown(
    client: TestClient, ledger: Ledger
) -> None:
    ledger.set_slots("shop", {"tue": ["9:00", "12:30"]})
    page = looked(client, "account_id,content\nshop,One\nshop,Two\n")
    assert "“Give posts without a time the next free slots of their accounts”" in text_of(page)
    page = again(client, page, slots="true")
    assert "Line 2 the next slot Tue 3 Mar 09:00 shop One" in text_of(page)
    ledger.add_job("shop", "theirs", datetime(2026, 3, 3, 8, tzinfo=UTC))
    answer = confirmed(client, page)
    assert answer.status_code == 409
    assert "Line 2 the next slot Tue 3 Mar 12:30 shop One" in text_of(answer.text)
    assert confirmed(client, answer.text).status_code == 303
    assert [each[1:3] for each in jobs(ledger)] == [
        ("theirs", "03 08:00"), ("One", "03 11:30"), ("Two", "10 08:00"),
    ]  # fmt: skip


def test_posts_that_were_withdrawn_are_told_and_can_be_taken_anew(
    client: TestClient, ledger: Ledger
) -> None:
    confirmed(client, looked(client, POSTS))
    ledger.cancel_job(ledger.list_jobs()[0].job_id)
    page = looked(client, POSTS)
    assert "Already there 2 from an import, and they stay as they are" in text_of(page)
    assert "There is nothing to add" in text_of(page)
    assert 'name="confirm"' not in page
    page = again(client, page, again="true")
    assert "One post would be added" in text_of(page)
    first, second = confirmed(client, page), confirmed(client, page)
    assert (first.status_code, second.status_code) == (303, 303)
    assert sorted(each[3] for each in jobs(ledger)) == ["cancelled", "scheduled", "scheduled"]


@pytest.mark.parametrize("role", ["viewer", "author", "editor", "operator"])
def test_who_may_import_and_how_is_the_same_as_for_a_new_job(
    ledger: Ledger, tmp_path: Path, role: str
) -> None:
    client = browser_of(ledger, role, tmp_path / "users")
    page = client.get("/import")
    linked = 'href="/import"' in client.get("/jobs").text
    assert linked == ('href="/import"' in client.get("/calendar").text) == (role != "viewer")
    operator = browser_of(ledger)
    theirs = form_of(looked(operator, POSTS), "/import")
    if role == "viewer":
        assert page.status_code == 403
        csrf = re.search(r'name="csrf" content="([^"]+)"', client.get("/").text)
        assert csrf is not None
        assert sent(client, theirs | {"csrf": csrf[1], "confirm": "true"}).status_code == 403
        assert jobs(ledger) == []
        return
    form = form_of(page.text, "/import")
    as_said = sent(client, form | {"how": "scheduled"}, ("posts.csv", POSTS.encode()))
    assert as_said.status_code == (403 if role == "author" else 200)
    assert ("as the file says" in text_of(page.text)) == (role != "author")
    assert confirmed(client, looked(client, POSTS, how="drafts")).status_code == 303
    assert {each[3] for each in jobs(ledger)} == {"pending"}
    assert {event.by for event in ledger.events()} == {"web:lan"}


@pytest.mark.parametrize("role", ["author", "editor", "operator"])
@pytest.mark.parametrize("status", list(JobStatus))
def test_a_role_brings_in_the_states_that_it_may(
    ledger: Ledger, tmp_path: Path, role: str, status: JobStatus
) -> None:
    """An author cannot have a post go out, nor an editor say that one is out."""
    client = browser_of(ledger, role, tmp_path / "users")
    how = "drafts" if role == "author" else "scheduled"
    ends = "2026-03-01T10:00" if status is JobStatus.COMPLETED else ""
    rows = f"{HEAD},status,completed_at\nshop,Hello,2026-03-05 09:00,{status},{ends}\n"
    page = looked(client, rows, how=how)
    states = OF_ROLES.get(role, set(JobStatus))
    becomes = "pending" if (how, status) == ("drafts", "scheduled") else status.value
    assert ('name="confirm"' in page) == (becomes in states), text_of(page)
    if becomes not in states:
        assert f"status is {becomes}, and" in text_of(page)


@pytest.mark.parametrize(
    ("name", "cell", "value"),
    [
        ("attempt", "3", "3"),
        ("created_at", "2026-03-01T00:00", '"2026-03-01T00:00"'),
        ("thread_id", "99", '"99"'),
        ("may_be_out", "true", "true"),
        ("deferred_until", "2026-03-09T00:00", '"2026-03-09T00:00"'),
        ("checkpoints", '"{""container"": ""9""}"', '{"container": "9"}'),
    ],
)
@pytest.mark.parametrize("role", ["author", "editor"])
def test_who_plans_brings_in_nothing_of_what_a_scheduler_has(
    ledger: Ledger, tmp_path: Path, role: str, name: str, cell: str, value: str
) -> None:
    """With the checkpoint of another post, that one would go out in place of what was read."""
    client = browser_of(ledger, role, tmp_path / "users")
    table = f"{HEAD},{name}\nshop,Hello,2026-03-05 09:00,{cell}\n"
    line = '{"account_id": "shop", "content": "x", "scheduled_time": "2026-03-05T09:00", '
    line += f'"{name}": {value}}}'
    for data, file in ((table, "posts.csv"), (line, "posts.jsonl")):
        said = text_of(looked(client, data, file, how="drafts"))
        assert f"{name} is of a job that some scheduler has" in said


def test_a_ledger_that_is_only_shown_takes_no_file(directory: Path, ledger: Ledger) -> None:
    with Ledger(directory, read_only=True) as shown:
        client = browser_of(shown, read_only=True)
        assert client.get("/import").status_code == 403
        assert 'href="/import"' not in client.get("/jobs").text
        csrf = re.search(r'name="csrf" content="([^"]+)"', client.get("/").text)
        assert csrf is not None
        form = {"csrf": csrf[1], "look": "true", "how": "drafts"}
        assert sent(client, form, ("posts.csv", POSTS.encode())).status_code == 403


def test_nothing_is_added_to_the_past(client: TestClient, ledger: Ledger) -> None:
    confirmed(client, looked(client, POSTS))
    said = text_of(client.get("/import?at=1").text)
    assert "Nothing can be added to the past." in said
    assert 'enctype="multipart/form-data"' not in client.get("/import?at=1").text


def test_a_form_needs_the_page_that_it_comes_from(client: TestClient, ledger: Ledger) -> None:
    page = looked(client, POSTS)
    form = form_of(page, "/import") | {"confirm": "true"}
    file = {"file": ("", b"")}
    for headers, change in (
        ({"origin": "http://evil.example"}, {}),
        ({"origin": "null"}, {}),
        ({}, {"csrf": "x" * 32}),
        ({}, {"csrf": ""}),
    ):
        answer = client.post("/import", data=form | change, files=file, headers=headers)
        assert answer.status_code == 403, (headers, change)
    assert jobs(ledger) == []


def test_a_file_is_too_large_before_it_is_read(client: TestClient, ledger: Ledger) -> None:
    form = form_of(client.get("/import").text, "/import")
    answer = sent(client, form, ("posts.csv", b"x" * (MAX_FILE_BYTES + 1)))
    assert answer.status_code == 413
    assert "at most 2 MB" in text_of(answer.text)
    answer = sent(client, form, ("posts.csv", b"x" * MAX_UPLOAD_BYTES))
    assert answer.status_code == 413
    assert "at most 3000000 bytes" in text_of(answer.text)
    assert "Leave" in answer.text, "and whoever is signed in stays so"


def test_a_file_may_come_back_as_large_as_it_may_be_sent(client: TestClient) -> None:
    """As the form carries it, it is larger by a third."""
    padding = "x" * (MAX_FILE_BYTES - len(POSTS) - 100)
    page = looked(client, f"{POSTS[:-1]},{padding}")
    assert len(form_of(page, "/import")["kept"]) > MAX_FILE_BYTES
    assert "cell 4" in text_of(again(client, page))


@pytest.mark.parametrize("kept", ["!", "YQ", "x" * 4_000_000])
def test_a_file_that_does_not_come_back_as_it_was_is_refused(
    client: TestClient, ledger: Ledger, kept: str
) -> None:
    form = form_of(looked(client, POSTS), "/import") | {"kept": kept, "confirm": "true"}
    assert sent(client, form).status_code in (413, 422)
    assert jobs(ledger) == []


def test_more_posts_than_may_come_in_at_once_are_refused(client: TestClient) -> None:
    rows = "\n".join([HEAD, *(f"shop,x{n},2026-03-05 09:00" for n in range(BOUNDS.rows + 1))])
    form = form_of(client.get("/import").text, "/import")
    answer = sent(client, form, ("posts.csv", rows.encode()))
    assert answer.status_code == 422
    assert "there are more than 5000 rows" in text_of(answer.text)


def test_of_many_rows_the_first_and_the_last_are_shown(client: TestClient, ledger: Ledger) -> None:
    rows = [f"shop,post {n} of them,2026-03-05 09:{n % 60:02}" for n in range(200)]
    page = looked(client, "\n".join([HEAD, *rows]))
    said = text_of(page)
    assert "200 posts would be added" in said
    assert [f"post {n} of them" in said for n in (0, 49, 50, 194, 195, 199)] == [
        True, True, False, False, True, True,
    ]  # fmt: skip
    assert "145 more" in said
    assert confirmed(client, page).status_code == 303
    assert len(jobs(ledger)) == 200


def test_one_file_is_looked_at_at_a_time(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for too long is told when to try again, and has what was said."""
    monkeypatch.setattr(module, "_WAIT_S", 0)
    app: Any = client.app
    form = form_of(client.get("/import").text, "/import") | {"account_id": "mine"}
    with app.state.site.importing:
        answer = sent(client, form, ("posts.csv", POSTS.encode()))
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "5"
    assert form_of(answer.text, "/import")["account_id"] == "mine"
    assert "2 posts would be added" in text_of(again(client, answer.text))


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("zone", "Mars/Olympus", "there is no time zone"),
        ("encoding", "klingon", "is not known"),
        ("like", "myspace", "is none"),
        ("dates", "ymd", "is none"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_the_file_is_kept(
    client: TestClient, field: str, value: str, says: str
) -> None:
    form = form_of(client.get("/import").text, "/import") | {field: value}
    answer = sent(client, form, ("posts.csv", POSTS.encode()))
    assert answer.status_code == 422
    assert says in text_of(answer.text)
    right = {"zone": "", "encoding": "", "like": "", "dates": ""}
    assert "2 posts would be added" in text_of(again(client, answer.text, **right))


def test_where_many_wait_already_nobody_waits_besides(client: TestClient) -> None:
    """Each holds a thread, and the other pages need some."""
    app: Any = client.app
    waiting, held = app.state.site.waiting_to_import, 0
    while waiting.acquire(blocking=False):
        held += 1
    form = form_of(client.get("/import").text, "/import")
    assert sent(client, form, ("posts.csv", POSTS.encode())).status_code == 429
    for _ in range(held):
        waiting.release()
    assert sent(client, form, ("posts.csv", POSTS.encode())).status_code == 200


def test_without_a_file_nothing_is_looked_at(client: TestClient) -> None:
    form = form_of(client.get("/import").text, "/import")
    for file in (("", b""), ("posts.csv", b"")):
        answer = sent(client, form, file)
        assert answer.status_code == 422
        assert "Nothing was added. Look at what is marked." in text_of(answer.text)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\An\\posts.csv", "posts.csv"),
        ("a\u202evsc.exe", "avsc.exe"),
        ("..", "file"),
        ("x" * 300 + ".csv", "x" * 75 + "….csv"),
    ],
)
def test_a_files_name_is_its_last_part_and_nothing_odd(
    client: TestClient, ledger: Ledger, name: str, shown: str
) -> None:
    page = looked(client, POSTS, name)
    assert f"File {shown} First post" in text_of(page)
    assert confirmed(client, page).status_code == 303
    imported: Any = ledger.history(ledger.list_jobs()[0].job_id)[0].data
    assert imported.imported.source == shown


def test_whatever_stands_in_a_file_is_shown_and_never_run(client: TestClient) -> None:
    cell = '"' + HOSTILE.replace('"', '""') + '"'
    rows = [
        f"{HEAD},{cell}",
        f"{cell},{cell},2026-03-05 09:00,{cell}",
        f"shop,,{cell},{cell}",
        f",{cell},now,{cell}",
    ]
    for count in (2, 4):
        data = "\n".join(rows[:count])
        for page in (
            looked(client, data, f"{HOSTILE}.csv", account_id=HOSTILE),
            looked(client, data, f"{HOSTILE}.csv", sheet=HOSTILE, time=HOSTILE),
        ):
            assert "<script>alert" not in page
            assert "<img" not in page
            assert "99980001" not in page
            assert "alert(1)" in page


@pytest.mark.parametrize("kind", ["xlsx", "ics", "json", "jsonl", "tsv"])
def test_each_form_of_file_is_taken(
    client: TestClient, ledger: Ledger, tmp_path: Path, kind: str
) -> None:
    event = "BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260301T000000Z\r\nDTSTART:20260305T080000Z\r\n"
    row = '{"account_id": "shop", "content": "Hello", "scheduled_time": "2026-03-05T08:00Z"}'
    with Ledger(tmp_path / "other", clock=ManualClock(ledger.now())) as other:
        other.add_job("shop", "Hello", datetime(2026, 3, 5, 8, tzinfo=UTC), hold=True)
        book = write_workbook(other.list_jobs())
    files: dict[str, str | bytes] = {
        "xlsx": book,
        "ics": f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{event}SUMMARY:Hello\r\nEND:VEVENT\r\n"
        "END:VCALENDAR\r\n",
        "json": f"[{row}]",
        "jsonl": f"{row}\n",
        "tsv": POSTS.partition("cafe")[0].replace(",", "\t"),
    }
    page = looked(client, files[kind], f"posts.{kind}", account_id="shop")
    assert confirmed(client, page).status_code == 303, text_of(page)
    assert [each[:3] for each in jobs(ledger)] == [("shop", "Hello", "05 08:00")]


NAMED = "account_id,content,scheduled_time,status,Mood,image_url,Approval"
APART = "e\u0301" * 400
"""Letters whose accents are characters of their own."""
WRONG: dict[str, tuple[str, str | bytes]] = {
    "rows": (
        "posts.csv",
        "\n".join([
            NAMED, "shop,,2026-03-05 09:00,,,,", ",x,3.12.2026 9:00,,,,", "shop,#REF!,nie,,,,",
            "shop,x,2026-03-02 12:45,,,,", "shop,x,2026-03-02 12:45,,,,", "shop,\u200b,5/5,,,,",
            f"shop,{'x' * 501},46089.375,Ready,good,,", "shop,x,2026-03-05 09,,,,Draft",
            "shop,bu\u00e1\u00bb\u2022i,2028-03-05 09:00,,,,", "shop,a\x01b,1772694000,,,,",
            "shop,x,2026-02-30 09:00,running,,,,y", "shop,x\ufffd,2026-03-05 09:00 CST,,,,",
        ]),
    ),
    "notes": (
        "posts.csv",
        f"{HEAD},image_url,image_urls,topic_tag,platform\nshop,x,2026-03-29 02:30,x.example,,#a,\n"
        "shop,y\u200b,2026-03-05,https://drive.google.com/x,,,\nshop,z,2025-03-05 09:00,,,,\n"
        f"shop,{'🎉' * 130},2026-03-06 09:00,,,,threads\n,,,x,,,\n",
    ),
    "of a spreadsheet": (
        "posts.csv",
        f"{HEAD},thread_id\nshop,x,2026-03-05 09:00,1.78E+16\nshop,{APART},46089.5,\n",
    ),
    "columns": ("posts.csv", "Caption,Posting Date\nx,y\n"),
    "a column twice": ("posts.csv", f"{HEAD},content\nshop,x,2026-03-05 09:00,y\n"),
    "not UTF-8": ("posts.csv", f"{HEAD}\nshop,chào,2026-03-05 09:00\n".encode("cp1258")),
    "UTF-16": ("posts.csv", f"{HEAD}\nshop,x,2026-03-05 09:00\n".encode("utf-16-le")),
    "no JSON": ("posts.json", "{"),
    "no list": ("posts.json", "{}"),
    "lines": ("posts.jsonl", '{"content": 5, "scheduled_time": 1772694000}\n[]\n{\n'),
    "another scheduler's": ("posts.json", '[{"func": "a:b", "trigger": "cron"}]'),
    "no workbook": ("posts.xlsx", b"PK\x03\x04"),
    "a PDF": ("posts.csv", b"%PDF-1.7"),
    "a crontab": ("posts.csv", "0 9 * * * /bin/post\n"),
    "no calendar": ("posts.ics", "BEGIN:VEVENT\nEND:VCALENDAR"),
    "events": (
        "posts.ics",
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20260305\nSUMMARY:x\nEND:VEVENT\n"
        "BEGIN:VEVENT\nDTSTART:20260305T080000Z\nRRULE:FREQ=DAILY\nSUMMARY:x\nEND:VEVENT\n"
        "END:VCALENDAR\n",
    ),
    "nothing": ("posts", "hello"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_page_of_another_language_says_in_it_what_is_wrong(client: TestClient, name: str) -> None:
    """But for words that a file has. What is not known in it would be marked as English."""
    client.headers["accept-language"] = "vi"
    form = form_of(client.get("/import").text, "/import")
    file, data = WRONG[name]
    answer = sent(client, form, (file, data.encode() if isinstance(data, str) else data))
    assert answer.status_code in (200, 422)
    assert re.findall(r'<span lang="en">.*?</span>', answer.text) == []
    said = set(re.findall(r">\s*([^<>{}]+?)\s*<", answer.text))
    assert said & set(VI) == set()


def test_every_label_of_an_option_has_vietnamese() -> None:
    assert {*pages._LABELS.values()} - VI.keys() == set()
    assert {*FIELDS} >= {"content", "account_id", "scheduled_time"}


@pytest.mark.parametrize("source", ["/etc/hostname", "cat.jpg"], ids=["absolute", "relative"])
def test_a_table_names_no_file_of_the_machine_that_serves(
    client: TestClient, ledger: Ledger, source: str
) -> None:
    """Whoever drops one on a page has no files there; an address is fine."""
    told = f"{HEAD},media\nshop,Hello,2026-03-05 09:00,{source}\n"
    page = looked(client, told)
    assert "must be an address: a page has no files" in text_of(page)
    assert confirmed(client, page).status_code == 409
    assert ledger.list_jobs() == []
    fine = looked(client, told.replace(source, "https://a.vn/b.jpg"))
    assert confirmed(client, fine).status_code in (200, 303)
    [job] = ledger.list_jobs()
    assert job.post is not None
    assert job.post.media[0].source == "https://a.vn/b.jpg"
