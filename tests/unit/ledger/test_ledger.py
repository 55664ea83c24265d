"""The Ledger's methods."""

from __future__ import annotations

import errno
import shutil
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from support.domain import NOON
from support.durability import LEDGER, files_of, without_background
from support.eventstore import WatchedFileSystem

from jobledger import (
    InvalidScheduleTimeError,
    InvalidTransitionError,
    JobNotFoundError,
    JobPriority,
    JobStatus,
    Ledger,
    ManualClock,
    NewJob,
    StorageError,
    ValidationError,
)
from jobledger.testing import Fault, FaultyFileSystem, SimulatedDisk


def add(ledger: Ledger, clock: ManualClock, content: str = "hello", **more: object) -> str:
    return ledger.add_job("acc", content, clock.now(), **more)  # type: ignore[arg-type]


def test_an_added_job_has_what_it_was_given(directory: Path, clock: ManualClock) -> None:
    """All arguments of add_job come back, with the documented defaults."""
    with Ledger(directory, clock=clock) as ledger:
        job = ledger.get_job(add(ledger, clock))
        assert (job.status, job.priority, job.max_retries, job.platform, job.metadata) == (
            JobStatus.SCHEDULED,
            JobPriority.NORMAL,
            3,
            "threads",
            {},
        )
        assert job.created_at == clock.now()
        given = ledger.get_job(
            add(ledger, clock, metadata={"a": [1]}, hold=True, job_id="mine", platform="x")
        )
        assert (given.job_id, given.status, given.metadata, given.platform) == (
            "mine",
            JobStatus.PENDING,
            {"a": [1]},
            "x",
        )


def test_jobs_are_listed_by_priority_then_time_then_order(
    directory: Path, clock: ManualClock
) -> None:
    """Highest priority first, then scheduled_time, then the order of adding."""
    with Ledger(directory, clock=clock) as ledger:
        now = clock.now()
        for name, priority, minutes in [
            ("low", JobPriority.LOW, 0),
            ("late", JobPriority.HIGH, 9),
            ("first", JobPriority.HIGH, 1),
            ("second", JobPriority.HIGH, 1),
            ("urgent", JobPriority.URGENT, 99),
        ]:
            ledger.add_job("a", name, now + timedelta(minutes=minutes), priority)
        assert [job.content for job in ledger.list_jobs()] == [
            "urgent", "first", "second", "late", "low",
        ]  # fmt: skip


def test_jobs_are_filtered_by_account_and_status(directory: Path, clock: ManualClock) -> None:
    """list_jobs(account_id, status) gives only those."""
    with Ledger(directory, clock=clock) as ledger:
        held = ledger.add_job("a", "1", clock.now(), hold=True)
        other = ledger.add_job("b", "2", clock.now())
        assert [job.job_id for job in ledger.list_jobs(account_id="a")] == [held]
        assert [job.job_id for job in ledger.list_jobs(status=JobStatus.SCHEDULED)] == [other]
        assert ledger.list_jobs(account_id="a", status=JobStatus.SCHEDULED) == []
        with pytest.raises(ValidationError, match="status"):
            ledger.list_jobs(status="nonsense")  # type: ignore[arg-type]


def test_ready_jobs_are_scheduled_due_and_not_expired(directory: Path, clock: ManualClock) -> None:
    """Held, future and expired jobs are not ready."""
    with Ledger(directory, clock=clock) as ledger:
        due = add(ledger, clock)
        add(ledger, clock, hold=True)
        ledger.add_job("a", "later", clock.now() + timedelta(seconds=1))
        ledger.add_job("a", "expired", clock.now() - timedelta(hours=24, microseconds=1))
        assert [job.job_id for job in ledger.get_ready_jobs()] == [due]


def test_add_jobs_adds_all_in_one_write(directory: Path, clock: ManualClock) -> None:
    """The ids come in order, and every record is of the same batch."""
    with Ledger(directory, clock=clock) as ledger:
        ids = ledger.add_jobs(
            NewJob(account_id="a", content=str(n), scheduled_time=clock.now()) for n in range(5)
        )
        assert [ledger.get_job(job_id).content for job_id in ids] == list("01234")
        lines = [event.to_dict() for event in ledger.events()]
        assert [(line["batch"], line["more"]) for line in lines] == [
            (1, 4), (1, 3), (1, 2), (1, 1), (1, 0),
        ]  # fmt: skip
        assert ledger.add_jobs([]) == []
        ledger.add_jobs([NewJob("a", "by position", clock.now(), JobPriority.LOW, 0)])


