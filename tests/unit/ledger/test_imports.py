"""import_jobs: jobs are taken over with their state, all of them or none."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from support.domain import elsewhere
from support.publishers import Asking, Recording

from jobledger import (
    ImportedJob,
    JobStatus,
    Ledger,
    ManualClock,
    NewJob,
    Pacing,
    PostResult,
    Scheduler,
    ValidationError,
)

HOUR = timedelta(hours=1)


def test_all_are_imported_in_one_write_and_come_back_from_the_log(
    directory: Path, clock: ManualClock
) -> None:
    """In every state, with the ids in order; the log verifies and rebuilds to the same."""
    items = [
        elsewhere(
            job_id=status.value,
            status=status,
            completed_at=clock.now() - HOUR if status is JobStatus.COMPLETED else None,
        )
        for status in JobStatus
    ]
    with Ledger(directory, clock=clock) as ledger:
        assert ledger.import_jobs(iter(items)) == [status.value for status in JobStatus]
        assert len({event.to_dict()["batch"] for event in ledger.events()}) == 1
        assert [event.data.imported.line for event in ledger.events()] == [3] * 7  # type: ignore[union-attr]
        before = ledger.list_jobs()
    with Ledger(directory, clock=clock) as ledger:
        assert ledger.list_jobs() == before
        assert {job.job_id: job.status.value for job in before} == {s: s for s in JobStatus}
        assert ledger.verify().problems == []
        assert ledger.rebuild(check=True).changed == []


def test_one_bad_job_keeps_all_of_them_out(directory: Path, clock: ManualClock) -> None:
    """The message says where it comes from; so for an id that is used twice or was before."""
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("a", "t", clock.now(), job_id="old")
        ledger.remove_job("old")
        good = elsewhere(job_id="good")
        for bad, says in [
            (elsewhere(content=" "), "posts.csv, line 3: content must not be only white space"),
            (elsewhere(job_id="good"), "posts.csv, line 3: job_id 'good' was used before"),
            (elsewhere(job_id="old"), "posts.csv, line 3: job_id 'old' was used before"),
            (ImportedJob(elsewhere(max_retries=-1).job, "here"), "here: max_retries must be from"),
        ]:
            with pytest.raises(ValidationError, match=f"^{says}"):
                ledger.import_jobs([good, bad])
        with pytest.raises(ValidationError, match=r"^jobs\[1\] must be an ImportedJob"):
            ledger.import_jobs([good, NewJob("a", "b", clock.now())])  # type: ignore[list-item]
        with pytest.raises(ValidationError, match="line 3: job must be a ScheduledJob"):
            ledger.import_jobs([msgspec.structs.replace(good, job={})])
        assert ledger.list_jobs() == []
        assert ledger.import_jobs([]) == []
        assert ledger.seq == 2


def test_what_is_too_much_for_one_write_is_refused_before_anything_is_written(
    directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says to split; nothing of it is there."""
    monkeypatch.setattr("jobledger.eventstore.commit_queue.MAX_APPEND_BYTES", 32_000_000)
    long = elsewhere(error="x" * 20_000, thread_id="x" * 20_000, status_message="x" * 20_000).job
    many = [
        ImportedJob(msgspec.structs.replace(long, job_id=str(number)), "posts.csv", number)
        for number in range(600)
    ]
    with Ledger(directory, clock=clock, durability="none") as ledger:
        with pytest.raises(ValidationError, match="600 records in one write") as caught:
            ledger.import_jobs(many)
        assert "several parts" in str(caught.value)
        assert ledger.seq == 0
        assert len(ledger.import_jobs(many[:300])) == 300


