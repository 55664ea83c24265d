"""Posts of files that have no time: each takes the next free slot of its account."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from support.cli import Done, run_here

from jobledger import JobStatus, Ledger, ScheduledJob
from jobledger.interchange import Allowed, LedgerPosts, Target, Wishes, find_sources, make_plan
from jobledger.ledger import load_zone

NOW = datetime.now(UTC)
"""The command line has no other clock: slots are those of each day, and compared with the
ledger's own."""
HEAD = "account_id,content,scheduled_time\n"
IDEAS = f"{HEAD}shop,One,\nshop,Two,\nshop,Three,\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a ledger in which two accounts have slots."""
    monkeypatch.chdir(tmp_path)
    with Ledger(tmp_path / "jobs", timezone="Asia/Ho_Chi_Minh") as ledger:
        ledger.set_slots("shop", {day: ["9:00", "12:30"] for day in ("mon", "tue", "thu")})
        ledger.set_slots("café", {"wed": ["18:00"]})
    return tmp_path / "jobs"


def write(text: str, name: str = "ideas.csv") -> None:
    Path(name).write_text(text, "utf-8")


def run(place: Path, *arguments: str) -> Done:
    return run_here(place, "import", *(arguments or ("ideas.csv",)), "--slots")


def come_in(place: Path, *arguments: str) -> dict[str, ScheduledJob]:
    """Import what has to be acceptable; the jobs by their content."""
    done = run(place, *arguments)
    assert done.code == 0, done.err
    return jobs_of(place)


def jobs_of(place: Path) -> dict[str, ScheduledJob]:
    with Ledger(place, read_only=True) as ledger:
        return {job.content: job for job in ledger.list_jobs()}


def free(place: Path, account_id: str = "shop", count: int = 6) -> list[datetime]:
    with Ledger(place, read_only=True) as ledger:
        return ledger.free_slots(account_id, count)


def refused(place: Path, *arguments: str) -> str:
    before = jobs_of(place).keys()
    done = run(place, *arguments)
    assert (done.code, jobs_of(place).keys()) == (2, before), done.out
    return done.err


def times(jobs: dict[str, ScheduledJob], *contents: str) -> list[datetime]:
    return [jobs[content].scheduled_time for content in contents]


# -- in every form -----------------------------------------------------------------------------


def _workbook(rows: list[list[Any]]) -> None:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    book.save("ideas.xlsx")


ROWS = [("shop", "One"), ("café", "Bốn"), ("shop", "Two")]


@pytest.mark.parametrize("form", ["csv", "no column", "date and time", "xlsx", "jsonl", "json"])
def test_rows_without_a_time_take_the_next_slots_in_their_order(place: Path, form: str) -> None:
    """Each of its own account, whatever the file is, and whether it has a column for times."""
    name = "ideas.csv"
    if form == "csv":
        write(HEAD + "".join(f"{account},{text},\n" for account, text in ROWS))
    elif form == "no column":
        write("account_id;content\n" + "".join(f"{account};{text}\n" for account, text in ROWS))
    elif form == "date and time":
        lines = "".join(f"{account},{text},,\n" for account, text in ROWS)
        write(f"account_id,content,Ngày đăng,Giờ đăng\n{lines}")
    elif form == "xlsx":
        name = "ideas.xlsx"
        _workbook([["account_id", "content", "scheduled_time"], *map(list, ROWS)])
    else:
        found = [{"account_id": account, "content": text} for account, text in ROWS]
        found[0]["scheduled_time"] = None  # type: ignore[assignment]  # as a program may write it
        name = f"ideas.{form}"
        lines = "".join(f"{json.dumps(each)}\n" for each in found)
        write(lines if form == "jsonl" else json.dumps(found), name)
    shop, cafe = free(place, count=2), free(place, "café", 1)
    jobs = come_in(place, name)
    assert times(jobs, "One", "Two", "Bốn") == [*shop, *cafe]


def test_a_dry_run_shows_which_slot_each_would_take_now_and_takes_none(place: Path) -> None:
    """In words, and for a machine."""
    write(IDEAS)
    slots = [at.astimezone(load_zone("Asia/Ho_Chi_Minh")) for at in free(place, count=3)]
    done = run(place, "ideas.csv", "--dry-run")
    assert done.code == 0, done.err
    rows = [line.split() for line in done.out.splitlines() if "next slot" in line]
    assert [" ".join(row[3:6]) for row in rows] == [f"{at:%a %Y-%m-%d %H:%M}" for at in slots]
    assert "into slots as they are free now: 3 jobs" in done.out
    assert free(place, count=1) == slots[:1]
    found = json.loads(run(place, "ideas.csv", "--dry-run", "--json").out)
    assert [row["next_slot"] for row in found["rows"]] == [True] * 3
    assert [row["written"] for row in found["rows"]] == [""] * 3
    assert found["first"] == slots[0].astimezone(UTC).isoformat()


