"""Posts of several parts in a ledger: written, read again, changed, and taken elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobledger import (
    ImportedJob,
    Ledger,
    ManualClock,
    Media,
    NewJob,
    Part,
    Post,
    ValidationError,
)

POST = Post([Part("One", [Media("https://a.vn/b.jpg", "A cat")]), Part("Two")], "cats")


def lines(directory: Path) -> list[dict[str, object]]:
    """Return the records of the log, as they are written."""
    [log] = directory.glob("events_*.jsonl")
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()[1:]]


def test_only_what_has_a_post_is_at_another_schema(directory: Path, clock: ManualClock) -> None:
    """An earlier release reads all else, and says of this that it does not know it."""
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("a", "text", clock.now(), job_id="plain")
        ledger.add_job("a", "", clock.now(), job_id="rich", post=POST)
        ledger.edit_job("rich", content="1")
        ledger.edit_job("plain", post=POST)
        ledger.edit_job("plain", post=None)
        told = [(event.type, event.to_dict()["schema"]) for event in ledger.events()]
    written = [(line["type"], line["schema"]) for line in lines(directory)]
    assert (
        written == told == [("added", 1), ("added", 2), ("edited", 1), ("edited", 2), ("edited", 1)]
    )


def test_a_post_is_there_when_the_ledger_is_opened_again(
    directory: Path, clock: ManualClock
) -> None:
    """From the log, from the snapshot, and in the daily file."""
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_jobs([NewJob("a", "", clock.now(), job_id="rich", post=POST)])
        ledger.edit_job("rich", content="1")
        expected = ledger.get_job("rich")
    assert expected.post == POST.with_text("1")
    for use_snapshot in (False, True):
        with Ledger(directory, clock=clock, use_snapshot=use_snapshot) as ledger:
            assert ledger.get_job("rich") == expected
            assert ledger.verify().ok
    [daily] = directory.glob("jobs_*.json")
    assert expected.to_dict() in json.loads(daily.read_text("utf-8"))["jobs"]


def test_a_post_comes_along_with_a_job_that_is_imported(
    directory: Path, tmp_path: Path, clock: ManualClock
) -> None:
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("a", "", clock.now(), job_id="rich", post=POST)
        job = ledger.get_job("rich")
    with Ledger(tmp_path / "other", clock=clock) as ledger:
        ledger.import_jobs([ImportedJob(job, "other")])
        assert ledger.get_job("rich").post == POST


def test_one_post_that_is_refused_keeps_all_from_being_added(
    directory: Path, clock: ManualClock
) -> None:
    """The message says which, and where in it."""
    jobs = [NewJob("a", "", clock.now(), post=POST), NewJob("a", "", clock.now(), post=Post([]))]
    with Ledger(directory, clock=clock) as ledger:
        with pytest.raises(ValidationError, match=r"jobs\[1\]: post\.parts must be 1 to 100"):
            ledger.add_jobs(jobs)
        assert ledger.list_jobs() == []
