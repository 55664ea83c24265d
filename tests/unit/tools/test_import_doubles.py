"""The same post twice, and posts that somebody would not want to see: refused before anything."""

from __future__ import annotations

import json
import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.cli import Done, run_here

from jobledger import JobStatus, Ledger

NOW = datetime.now(UTC)
DAY = NOW.date() + timedelta(days=40)
HEAD = "account_id,content,scheduled_time"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "jobs"


def write(*rows: str, name: str = "posts.csv") -> None:
    Path(name).write_text("\n".join([HEAD, *rows]), "utf-8")


def row(text: str, hour: int = 9) -> str:
    return f"shop,{text},{DAY} {hour:02}:00"


def run(place: Path, *arguments: str) -> Done:
    return run_here(place, "import", *(arguments or ["posts.csv"]))


def texts(place: Path) -> list[str]:
    with Ledger(place, read_only=True) as ledger:
        return sorted(job.content for job in ledger.list_jobs())


def typed(error: str) -> list[str]:
    found = re.search(r"`(jobledger [^`]+)`", error)
    assert found is not None, error
    return shlex.split(found[1])[1:]


@pytest.fixture
def imported(place: Path) -> Path:
    with Ledger(place, timezone="UTC"):
        pass
    write(row("one"), row("two", 10))
    assert run(place).code == 0
    return place


def test_the_same_file_again_adds_nothing_and_says_so(imported: Path) -> None:
    again = run(imported)
    assert (again.code, again.out.splitlines()[0]) == (0, "imported 0 jobs")
    assert "in the ledger already, from an import: 2 jobs" in again.out
    assert texts(imported) == ["one", "two"]
    assert json.loads(run(imported, "posts.csv", "--json").out)["repeated"] == 2


@pytest.mark.parametrize("change", ["edit", "move", "cancel", "remove"])
def test_and_so_it_is_whatever_became_of_its_jobs_meanwhile(imported: Path, change: str) -> None:
    with Ledger(imported) as ledger:
        [job] = [job for job in ledger.list_jobs() if job.content == "one"]
        if change == "edit":
            ledger.edit_job(job.job_id, content="one, corrected")
        elif change == "move":
            ledger.reschedule_job(job.job_id, job.scheduled_time + timedelta(hours=1))
        elif change == "cancel":
            ledger.cancel_job(job.job_id)
        else:
            ledger.remove_job(job.job_id)
    before = texts(imported)
    done = run(imported)
    assert (done.code, texts(imported)) == (0, before)
    told = {"cancel": "of these 1 cancelled: ", "remove": "of these 1 removed: "}
    assert (told.get(change, "of these") in done.out) == (change in told)
    if change in told:
        words = typed(done.out)[2:]
        assert run_here(imported, *words).out.startswith("imported 1 job")
        with Ledger(imported, read_only=True) as ledger:
            states = [job.status for job in ledger.list_jobs() if job.content == "one"]
        assert states.count(JobStatus.SCHEDULED) == 1
        assert run_here(imported, *words).out.startswith("imported 0 jobs")


def test_new_rows_of_a_file_that_has_grown_come_in(imported: Path) -> None:
    write(row("one"), row("two", 10), row("three", 11))
    assert run(imported).code == 0
    assert texts(imported) == ["one", "three", "two"]


def test_two_who_import_one_file_at_the_same_time_add_each_post_once(imported: Path) -> None:
    """The ids are made of the posts, and the ledger takes none twice: also without the comparison
    that is made beforehand."""
    write(row("three", 11))
    assert run(imported).code == 0
    with Ledger(imported) as ledger:
        [job] = [job for job in ledger.list_jobs() if job.content == "three"]
    Path("copy").mkdir()
    write(row("three", 11), name="copy/other.csv")
    assert run(imported, "copy/other.csv").out.startswith("imported 0 jobs")
    with Ledger(Path("elsewhere"), timezone="UTC"):
        pass
    assert run(Path("elsewhere")).code == 0
    with Ledger(Path("elsewhere"), read_only=True) as ledger:
        assert [each.job_id for each in ledger.list_jobs()] == [job.job_id]