def test_add_jobs_adds_none_when_one_is_bad(directory: Path, clock: ManualClock) -> None:
    """The message says which; nothing was appended."""
    with Ledger(directory, clock=clock) as ledger:
        good = NewJob(account_id="a", content="ok", scheduled_time=clock.now())
        bad = NewJob(account_id="a", content=" ", scheduled_time=clock.now())
        with pytest.raises(ValidationError, match=r"jobs\[1\]: content"):
            ledger.add_jobs([good, bad])
        twin = NewJob(account_id="a", content="ok", scheduled_time=clock.now(), job_id="x")
        with pytest.raises(ValidationError, match=r"jobs\[1\]: job_id 'x'"):
            ledger.add_jobs([twin, twin])
        with pytest.raises(ValidationError, match=r"jobs\[0\] must be a NewJob"):
            ledger.add_jobs([{"account_id": "a"}])  # type: ignore[list-item]
        late = NewJob(
            account_id="a", content="ok", scheduled_time=clock.now() + timedelta(days=400)
        )
        with pytest.raises(InvalidScheduleTimeError):
            ledger.add_jobs([late])
        assert ledger.seq == 0


def test_an_id_is_never_used_twice(directory: Path, clock: ManualClock) -> None:
    """Not even after its job was removed, nor from another handle."""
    with Ledger(directory, clock=clock) as ledger, Ledger(directory, clock=clock) as other:
        add(ledger, clock, job_id="once")
        with pytest.raises(ValidationError, match="used before"):
            add(other, clock, job_id="once")
        ledger.remove_job("once")
        with pytest.raises(ValidationError, match="used before"):
            add(other, clock, job_id="once")


def test_changes_follow_the_lifecycle(directory: Path, clock: ManualClock) -> None:
    """hold, release, edit, reschedule, cancel, requeue, remove, each with its event."""
    with Ledger(directory, clock=clock) as ledger:
        job_id = add(ledger, clock)
        ledger.hold_job(job_id)
        ledger.release_job(job_id)
        ledger.edit_job(job_id, content="better", priority=JobPriority.URGENT, metadata={"k": 1})
        ledger.reschedule_job(job_id, clock.now() + timedelta(hours=1))
        ledger.cancel_job(job_id, "changed my mind")
        ledger.requeue_job(job_id, clock.now())
        job = ledger.get_job(job_id)
        assert (job.content, job.priority, job.metadata, job.status) == (
            "better",
            JobPriority.URGENT,
            {"k": 1},
            JobStatus.SCHEDULED,
        )
        ledger.remove_job(job_id)
        history = ledger.history(job_id)
        assert [event.type for event in history] == [
            "added", "held", "released", "edited", "rescheduled", "cancelled", "requeued",
            "removed",
        ]  # fmt: skip
        assert [event.version for event in history] == list(range(1, 9))


def test_what_changes_nothing_appends_nothing(directory: Path, clock: ManualClock) -> None:
    """An edit to the same words, a reschedule to the same time."""
    with Ledger(directory, clock=clock) as ledger:
        job_id = add(ledger, clock)
        ledger.edit_job(job_id, content="hello")
        ledger.reschedule_job(job_id, clock.now())
        assert ledger.seq == 1


def test_an_illegal_change_names_state_and_trigger_and_appends_nothing(
    directory: Path, clock: ManualClock
) -> None:
    """InvalidTransitionError, with both as attributes."""
    with Ledger(directory, clock=clock) as ledger:
        job_id = add(ledger, clock)
        ledger.cancel_job(job_id)
        with pytest.raises(InvalidTransitionError) as caught:
            ledger.hold_job(job_id)
        assert (caught.value.state, caught.value.trigger) == ("cancelled", "hold")
        assert ledger.seq == 2


def test_an_unknown_id_is_not_found(directory: Path, clock: ManualClock) -> None:
    """Also a KeyError; the nearest id is named."""
    with Ledger(directory, clock=clock) as ledger:
        add(ledger, clock, job_id="morning-post")
        for call in (ledger.get_job, ledger.hold_job, ledger.remove_job, ledger.history):
            with pytest.raises(KeyError) as caught:
                call("mornin-post")
            assert isinstance(caught.value, JobNotFoundError)
            assert "morning-post" in str(caught.value)
        with pytest.raises(JobNotFoundError):
            ledger.get_job(7)  # type: ignore[arg-type]