def test_a_row_with_a_time_keeps_it_and_its_slot_is_nobody_elses(place: Path) -> None:
    """Also of rows before it."""
    first, second, third = free(place, count=3)
    write(f"{HEAD}shop,One,\nshop,Timed,{second.isoformat()}\nshop,Two,\n")
    rows = json.loads(run(place, "ideas.csv", "--dry-run", "--json").out)["rows"]
    jobs = come_in(place)
    assert times(jobs, "One", "Timed", "Two") == [first, second, third]
    assert [row["job"]["scheduled_time"] for row in rows] == [
        jobs[content].to_dict()["scheduled_time"] for content in ("One", "Timed", "Two")
    ]


def test_a_slot_that_somebody_takes_meanwhile_is_not_given_twice(place: Path) -> None:
    """What was shown was as of then; what is taken is decided with the write."""
    write(IDEAS)
    first, *others = free(place, count=4)
    with Ledger(place) as ledger:
        target = Target(load_zone(ledger.timezone), (), LedgerPosts(ledger))
        plan = make_plan(
            find_sources(("ideas.csv",), None, None), target, NOW, wishes=Wishes(slots=True),
            allowed=Allowed(),
        )  # fmt: skip
        assert plan.planned[0].item.job.scheduled_time == first
        with Ledger(place) as other:
            other.add_job("shop", "faster", first)
        ids = ledger.import_jobs(plan.jobs)
        plan.take_times(ledger.get_jobs(ids))
    assert times(jobs_of(place), "One", "Two", "Three") == others
    assert [each.item.job.scheduled_time for each in plan.planned] == others


def test_the_times_that_were_taken_are_told(place: Path) -> None:
    write(IDEAS)
    first, _, last = (at.astimezone(load_zone("Asia/Ho_Chi_Minh")) for at in free(place, count=3))
    done = run(place)
    assert f"into slots: 3 jobs, {first:%a %Y-%m-%d %H:%M} to {last:%a %Y-%m-%d %H:%M}" in done.out


def test_a_draft_takes_a_slot_too(place: Path) -> None:
    write("account_id,content,status\nshop,One,draft\nshop,Two,\n")
    jobs = come_in(place)
    assert jobs["One"].status is JobStatus.PENDING
    assert times(jobs, "One", "Two") == [
        min(each.scheduled_time for each in jobs.values()),
        max(each.scheduled_time for each in jobs.values()),
    ]


# -- what takes none ---------------------------------------------------------------------------


def test_without_the_option_a_time_is_needed_and_the_option_is_named(place: Path) -> None:
    write(IDEAS)
    done = run_here(place, "import", "ideas.csv")
    assert done.code == 2
    assert "lines 2–4: scheduled_time is missing" in done.err
    assert "ideas.csv --slots`, and it takes the next free slot of its account" in done.err
    write("account_id,content\nshop,One\n")
    done = run_here(place, "import", "ideas.csv")
    assert "there is no column scheduled_time" in done.err
    assert "ideas.csv --slots` gives each the next free slot" in done.err


def test_an_account_without_slots_is_named_with_its_rows_and_what_to_do(place: Path) -> None:
    """Each account by itself; nothing comes in."""
    write(f"{HEAD}shop,One,\nnobody,Two,\nother,Three,\nnobody,Four,\n")
    error = refused(place)
    assert "lines 3, 5: scheduled_time is missing, and account nobody has no slots" in error
    assert "line 4: scheduled_time is missing, and account other has no slots" in error
    assert "slots set other mon-fri 9:00,12:30`" in error


def test_where_no_ledger_is_the_slots_make_it(tmp_path: Path, place: Path) -> None:
    """What is hinted can be typed as it stands."""
    write(IDEAS)
    done = run_here(tmp_path / "new", "import", "ideas.csv", "--slots")
    assert "slots set shop mon-fri 9:00,12:30 --create`" in done.err
    words = ("slots", "set", "shop", "mon-fri", "9:00,12:30")
    assert run_here(tmp_path / "new", *words).code == 2
    assert run_here(tmp_path / "new", *words, "--create").code == 0
    assert len(come_in(tmp_path / "new")) == 3


def test_more_posts_than_there_are_slots_in_a_year_are_refused(place: Path) -> None:
    """From the first on that has none."""
    write(HEAD + "".join(f"café,Text {n},\n" for n in range(60)))
    first = len(free(place, "café", 60)) + 2
    error = refused(place)
    assert f"lines {first}–61: account café has no free slot within a year" in error


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("account_id,content,Publish Time\nshop,One,2026-12-03 9:00\n",
         "'Publish Time' is '2026-12-03 9:00'"),
        ("account_id,content,date,time\nshop,One,,9:00\n", "time of day '9:00' has no date"),
        ("account_id,content,time\nshop,One,9:00\n", "time of day '9:00' has no date"),
        ("account_id,content,date,time\nshop,One,2099-12-03,\n", "has no time of day"),
        ("account_id,content,status\nshop,One,failed\n", "a post that is failed takes no slot"),
    ],
    ids=["another column", "time alone", "no column of dates", "date alone", "not waiting"],
)  # fmt: skip
def test_what_has_some_time_or_other_takes_no_slot_over_it(
    place: Path, text: str, says: str
) -> None:
    """A slip in the name of a column would move all posts."""
    write(text)
    assert says in refused(place)