def test_the_same_post_twice_in_the_files_is_refused_and_can_be_allowed(place: Path) -> None:
    write(row("same"), row("same"), row("same", 10))
    done = run(place)
    assert (done.code, place.exists()) == (2, False)
    assert "line 3: the same post is in posts.csv, line 2" in done.err
    assert run(place, "posts.csv", "--allow-doubles").code == 0
    assert texts(place) == ["same", "same", "same"]
    for again in ([], ["--allow-doubles"]):
        assert run(place, "posts.csv", *again).out.startswith("imported 0 jobs")
    write(row("same"), row("same"), row("same"), row("same", 10))
    assert run(place).code == 2
    assert run(place, "posts.csv", "--allow-doubles").out.startswith("imported 1 job")


def test_what_is_allowed_for_one_row_does_not_add_the_others_again(imported: Path) -> None:
    """Who follows the hint of a row that was changed posts that one besides, and no other twice."""
    write(row("one"), row("two", 15))
    done = run(imported)
    assert "--allow-doubles adds the row besides" in done.err
    assert run(imported, "posts.csv", "--allow-doubles").out.startswith("imported 1 job")
    assert texts(imported) == ["one", "two", "two"]
    assert run(imported, "posts.csv", "--allow-doubles").out.startswith("imported 0 jobs")


def test_the_same_post_of_another_file_can_be_allowed_once(imported: Path) -> None:
    """As often as there are files that have it, and not as often as they are imported."""
    write(row("one"), name="more.csv")
    assert run(imported, "more.csv").out.startswith("imported 0 jobs")
    assert run(imported, "more.csv", "--allow-doubles").out.startswith("imported 1 job")
    assert run(imported, "more.csv", "--allow-doubles").out.startswith("imported 0 jobs")
    assert texts(imported) == ["one", "one", "two"]


def test_a_post_that_was_made_elsewhere_is_refused_and_can_be_left_out(imported: Path) -> None:
    with Ledger(imported) as ledger:
        at = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)
        ledger.add_job("shop", "by hand", at)
    write(row("by hand", 12), row("other", 13), name="more.csv")
    done = run(imported, "more.csv")
    assert done.code == 2
    assert "the ledger has this post already" in done.err
    assert run_here(imported, *typed(done.err)[2:]).code == 0
    assert texts(imported) == ["by hand", "one", "other", "two"]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (row("one!"), "with another text, from this file"),
        (row("one", 15), "with another time, from this file"),
    ],
    ids=["text", "time"],
)
def test_a_row_that_was_changed_is_refused_with_the_command_that_changes_the_job(
    imported: Path, changed: str, says: str
) -> None:
    write(changed, row("two", 10))
    done = run(imported)
    assert done.code == 2
    assert says in done.err
    assert run_here(imported, *typed(done.err)[2:]).code == 0
    again = run(imported)
    assert (again.code, again.out.splitlines()[0]) == (0, "imported 0 jobs")
    assert len(texts(imported)) == 2


def test_another_post_at_the_same_time_from_another_file_is_none_of_these(imported: Path) -> None:
    write(row("quite another"), name="more.csv")
    assert run(imported, "more.csv").code == 0


def test_a_plan_that_would_go_out_at_once_is_refused_and_can_be_allowed(place: Path) -> None:
    write(f"shop,late,{(NOW - timedelta(hours=1)).isoformat()}")
    done = run(place)
    assert (done.code, "it would be posted at once" in done.err) == (2, True)
    assert run_here(place, *typed(done.err)[2:]).code == 0


def test_a_plan_that_never_goes_out_any_more_is_told(place: Path) -> None:
    write(f"shop,late,{(NOW - timedelta(days=2)).isoformat()}")
    done = run(place)
    assert (done.code, "is past: it will expire" in done.err) == (0, True)


@pytest.mark.parametrize("time", ["now", "-2h"])
def test_what_is_meant_for_now_is_not_past(place: Path, time: str) -> None:
    write(f"shop,now,{time}")
    assert run(place).code == 0


def test_what_is_a_little_late_is_not_past(place: Path) -> None:
    write(f"shop,now,{datetime.now(UTC) - timedelta(minutes=5)}")
    assert run(place).code == 0