def test_a_naive_time_is_in_the_ledgers_zone(directory: Path, clock: ManualClock) -> None:
    """In Ho Chi Minh City 19:30 is 12:30 UTC."""
    with Ledger(directory, clock=clock, timezone="Asia/Ho_Chi_Minh") as ledger:
        job_id = ledger.add_job("a", "x", datetime(2026, 3, 2, 19, 30))  # noqa: DTZ001
        assert ledger.get_job(job_id).scheduled_time == datetime(2026, 3, 2, 12, 30, tzinfo=UTC)


def test_the_zone_is_fixed_when_the_ledger_is_created(directory: Path) -> None:
    """Recorded in the log; another one later is refused, the same or none is fine."""
    Ledger(directory, timezone="Asia/Ho_Chi_Minh").close()
    with pytest.raises(ValidationError, match="Asia/Ho_Chi_Minh"):
        Ledger(directory, timezone="UTC")
    Ledger(directory, timezone="Asia/Ho_Chi_Minh").close()
    with Ledger(directory) as ledger:
        assert ledger.timezone == "Asia/Ho_Chi_Minh"
    with pytest.raises(ValidationError, match="Mars/Olympus"):
        Ledger(directory.with_name("other"), timezone="Mars/Olympus")
    assert not directory.with_name("other").exists()


def test_expired_jobs_are_cleaned_up_in_one_write(directory: Path, clock: ManualClock) -> None:
    """More than 24 h late: EXPIRED; exactly 24 h is not."""
    with Ledger(directory, clock=clock) as ledger:
        start = clock.now()
        late = [
            ledger.add_job("a", "x", start - timedelta(seconds=1), hold=h) for h in (False, True)
        ]
        edge = ledger.add_job("a", "x", start)
        clock.advance(timedelta(hours=24))
        assert ledger.cleanup_expired_jobs() == 2
        assert {ledger.get_job(job_id).status for job_id in late} == {JobStatus.EXPIRED}
        assert ledger.get_job(edge).status is JobStatus.SCHEDULED
        assert ledger.cleanup_expired_jobs() == 0
        assert len({event.to_dict()["batch"] for event in ledger.events(types=["expired"])}) == 1


def test_expire_after_is_a_setting(directory: Path, clock: ManualClock) -> None:
    """With an hour, 61 minutes is late."""
    with Ledger(directory, clock=clock, expire_after=timedelta(hours=1)) as ledger:
        add(ledger, clock)
        clock.advance(timedelta(minutes=61))
        assert ledger.get_ready_jobs() == []
        assert ledger.cleanup_expired_jobs() == 1


def test_handles_see_each_others_changes_at_their_next_call(
    directory: Path, clock: ManualClock
) -> None:
    """Two handles, as two processes have them."""
    with Ledger(directory, clock=clock) as one, Ledger(directory, clock=clock) as two:
        job_id = add(one, clock)
        assert two.get_job(job_id).content == "hello"
        two.cancel_job(job_id)
        assert one.get_job(job_id).status is JobStatus.CANCELLED
        with pytest.raises(InvalidTransitionError):
            one.hold_job(job_id)


def test_threads_lose_nothing(directory: Path, clock: ManualClock) -> None:
    """Many threads adding and cancelling through one handle; then the log says the same."""
    with Ledger(directory, clock=clock) as ledger:

        def work(name: int) -> None:
            for n in range(20):
                job_id = add(ledger, clock, job_id=f"{name}-{n}")
                if n % 2:
                    ledger.cancel_job(job_id)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(ledger.list_jobs(status=JobStatus.SCHEDULED)) == 80
        assert len(ledger.list_jobs(status=JobStatus.CANCELLED)) == 80
        assert ledger.seq == 240
        assert ledger.verify().ok


def test_a_job_is_a_frozen_value_of_its_own(directory: Path, clock: ManualClock) -> None:
    """Nothing done to what was handed out reaches the ledger."""
    with Ledger(directory, clock=clock) as ledger:
        given = {"tags": ["a"]}
        job_id = add(ledger, clock, metadata=given)
        given["tags"].append("b")
        job = ledger.get_job(job_id)
        job.metadata["tags"].append("c")
        assert ledger.get_job(job_id).metadata == {"tags": ["a"]}
        with pytest.raises(AttributeError):
            job.content = "other"  # type: ignore[misc]


