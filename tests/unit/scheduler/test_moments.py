"""Whatever kind of datetime comes in, a plain one in UTC goes on: the log is the same."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from textwrap import dedent
from typing import Any

import msgspec
import pytest
from support.domain import NOON
from support.durability import saving_snapshots, without_background
from support.frozen import Frozen

from jobledger import (
    ImportedJob,
    InvalidScheduleTimeError,
    Ledger,
    ManualClock,
    NewJob,
    PostResult,
    ScheduledJob,
    Scheduler,
    ValidationError,
)
from jobledger.domain.times import in_utc

HOUR = timedelta(hours=1)
TESTS = Path(__file__).parents[2]


class Finer(datetime):
    """One with nanoseconds, which calculates its own kind, as that of a library for tables."""

    nanosecond = 7

    def astimezone(self, tz: tzinfo | None = None) -> Any:
        return _again(self, datetime.astimezone(self, tz))

    def replace(self, **changes: Any) -> Any:  # type: ignore[override]  # takes them by name
        return _again(self, datetime.replace(self, **changes))

    def __add__(self, other: Any) -> Any:
        return _again(self, datetime.__add__(self, other))

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = datetime.__hash__


class Spoken(datetime):
    """One that prints in words."""

    def isoformat(self, *given: Any, **how: Any) -> str:
        return "in an hour"

    def __str__(self) -> str:
        return "in an hour"

    def __format__(self, form: str) -> str:
        return "in an hour"


def _again(moment: datetime, other: datetime) -> datetime:
    return type(moment)(*other.timetuple()[:6], other.microsecond, other.tzinfo, fold=other.fold)


def of_kind(kind: type[datetime], moment: datetime) -> datetime:
    return kind(*moment.timetuple()[:6], moment.microsecond, moment.tzinfo, fold=moment.fold)


class NotATime(datetime):
    """What a library for tables has where there is no time: a datetime that is none."""

    @property
    def year(self) -> Any:
        return float("nan")

    def utcoffset(self) -> Any:
        raise ValueError("NaTType does not support utcoffset")

    def astimezone(self, tz: tzinfo | None = None) -> Any:
        return self

    def isoformat(self, *given: Any, **how: Any) -> str:
        return "NaT"


class Raises(datetime):
    """One that is broken."""

    def astimezone(self, tz: tzinfo | None = None) -> Any:
        raise RuntimeError("no such zone")

    def isoformat(self, *given: Any, **how: Any) -> str:
        raise RuntimeError("no such zone")


KINDS = [Finer, Spoken, Frozen]
NONE = [NotATime, Raises]


class ClockOf:
    """A clock that tells the time in a kind of its own."""

    def __init__(self, kind: type[datetime], zone: tzinfo) -> None:
        self._kind, self._zone, self._clock = kind, zone, ManualClock(NOON)
        self.advance = self._clock.advance

    def now(self) -> datetime:
        return of_kind(self._kind, self._clock.now().astimezone(self._zone))


def live(directory: Path, kind: type[datetime]) -> None:
    """Everything that takes a time, with those of a kind."""
    clock = ClockOf(kind, UTC)

    def at(moment: datetime) -> datetime:
        return of_kind(kind, moment)

    with (
        without_background(),
        saving_snapshots(1),
        Scheduler(directory, clock=clock, timezone="Europe/Berlin") as scheduler,
    ):
        naive = NOON.replace(tzinfo=None, hour=15)
        scheduler.add_job("a", "one", at(NOON), job_id="one")
        scheduler.add_job("a", "two", at(naive), job_id="two")
        scheduler.add_jobs([NewJob("a", "three", at(NOON + HOUR), job_id="three")])
        scheduler.reschedule_job("three", at(NOON + 2 * HOUR))
        scheduler.run_due(lambda *post: PostResult(False, error="no"))
        scheduler.cancel_job("one")
        scheduler.requeue_job("one", at(naive))
        taken = ScheduledJob.from_dict(scheduler.get_job("one").to_dict())
        other = msgspec.structs.replace(
            taken, job_id="four", created_at=at(NOON), scheduled_time=at(naive)
        )
        scheduler.import_jobs([ImportedJob(other, "elsewhere")])
        scheduler.cleanup_expired_jobs()
        assert len(list(scheduler.events(since=at(NOON), until=at(NOON)))) == scheduler.seq
        assert scheduler.as_of(at(NOON)).seq == scheduler.seq
        for job in scheduler.list_jobs():
            for moment in (job.scheduled_time, job.created_at, job.started_at):
                assert moment is None or type(moment) is datetime
        clock.advance(HOUR)


def log_of(directory: Path) -> list[bytes]:
    """Return the lines without what is different by chance: the ledger's id, and so the hashes."""
    import re

    (log,) = directory.glob("events_*")
    without = re.sub(rb'"(ledger|prev|hash|runner)":"[^"]*"', b"", log.read_bytes())
    return re.sub(rb'"directory":\d+', b"", without).split(b"\n")