def test_jobs_of_another_scheduler_are_as_old_as_they_are(place: Path) -> None:
    old = (NOW - timedelta(days=3)).isoformat()
    job = {"job_id": "j", "account_id": "a", "content": "x", "scheduled_time": old}
    Path("jobs.jsonl").write_text(json.dumps(job | {"created_at": old}), "utf-8")
    assert run(place, "jobs.jsonl").code == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("\u200b\u200b", "nothing that can be seen, only zero width space"),
        ("\u00ad\u2060", "nothing that can be seen"),
        ("Ch\ufffdo", "the sign for a letter that was lost"),
        ("Xin chÃ o buá»•i sÃ¡ng", "UTF-8 that was read as another encoding"),
        ("cafÃ© dÃ©jÃ", "UTF-8 that was read as another encoding"),
    ],
)
def test_a_text_that_nobody_wrote_is_refused(place: Path, text: str, says: str) -> None:
    write(f'shop,"{text}",{DAY} 09:00')
    assert says in run(place).err
    assert not place.exists()


@pytest.mark.parametrize(
    "text",
    [
        "Chúc mừng năm mới! “đầy”", "MENÜ” und CAFÉ”", "Ça va? À bientôt…", "Привет", "こんにちは",
        "👩\u200d👩\u200d👧 ❤\ufe0f", "a\u200bb", "Â© 2026",
    ],
)  # fmt: skip
def test_a_text_that_somebody_may_have_written_is_kept_to_the_letter(
    place: Path, text: str
) -> None:
    write(f"shop,{text},{DAY} 09:00")
    assert run(place).code == 0
    assert texts(place) == [text]


def test_a_broken_text_can_be_allowed(place: Path) -> None:
    write(f"shop,Ch\ufffdo,{DAY} 09:00")
    assert run(place, "posts.csv", "--allow-odd-text").code == 0


def test_letters_of_several_characters_are_told_where_they_make_a_text_too_long(
    place: Path,
) -> None:
    text = "e\u0301" * 300
    write(f"shop,{text},{DAY} 09:00")
    error = run(place).err
    assert "at most 500 characters, not 600" in error
    assert "(NFC) it fits" in error


def test_a_text_that_threads_counts_as_longer_than_it_takes_is_refused(place: Path) -> None:
    write(f"shop,{'🎉' * 126},{DAY} 09:00", f"shop,{'🎉' * 125},{DAY} 09:00")
    found = json.loads(run(place, "posts.csv", "--dry-run", "--json").out)["problems"]
    assert [(each["line"], each["field"]) for each in found] == [(2, "content")]
    assert "at most 500 characters, not 504, as Threads counts" in found[0]["message"]
    assert found[0]["hint"] == "--lenient leaves it to the platform"


def test_a_job_of_another_kind_is_named_and_can_be_left_out(place: Path) -> None:
    at = NOW.isoformat()
    jobs = [
        {"job_id": "p", "account_id": "a", "content": "x", "scheduled_time": f"{DAY}T09:00Z",
         "created_at": at, "thread_id": 17890000000000001, "status": "JobStatus.SCHEDULED"},
        {"job_id": "e", "account_id": "a", "content": "like", "scheduled_time": f"{DAY}T09:00Z",
         "created_at": at, "job_type": "engagement"},
        {"job_id": "f", "account_id": "a", "content": "y", "scheduled_time": f"{DAY}T09:00Z",
         "created_at": at, "status": "failed", "completed_at": at},
    ]  # fmt: skip
    Path("old").mkdir()
    Path(f"old/jobs_{DAY}.json").write_text(json.dumps({"jobs": jobs}), "utf-8")
    done = run(place, "old")
    assert (done.code, "job_type is 'engagement'" in done.err) == (2, True)
    assert run_here(place, *typed(done.err)[2:]).code == 0
    with Ledger(place, read_only=True) as ledger:
        found = {job.job_id: job for job in ledger.list_jobs()}
    assert found.keys() == {"p", "f"}
    assert (found["p"].thread_id, found["p"].status) == ("17890000000000001", JobStatus.SCHEDULED)
    assert found["f"].completed_at is None
    assert found["f"].metadata["completed_at"].startswith(at[:19])
