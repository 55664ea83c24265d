"""Tables of people and tools: which column is what, and what to say where none tells."""

from __future__ import annotations

import io
import json
import re
import shlex
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from support.cli import Done, run_here

from jobledger import JobStatus, Ledger, ScheduledJob

DAY = datetime.now(UTC).date() + timedelta(days=40)
TIME = f"{DAY} 09:00"
HEAD = "account_id,content,scheduled_time"
Import = Callable[..., dict[str, ScheduledJob]]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "jobs"


def write(name: str, text: str | bytes) -> None:
    Path(name).write_bytes(text.encode() if isinstance(text, str) else text)


def run(place: Path, *arguments: str) -> Done:
    return run_here(place, "import", *arguments, "--timezone", "UTC")


def come_in(place: Path, *arguments: str) -> dict[str, ScheduledJob]:
    """Import what has to be acceptable; the jobs by their content."""
    done = run(place, *arguments)
    assert done.code == 0, done.err
    with Ledger(place, read_only=True) as ledger:
        return {job.content: job for job in ledger.list_jobs()}


def refused(place: Path, *arguments: str) -> str:
    done = run(place, *arguments)
    assert (done.code, place.exists()) == (2, False), done.out
    return done.err


def typed(error: str) -> list[list[str]]:
    """Return the commands that a message names, as a shell reads them."""
    return [shlex.split(each)[1:] for each in re.findall(r"`(jobledger [^`]+)`", error)]


def preview(place: Path, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(place, *arguments, "--dry-run", "--json").out)
    return found


@pytest.mark.parametrize(
    "text",
    [
        f"Account ID,Content,Scheduled Time\r\nshop,Hello,{TIME}\r\n",
        f"ACCOUNT-ID|content|scheduled time\nshop|Hello|{TIME}\n",
        f"{HEAD}\rshop,Hello,{TIME}\r",
        f"December,,\n,,\n{HEAD}\nshop,Hello,{TIME}\n",
        f"sep=;\n{HEAD.replace(',', ';')}\nshop;Hello;{TIME}\n",
        f"Tài khoản;Nội dung bài đăng;Ngày đăng;Giờ đăng\nshop;Hello;{DAY};9:00\n",
        f"account_id,content,date,time\nshop,Hello,{DAY},9:00 AM\n",
    ],
    ids=["capitals", "pipes", "CR", "title", "sep", "Vietnamese", "two columns"],
)
def test_the_columns_are_found_by_their_names(place: Path, text: str) -> None:
    write("posts.csv", text)
    job = come_in(place, "posts.csv")["Hello"]
    assert (job.account_id, job.scheduled_time) == (
        "shop",
        datetime(DAY.year, DAY.month, DAY.day, 9, tzinfo=UTC),
    )
    assert job.metadata == {}


def test_a_column_named_date_beside_the_time_stays_another_one(place: Path) -> None:
    write("posts.csv", f"{HEAD},Date\nshop,Hello,{TIME},1999-01-01\n")
    assert come_in(place, "posts.csv")["Hello"].metadata == {"Date": "1999-01-01"}


def test_what_is_missing_is_said_with_the_columns_there_are_and_a_command_that_works(
    place: Path,
) -> None:
    write("posts.csv", f"Full Caption,Publish Time,Mood\nHello,{TIME},good\n")
    error = refused(place, "posts.csv")
    assert "the columns there are Full Caption, Publish Time, Mood" in error
    [command] = typed(error)
    assert run_here(place, *command[2:]).code == 0
    with Ledger(place, read_only=True) as ledger:
        [job] = ledger.list_jobs()
    assert (job.content, job.account_id) == ("Hello", "my-account")


def test_keys_that_sound_like_what_is_missing_are_named(place: Path) -> None:
    """In JSON, and for the account of a table."""
    write("posts.jsonl", json.dumps({"account_id": "shop", "caption": "Hello", "due": TIME}))
    error = refused(place, "posts.jsonl")
    [first, second] = typed(error)
    assert run_here(place, *first[2:], *second[-2:]).code == 0
    write("posts.csv", f"Profile,content,scheduled_time\nshop,Hello,{TIME}\n")
    [command] = typed(run(place, "posts.csv").err)
    assert command[-2:] == ["--map", "account_id=Profile"]


