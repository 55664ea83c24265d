"""Times of other libraries: subclasses of `datetime`, whose every result is of their own kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from support.domain import NOON

from jobledger import (
    ImportedJob,
    JobStatus,
    Ledger,
    ManualClock,
    PostResult,
    ScheduledJob,
    Scheduler,
)
from jobledger.domain.times import in_utc


class Foreign(datetime):
    """As those of freezegun, pendulum and pandas are; it holds more than a time."""

    note = "more"

    @classmethod
    def of(cls, moment: datetime) -> Foreign:
        return cls.combine(moment.date(), moment.time(), moment.tzinfo)

    def astimezone(self, tz: Any = None) -> Foreign:
        return self.of(datetime.astimezone(self, tz))

    def replace(self, *args: Any, **kwargs: Any) -> Foreign:
        return self.of(datetime.replace(self, *args, **kwargs))

    def __add__(self, other: Any) -> Foreign:
        return self.of(datetime.__add__(self, other))


class ForeignClock:
    """A clock that tells such times."""

    def now(self) -> datetime:
        return Foreign.of(NOON)


HOUR = timezone(timedelta(hours=7))


@pytest.mark.parametrize("zone", [UTC, HOUR])
@pytest.mark.parametrize("fold", [0, 1])
def test_a_foreign_time_becomes_a_plain_one_of_the_same_moment(zone: timezone, fold: int) -> None:
    moment = Foreign.of(NOON.astimezone(zone).replace(microsecond=7, fold=fold))
    plain = in_utc(moment)
    assert type(plain) is datetime
    assert plain == moment
    assert (plain.tzinfo, plain.fold, plain.microsecond) == (UTC, 0, 7)


def test_with_a_foreign_clock_everything_goes_on_as_ever(directory: Path) -> None:
    with Scheduler(directory, clock=ForeignClock()) as scheduler:
        job = scheduler.add_job("a", "text", scheduler.now())
        assert scheduler.run_due(lambda account, content: PostResult(True)) == 1
        assert scheduler.get_job(job).status is JobStatus.COMPLETED
        assert all(type(event.at) is datetime for event in scheduler.history(job))
        assert type(scheduler.now()) is datetime
    with Ledger(directory, clock=ManualClock(NOON)) as ledger:
        assert ledger.verify().ok


ASKED: dict[str, Callable[[Ledger, datetime], object]] = {
    "add": lambda ledger, at: ledger.add_job("a", "text", at),
    "reschedule": lambda ledger, at: ledger.reschedule_job("kept", at),
    "import": lambda ledger, at: ledger.import_jobs(
        [
            ImportedJob(
                ScheduledJob(
                    job_id="taken-over",
                    account_id="a",
                    content="text",
                    scheduled_time=at,
                    created_at=at,
                    completed_at=at,
                    status=JobStatus.COMPLETED,
                ),
                "elsewhere",
            )
        ]
    ),
    "as of": lambda ledger, at: ledger.as_of(at).list_jobs(),
    "events": lambda ledger, at: list(ledger.events(since=at, until=at)),
}


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("zone", [None, UTC, HOUR], ids=["naive", "UTC", "+07:00"])
def test_a_foreign_time_is_taken_wherever_a_time_is(
    directory: Path, clock: ManualClock, name: str, zone: timezone | None
) -> None:
    at = clock.now() + timedelta(hours=1)
    foreign = Foreign.of(at.replace(tzinfo=None) if zone is None else at.astimezone(zone))
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("a", "text", clock.now(), job_id="kept")
        ASKED[name](ledger, foreign)
    lines = [line for file in directory.glob("events_*") for line in file.read_text().splitlines()]
    assert all(json.loads(line) for line in lines)
    with Ledger(directory, clock=clock) as ledger:
        assert ledger.verify().ok
        moments = [job.scheduled_time for job in ledger.list_jobs()]
        assert {moment - at for moment in moments} <= {timedelta(0), timedelta(hours=-1)}


def test_a_manual_clock_may_be_given_a_foreign_time() -> None:
    clock = ManualClock(Foreign.of(NOON))
    assert type(clock.advance(timedelta(hours=1))) is datetime