def test_a_key_that_sounds_like_a_time_is_one_in_json_too(place: Path) -> None:
    write(
        json.dumps([{"account_id": "shop", "content": "One", "due": "2026-12-03 9:00"}]), "a.json"
    )
    assert "'due' is '2026-12-03 9:00'" in refused(place, "a.json")
    done = run(place, "a.json", "--map", "note=due")
    assert done.code == 0, done.err


# -- the same again ----------------------------------------------------------------------------


def test_the_same_file_again_adds_nothing_whatever_became_of_its_jobs(place: Path) -> None:
    """Moved, edited, posted or cancelled; what the file has more than before comes in."""
    write(IDEAS)
    jobs = come_in(place)
    with Ledger(place) as ledger:
        ledger.reschedule_job(jobs["One"].job_id, NOW + timedelta(days=30))
        ledger.edit_job(jobs["Two"].job_id, content="Two, edited")
        ledger.cancel_job(jobs["Three"].job_id)
    done = run(place)
    assert done.code == 0, done.err
    assert "in the ledger already, from an import: 3 jobs" in done.out
    assert "of these 1 cancelled" in done.out
    write(f"{IDEAS}shop,Four,\n")
    assert {*come_in(place)} == {"One", "Two, edited", "Three", "Four"}


def test_what_was_cancelled_comes_in_anew_if_that_is_said(place: Path) -> None:
    write(IDEAS)
    jobs = come_in(place)
    with Ledger(place) as ledger:
        ledger.cancel_job(jobs["Three"].job_id)
    assert run(place, "ideas.csv", "--again").code == 0
    with Ledger(place, read_only=True) as ledger:
        found = [job.status for job in ledger.list_jobs() if job.content == "Three"]
    assert sorted(found) == [JobStatus.CANCELLED, JobStatus.SCHEDULED]


@pytest.mark.parametrize(
    "other", ["", f"{NOW + timedelta(days=3):%Y-%m-%d} 9:00"], ids=["no time", "a time"]
)
def test_the_same_text_twice_in_a_file_is_refused(place: Path, other: str) -> None:
    """A post without a time is the same as one that has its text, whenever that is."""
    write(f"{HEAD}shop,One,\ncafé,One,\nshop,One,{other}\n")
    error = refused(place)
    assert "line 4: the same post is in ideas.csv, line 2" in error
    assert run(place, "ideas.csv", "--allow-doubles").code == 0


def test_a_text_that_waits_from_elsewhere_is_refused_or_left_out(place: Path) -> None:
    """One that was posted is no hindrance: only what is still to go out would go out twice."""
    with Ledger(place) as ledger:
        waits = ledger.add_job("shop", "One", NOW + timedelta(days=20))
        gone = ledger.add_job("shop", "Two", NOW + timedelta(days=20))
        ledger.cancel_job(gone)
    write(f"{HEAD}shop,One,\nshop,Two,\n")
    error = refused(place)
    assert f"line 2: the ledger has this post already: job {waits} is SCHEDULED" in error
    assert "line 3" not in error
    done = run(place, "ideas.csv", "--skip-existing")
    assert done.out.startswith("imported 1 job: 1 scheduled\n")


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}shop,One,\nshop,\"Two, with more to it\",\nshop,Three,\n",
        f"{HEAD}shop,New,\nshop,One,\nshop,Twoo,\nshop,Three,\n",
    ],
    ids=["on its line", "nearly its text"],
)  # fmt: skip
def test_a_row_whose_text_was_edited_is_no_new_post(place: Path, text: str) -> None:
    """On its line, or on another with nearly its text: the job that waits is to be edited, and then
    the file adds nothing for it."""
    write(IDEAS)
    jobs = come_in(place)
    write(text)
    error = refused(place)
    assert f"job {jobs['Two'].job_id} is SCHEDULED, and both would go out" in error
    assert f"edit {jobs['Two'].job_id} --content" in error
    edited = next(word for word in ("Two, with more to it", "Twoo") if word in text)
    with Ledger(place) as ledger:
        ledger.edit_job(jobs["Two"].job_id, content=edited)
    more = {"New"} if "New" in text else set()
    assert {*come_in(place)} == {"One", "Three", edited, *more}


def test_a_row_that_is_gone_hinders_no_new_one(place: Path) -> None:
    """Elsewhere in the file, and of quite another text."""
    write(IDEAS)
    come_in(place)
    write(f"{HEAD}shop,One,\nshop,Three,\nshop,Something else,\nshop,And more,\n")
    assert {*come_in(place)} >= {"Something else", "And more"}