def test_lines_of_json_in_a_file_of_another_name_are_told(place: Path) -> None:
    write("posts.json", "{}\n{}\n")
    assert "say --format jsonl" in refused(place, "posts.json")


def test_a_file_of_a_tool_is_recognized_and_told_how(place: Path) -> None:
    write("posts.csv", f"Text,Image URL,Tags,Posting Time\nHello,,,{TIME}\n")
    [command] = typed(refused(place, "posts.csv"))
    assert "--like" in command
    assert run_here(place, *command[2:]).code == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--set", "content"], "has no `=`"),
        (["--map", "content=a", "--map", "content=b"], "given twice"),
        (["--set", "job_id=x"], "cannot be set"),
        (["--set", "account_id= "], "cannot be set"),
        (["--set", "account_id=x"], "account_id is set, and the column"),
        (["--set", "content=x", "--map", "content=y"], "it is a column"),
        (["--map", "a b=c"], "no name of a field"),
        (["--state", "a=b"], "'b' is no state"),
        (["--encoding", "x"], "encoding 'x' is not known"),
        (["--times-in", "x"], "timezone 'x' is not known"),
    ],
)
def test_an_option_that_cannot_be_is_refused(place: Path, options: list[str], says: str) -> None:
    write("posts.csv", f"{HEAD}\nshop,Hello,{TIME}\n")
    assert says in refused(place, "posts.csv", *options)


def test_a_date_without_a_time_of_day_is_refused_until_one_is_set(place: Path) -> None:
    write("posts.csv", f"account_id,content,date\nshop,Hello,{DAY}\n")
    [command] = typed(refused(place, "posts.csv"))
    assert run_here(place, *command[2:]).code == 0
    write("other.csv", f"account_id,content,date,Publish Time\nshop,There,{DAY},9:30\n")
    [there, _] = typed(run(place, "other.csv").err)
    assert there[-2:] == ["--map", "time=Publish Time"]
    assert run_here(place, *there[2:]).code == 0
    write("posts.csv", f"account_id,content,date,time\nshop,Other,{DAY},\n")
    assert "has no time of day" in run(place, "posts.csv").err


def test_constants_and_maps_are_for_json_too(place: Path) -> None:
    write("posts.jsonl", json.dumps({"text": "Hello", "due": TIME, "extra": [1]}))
    options = ["--map", "content=text", "--map", "scheduled_time=due", "--set", "account_id=shop",
               "--set", "priority=high"]  # fmt: skip
    job = come_in(place, "posts.jsonl", *options)["Hello"]
    assert (job.account_id, job.priority, job.metadata) == ("shop", 3, {"extra": [1]})


def test_words_for_states_are_drafts_or_have_to_be_said(place: Path) -> None:
    rows = [f"shop,{word},{TIME},{word}" for word in ("Draft", "scheduled", "Nháp")]
    write("posts.csv", "\n".join([f"{HEAD},status", *rows]))
    done = run(place, "posts.csv")
    assert "'Draft' is taken as PENDING" in done.err
    with Ledger(place, read_only=True) as ledger:
        states = {job.content: job.status for job in ledger.list_jobs()}
    assert states == {
        "Draft": JobStatus.PENDING, "scheduled": JobStatus.SCHEDULED, "Nháp": JobStatus.PENDING,
    }  # fmt: skip


def test_any_other_word_for_a_state_is_named_with_what_to_say(place: Path) -> None:
    write("posts.csv", f"{HEAD},status\nshop,One,{TIME},Ready\nshop,Two,{TIME},Posted\n")
    error = refused(place, "posts.csv")
    assert "not 'Ready', and so in 2 rows" in error
    [command] = typed(error)
    done = run_here(place, *command[2:], "--state", "Posted=leave-out")
    assert done.code == 0, done.err
    assert "left out, state Posted: 1 job" in done.out


