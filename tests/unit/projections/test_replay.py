"""Events through a board, one by one."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.domain import NOON
from support.eventstore import file_log

from jobledger import JobPriority, JobStatus, LedgerCorruptError
from jobledger.domain.codec import encode_data
from jobledger.domain.job import events as e
from jobledger.eventstore.record import RECORDS, NewRecord
from jobledger.projections.board import Board
from jobledger.projections.logged_event import EVENTS
from jobledger.projections.replay import changes

ADDED = e.JobAdded(
    account_id="a", content="x", scheduled_time=NOON, priority=JobPriority.NORMAL, max_retries=3,
    platform="threads", hold=True,
)  # fmt: skip


def write(directory: Path, *written: e.JobEvent) -> None:
    log = file_log(directory, clock=lambda: NOON, form=RECORDS)
    log.append(
        [
            NewRecord(type=data.TYPE, job_id="j", version=n, schema=1, data=encode_data(data))
            for n, data in enumerate(written, 1)
        ]
    )
    log.close()


def test_each_event_is_applied_when_its_change_is_asked_for(directory: Path) -> None:
    """So the board is at the change that is at hand; each has the job before and after it."""
    write(directory, ADDED, e.JobReleased(), e.JobRemoved())
    log = file_log(directory, clock=lambda: NOON, form=EVENTS)
    log.refresh()
    board, seen = Board(), []
    for change in changes(log.read(), board):
        assert board.seq == change.event.seq
        assert board.get("j") is change.after
        seen.append(tuple(job and job.status for job in (change.before, change.after)))
    pending, scheduled = JobStatus.PENDING, JobStatus.SCHEDULED
    assert seen == [(None, pending), (pending, scheduled), (scheduled, None)]
    log.close()


@pytest.mark.parametrize(("until", "last"), [(None, 3), (9, 3), (3, 3), (1, 1), (0, 0)])
def test_it_goes_as_far_as_it_is_told(directory: Path, until: int | None, last: int) -> None:
    """And takes one event more from the log at most. Records are events as well."""
    write(directory, ADDED, e.JobReleased(), e.JobHeld())
    log = file_log(directory, clock=lambda: NOON, form=RECORDS)
    log.refresh()
    records, board = log.read(), Board()
    assert [change.event.seq for change in changes(records, board, until=until)] == [
        *range(1, last + 1)
    ]
    assert board.seq == last
    assert [record.seq for record in records] == [*range(last + 2, 4)]
    log.close()


def test_an_event_that_cannot_be_there_ends_it(directory: Path) -> None:
    """What was before it has been applied."""
    write(directory, ADDED, e.JobHeld())
    log = file_log(directory, clock=lambda: NOON, form=EVENTS)
    log.refresh()
    board = Board()
    with pytest.raises(LedgerCorruptError) as caught:
        list(changes(log.read(), board))
    assert (caught.value.kind, board.seq) == ("transition", 1)
    log.close()
