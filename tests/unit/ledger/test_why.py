"""`Ledger.why`: the answer to "why is it where it is?", for whoever uses the library."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
from support.cli import run_here
from support.durability import saving_snapshots, without_background
from support.stories import HOUR, MINUTE, Story, fails, posts

from jobledger import JobNotFoundError, JobStatus, Ledger, ManualClock, NewJob
from jobledger.projections import Board
from jobledger.projections.jobs import Jobs


@pytest.fixture
def story(directory: Path, clock: ManualClock) -> Iterator[Story]:
    with without_background():
        made = Story(directory, clock)
        yield made
        made.close()


def test_it_is_said_without_commands_to_whoever_uses_the_library(story: Story) -> None:
    story.job("job", story.clock.now() + HOUR, hold=True)
    found = story.scheduler.why("job")
    assert (found.job_id, found.status) == ("job", JobStatus.PENDING)
    assert found.answer == (
        "It is a draft that was added on hold since 2026-03-02 12:00:00, and does not run until it"
        " is released."
    )
    assert (found.standing, found.twice) == ([found.answer], [])


def test_it_is_said_in_vietnamese_and_in_another_zone(story: Story) -> None:
    story.job("job", max_retries=0)
    story.scheduler.run_due(fails)
    said = story.scheduler.why("job").said("vi", ZoneInfo("Asia/Ho_Chi_Minh"))
    assert said.answer == (
        "Lần thử 1 thất bại lúc 19:00:00 ngày 02/03/2026 (0 ms trước): 'HTTP 503 from the"
        " platform'. Bài được thêm vào mà không có lần thử lại nào. Bài giữ nguyên như vậy cho đến"
        " khi được đưa lại vào hàng đợi."
    )
    own = said.said("vi", steps={"requeue": "bạn bấm “Đăng lại”"})
    assert own.answer.endswith("cho đến khi bạn bấm “Đăng lại”.")


def test_with_a_view_it_is_what_it_was_then(story: Story) -> None:
    """Only the events up to it, and the jobs as they were; whether there was a runner nobody
    knows."""
    story.job("first", content="same")
    story.job("job", content="same")
    before = story.scheduler.as_of(story.scheduler.seq)
    story.later(MINUTE)
    story.scheduler.run_due(posts)
    story.scheduler.remove_job("first")
    then = story.scheduler.why("job", view=before)
    assert then.status is JobStatus.SCHEDULED
    assert then.answer == (
        "It is due since 2026-03-02 12:00:00 (0 ms). 1 due job goes first, the next with an earlier"
        " time: first. Job first has the same text for the same account."
    )
    assert "posted" in story.scheduler.why("job").answer
    assert "same text" not in story.scheduler.why("job").answer
    assert story.scheduler.why("first").status is None


def test_a_job_that_never_was_or_not_by_then_is_not_found(story: Story) -> None:
    nothing = story.scheduler.as_of(0)
    story.job("job")
    with pytest.raises(JobNotFoundError, match="no job 'jop'"):
        story.scheduler.why("jop")
    with pytest.raises(JobNotFoundError):
        story.scheduler.why("job", view=nothing)


def test_the_same_text_is_found_whenever_a_job_got_it(story: Story) -> None:
    """Before the first question, or after it; as long as it has it, and by whatever name."""

    def told() -> bool:
        return "has the same text" in story.scheduler.acting("web:lan").why("one").answer

    later = story.clock.now() + HOUR
    story.job("one", later, content="same")
    assert not told()
    story.job("two", later, content="same")
    assert told()
    story.scheduler.edit_job("two", content="other")
    assert not told()
    story.scheduler.edit_job("two", content="same")
    assert told()
    story.scheduler.remove_job("two")
    assert not told()


def test_what_an_answer_looks_at_does_not_grow_with_the_ledger(
    directory: Path, clock: ManualClock
) -> None:
    """After the first: the events of the job, and the jobs that may have its text."""
    with without_background(), Ledger(directory, clock=clock, durability="none") as ledger:
        looked = []
        for number in (50, 500):
            due = clock.now() + timedelta(days=2)
            ids = ledger.add_jobs([NewJob("a", f"text {number} {i}", due) for i in range(number)])
            ledger.why(ids[0])
            with (
                mock.patch.object(Jobs, "collect", side_effect=AssertionError) as every,
                mock.patch.object(Board, "get", autospec=True, side_effect=Board.get) as get,
                mock.patch.object(Board, "of_status", return_value=[]),
            ):
                ledger.why(ids[1])
            assert not every.called
            looked.append(get.call_count)
        assert looked[0] == looked[1] <= 4


@pytest.mark.parametrize("command", ["why", "history"])
def test_damage_among_the_events_of_a_job_is_reported_behind_a_snapshot(
    directory: Path, clock: ManualClock, command: str
) -> None:
    """They are found without reading the rest of the log, and read from it all the same."""
    with without_background(), saving_snapshots(1), Ledger(directory, clock=clock) as ledger:
        ledger.add_job("a", "text", clock.now(), job_id="job")
        ledger.add_job("a", "other", clock.now(), job_id="other")
    assert list(directory.glob("snapshot*"))
    [log] = directory.glob("events_*.jsonl")
    log.write_bytes(log.read_bytes().replace(b'"text"', b'"tekt"'))
    done = run_here(directory, command, "job")
    assert done.code != 0
    assert "damaged" in done.err or "hash" in done.err, done.err
