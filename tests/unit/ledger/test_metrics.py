"""Metrics of a ledger: each says what is so, from any process, at no price that grows."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families
from support import snapshots
from support.durability import records_read, saving_snapshots, without_background
from support.publishers import Recording

from jobledger import JobStatus, Ledger, ManualClock, NewJob, PostResult, Scheduler, StorageError
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.ledger import METRICS
from jobledger.release import __version__
from jobledger.testing import Fault, FaultyFileSystem

Values = dict[str, float]


def read(text: str) -> Values:
    """Return the value of each sample by its name and what its labels say."""
    return {
        " ".join([one.name, *one.labels.values()]).removeprefix("jobledger_"): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def lived(directory: Path, clock: ManualClock) -> None:
    answers = iter([PostResult(True), PostResult(False, error="HTTP 503"), PostResult.unknown("?")])
    with Scheduler(directory, clock=clock) as ledger:
        now = clock.now()
        for number in range(3):
            ledger.add_job(f"a{number}", f"text {number}", now, max_retries=0)
        clock.advance(timedelta(seconds=10))
        ledger.run_due(Recording(lambda: next(answers)))
        ledger.add_jobs([NewJob("b", f"late {n}", now) for n in range(2)])
        ledger.add_schedule("daily", "0 9 * * *", account_id="b", content="{n}")


def test_each_metric_says_what_is_so(directory: Path, clock: ManualClock) -> None:
    lived(directory, clock)
    clock.advance(timedelta(seconds=50))
    with Ledger(directory, clock=clock, read_only=True) as ledger:
        found = read(ledger.metrics())
        following = ledger.upcoming("daily", 1)[0].at.timestamp()
        log = sum(path.stat().st_size for path in directory.glob("events_*"))
        counts = ledger.counts()
        seq = ledger.seq
    assert {status: found[f"jobs {status}"] for status in JobStatus} == counts
    assert found["due_jobs"] == 2
    assert found["oldest_due_age_seconds"] == 60
    assert found["runner_up"] == 0
    assert found["outcome_unknown_jobs"] == 1
    assert found["attempts_total threads completed"] == 1
    assert found["failures_total threads http_503"] == 1
    assert found["start_delay_seconds_sum"] == 30
    assert found["attempt_duration_seconds_count"] == 3
    assert found["append_seconds_count"] == 0
    assert found["events_total schedule_planned"] == 1
    assert (found["seq"], found["log_bytes"]) == (seq, log)
    assert found["disk_free_bytes"] > 0
    assert found["poisoned"] == 0
    assert found["schedule_next_timestamp_seconds"] == following
    assert found[f"build_info {__version__}"] == 1
    assert "verify_ok" not in found
    assert "verified_seq" not in found


def test_every_metric_is_named_also_where_there_is_nothing_yet(directory: Path) -> None:
    with Ledger(directory) as ledger:
        families = {one.name for one in text_string_to_metric_families(ledger.metrics())}
    assert families == {one.name.removesuffix("_total") for one in METRICS}


def test_misfires_are_of_their_schedule(directory: Path, clock: ManualClock) -> None:
    with Scheduler(directory, clock=clock) as ledger:
        ledger.add_schedule("hourly", "0 * * * *", account_id="b", content="{n}", misfire="skip")
        clock.advance(timedelta(hours=5))
        ledger.run_due(lambda account_id, content: PostResult(True))
        misfired = sum(event.type == "expired" for event in ledger.events())
        assert read(ledger.metrics())["misfires_total hourly"] == misfired > 0


def test_a_runner_is_seen_from_another_process(directory: Path) -> None:
    with Scheduler(directory), Ledger(directory, read_only=True) as other:
        assert read(other.metrics())["runner_up"] == 1


def test_what_was_verified_is_known_to_who_did_it(directory: Path, clock: ManualClock) -> None:
    lived(directory, clock)
    with Ledger(directory, clock=clock) as ledger:
        ledger.acting("somebody").verify()
        ledger.add_job("a", "one more", clock.now())
        found = read(ledger.metrics())
    assert (found["verify_ok"], found["verified_seq"]) == (1, found["seq"] - 1)
    log = next(directory.glob("events_*"))
    log.write_bytes(log.read_bytes()[:-40] + b"x" * 39 + b"\n")
    with Ledger(directory, clock=clock, read_only=True) as ledger:
        assert ledger.damage is not None
        assert read(ledger.metrics())["verify_ok"] == 0


def test_a_failed_write_is_seen_and_named(directory: Path, clock: ManualClock) -> None:
    fs = FaultyFileSystem(FileSystem())
    with Ledger(directory, clock=clock, fs=fs) as ledger:
        ledger.add_job("a", "one", clock.now())
        assert ledger.health(ready=True) == []
        fs.fault = Fault(1, only=["write"])
        with pytest.raises(StorageError):
            ledger.add_job("a", "two", clock.now())
        assert read(ledger.metrics())["poisoned"] == 1
        assert "a write has failed" in ledger.health()[0]


def test_too_little_room_keeps_it_from_its_work(directory: Path, clock: ManualClock) -> None:
    class Full(FileSystem):
        def free_bytes(self, path: Path) -> int:
            return 1_000_000

    with Ledger(directory, clock=clock, fs=Full()) as ledger:
        assert ledger.health() == []
        assert ledger.health(ready=True) == ["the disk is full: 976 KiB are free"]
        assert read(ledger.metrics())["disk_free_bytes"] == 1_000_000


def test_a_closed_ledger_is_not_well(directory: Path) -> None:
    ledger = Ledger(directory)
    ledger.close()
    assert "is closed" in ledger.health()[0]


def test_only_what_came_after_the_snapshot_is_decoded_for_them(
    directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the log is, counters go on from what was counted by then."""
    with without_background(), saving_snapshots(5):
        lived(directory, clock)
        with saving_snapshots(10_000), Ledger(directory, clock=clock) as ledger:
            at = ledger.seq
            ledger.add_job("a", "one more", clock.now())
        seen = records_read(monkeypatch)
        with Ledger(directory, clock=clock, read_only=True) as reader:
            assert read(reader.metrics())["seq"] == at + 1
        assert seen == [at + 1]