def test_as_of_shows_a_moment_of_the_past(directory: Path, clock: ManualClock) -> None:
    """By sequence number and by time, with a ledger's queries; later changes don't reach it."""
    with Ledger(directory, clock=clock) as ledger:
        job_id = add(ledger, clock)
        first = clock.now()
        clock.advance(timedelta(minutes=1))
        ledger.cancel_job(job_id)
        view = ledger.as_of(1)
        assert (view.seq, view.at) == (1, first)
        assert view.get_job(job_id).status is JobStatus.SCHEDULED
        assert [job.job_id for job in view.get_ready_jobs()] == [job_id]
        assert ledger.as_of(first).seq == 1
        assert ledger.as_of(first - timedelta(microseconds=1)).list_jobs() == []
        assert ledger.as_of(clock.now()).get_job(job_id).status is JobStatus.CANCELLED
        assert ledger.as_of(seq=0).list_jobs() == []
        for wrong in ({"seq": 3}, {"seq": -1}, {}, {"when": clock.now(), "seq": 1}):
            with pytest.raises(ValidationError):
                ledger.as_of(**wrong)


def test_as_of_counts_to_the_last_event_not_later_where_the_clock_went_back(
    directory: Path, clock: ManualClock
) -> None:
    """The log is in order of sequence; a moment is a place in it, never a hole."""
    with Ledger(directory, clock=clock) as ledger:
        add(ledger, clock)
        clock.advance(timedelta(hours=1))
        add(ledger, clock)
        clock.advance(timedelta(minutes=-30))
        add(ledger, clock)
        assert ledger.as_of(clock.now()).seq == 3


def test_events_are_streamed_and_filtered(directory: Path, clock: ManualClock) -> None:
    """after, job_id, types, since, until."""
    with Ledger(directory, clock=clock) as ledger:
        one, two = add(ledger, clock), add(ledger, clock)
        clock.advance(timedelta(minutes=1))
        ledger.cancel_job(one)
        assert [event.seq for event in ledger.events()] == [1, 2, 3]
        assert [event.seq for event in ledger.events(after=2)] == [3]
        assert [event.seq for event in ledger.events(job_id=two)] == [2]
        assert [event.seq for event in ledger.events(types=["cancelled"])] == [3]
        assert [event.seq for event in ledger.events(since=clock.now())] == [3]
        assert [event.seq for event in ledger.events(until=clock.now() - timedelta(seconds=1))] == [
            1, 2,
        ]  # fmt: skip


def test_an_event_gives_its_line_back(directory: Path, clock: ManualClock) -> None:
    """to_dict() has the keys and values of the line in the log, in order."""
    import json

    with Ledger(directory, clock=clock) as ledger:
        job_id = add(ledger, clock, metadata={"a": 1})
        ledger.edit_job(job_id, content="né \u2028 😀")
        lines = next(directory.glob("events_*.jsonl")).read_text("utf-8").split("\n")[1:-1]
        for line, event in zip(lines, ledger.history(job_id), strict=True):
            document = json.loads(line)
            assert event.to_dict() == document
            assert list(event.to_dict()) == list(document)


def test_a_closed_ledger_refuses(directory: Path, clock: ManualClock) -> None:
    """Closing twice is fine; using it is not."""
    ledger = Ledger(directory, clock=clock)
    ledger.close()
    ledger.close()
    with pytest.raises(StorageError, match="closed"):
        add(ledger, clock)
    with pytest.raises(StorageError, match="closed"):
        ledger.list_jobs()


def test_a_read_only_ledger_changes_nothing(directory: Path, clock: ManualClock) -> None:
    """Queries work, changes are refused, no file is made or touched."""
    with Ledger(directory, clock=clock) as ledger:
        job_id = add(ledger, clock)
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    with Ledger(directory, clock=clock, read_only=True) as ledger:
        assert ledger.get_job(job_id).content == "hello"
        assert ledger.rebuild(check=True).changed == []
        for change in (
            lambda: ledger.cancel_job(job_id),
            lambda: add(ledger, clock),
            lambda: ledger.edit_job(job_id, content="hello"),
            ledger.cleanup_expired_jobs,
        ):
            with pytest.raises(StorageError, match="read-only"):
                change()
        with pytest.raises(StorageError, match="read-only"):
            ledger.rebuild()
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before
    with pytest.raises(StorageError):
        Ledger(directory / "none", read_only=True)


def test_a_directory_that_cannot_be_a_ledger_is_refused(tmp_path: Path) -> None:
    """A file in its place, or in place of one above it: StorageError with path and hint."""
    file = tmp_path / "file"
    file.write_text("mine")
    for path in (file, file / "below"):
        with pytest.raises(StorageError) as caught:
            Ledger(path)
        assert caught.value.path == str(path)
        assert caught.value.hint
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    "settings",
    [
        {"durability": "sometimes"},
        {"expire_after": timedelta(0)},
        {"expire_after": 24},
        {"clock": 5},
    ],
)
def test_wrong_settings_are_refused_before_anything_is_made(
    directory: Path, settings: dict[str, object]
) -> None:
    """ValidationError names the setting; there is no directory."""
    with pytest.raises(ValidationError, match=next(iter(settings))):
        Ledger(directory, **settings)  # type: ignore[arg-type]
    assert not directory.exists()