def test_naive_times_are_those_of_the_ledgers_zone(directory: Path, clock: ManualClock) -> None:
    """Every time of a job, as in `add_job`."""
    noon = datetime(2026, 3, 2, 12)  # noqa: DTZ001 - naive on purpose
    item = elsewhere(
        scheduled_time=noon, created_at=noon, started_at=noon, status=JobStatus.COMPLETED,
        completed_at=noon,
    )  # fmt: skip
    with Ledger(directory, clock=clock, timezone="Asia/Ho_Chi_Minh") as ledger:
        ledger.import_jobs([item])
        job = ledger.get_job("job")
        aware = noon.replace(tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
        assert [job.scheduled_time, job.created_at, job.completed_at] == [aware] * 3


def test_a_completed_job_never_runs_again_and_a_due_one_runs(
    directory: Path, clock: ManualClock
) -> None:
    """What the import is for."""
    done = elsewhere(
        job_id="done", content="done", status=JobStatus.COMPLETED, completed_at=clock.now()
    )
    publisher = Recording()
    with Scheduler(directory, clock=clock) as scheduler:
        scheduler.import_jobs([done, elsewhere(job_id="due", content="due")])
        assert scheduler.run_due(publisher) == 1
        assert publisher.posted == ["due"]
        assert scheduler.get_job("due").attempt == 1


@pytest.mark.parametrize("on_interrupted", ["retry", "fail"])
def test_a_running_job_is_recovered_by_the_next_runner(
    directory: Path, clock: ManualClock, on_interrupted: str
) -> None:
    """As any that was interrupted, by the runner's own setting."""
    with Ledger(directory, clock=clock) as ledger:
        ledger.import_jobs([elsewhere(status=JobStatus.RUNNING, retry_count=1)])
        assert ledger.get_job("job").status is JobStatus.RUNNING
    with Scheduler(directory, clock=clock, on_interrupted=on_interrupted) as scheduler:  # type: ignore[arg-type]
        job = scheduler.get_job("job")
        assert (job.attempt, job.outcome_unknown) == (2, on_interrupted == "fail")
        assert job.status.value == {"retry": "scheduled", "fail": "failed"}[on_interrupted]
        assert "attempt 2" in str(job.error)


def test_a_job_in_doubt_is_asked_about_before_it_is_published(
    directory: Path, clock: ManualClock
) -> None:
    """The doubt comes with it, and the number of the attempt that it is about."""
    asked: list[int] = []

    def it_is_out(attempt: object) -> PostResult:
        asked.append(attempt.number)  # type: ignore[attr-defined]
        return PostResult(True, "found")

    publisher = Asking(on_reconcile=it_is_out)
    doubted = elsewhere(in_doubt=True, attempt=4, doubted_attempt=3, reconcilable=True)
    with Scheduler(directory, clock=clock) as scheduler:
        scheduler.import_jobs([doubted])
        scheduler.run_due(publisher)
        assert scheduler.get_job("job").thread_id == "found"
    assert (publisher.calls, asked) == (["reconcile"], [3])


@pytest.mark.parametrize(
    "past",
    [
        {"status": JobStatus.COMPLETED, "completed_at": True},
        {"status": JobStatus.FAILED, "outcome_unknown": True},
    ],
)
def test_imported_posts_count_for_the_pacing_of_their_account(
    directory: Path, clock: ManualClock, past: dict[str, object]
) -> None:
    """Those that are out, at their time, and those that may be."""
    if "completed_at" in past:
        past = past | {"completed_at": clock.now()}
    pacing = Pacing(min_gap_s=600)
    with Scheduler(directory, clock=clock, pacing=pacing) as scheduler:
        scheduler.import_jobs([elsewhere(job_id="old", started_at=clock.now(), **past)])
        scheduler.add_job("acc", "next", clock.now(), job_id="next")
        assert scheduler.run_due(Recording()) == 0
        clock.advance(timedelta(minutes=10))
        assert scheduler.run_due(Recording()) == 1


def test_unique_texts_hold_for_jobs_that_still_wait(directory: Path, clock: ManualClock) -> None:
    """Against the ledger, each other, and a post that the same import brings; a past is not
    refused."""
    done = elsewhere(job_id="done", status=JobStatus.COMPLETED, completed_at=clock.now())
    again = elsewhere(
        job_id="again", status=JobStatus.COMPLETED, completed_at=clock.now(), content="text"
    )
    waits, other = elsewhere(job_id="waits"), elsewhere(job_id="other")
    with Ledger(directory, clock=clock, unique=True) as ledger:
        for together in ([waits, done], [waits, other]):
            with pytest.raises(ValidationError, match="the same text"):
                ledger.import_jobs(together)
        assert ledger.import_jobs([done, again]) == ["done", "again"]
        with pytest.raises(ValidationError, match="has this text already: job done is COMPLETED"):
            ledger.import_jobs([waits])