def test_a_post_of_several_platforms_is_asked_for_one(place: Path) -> None:
    head = "Text,Date,Time,Draft,Facebook,Threads"
    write("posts.csv", f"{head}\nHello,{DAY},09:00,FALSE,TRUE,TRUE\n")
    options = ["--like", "metricool", "--set", "account_id=shop"]
    [command] = typed(refused(place, "posts.csv", *options))
    assert run_here(place, *command[2:]).code == 0
    with Ledger(place, read_only=True) as ledger:
        assert ledger.list_jobs()[0].platform == "facebook"


def test_rows_of_a_formula_alone_are_passed_over_and_told(place: Path) -> None:
    write("posts.csv", f"{HEAD},Count\nshop,Hello,{TIME},5\n,,,0\n,,,0\n")
    done = run(place, "posts.csv")
    assert done.code == 0
    assert "posts.csv, lines 3–4: there is nothing but Count: passed over" in done.err


def test_what_a_spreadsheet_could_not_calculate_is_refused(place: Path) -> None:
    rows = [f"shop,{error},{TIME}" for error in ("#NAME?", "#REF!", "Err:508", "#N/A")]
    write("posts.csv", "\n".join([HEAD, *rows]))
    assert refused(place, "posts.csv").count("could not calculate") == 4


def test_ids_of_which_a_number_was_made_are_refused_where_they_count(place: Path) -> None:
    head = f"job_id,{HEAD},status,completed_at,thread_id"
    write("posts.csv", f"{head}\n1E+05,shop,x,{TIME},completed,{TIME},1.79E+16\n")
    error = refused(place, "posts.csv")
    assert "job_id is 1E+05" in error
    assert "thread_id is 1.79E+16" in error
    write("posts.csv", f"{head}\na,shop,x,{TIME},,,1.79E+16\n")
    assert come_in(place, "posts.csv")["x"].thread_id is None