@pytest.mark.parametrize("kind", KINDS)
def test_with_a_foreign_kind_of_times_all_is_as_with_the_plain_one(
    tmp_path: Path, kind: type[datetime]
) -> None:
    """To the byte, in the log and in the files."""
    live(tmp_path / "plain", datetime)
    live(tmp_path / "foreign", kind)
    assert log_of(tmp_path / "foreign") == log_of(tmp_path / "plain")
    for path in (tmp_path / "plain").glob("jobs_*"):
        assert (tmp_path / "foreign" / path.name).read_bytes() == path.read_bytes()
    with Ledger(tmp_path / "foreign", clock=ClockOf(kind, UTC)) as ledger:
        assert ledger.verify().ok
        assert ledger.rebuild(check=True).changed == []


def no_time(kind: type[datetime]) -> datetime:
    return of_kind(kind, NOON)


ASKS: dict[str, Callable[[Scheduler, datetime], object]] = {
    "scheduled_time": lambda s, t: s.add_job("a", "x", t),
    "jobs[0]: scheduled_time": lambda s, t: s.add_jobs([NewJob("a", "x", t)]),
    "reschedule": lambda s, t: s.reschedule_job("one", t),
    "when": lambda s, t: s.as_of(t),
    "since": lambda s, t: list(s.events(since=t)),
    "until": lambda s, t: list(s.events(until=t)),
}


@pytest.mark.parametrize("kind", NONE)
@pytest.mark.parametrize("name", ASKS)
def test_a_datetime_that_is_no_time_is_refused_by_name(
    directory: Path, kind: type[datetime], name: str
) -> None:
    with without_background(), Scheduler(directory, clock=ManualClock(NOON)) as scheduler:
        scheduler.add_job("a", "x", NOON, job_id="one")
        field = "scheduled_time" if name == "reschedule" else name.split()[-1]
        with pytest.raises(ValidationError, match=field) as caught:
            ASKS[name](scheduler, no_time(kind))
        assert caught.value.field == field
        assert isinstance(caught.value, InvalidScheduleTimeError) == (field == "scheduled_time")
        assert scheduler.seq == 1


@pytest.mark.parametrize("given", ["2026-03-01", 12, True, None])
def test_what_is_no_datetime_at_all_is_refused_by_name(directory: Path, given: Any) -> None:
    with without_background(), Ledger(directory, clock=ManualClock(NOON)) as ledger:
        if given is not None:
            for field in ("since", "until"):
                with pytest.raises(ValidationError, match=f"{field} must be a datetime"):
                    list(ledger.events(**{field: given}))
        with pytest.raises(ValidationError):
            ledger.as_of(given)


@pytest.mark.parametrize("kind", NONE)
def test_a_clock_that_tells_no_time_is_refused(directory: Path, kind: type[datetime]) -> None:
    """As is one without a zone, whose time could be anywhere's."""

    class Broken:
        told: object = no_time(kind)

        def now(self) -> Any:
            return self.told

    for told in (no_time(kind), NOON.replace(tzinfo=None), "12:00"):
        clock = Broken()
        clock.told = told
        with pytest.raises(ValidationError, match=r"clock's now\(\) must give a datetime"):
            Ledger(directory, clock=clock)
    with pytest.raises(ValidationError, match="start must be"):
        ManualClock(no_time(kind))


@pytest.mark.parametrize("fold", [0, 1])
def test_a_moment_of_a_doubled_hour_stays_that_moment(fold: int) -> None:
    """In UTC no hour is there twice, so nothing is left to say which it is."""
    from zoneinfo import ZoneInfo

    wall = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=fold)
    for kind in (datetime, *KINDS):
        moment = in_utc(of_kind(kind, wall))
        assert (type(moment), moment, moment.fold) == (datetime, wall.astimezone(UTC), 0)


FREEZES = dedent("""
    import sys
    from support.frozen import frozen

    def use():
        import jobledger
        from datetime import datetime
        for day in range(2):
            with jobledger.Scheduler(sys.argv[1]) as scheduler:
                job = scheduler.add_job("a", "x", datetime.now(scheduler._zone))
                assert scheduler.run_due(lambda *post: jobledger.PostResult(True)) == 1
                done = scheduler.get_job(job)
                scheduler.write_behind()
                taken = jobledger.ScheduledJob.from_dict(done.to_dict())
                assert taken.completed_at == done.completed_at
                head = scheduler.export_head()
                assert jobledger.ExportedHead.from_dict(head.to_dict()) == head
                assert scheduler.verify(since_heads=[head]).ok
                assert scheduler.rebuild(check=True).changed == []
                assert scheduler.as_of(datetime.now(scheduler._zone)).seq == scheduler.seq
                print(done.completed_at.isoformat())

    if sys.argv[2] == "whole":
        from jobledger import Scheduler
        from jobledger.integrity import verify
    elif sys.argv[2] == "half":
        from jobledger import Scheduler
    elif sys.argv[2] == "named":
        import jobledger
    with frozen():
        use()
    use()
""")


@pytest.mark.parametrize("imported", ["whole", "half", "named", "nothing"])
def test_where_a_test_holds_the_time_still_the_ledger_has_that_time(
    directory: Path, imported: str
) -> None:
    """Whatever was imported before it was held."""
    done = subprocess.run(
        [sys.executable, "-c", FREEZES, str(directory), imported],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    times = done.stdout.split()
    assert times[:2] == ["2026-12-24T10:00:00+00:00"] * 2
    assert len(set(times)) == 3
