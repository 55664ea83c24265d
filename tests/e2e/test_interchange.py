"""Moving a ledger, as a user does it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.cli import Cli
from support.publishers import Asking, crash, dying

from jobledger import JobStatus, Ledger, OutcomeUnknown, PostResult, Scheduler, SystemClock

STATE = ("attempt", "in_doubt", "doubted_attempt", "outcome_unknown", "checkpoints")


def unknown(account_id: str, content: str) -> PostResult:
    raise OutcomeUnknown("cut off")


def lived(directory: Path) -> None:
    """Make a ledger with a post that is out, one that may be, and one that is in doubt."""
    now = SystemClock().now
    with Scheduler(directory, timezone="Asia/Ho_Chi_Minh") as scheduler:
        scheduler.add_job("a", "out; and\r\nabout", now(), job_id="out")
        scheduler.run_due(lambda account_id, content: PostResult(True, ""))
        scheduler.add_job("a", "may be", now(), job_id="unknown", max_retries=0)
        scheduler.run_due(unknown)
        scheduler.add_job("a", '"in doubt"', now(), job_id="doubt", metadata={"n": [1.0, None]})
        with dying():
            scheduler.run_due(Asking(on_publish=crash))
    with Scheduler(directory) as scheduler:  # which recovers the job that was cut off
        scheduler.add_schedule("daily", "0 9 * * *", account_id="a", content="{n}", max_count=2)


def test_a_ledger_that_is_moved_goes_on_where_it_was(directory: Path, tmp_path: Path) -> None:
    """By every form: the same bytes again, and the doubts are still known."""
    lived(directory)
    here = Cli(directory, tmp_path)
    for number, (target, more) in enumerate(
        [("jobs.jsonl", []), ("jobs.csv", ["--excel"]), ("old", ["--format", "daily"])]
    ):
        here.ok("export", target, *more)
        there = Cli(tmp_path / f"moved-{number}", tmp_path)
        there.ok("import", target, "--timezone", "Asia/Ho_Chi_Minh")
        there.ok("export", f"again-{target}", *more)
        before, after = tmp_path / target, tmp_path / f"again-{target}"
        for file in sorted(before.iterdir()) if before.is_dir() else [before]:
            other = after / file.name if before.is_dir() else after
            assert other.read_bytes() == file.read_bytes()
        with Ledger(directory, read_only=True) as old, Ledger(there.directory) as new:
            for job in old.list_jobs():
                same = new.get_job(job.job_id)
                assert [getattr(same, f) for f in STATE] == [getattr(job, f) for f in STATE]
            assert new.get_job("out").status is JobStatus.COMPLETED
            assert (new.get_job("out").thread_id, new.get_job("doubt").in_doubt) == ("", True)
            assert new.get_job("unknown").outcome_unknown
            assert new.verify().ok


@pytest.mark.thorough
def test_a_large_import_is_all_or_nothing_wherever_a_crash_cuts_it(
    directory: Path, tmp_path: Path
) -> None:
    """Longer than any other write. Cut anywhere, it is as if it had never been."""
    here = Cli(directory, tmp_path)
    here.ok("add", "a", "before", "+1d")
    count = 30_000
    head = (directory / "HEAD").read_bytes()
    rows = [f"a,{number},2026-01-31T09:00:00Z,{'x' * 2200}" for number in range(count)]
    text = "\n".join(["account_id,content,scheduled_time,notes", *rows])
    (tmp_path / "many.csv").write_text(text, "utf-8")
    assert here.ok("import", "many.csv").startswith(f"imported {count} jobs")
    [log] = directory.glob("events_*.jsonl")
    whole = log.read_bytes()
    begin = whole.index(b"\n", whole.index(b'"seq":1,')) + 1
    assert len(whole) - begin > 64 * 1024 * 1024
    for end in (begin + 100, begin + 20_000_000, len(whole) - 700):
        for file in directory.iterdir():
            if file.name != log.name and not file.name.endswith(".lock"):
                file.unlink()
        (directory / "HEAD").write_bytes(head)
        log.write_bytes(whole[:end])
        with Ledger(directory) as ledger:
            assert (ledger.seq, [job.content for job in ledger.list_jobs()]) == (1, ["before"])
    assert here.ok("import", "many.csv").startswith(f"imported {count} jobs")
    assert here.json("verify")["ok"]


def test_several_who_import_posts_without_a_time_at_once_get_a_slot_each(
    directory: Path, tmp_path: Path
) -> None:
    """Each in a process of its own: no slot is given twice, and the first ones are all taken."""
    here = Cli(directory, tmp_path)
    here.ok("slots", "set", "shop", "daily", "9:00,15:00", "--create")
    with Ledger(directory, read_only=True) as ledger:
        slots = ledger.free_slots("shop", 60)
    for number in range(4):
        rows = "".join(f"shop,Text {number}-{n}\n" for n in range(10))
        (tmp_path / f"{number}.csv").write_text(f"account_id,content\n{rows}", "utf-8")
    started = [here.start("import", f"{number}.csv", "--slots") for number in range(4)]
    ended = [(process.communicate(), process.returncode) for process in started]
    assert [code for _, code in ended] == [0] * 4, ended
    with Ledger(directory, read_only=True) as ledger:
        jobs = ledger.list_jobs(order="time")
    first = slots.index(jobs[0].scheduled_time)  # time goes on meanwhile
    assert [job.scheduled_time for job in jobs] == slots[first : first + 40]
    for number in range(4):
        own = [job.content for job in jobs if job.content.startswith(f"Text {number}-")]
        assert own == [f"Text {number}-{n}" for n in range(10)], "in the order of their rows"