@pytest.mark.parametrize("durability", ["fsync", "batch", "none"])
def test_every_durability_keeps_what_was_closed(
    directory: Path, clock: ManualClock, durability: str
) -> None:
    """After close all of them have everything, and the log verifies."""
    with Ledger(directory, clock=clock, durability=durability) as ledger:  # type: ignore[arg-type]
        ids = [add(ledger, clock) for _ in range(10)]
        assert [job.job_id for job in ledger.list_jobs()] == ids
    with Ledger(directory, clock=clock) as ledger:
        assert [job.job_id for job in ledger.list_jobs()] == ids
        assert ledger.verify().ok


@pytest.mark.parametrize("name", ["", " ", "a\0b"])
def test_a_name_that_is_no_directory_is_refused(name: str) -> None:
    """Above all the empty one, which would be the current directory."""
    with pytest.raises(ValidationError, match="directory"):
        Ledger(name)


def test_a_ledger_whose_directory_was_removed_acknowledges_nothing(
    directory: Path, clock: ManualClock
) -> None:
    """What would be written to a file that nobody can find again is refused."""
    ledger = Ledger(directory, clock=clock)
    add(ledger, clock)
    ledger.write_behind()
    shutil.rmtree(directory)
    with pytest.raises(StorageError, match="removed"):
        add(ledger, clock)
    assert ledger.seq == 1
    with pytest.raises(StorageError, match="removed"):
        ledger.close()


def test_closing_after_a_failed_write_does_not_fail_again(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """On a full disk the daily files cannot be written either; they are at the next opening."""
    disk = WatchedFileSystem()
    ledger = Ledger(directory, clock=clock, fs=disk)
    kept = add(ledger, clock)
    for name in ("events_", ".jobs_"):
        disk.fail("write", name, OSError(errno.ENOSPC, "no room"), always=True)
    with pytest.raises(StorageError, match="no room"):
        add(ledger, clock)
    ledger.close()
    assert "the daily files are behind" in caplog.text
    with Ledger(directory, clock=clock) as reopened:
        assert [job.job_id for job in reopened.list_jobs()] == [kept]
        assert reopened.verify().ok


@pytest.mark.parametrize("durability", ["batch", "none"])
def test_closing_says_that_what_was_acknowledged_could_not_be_synced(
    durability: Literal["batch", "none"],
) -> None:
    """The sync that failed was in the background, where nobody could be told."""
    disk = SimulatedDisk()
    with without_background():
        fs = FaultyFileSystem(disk)
        ledger = Ledger(LEDGER, clock=ManualClock(NOON), durability=durability, fs=fs)
        ledger.add_job("a", "text", NOON)
        fs.fault = Fault(1, only=("sync",))
        assert not ledger.write_behind()
        with pytest.raises(StorageError, match="until it is reopened"):
            ledger.close()
        ledger.close()
        with Ledger(LEDGER, clock=ManualClock(NOON), fs=disk) as again:
            assert len(again.list_jobs()) == 1


def test_what_is_written_behind_by_hand_ends_the_waiting_for_another_try(
    directory: Path, clock: ManualClock
) -> None:
    with without_background(), Ledger(directory, clock=clock) as ledger:
        add(ledger, clock)
        ledger._behind._background._failures = 7
        assert ledger._behind._background.is_late
        assert ledger.write_behind()
        assert not ledger._behind._background.is_late


def test_a_fault_in_writing_behind_is_told_once_and_not_for_each_try(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Also one that nobody has thought of: in the background nobody else would hear of it."""

    def fail(*, everything: bool = True) -> float:
        raise ValueError("a fault of ours")

    with without_background(), Ledger(directory, clock=clock) as ledger:
        add(ledger, clock)
        ledger._behind._trouble._time = lambda: 0.0  # it is told again ever more rarely
        write = files_of(ledger).write
        files_of(ledger).write = fail  # type: ignore[method-assign]
        for _ in range(3):
            with pytest.raises(ValueError, match="a fault of ours"):
                ledger.write_behind()
        assert caplog.text.count("a fault of ours") == 1
        files_of(ledger).write = write  # type: ignore[method-assign]
        assert ledger.write_behind()
        assert "writing behind works again" in caplog.text