def workbook(*sheets: tuple[str, list[list[Any]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


ROWS: list[list[Any]] = [
    ["Plan", None, None, None],
    ["account_id", "content", "scheduled_time", "thread_id"],
    ["shop", "một\nhai", datetime(DAY.year, DAY.month, DAY.day, 9), None],  # noqa: DTZ001
    ["shop", "three", "2/1/2099", 17890000000000001],
]


def test_a_workbook_is_read_by_its_only_sheet_with_anything_in_it(place: Path) -> None:
    write("posts.xlsx", workbook(("Empty", []), ("Tháng 12", ROWS[:3])))
    job = come_in(place, "posts.xlsx")["một\nhai"]
    assert f"{job.scheduled_time:%Y-%m-%d %H:%M}" == TIME


def test_of_several_sheets_one_has_to_be_named(place: Path) -> None:
    write("posts.xlsx", workbook(("One", ROWS[:3]), ("Two", ROWS[:3])))
    [command] = typed(refused(place, "posts.xlsx"))
    assert command[-2:] == ["--sheet", "One"]
    assert run_here(place, *command[2:]).code == 0
    assert "has no sheet 'Three'" in run(place, "posts.xlsx", "--sheet", "Three").err


def test_bad_rows_of_a_workbook_are_named_by_their_lines(place: Path) -> None:
    write("posts.xlsx", workbook(("One", ROWS)))
    assert "posts.xlsx, line 4: scheduled_time '2/1/2099' has its year" in refused(
        place, "posts.xlsx"
    )


def test_an_error_in_a_workbook_is_an_error_and_no_empty_cell(place: Path) -> None:
    write("posts.xlsx", workbook(("One", [*ROWS[:2], ["shop", "#REF!", TIME, None]])))
    assert "line 3: content is #REF!" in refused(place, "posts.xlsx")


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("posts.xls", b"\xd0\xcf\x11\xe0\xa1\xb1", "a spreadsheet of the old kind"),
        ("posts.xlsx", b"PK\x03\x04rest", "no workbook that can be read"),
        ("posts.pdf", b"%PDF-1.4", "a PDF"),
        ("posts.csv", b"SQLite format 3\0", "a database (SQLite)"),
        ("posts", b"0 9 * * 1-5 /usr/bin/post\n", "a crontab"),
        ("page.txt", b"<!DOCTYPE html><html></html>", "a page (HTML or XML)"),
        ("jobs.json", b'{"jobs": [{"func": "a:b", "trigger": "date"}]}', "APScheduler"),
        ("jobs.json", b'[{"task": "a", "schedule": 3}]', "Celery"),
        ("posts.ics", b"x", "is no calendar"),
    ],
)
def test_a_file_of_another_kind_is_named_for_what_it_is(
    place: Path, name: str, data: bytes, says: str
) -> None:
    write(name, data)
    assert says in refused(place, name)


def test_a_list_of_postiz_is_named_and_comes_in_as_such(place: Path) -> None:
    post = {
        "content": "<p>One</p><p></p><p>Two &lt;3</p>", "publishDate": f"{DAY}T09:00:00.000Z",
        "state": "QUEUE", "integration": {"name": "shop", "providerIdentifier": "threads"},
    }  # fmt: skip
    write("posts.json", json.dumps({"posts": [post]}))
    [command] = typed(refused(place, "posts.json"))
    assert run_here(place, *command[2:]).code == 0
    with Ledger(place, read_only=True) as ledger:
        [job] = ledger.list_jobs()
    assert (job.account_id, job.platform, job.content) == ("shop", "threads", "One\n\nTwo <3")


def test_what_another_encoding_is_is_shown_and_said(place: Path) -> None:
    write(
        "posts.csv",
        f"{HEAD}\nshop,Chào buổi sáng,{TIME}\n".replace("ổ", "ô\u0309").encode("cp1258"),
    )
    error = refused(place, "posts.csv")
    commands = typed(error)
    [right] = [each for each in commands if each[-1] == "cp1258"]
    assert "'shop,Chào buổi sáng" in error
    assert run_here(place, *right[2:]).code == 0
    with Ledger(place, read_only=True) as ledger:
        assert ledger.list_jobs()[0].content == "Chào buổi sáng"


@pytest.mark.parametrize(("encoding", "text"), [("cp1251", "Привет мир"), ("cp932", "こんにちは")])
def test_each_encoding_that_fits_is_shown(place: Path, encoding: str, text: str) -> None:
    """The right one is among them, however many read it as something."""
    write("posts.csv", f"{HEAD}\nshop,{text},{TIME}\n".encode(encoding))
    error = refused(place, "posts.csv")
    assert f"'shop,{text}," in error
    [right] = [each for each in typed(error) if each[-1] == encoding]
    assert run_here(place, *right[2:]).code == 0


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_mark_that_is_missing_is_told(place: Path, encoding: str) -> None:
    """Whatever letters there are."""
    write("posts.csv", f"{HEAD}\nshop,Chào buổi sáng,{TIME}\n".encode(encoding))
    [command] = typed(refused(place, "posts.csv"))
    assert run_here(place, *command[2:]).code == 0


def test_what_no_keyboard_types_is_refused(place: Path) -> None:
    """Left over from another program; what is allowed comes in as it is."""
    write("posts.csv", f"{HEAD}\nshop,A\0B,{TIME}\nshop,A\x0bB,{TIME}\n")
    error = refused(place, "posts.csv")
    assert "line 2: content has the control character 0x00" in error
    assert "line 3: content has the control character 0x0b" in error
    assert {*come_in(place, "posts.csv", "--allow-odd-text")} == {"A\0B", "A\x0bB"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32"])
def test_a_mark_says_the_encoding(place: Path, encoding: str) -> None:
    write("posts.txt", f"{HEAD}\nshop,Xin chào 😀,{TIME}\n".replace(",", "\t").encode(encoding))
    assert set(come_in(place, "posts.txt", "--format", "csv")) == {"Xin chào 😀"}


def test_a_calendar_has_a_post_an_event(place: Path) -> None:
    def event(*lines: str) -> str:
        return "\r\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT", ""])

    begin = f"{DAY:%Y%m%d}T090000"
    calendar = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{}END:VCALENDAR\r\n"
    good = event(
        "UID:1", f"DTSTART;TZID=Asia/Ho_Chi_Minh:{begin}", "SUMMARY:T", "DESCRIPTION:a\\nb"
    )
    titled = event("UID:2", f"DTSTART:{begin}", "SUMMARY:title", "STATUS:TENTATIVE")
    write("posts.ics", calendar.format(good + titled))
    jobs = come_in(place, "posts.ics", "--set", "account_id=shop")
    assert {text: f"{job.scheduled_time:%H:%M} {job.status}" for text, job in jobs.items()} == {
        "a\nb": "02:00 scheduled", "title": "09:00 pending",
    }  # fmt: skip
    bad = event(f"DTSTART;VALUE=DATE:{DAY:%Y%m%d}", "SUMMARY:x") + event(
        f"DTSTART:{begin}", "RRULE:FREQ=DAILY", "SUMMARY:y"
    )
    write("bad.ics", calendar.format(bad))
    error = run(place, "bad.ics", "--set", "account_id=shop").err
    assert "line 4: the event is all day" in error
    assert "line 8: the event repeats itself" in error