def _of_another_kind(counts: Any) -> Any:
    return msgspec.structs.replace(counts, counting=counts.counting + 1)


def _with_other_bounds(counts: Any) -> Any:
    few = msgspec.structs.replace(counts.duration, counts=[1, 2])
    return msgspec.structs.replace(counts, duration=few)


def _of_another_moment(counts: Any) -> Any:
    return msgspec.structs.replace(counts, seq=counts.seq - 1)


@pytest.mark.parametrize(
    "changed", [lambda counts: None, _of_another_kind, _with_other_bounds, _of_another_moment]
)
def test_counters_that_do_not_fit_are_counted_anew(
    changed: Any, directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """By another release, or forged: what the log gives is what counts."""
    with without_background(), saving_snapshots(1):
        lived(directory, clock)
    with Ledger(directory, clock=clock, read_only=True, use_snapshot=False) as ledger:
        expected = ledger.metrics()
    snapshot = snapshots.read(directory)
    assert snapshot.counts is not None
    forged = msgspec.structs.replace(snapshot, counts=changed(snapshot.counts))
    snapshots.write(directory, forged)
    with Ledger(directory, clock=clock, read_only=True) as ledger:
        assert _without_free(ledger.metrics()) == _without_free(expected)
    assert "snapshot ignored" in caplog.text
    assert "counted in another way" in caplog.text


def test_a_rebuild_counts_anew(directory: Path, clock: ManualClock) -> None:
    """Whatever was believed of a snapshot before."""
    lived(directory, clock)
    with Ledger(directory, clock=clock) as ledger:
        expected = _without_free(ledger.metrics())
        ledger._derived.counters.counts.events["added"] += 1
        assert _without_free(ledger.metrics()) != expected
        ledger.rebuild()
        assert _without_free(ledger.metrics()) == expected


def test_counters_in_a_snapshot_that_the_log_does_not_give_are_found(
    directory: Path, clock: ManualClock
) -> None:
    """Whoever can forge a snapshot can forge them, and `verify` trusts none."""
    with without_background(), saving_snapshots(1):
        lived(directory, clock)
    snapshot = snapshots.read(directory)
    assert snapshot.counts is not None
    snapshot.counts.events["completed"] += 1
    with saving_snapshots(None), Ledger(directory, clock=clock) as ledger:
        assert ledger.verify().ok
        snapshots.write(directory, snapshot)
        (problem,) = ledger.verify().problems
    assert "the snapshot is not what the log gives" in problem.message


def _without_free(text: str) -> list[str]:
    return [line for line in text.splitlines() if "disk_free" not in line]