def test_all_that_is_wrong_with_a_row_is_said(place: Path) -> None:
    write("posts.csv", f"{HEAD},priority,max_retries\n,{'x' * 501},tomorrowish,9,many\n")
    document = json.loads(run(place, "posts.csv", "--json").out)
    fields = {problem["field"] for problem in document["problems"]}
    assert fields == {"account_id", "content", "scheduled_time", "priority", "max_retries"}
    assert {problem["line"] for problem in document["problems"]} == {2}


def test_a_preview_shows_what_is_written_and_what_it_means(place: Path) -> None:
    extra = "https://drive.google.com/file/d/1/view,#news"
    write("posts.csv", f"{HEAD},image_url,topic_tag,Mood\nshop,Hi,{DAY:%d/%m/%Y} 9:00,{extra},\n")
    options = ["posts.csv", "--dates", "dmy", "--times-in", "Asia/Ho_Chi_Minh"]
    done = run(place, *options, "--dry-run")
    [row] = [line for line in done.out.splitlines() if line.lstrip().startswith("2 ")]
    assert row.split()[1:] == [
        f"{DAY:%d/%m/%Y}", "9:00", f"{DAY:%a}", f"{DAY}", "09:00", "shop", "Hi",
    ]  # fmt: skip
    assert done.out.startswith("times in Asia/Ho_Chi_Minh (+07:00 now); first ")
    assert "is a page that shows a file" in done.err
    assert "topic_tag '#news' begins with #" in done.err
    document = preview(place, *options)
    assert document["rows"][0]["written"] == f"{DAY:%d/%m/%Y} 9:00"
    assert document["rows"][0]["job"]["scheduled_time"] == f"{DAY}T02:00:00+00:00"
    assert document["zone"] == "Asia/Ho_Chi_Minh"
    assert {"column": "Mood", "is": "Mood"} in document["columns"]["posts.csv"]
    assert not place.exists()


def test_a_near_miss_of_a_key_that_a_publisher_reads_is_told(place: Path) -> None:
    write("posts.csv", f"{HEAD},Image_URL,image_urls\nshop,Hi,{TIME},https://x/a.jpg,\n")
    [warning] = preview(place, "posts.csv")["warnings"]
    [command] = typed(warning["hint"] or warning["message"])
    assert run_here(place, *command[2:]).code == 0


def test_a_near_miss_is_told_also_when_it_is_imported(place: Path) -> None:
    """The post would fail for it, so nobody is to find out by that."""
    write("posts.csv", f"{HEAD},Image_URL,Mood\nshop,Hi,{TIME},https://x/a.jpg,good\n")
    done = run(place, "posts.csv")
    assert done.code == 0
    assert "'Image_URL' is read by no publisher; if image_url is meant" in done.err
    assert "Mood" not in done.err


# -- what is not to go out -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "word"),
    [
        ("State", "Draft"),
        ("Approved", "No"),
        ("Approval status", "In review"),
        ("Post stage", "Idea"),
        ("Tình trạng", "Nháp"),
        ("Duyệt", "Chưa"),
        ("Post status", "Published"),
    ],
)
def test_what_a_column_like_states_holds_back_does_not_go_out(
    place: Path, column: str, word: str
) -> None:
    """It is refused until somebody says what the column is; both ways that are named work."""
    write("posts.csv", f"{HEAD},{column}\nshop,Go,{TIME},Approved\nshop,Stop,{TIME},{word}\n")
    error = refused(place, "posts.csv")
    assert f"line 3: '{column}' is '{word}', and no column is status" in error
    state, note = ([*command[command.index("--map") :]] for command in typed(error))
    assert {*come_in(place.with_name("other"), "posts.csv", *note)} == {"Go", "Stop"}
    words = ["--state", "Approved=scheduled", "--state", f"{word}=leave-out"]
    assert {*come_in(place, "posts.csv", *state, *words)} == {"Go"}


def test_keys_like_states_are_seen_in_json_too_and_other_words_are_nothing(place: Path) -> None:
    """As the state of a country is none of a post."""
    rows = [
        {"account_id": "shop", "content": "A", "scheduled_time": TIME, "state": "CA"},
        {"account_id": "shop", "content": "B", "scheduled_time": TIME, "status": None,
         "approved": False},
    ]  # fmt: skip
    write("posts.json", json.dumps(rows))
    assert "'approved' is False, and no column is status" in refused(place, "posts.json")
    write("posts.json", json.dumps(rows[:1]))
    assert {*come_in(place, "posts.json")} == {"A"}


def test_words_for_states_are_not_said_in_vain(place: Path) -> None:
    """Where no column has states, what they hold back would go out."""
    write("posts.csv", f"{HEAD},Stage\nshop,A,{TIME},Idea\nshop,B,{TIME},Final\n")
    error = refused(place, "posts.csv", "--state", "Idea=pending", "--state", "Final=scheduled")
    assert "there is no column status, and --state says what its words mean" in error
    [command] = typed(error)
    assert run_here(place, *command[2:]).code == 0
    with Ledger(place, read_only=True) as ledger:
        found = {job.content: job.status for job in ledger.list_jobs()}
    assert found == {"A": JobStatus.PENDING, "B": JobStatus.SCHEDULED}


# -- how many --------------------------------------------------------------------------------------


def test_more_posts_in_a_day_than_go_out_are_told(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Threads takes them, or as the configuration says; with those that wait already."""
    begin = datetime.combine(DAY, datetime.min.time(), UTC)
    times = [f"{begin + n * timedelta(minutes=5):%Y-%m-%d %H:%M}" for n in range(260)]
    rows = [f"shop,x{n},{time}" for n, time in enumerate(times)]
    write("posts.csv", "\n".join([HEAD, *rows[:249]]))
    assert "Threads takes" not in run(place, "posts.csv").err
    write("more.csv", "\n".join([HEAD, *rows[249:], f"other,x,{TIME}"]))
    done = run(place, "more.csv", "--dry-run")
    assert (
        f"more.csv: account shop would have 260 posts in the 24 hours from {DAY} 00:00, and Threads"
        " takes 250" in done.err
    )
    assert "takes" not in run(place, "more.csv", "--dry-run", "--set", "platform=mastodon").err
    Path("quota.toml").write_text("[run]\nquota = 2\nquota_window_s = 3600\n")
    monkeypatch.setenv("JOBLEDGER_CONFIG", "quota.toml")
    done = run(place, "more.csv", "--dry-run", "--set", "platform=mastodon")
    assert "would have 12 posts in the 1 hours from" in done.err
    assert "and the quota is 2" in done.err


def test_many_rows_are_shown_by_the_first_and_the_last(place: Path) -> None:
    rows = [f"shop,x{n},{TIME}" for n in range(40)]
    write("posts.csv", "\n".join([HEAD, *rows]))
    lines = run(place, "posts.csv", "--dry-run").out.splitlines()
    assert any(line.endswith("28 more") for line in lines)
    assert lines[-2].split()[0] == "41"
    assert len(preview(place, "posts.csv")["rows"]) == 40
